"""Staff make gatherings, keep their lists and print them; of people they don't see they read a number alone."""

import re

import pytest
from sqlalchemy import select

from sidecar.core.access_log import Look
from sidecar.core.attendances import find_attendance
from sidecar.core.gatherings import Gathering
from sidecar.core.municipalities import Municipality
from sidecar.core.own_gatherings import sign_up
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.walking import GATHERING_KEY, Walk, make_walk
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import Staff

HERE = "/staff/gatherings"
FORM = {
    "course": GATHERING_KEY,
    "place_of": "region:kongsbergregionen",
    "starts": "2026-10-26T09:00",
    "ends": "2026-10-26T15:00",
    "place": "Rådhuset <b>",
    "meeting_url": "",
    "instructor": "Inger",
    "seats": "2",
    "note": "",
}


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


@pytest.fixture
def office(sign_in: SignIn, walk: Walk) -> Staff:
    return in_english(sign_in("rkk", name="Ragna RKK", region="kongsbergregionen"))


@pytest.fixture
def contact(sign_in: SignIn, walk: Walk) -> Staff:
    return in_english(sign_in("contact", name="Kontakt K", municipality="kongsberg"))


def in_english(staff: Staff) -> Staff:
    staff.client.set_cookie("sidecar-language", "en")
    return staff


def both_sign_up(walk: Walk, gathering_id: str) -> dict[str, str]:
    """Let both learners sign up; return the id of each one's part by the person."""
    with walk.sidecar.transaction() as db:
        for who in (walk.account, walk.account_of_rolf):
            sign_up(db, walk.subject(who), gathering_id, identity_id=who, now=walk.sidecar.now())
        parts = {who: find_attendance(db, gathering_id, who) for who in (walk.kari, walk.rolf)}
        return {who: part.id for who, part in parts.items() if part}


def wait(clock: FakeClock, staff: Staff) -> None:
    """Let more than an hour pass, in which somebody stays signed in."""
    for _half in range(2):
        clock.advance(minutes=31)
        staff.get(HERE)


def test_the_office_makes_a_gathering_copies_changes_and_cancels_it(office: Staff, walk: Walk) -> None:
    assert "None." in office.get(HERE)
    assert "All of Kongsbergregionen" in office.get(f"{HERE}/new")
    where = office.post(f"{HERE}/new", FORM)
    here = where.removesuffix("?done=made")
    page = office.get(here)
    for part in ("26 Oct 2026 09:00–15:00", "Rådhuset &lt;b&gt;", "Kongsbergregionen", "0 signed up of 2 seats"):
        assert part in page, part
    with walk.sidecar.reading() as db:
        one = db.scalars(select(Gathering)).one()
        assert (one.starts_at.hour, one.made_by) == (8, office.identity_id)  # after the end of summer time
    copy = office.get(f"{HERE}/new?copy={one.id}")
    assert 'value="Inger"' in copy
    assert 'name="starts" type="datetime-local" autocomplete="off" value=""' in copy
    assert 'value="2026-10-26T09:00"' in office.get(f"{here}/change")
    office.post(f"{here}/change", FORM | {"starts": "2026-10-27T09:00", "ends": "2026-10-27T15:00"})
    assert "27 Oct 2026" in office.get(HERE)
    assert "Cancel the gathering?" in office.get(f"{here}/cancel")
    assert office.post(f"{here}/cancel") == f"{here}?done=cancelled"
    assert "Cancelled" in office.get(here)
    assert "is cancelled" in office.post(f"{here}/change", FORM, 400)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"starts": "i morgen"}, "no day and time"),
        ({"starts": "2026-10-26T09:00+02:00"}, "no day and time"),
        ({"ends": "2026-10-26T08:00"}, "must end after it begins"),
        ({"place": ""}, "Nobody would know where to go"),
        ({"meeting_url": "javascript:alert(1)"}, "meeting link can&#39;t be used"),
        ({"seats": "mange"}, "number of seats"),
        ({"seats": "-1"}, "number of seats"),
    ],
)
def test_what_can_not_be_is_told_and_what_was_typed_stays(office: Staff, said: dict[str, str], answer: str) -> None:
    page = office.post(f"{HERE}/new", FORM | said, 400)
    assert answer in page
    assert 'value="Inger"' in page


def test_nobody_makes_one_where_they_hold_none(contact: Staff, walk: Walk, sign_in: SignIn) -> None:
    for place in ("region:kongsbergregionen", "municipality:rollag", "everywhere", ""):
        contact.post(f"{HERE}/new", FORM | {"place_of": place}, 403)
    manager = sign_in("manager", name="Leder", municipality="kongsberg", unit="Skolen")
    manager.post(f"{HERE}/new", FORM, 403)
    contact.post(f"{HERE}/new", FORM | {"place_of": "municipality:kongsberg"})
    with walk.sidecar.reading() as db:
        assert db.scalars(select(Gathering)).one().municipality_id == walk.kongsberg.id


def test_the_list_says_who_came_all_at_once(office: Staff, walk: Walk, clock: FakeClock) -> None:
    one = walk.gather(hours=1)
    ids = both_sign_up(walk, one)
    early = office.post(f"{HERE}/{one}/list", {f"mark-{ids[walk.kari]}": "attended"}, 400)
    assert "has not begun yet" in early
    wait(clock, office)
    assert 'type="radio"' in office.get(f"{HERE}/{one}")
    marks = {f"mark-{ids[walk.kari]}": "attended", f"mark-{ids[walk.rolf]}": "absent"}
    assert office.post(f"{HERE}/{one}/list", marks) == f"{HERE}/{one}?done=kept"
    assert walk.parts(one) == {walk.kari: "attended", walk.rolf: "absent"}
    page = office.get(f"{HERE}/{one}")
    assert page.count(" checked") == 2
    assert f"{HERE}/{one}/cancel" not in page
    assert "1 came" in office.get(HERE)
    office.post(f"{HERE}/{one}/list", {f"mark-{ids[walk.kari]}": "waiting"}, 403)
    office.post(f"{HERE}/{one}/list", {f"mark-{'0' * 32}": "attended"}, 404)


def test_another_municipality_s_people_are_a_number(contact: Staff, walk: Walk, clock: FakeClock) -> None:
    one = walk.gather(hours=1)
    ids = both_sign_up(walk, one)
    for page in (contact.get(f"{HERE}/{one}"), contact.get(f"{HERE}/{one}/print")):
        assert "Nordmann" in page
        assert "Rollheim" not in page
        assert "Rollag" not in page
        assert "1 more, whom you don't see" in page
    contact.post(f"{HERE}/{one}/list", {f"mark-{ids[walk.rolf]}": "withdrawn"}, 404)
    contact.post(f"{HERE}/{one}/people", {"employment": walk.employment(walk.rolf)}, 404)
    contact.get(f"{HERE}/{one}/change", 403)
    contact.post(f"{HERE}/{one}/change", FORM, 403)
    contact.get(f"{HERE}/{one}/cancel", 403)
    contact.post(f"{HERE}/{one}/cancel", {}, 403)
    contact.post(f"{HERE}/{one}/list", {f"mark-{ids[walk.kari]}": "withdrawn"})
    wait(clock, contact)
    contact.post(f"{HERE}/{one}/list", {f"mark-{ids[walk.kari]}": "attended"}, 403)
    assert walk.parts(one) == {walk.kari: "withdrawn", walk.rolf: "signed-up"}


def test_people_are_searched_for_and_added(contact: Staff, walk: Walk) -> None:
    one = walk.gather()
    assert "Nobody matches" in contact.post(f"{HERE}/{one}/search", {"words": "rolf"}, 200)
    page = contact.post(f"{HERE}/{one}/search", {"words": "kari"}, 200)
    found = re.findall(r'name="employment" value="([0-9a-f]{32})"', page)
    assert found == [walk.employment(walk.kari)]
    assert contact.post(f"{HERE}/{one}/people", {"employment": found}) == f"{HERE}/{one}?done=added"
    assert walk.parts(one) == {walk.kari: "signed-up"}
    assert "Nobody matches" in contact.post(f"{HERE}/{one}/search", {"words": "kari"}, 200)
    with walk.sidecar.reading() as db:
        assert {one.subject_id for one in db.scalars(select(Look).where(Look.what == "gathering"))} == {walk.kari}


def test_another_s_gathering_is_shut(contact: Staff, walk: Walk, sign_in: SignIn) -> None:
    one = walk.gather(municipality_id=walk.kongsberg.id)
    stranger = sign_in("contact", name="Nabo", municipality="rollag")
    assert one not in stranger.get(HERE)
    for more in ("", "/print", "/change", "/cancel"):
        stranger.get(f"{HERE}/{one}{more}", 404)
    stranger.get(f"{HERE}/new?copy={one}", 404)
    for more in ("/change", "/cancel", "/list", "/people", "/search"):
        stranger.post(f"{HERE}/{one}{more}", FORM, 404)
    assert one in contact.get(HERE)
