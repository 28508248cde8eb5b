"""Who gives roles gives none to themselves, and none that outlasts their own."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from sidecar.core.access import viewer_of
from sidecar.core.people import Identity
from sidecar.core.periods import end_of, last_day
from sidecar.core.staff import Grant, Scope, grant
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff
from tests.sidecar.web.town import Town


@pytest.fixture
def rkk(sign_in: SignIn, town: Town) -> Staff:
    found = sign_in("rkk", name="Ragna RKK", region="kongsbergregionen")
    found.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return found


@pytest.fixture
def kari(sidecar: Sidecar, town: Town) -> str:
    with sidecar.reading() as db:
        return db.scalars(select(Identity.id).where(Identity.subject == "u1")).one()


def end_own_role(sidecar: Sidecar, rkk: Staff, ends_at: datetime) -> None:
    with sidecar.transaction() as db:
        db.execute(update(Grant).where(Grant.identity_id == rkk.identity_id).values(ends_at=ends_at))


def contacts(sidecar: Sidecar) -> list[datetime | None]:
    with sidecar.reading() as db:
        return list(db.scalars(select(Grant.ends_at).where(Grant.role == "contact")))


def contact(identity_id: str, until: str = "") -> dict[str, str]:
    return {"identity": identity_id, "role": "contact", "municipality": "kongsberg", "until": until}


def test_an_rkk_gives_no_role_to_itself_and_so_does_not_outlive_its_own(
    sidecar: Sidecar, clock: FakeClock, rkk: Staff
) -> None:
    end_own_role(sidecar, rkk, sidecar.now() + timedelta(hours=1))
    assert "to yourself" in rkk.post("/staff/roles", contact(rkk.identity_id), 400)
    assert contacts(sidecar) == []
    clock.advance(days=2)
    with sidecar.reading() as db:
        assert viewer_of(db, rkk.identity_id, now=sidecar.now(), today=sidecar.today()).roles == {"learner"}


def test_an_rkk_gives_no_role_to_another_identity_of_the_same_person(sidecar: Sidecar, rkk: Staff, kari: str) -> None:
    with sidecar.transaction() as db:
        person = db.get_one(Identity, kari).person_id
        db.get_one(Identity, rkk.identity_id).person_id = person
    assert person is not None
    assert "to yourself" in rkk.post("/staff/roles", contact(kari), 400)


def test_what_an_rkk_gives_ends_with_its_own_role_at_the_latest(sidecar: Sidecar, rkk: Staff, kari: str) -> None:
    today = sidecar.today()
    own_end = end_of(today + timedelta(days=30))
    end_own_role(sidecar, rkk, own_end)
    for too_long in ("", str(today + timedelta(days=31))):
        assert f"ends on {last_day(own_end)}" in rkk.post("/staff/roles", contact(kari, too_long), 400)
    assert contacts(sidecar) == []
    rkk.post("/staff/roles", contact(kari, str(today + timedelta(days=30))))
    assert contacts(sidecar) == [own_end]


def test_the_longest_of_several_roles_counts(sidecar: Sidecar, rkk: Staff, kari: str) -> None:
    end_own_role(sidecar, rkk, sidecar.now() + timedelta(hours=1))
    with sidecar.transaction() as db:
        grant(db, rkk.identity_id, "rkk", Scope(region="kongsbergregionen"), now=sidecar.now())
    rkk.post("/staff/roles", contact(kari))
    assert contacts(sidecar) == [None]


def test_an_operator_is_not_bound(sidecar: Sidecar, sign_in: SignIn, town: Town) -> None:
    operator = sign_in("operator", name="Olav")
    operator.post("/staff/roles", contact(operator.identity_id))
    assert contacts(sidecar) == [None]
