"""Sign in by a one-time link, and out."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from sidecar.core import sign_ins
from sidecar.core.access import operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.granting import list_grants
from sidecar.core.sign_ins import SignIn as SignInRow
from sidecar.core.staff import Scope, first_operator, grant, identity_named, revoke
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import SAME_ORIGIN


@pytest.fixture
def link(sidecar: Sidecar) -> str:
    """The secret of a link of the first operator."""
    with sidecar.transaction() as db:
        return sign_ins.make_link(db, first_operator(db, now=sidecar.now()).id, sidecar.now())


def _let_somebody_else_be_operator(sidecar: Sidecar, db: Session) -> None:
    """Grant it a little later, so that theirs is the last of the list."""
    later = sidecar.now() + timedelta(seconds=1)
    grant(db, identity_named(db, "Somebody else", now=later).id, "operator", Scope(), now=later)


def use(client: FlaskClient, secret: str) -> TestResponse:
    return client.post("/sign-in", data={"secret": secret}, headers=SAME_ORIGIN)


def test_a_link_signs_in(app: Flask, link: str) -> None:
    client = app.test_client()
    response = use(client, link)
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/")
    assert client.get("/staff/").status_code == 200


def test_the_cookie_stays_on_our_own_pages(app: Flask, link: str) -> None:
    cookie = use(app.test_client(), link).headers["Set-Cookie"]
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert link not in cookie


def test_opening_the_page_uses_nothing_up(app: Flask, link: str) -> None:
    client = app.test_client()
    assert client.get("/sign-in").status_code == 200
    assert client.head("/sign-in").status_code == 200
    assert use(client, link).status_code == 303


def test_a_link_works_once(app: Flask, link: str) -> None:
    assert use(app.test_client(), link).status_code == 303
    again = use(app.test_client(), link)
    assert again.status_code == 403
    assert "Set-Cookie" not in again.headers


def test_a_link_works_for_fifteen_minutes(app: Flask, link: str, clock: FakeClock) -> None:
    clock.advance(minutes=15)
    assert use(app.test_client(), link).status_code == 403


@pytest.mark.parametrize("secret", ["", "x", "ø" * 400, "0" * 43])
def test_a_made_up_link_is_refused(app: Flask, link: str, secret: str) -> None:
    assert use(app.test_client(), secret).status_code == 403


def test_a_session_that_was_planted_is_not_taken_over(app: Flask, link: str, sidecar: Sidecar) -> None:
    client = app.test_client()
    client.set_cookie("__Host-sidecar-staff", "planted-by-somebody-else")
    use(client, link)
    cookie = client.get_cookie("__Host-sidecar-staff")
    assert cookie is not None
    assert cookie.value != "planted-by-somebody-else"
    thief = app.test_client()
    thief.set_cookie("__Host-sidecar-staff", "planted-by-somebody-else")
    assert thief.get("/staff/").status_code == 401


def test_signing_in_again_ends_the_sign_in_before(app: Flask, link: str, sign_in: SignIn) -> None:
    before = sign_in("operator")
    assert use(before.client, link).status_code == 303
    thief = app.test_client()
    thief.set_cookie("__Host-sidecar-staff", before.secret)
    assert thief.get("/staff/").status_code == 401


def test_signing_out_ends_it_on_the_server(app: Flask, sign_in: SignIn) -> None:
    staff = sign_in("operator")
    assert staff.post("/sign-out") == "/"
    staff.client.set_cookie("__Host-sidecar-staff", staff.secret)
    staff.get("/staff/", 401)


def test_a_sign_in_ends_after_eight_hours(sign_in: SignIn, clock: FakeClock) -> None:
    staff = sign_in("operator")
    for _ in range(15):
        clock.advance(minutes=30)
        staff.get("/staff/")
    clock.advance(minutes=30, seconds=-1)
    staff.get("/staff/")
    clock.advance(seconds=1)
    staff.get("/staff/", 401)


def test_a_sign_in_ends_when_nobody_used_it_for_an_hour(sign_in: SignIn, clock: FakeClock) -> None:
    staff = sign_in("operator")
    clock.advance(minutes=59)
    staff.get("/staff/")
    clock.advance(minutes=59)
    staff.get("/staff/")
    clock.advance(minutes=60)
    staff.get("/staff/", 401)


def test_when_it_was_used_is_kept_every_five_minutes(sign_in: SignIn, clock: FakeClock, sidecar: Sidecar) -> None:
    def last_seen() -> datetime | None:
        with sidecar.reading() as db:
            return db.scalars(select(SignInRow.last_seen_at)).one()

    staff = sign_in("operator")
    clock.advance(minutes=5, seconds=-1)
    staff.get("/staff/")
    assert last_seen() is None
    clock.advance(seconds=1)
    staff.get("/staff/")
    seen = last_seen()
    assert seen == clock()
    clock.advance(minutes=4)
    staff.get("/staff/")
    assert last_seen() == seen


def test_only_hashes_are_kept(app: Flask, link: str, sidecar: Sidecar) -> None:
    client = app.test_client()
    use(client, link)
    cookie = client.get_cookie("__Host-sidecar-staff")
    assert cookie is not None
    with sidecar.reading() as db:
        kept = db.scalars(select(SignInRow.secret_hash)).all()
        actions = db.scalars(select(AuditEntry.action)).all()
    assert cookie.value not in kept
    assert "sign_in.started" in actions


def test_a_role_that_was_revoked_opens_nothing_more(sign_in: SignIn, sidecar: Sidecar) -> None:
    staff = sign_in("operator")
    staff.get("/staff/")
    with sidecar.transaction() as db:
        _let_somebody_else_be_operator(sidecar, db)
        for line in list_grants(db, operator_at_the_console(), sidecar.now())[:1]:
            revoke(db, line.grant.id, now=sidecar.now())
    staff.get("/staff/", 401)


def test_one_of_two_roles_that_was_revoked_leaves_the_sign_in(sign_in: SignIn, sidecar: Sidecar) -> None:
    staff = sign_in("operator")
    with sidecar.transaction() as db:
        _let_somebody_else_be_operator(sidecar, db)
        line, _ = list_grants(db, operator_at_the_console(), sidecar.now())
        grant(db, staff.identity_id, "content-developer", Scope(), now=sidecar.now())
        revoke(db, line.grant.id, now=sidecar.now())
    staff.get("/staff/")
    staff.get("/staff/ledger", 403)


def test_a_link_of_somebody_without_a_role_any_more_is_spent(app: Flask, link: str, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        _let_somebody_else_be_operator(sidecar, db)
        for line in list_grants(db, operator_at_the_console(), sidecar.now())[:1]:
            revoke(db, line.grant.id, now=sidecar.now())
    assert use(app.test_client(), link).status_code == 403
