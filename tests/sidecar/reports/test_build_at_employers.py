"""What a later employer is told stands in the period in which they began, and nothing is told twice or forgotten."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from sidecar.core import settling
from sidecar.core.access import operator_at_the_console
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.evidence import FILE, LMS, MANUAL, WITHDRAWN, Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Employment, Identity
from sidecar.core.periods import read_period
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.reports.listing import ENGLISH, is_late, list_report
from tests.sidecar.reports.world import World

OPERATOR = operator_at_the_console()
TOLD = ("R-7", "2026-03-05", False)


def at(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(10), UTC)


@pytest.fixture
def fire(world: World, sidecar: Sidecar) -> CourseVersion:
    """A course that counts at a later employer, for two years."""
    version = world.course("brann", "Brannvern")
    with sidecar.transaction() as db:
        course = db.get_one(Course, version.course_id)
        course.is_transferable, course.validity_months = True, 24
    return version


@pytest.fixture
def kari(world: World, kongsberg: Municipality, clock: FakeClock) -> Identity:
    clock.set(at("2027-03-15"))
    return world.identity("kari", world.employ(kongsberg, "1001", "Kari Nordmann").person_id)


class Office:
    """Rollag's folder; Kari begins here on a day."""

    def __init__(self, sidecar: Sidecar, world: World, rollag: Municipality, kari: Identity, path: Path) -> None:
        self.sidecar, self.world, self.rollag, self.kari = sidecar, world, rollag, kari
        self.connection_id = world.folder(rollag, path).id

    def employ(self, started_on: date, ended_on: date | None = None) -> Employment:
        known = {"person_id": self.kari.person_id, "ended_on": ended_on}
        employment = self.world.employ(self.rollag, "R-7", "Kari Nordmann", **known)  # type: ignore[arg-type]
        with self.sidecar.transaction() as db:
            db.get_one(Employment, employment.id).started_on = started_on
        return employment

    def deliver(self, period: str) -> None:
        for one in asking.request(self.sidecar, self.rollag.id, read_period(period)):
            deliver.hand_over(self.sidecar, one.id)

    def told(self, period: str, today: date | None = None) -> list[tuple[str, str, bool]]:
        with self.sidecar.reading() as db:
            day = today or self.sidecar.today()
            found = list_report(db, OPERATOR, self.rollag, read_period(period), self.connection_id, day)
        return [(str(row["employee_number"]), str(row["completed_on"]), is_late(row)) for row in found.rows]


@pytest.fixture
def office(sidecar: Sidecar, world: World, rollag: Municipality, kari: Identity, tmp_path: Path) -> Office:
    return Office(sidecar, world, rollag, kari, tmp_path / "reports")


def test_what_goes_along_stands_in_the_period_in_which_the_employment_began(
    office: Office, world: World, kari: Identity, fire: CourseVersion
) -> None:
    world.complete(kari, fire, at("2026-03-05"))
    office.employ(date(2026, 9, 15))
    assert [office.told(f"2026-{month:02}") for month in (3, 8, 9, 10)] == [[], [], [TOLD], []]
    assert office.told("2026-H2") == [TOLD]


def test_what_goes_along_and_becomes_known_late_stands_in_the_next_report_once(
    office: Office, world: World, kari: Identity, fire: CourseVersion
) -> None:
    world.complete(kari, fire, at("2026-03-05"))
    office.deliver("2026-09")
    office.employ(date(2026, 9, 15))
    late = ("R-7", "2026-03-05", True)
    assert office.told("2026-10") == [late]
    office.deliver("2026-10")
    assert [office.told("2026-10"), office.told("2026-11"), office.told("2026-09")] == [[late], [], []]


def test_what_was_completed_before_a_period_that_nobody_got_is_not_late(
    office: Office, world: World, kari: Identity, fire: CourseVersion
) -> None:
    world.complete(kari, fire, at("2026-03-05"))
    office.deliver("2026-03")
    office.employ(date(2026, 9, 15))
    assert [office.told("2026-04"), office.told("2026-09")] == [[], [TOLD]]


def test_leave_that_is_given_later_brings_the_row_late(
    office: Office, world: World, kari: Identity, fire: CourseVersion, sidecar: Sidecar
) -> None:
    with sidecar.transaction() as db:
        db.get_one(Course, fire.course_id).is_transferable = False
    world.complete(kari, fire, at("2026-03-05"))
    office.employ(date(2026, 9, 15))
    office.deliver("2026-09")
    assert office.told("2026-10") == []
    with sidecar.transaction() as db:
        assert kari.person_id
        leave = SharingConsent(
            person_id=kari.person_id,
            municipality_id=office.rollag.id,
            course_id=fire.course_id,
            given_at=sidecar.now(),
        )
        db.add(leave)
    assert office.told("2026-10") == [("R-7", "2026-03-05", True)]


def test_nothing_is_told_before_the_first_day(
    office: Office, world: World, kari: Identity, fire: CourseVersion
) -> None:
    world.complete(kari, fire, at("2026-03-05"))
    office.employ(date(2026, 9, 15))
    assert office.told("2026-09", date(2026, 9, 14)) == []
    assert office.told("2026-09", date(2026, 9, 15)) == [TOLD]


def test_who_left_in_mid_period_stays_in_the_report_with_what_was_completed_till_then(
    office: Office, world: World, kari: Identity, fire: CourseVersion
) -> None:
    aid = world.course("hjelp", "Førstehjelp")
    office.employ(date(2026, 1, 1), ended_on=date(2026, 9, 10))
    world.complete(kari, fire, at("2026-09-10"))
    world.complete(kari, aid, at("2026-09-11"))
    assert office.told("2026-09") == [("R-7", "2026-09-10", False)]
    office.deliver("2026-09")
    assert office.told("2026-09") == [("R-7", "2026-09-10", False)]


def test_what_expired_before_they_began_is_not_told_and_its_renewal_is(
    office: Office, world: World, kari: Identity, fire: CourseVersion
) -> None:
    world.complete(kari, fire, at("2024-03-05"))
    office.employ(date(2026, 9, 15))
    assert office.told("2026") == []
    world.complete(kari, fire, at("2026-10-05"))
    assert [office.told("2026-09"), office.told("2026-10")] == [[], [("R-7", "2026-10-05", False)]]


def test_what_is_withdrawn_leaves_the_report_and_what_remains_is_told(
    office: Office, world: World, kari: Identity, fire: CourseVersion, sidecar: Sidecar
) -> None:
    office.employ(date(2026, 1, 1))
    first = world.complete(kari, fire, at("2026-09-03"))
    world.complete(kari, fire, at("2026-09-20"))

    def withdraw(evidence_id: str) -> None:
        with sidecar.transaction() as db:
            one = db.get_one(Evidence, evidence_id)
            one.state = WITHDRAWN
            db.flush()
            settling.settle(db, {(one.person_id or "", one.course_id)}, sidecar.now())

    withdraw(first.id)
    assert office.told("2026-09") == [("R-7", "2026-09-20", False)]


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (LMS, ("LMS-et", "LMS-et", "the LMS")),
        (FILE, ("importert fil", "importert fil", "imported file")),
        (MANUAL, ("registrert manuelt", "registrert manuelt", "entered by hand")),
    ],
)
def test_what_was_completed_elsewhere_says_where_it_is_known_from(
    office: Office, kari: Identity, fire: CourseVersion, sidecar: Sidecar, origin: str, words: tuple[str, ...]
) -> None:
    office.employ(date(2026, 1, 1))
    with sidecar.transaction() as db:
        assert kari.person_id
        known = Evidence(
            person_id=kari.person_id,
            course_id=fire.course_id,
            origin=origin,
            completed_at=at("2026-09-03"),
            recorded_at=sidecar.now(),
        )
        db.add(known)
        db.flush()
        settling.settle(db, {(kari.person_id, fire.course_id)}, sidecar.now())
    told = []
    with sidecar.reading() as db:
        for language in ("nb", "nn", "en"):
            asked = replace(ENGLISH, spec=replace(ENGLISH.spec, language=language))
            where = read_period("2026-09"), office.connection_id, sidecar.today()
            [row] = list_report(db, OPERATOR, office.rollag, *where, asked).rows
            told.append(row["source"])
    assert tuple(told) == words
    assert row["course_version"] is None
