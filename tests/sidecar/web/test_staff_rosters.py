"""The rosters of an LMS: what went wrong and what to do, who takes part, and who may see whom."""

import re

from sqlalchemy import select

from sidecar.core import rosters
from sidecar.core.access_log import Look
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity
from sidecar.core.platforms import Platform
from sidecar.core.regions import RegionMembership
from sidecar.core.roster_lists import PAGE_SIZE
from sidecar.core.rosters import Roster, RosterMember
from sidecar.runtime import Sidecar
from tests.fakes.statements import counting
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.lms import Lms, acts
from tests.sidecar.web.rooms import Room, note
from tests.sidecar.web.town import Town


def take_out(sidecar: Sidecar, municipality: Municipality) -> None:
    """Let a municipality be in the region no longer."""
    with sidecar.transaction() as db:
        db.query(RegionMembership).filter_by(municipality_id=municipality.id).delete()


def rows_of(page: str) -> list[str]:
    return re.findall(r'<th scope="row">(.*?)</th>', page)


def test_an_lms_without_rosters_says_what_to_do(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    with sidecar.reading() as db:
        platform_id = db.scalars(select(Platform.id)).one()
    assert "Names and Role Provisioning" in sign_in("operator").get(f"/staff/platforms/{platform_id}/rosters")


def test_the_list_tells_how_many_take_part_and_when_we_looked(sign_in: SignIn, room: Room) -> None:
    page = sign_in("operator").get(room.url)
    assert "HMS for ledere" in page
    assert re.search(r"<dd>\s*4 ", page)
    assert room.page in page


def test_a_course_without_a_title_is_called_by_its_id(sign_in: SignIn, room: Room) -> None:
    room.change(title=None)
    assert "5" in sign_in("operator").get(room.url)


CODES = ["service-unreachable", "service-busy", "answer-not-json", "lms-answer-too-large", "service-refused"]
CODES += ["service-rejected", "pages-loop", "page-elsewhere", "too-many-pages", "out-of-time", "roster-too-large"]


def test_each_problem_has_words_of_its_own(sign_in: SignIn, room: Room) -> None:
    staff, told = sign_in("operator"), set()
    for code in CODES:
        room.change(error_code=code)
        page = staff.get(room.url)
        told.add(re.findall(r'data-color="warning"><p class="ds-paragraph">(.*?)</p>', page)[0])
        assert code not in page
    assert len(told) == len(CODES)


def test_words_stand_ready_for_any_code(sign_in: SignIn, room: Room) -> None:
    room.change(error_code="ZeroDivisionError")
    assert "ZeroDivisionError" not in sign_in("operator").get(room.page)


def test_an_operator_sees_everybody(sign_in: SignIn, room: Room) -> None:
    page = sign_in("operator").get(room.page)
    assert rows_of(page) == ["Nordmann, Kari", "Rollag, Kari", "Ukjent Bruker", "Uten Nummer"]


def test_an_office_that_serves_one_of_two_sees_its_own_and_a_count(
    sign_in: SignIn, room: Room, rollag: Municipality, sidecar: Sidecar
) -> None:
    take_out(sidecar, rollag)
    page = sign_in("rkk", region="kongsbergregionen").get(room.page)
    assert rows_of(page) == ["Nordmann, Kari"]
    assert not {"Rollag, Kari", "Ukjent", "Uten Nummer"} & set(rows_of(page))
    assert re.search(r">3 ", page)


def test_who_is_seen_stands_in_the_access_log_and_who_is_not_does_not(
    sign_in: SignIn, room: Room, town: Town, rollag: Municipality, sidecar: Sidecar
) -> None:
    take_out(sidecar, rollag)
    sign_in("rkk", region="kongsbergregionen").get(room.page)
    with sidecar.reading() as db:
        kari = db.get_one(Employment, town.kari)
        seen = db.execute(select(Look.subject_id, Look.municipality_id, Look.role).where(Look.what == "roster")).all()
        assert [tuple(row) for row in seen] == [(kari.person_id, town.kongsberg.id, "rkk")]


def test_the_list_of_courses_names_nobody(sign_in: SignIn, room: Room) -> None:
    page = sign_in("operator").get(room.url)
    assert "Nordmann" not in page
    assert "Ukjent" not in page


def test_another_offices_lms_is_not_found(sign_in: SignIn, lms: Lms, sidecar: Sidecar) -> None:
    theirs = note(sidecar, lms.theirs)
    office = sign_in("rkk", region="kongsbergregionen")
    office.get(f"/staff/platforms/{lms.theirs}/rosters", 404)
    office.get(f"/staff/platforms/{lms.theirs}/rosters/{theirs}", 404)
    office.get(f"/staff/platforms/{lms.ours}/rosters/{theirs}", 404)
    office.post(f"/staff/platforms/{lms.ours}/rosters/{theirs}/refresh", status=404)


def test_refresh_asks_the_worker_once_and_says_so(sign_in: SignIn, room: Room) -> None:
    staff = sign_in("operator")
    for _ in range(2):
        assert staff.post(f"{room.page}/refresh") == room.page
    assert room.jobs() == 1
    assert f'href="{room.page}"' in staff.get(room.page)
    assert 'data-color="info"' in staff.get(room.url)
    assert "platform.roster_asked" in acts(room.sidecar)


def test_who_does_not_look_after_the_lms_may_look_but_not_ask(sign_in: SignIn, room: Room) -> None:
    office = sign_in("rkk", region="kongsbergregionen")  # the operators look after it
    assert "/refresh" not in office.get(room.page)
    office.post(f"{room.page}/refresh", status=403)
    assert room.jobs() == 0


def test_many_come_on_several_pages(sign_in: SignIn, room: Room, sidecar: Sidecar) -> None:
    now = sidecar.now()
    with sidecar.transaction() as db:
        for number in range(PAGE_SIZE):
            one = Identity(platform_id=room.platform_id, subject=f"m{number}", first_seen_at=now, last_seen_at=now)
            db.add(one)
            db.flush()
            db.add(RosterMember(roster_id=room.roster_id, identity_id=one.id, joined_at=now, seen_at=now))
    staff = sign_in("operator")
    first, second = staff.get(room.page), staff.get(f"{room.page}?page=2")
    assert len(rows_of(first)) == PAGE_SIZE
    assert len(rows_of(second)) == 4
    assert rows_of(staff.get(f"{room.page}?page=x")) == rows_of(first)
    assert rows_of(staff.get(f"{room.page}?page=9999999999999")) == []


def add_courses(sidecar: Sidecar, platform_id: str, count: int) -> None:
    with sidecar.transaction() as db:
        for number in range(count):
            roster = Roster(
                platform_id=platform_id,
                deployment_id="1",
                context_id=f"c{number}",
                title=f"Kurs {number:03}",
                memberships_url="https://lms.example.org/members",
                noted_at=sidecar.now(),
            )
            db.add(roster)
            db.flush()
            rosters.ask(db, roster.id, sidecar.now())


def test_many_courses_come_on_several_pages_which_cost_no_more(sign_in: SignIn, room: Room, sidecar: Sidecar) -> None:
    staff = sign_in("operator")
    with counting(sidecar) as for_one:
        staff.get(room.url)
    add_courses(sidecar, room.platform_id, PAGE_SIZE + 4)
    with counting(sidecar) as for_many:
        first = staff.get(room.url)
    assert len(for_many) <= len(for_one)
    second, beyond = staff.get(f"{room.url}?page=2"), staff.get(f"{room.url}?page=9")
    assert [page.count('class="ds-card"') for page in (first, second, beyond)] == [PAGE_SIZE, 5, 5]
    assert f"{room.url}?page=2" in first
    assert "HMS for ledere" in first
    assert f"Kurs {PAGE_SIZE + 3:03}" in second
