"""What somebody made goes on when they lose the role they made it by; lists mark it, and it can end with the role."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from sidecar.core import api_tokens, contact_sign_ins, contacts, staff
from sidecar.core.access import Viewer, operator_at_the_console, viewer_of
from sidecar.core.api_tokens import ApiToken
from sidecar.core.contacts import Contact, Wanted
from sidecar.core.left_behind import LeftBehind, end_chosen, find_left_behind
from sidecar.core.municipalities import Municipality
from sidecar.core.regions import join, leave
from sidecar.core.staff import Grant, Scope
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock

REGION = "kongsbergregionen"
OPERATOR = operator_at_the_console()


@pytest.fixture
def grant(sidecar: Sidecar, kongsberg: Municipality) -> Grant:
    """The role by which Ragna looks after Kongsberg."""
    with sidecar.transaction() as db:
        join(db, REGION, kongsberg.id, date(2026, 1, 1))
        ragna = staff.identity_named(db, "Ragna", now=sidecar.now())
        return staff.grant(db, ragna.id, "rkk", Scope(region=REGION), now=sidecar.now())


@pytest.fixture
def made(sidecar: Sidecar, kongsberg: Municipality, grant: Grant) -> tuple[ApiToken, Contact]:
    """A token and a contact that Ragna made, beside a token of the command line."""
    with sidecar.transaction() as db:
        ragna = viewer_of(db, grant.identity_id, now=sidecar.now(), today=sidecar.today())
        return make(db, sidecar, ragna, kongsberg)


def make(db: Session, sidecar: Sidecar, viewer: Viewer, where: Municipality) -> tuple[ApiToken, Contact]:
    now, wanted = sidecar.now(), Wanted("Inger", "inger@example.no", "", "nb", date(2026, 1, 1))
    token, _ = api_tokens.add_token(db, viewer, where.id, scope="scim", name="Entra ID", days=30, now=now)
    api_tokens.add_token(db, OPERATOR, where.id, scope="scim", name="Other", days=30, now=now)
    return token, contacts.add_contact(db, viewer, where.id, wanted, now)


def left(sidecar: Sidecar, grant: Grant) -> LeftBehind:
    with sidecar.reading() as db:
        return find_left_behind(db, OPERATOR, grant, sidecar.now(), sidecar.today())


def marked(sidecar: Sidecar) -> tuple[list[str | None], int]:
    """Return who made the tokens that the list marks, and how many contacts it marks."""
    with sidecar.reading() as db:
        tokens = api_tokens.list_tokens(db, OPERATOR, sidecar.now())
        added = contacts.list_left(db, OPERATOR, sidecar.now())
    return [one.row.made_by for one in tokens if not one.maker_may], len(added)


def revoke(sidecar: Sidecar, grant: Grant) -> None:
    with sidecar.transaction() as db:
        staff.revoke(db, grant.id, now=sidecar.now())


def test_it_is_shown_before_the_role_goes_and_marked_afterwards(
    sidecar: Sidecar, grant: Grant, made: tuple[ApiToken, Contact]
) -> None:
    token, contact = made
    before = left(sidecar, grant)
    assert ([one.id for one, _ in before.tokens], [one.id for one, _ in before.contacts]) == ([token.id], [contact.id])
    assert marked(sidecar) == ([], 0)
    revoke(sidecar, grant)
    assert marked(sidecar) == ([grant.identity_id], 1)
    assert len(left(sidecar, grant).tokens) == 1
    with sidecar.reading() as db:
        assert db.get_one(ApiToken, token.id).state_at(sidecar.now()) == "valid"


@pytest.mark.parametrize("other", [("operator", Scope()), ("rkk", Scope(region=REGION))], ids=lambda one: str(one[0]))
def test_nothing_is_left_where_another_role_gives_the_right_too(
    sidecar: Sidecar, grant: Grant, made: tuple[ApiToken, Contact], other: tuple[str, Scope]
) -> None:
    with sidecar.transaction() as db:
        staff.grant(db, grant.identity_id, other[0], other[1], now=sidecar.now())
    assert left(sidecar, grant) == LeftBehind([], [])
    revoke(sidecar, grant)
    assert marked(sidecar) == ([], 0)


def test_a_role_that_ends_and_a_municipality_that_leaves_mark_it_too(
    sidecar: Sidecar, kongsberg: Municipality, grant: Grant, made: tuple[ApiToken, Contact], clock: FakeClock
) -> None:
    with sidecar.transaction() as db:
        leave(db, REGION, kongsberg.id, sidecar.today())
    assert marked(sidecar) == ([grant.identity_id], 1)
    with sidecar.transaction() as db:
        join(db, REGION, kongsberg.id, sidecar.today())
        db.get_one(Grant, grant.id).ends_at = sidecar.now() + timedelta(days=1)
    assert marked(sidecar) == ([], 0)
    clock.advance(seconds=86_400)
    assert marked(sidecar) == ([grant.identity_id], 1)


def test_what_is_chosen_ends_and_the_rest_goes_on(
    sidecar: Sidecar, grant: Grant, made: tuple[ApiToken, Contact]
) -> None:
    token, contact = made
    with sidecar.transaction() as db:
        contact_sign_ins.start(db, contact.id, sidecar.now())
        found = find_left_behind(db, OPERATOR, grant, sidecar.now(), sidecar.today())
        end_chosen(db, OPERATOR, found, {contact.id, "0" * 32}, sidecar.now(), sidecar.today())
    with sidecar.reading() as db:
        assert db.get_one(Contact, contact.id).ends_on == sidecar.today() - timedelta(days=1)
        assert db.get_one(ApiToken, token.id).revoked_at is None
    assert [one.id for one, _ in left(sidecar, grant).tokens] == [token.id]
    assert left(sidecar, grant).contacts == []


def test_who_looks_after_others_is_shown_nothing(
    sidecar: Sidecar, grant: Grant, made: tuple[ApiToken, Contact], rollag: Municipality
) -> None:
    office = Viewer(roles=frozenset({"rkk"}), rkk_for=frozenset({rollag.id}))
    with sidecar.reading() as db:
        assert find_left_behind(db, office, grant, sidecar.now(), sidecar.today()) == LeftBehind([], [])
        assert contacts.list_left(db, office, sidecar.now()) == frozenset()
