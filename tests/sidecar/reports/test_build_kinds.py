"""Test where people stand with courses on a report's last day, and what is due for renewal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import insert

from sidecar.core.access import for_municipality
from sidecar.core.attempts import Attempt
from sidecar.core.course_audiences import CourseAudience
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity
from sidecar.core.periods import read_period
from sidecar.core.report_definitions import UnknownCourseError
from sidecar.core.report_specs import Defined, Spec
from sidecar.core.rosters import Roster, RosterMember
from sidecar.core.units import Unit, UnitPlace
from sidecar.reports import build, standings
from sidecar.reports.standings import Standing
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.reports.listing import Listed, list_report
from tests.sidecar.reports.world import World

STATUS = Spec(kind="status", formats=("csv",), language="en")
RENEWALS = replace(STATUS, kind="renewals", days=30)


def at(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(10), UTC)


class Town:
    """Kongsberg, and what is known of its people by the end of September 2026."""

    def __init__(self, sidecar: Sidecar, world: World, municipality: Municipality) -> None:
        self.sidecar, self.world, self.here = sidecar, world, municipality
        self._people = 0

    def hire(self, name: str, unit: str = "Helse", position: str = "", **days: date) -> Identity:
        """Employ somebody, with `started_on` or `ended_on`, who has an account in the LMS."""
        self._people += 1
        employment = self.world.employ(self.here, str(1000 + self._people), f"Kari {name}", unit=unit)
        with self.sidecar.transaction() as db:
            row = db.get_one(Employment, employment.id)
            row.position = position
            for key, day in days.items():
                setattr(row, key, day)
        return self.world.identity(name, employment.person_id)

    def course(self, key: str, title: str, months: int | None = None, *, goes_along: bool = False) -> CourseVersion:
        version = self.world.course(key, title)
        with self.sidecar.transaction() as db:
            course = db.get_one(Course, version.course_id)
            course.validity_months, course.is_transferable = months, goes_along
        return version

    def begin(self, who: Identity, what: CourseVersion, day: str, state: str = "open", number: int = 90) -> None:
        keys: dict[str, Any] = {"identity_id": who.id, "course_id": what.course_id, "version_id": what.id}
        with self.sidecar.transaction() as db:
            db.add(Attempt(**keys, number=number, state=state, started_at=at(day)))

    def enrol(
        self, who: Identity, what: CourseVersion, since: str, left: str | None = None, role: str = "Learner"
    ) -> None:
        """Let somebody take part in an LMS course that launches a course of ours."""
        place: dict[str, Any] = {
            "platform_id": self.world.platform_id,
            "deployment_id": "1",
            "context_id": what.course_id,
        }
        roster = Roster(**place, memberships_url="https://lms.example.no/m", noted_at=at(since))
        launch = Launch(
            **place, identity_id=who.id, resource_link_id="l", course_id=what.course_id, launched_at=at(since)
        )
        with self.sidecar.transaction() as db:
            db.add_all([roster, launch])
            db.flush()
            there = RosterMember(
                roster_id=roster.id, identity_id=who.id, roles=[role], joined_at=at(since), seen_at=at(since)
            )
            there.left_at = at(left) if left else None
            db.add(there)

    def build(self, spec: Spec, period: str = "2026-09", municipality: Municipality | None = None) -> Listed:
        where = municipality or self.here
        with self.sidecar.reading() as db:
            viewer, defined = for_municipality(where.id), Defined("d", "", 1, spec)
            return list_report(db, viewer, where, read_period(period), "", self.sidecar.today(), defined)

    def states(self, spec: Spec = STATUS, period: str = "2026-09") -> list[tuple[str, str, str]]:
        rows = self.build(spec, period).rows
        return [(str(row["last_name"]), str(row["course"]), str(row["status"])) for row in rows]


@pytest.fixture
def town(sidecar: Sidecar, world: World, kongsberg: Municipality, clock: FakeClock) -> Town:
    clock.set(at("2026-10-15"))
    return Town(sidecar, world, kongsberg)


@pytest.fixture
def fire(town: Town) -> CourseVersion:
    return town.course("brann", "Brannvern", 24)


def test_status_tells_where_everybody_stands_on_the_last_day(town: Town, fire: CourseVersion) -> None:
    done, ending, begun, late = (town.hire(name) for name in ("Berg", "Dahl", "Eng", "Foss"))
    town.hire("Gran")  # of whom nothing is expected
    town.world.complete(done, fire, at("2026-09-30"))
    town.world.complete(ending, fire, at("2024-10-20"))
    town.begin(begun, fire, "2026-09-30")
    town.enrol(late, fire, "2026-09-01")
    assert town.states() == [
        ("Berg", "Brannvern", "completed"),
        ("Dahl", "Brannvern", "expires soon"),
        ("Eng", "Brannvern", "started"),
        ("Foss", "Brannvern", "missing"),
    ]
    assert [row["valid_until"] for row in town.build(STATUS).rows[:2]] == [date(2028, 9, 30), date(2026, 10, 20)]


def test_what_happened_after_the_last_day_is_not_told(town: Town, fire: CourseVersion) -> None:
    done, begun, gone = (town.hire(name) for name in ("Berg", "Dahl", "Eng"))
    town.world.complete(done, fire, at("2026-10-01"))
    town.begin(begun, fire, "2026-10-02")
    town.enrol(gone, fire, "2026-10-03")
    assert town.states() == []
    assert town.states(period="2026-10") == [
        ("Berg", "Brannvern", "completed"),
        ("Dahl", "Brannvern", "started"),
        ("Eng", "Brannvern", "missing"),
    ]


def test_what_has_expired_is_missing_where_it_is_expected_and_begun_anew_it_is_started(
    town: Town, fire: CourseVersion
) -> None:
    expected, anew, neither = (town.hire(name) for name in ("Berg", "Dahl", "Eng"))
    for who in (expected, anew, neither):
        town.begin(who, fire, "2024-08-30", state="failed", number=80)
        town.world.complete(who, fire, at("2024-09-29"))
    town.enrol(expected, fire, "2026-01-01")
    town.begin(anew, fire, "2026-09-30")
    assert town.states() == [("Berg", "Brannvern", "missing"), ("Dahl", "Brannvern", "started")]
    assert [row["valid_until"] for row in town.build(STATUS).rows] == [date(2026, 9, 29)] * 2


def test_only_learners_who_still_take_part_miss_a_course(town: Town, fire: CourseVersion) -> None:
    for name, left, role in (("Berg", None, "Instructor"), ("Dahl", "2026-09-30", "Learner")):
        aid = town.course(name.lower(), "Førstehjelp")
        town.enrol(town.hire(name), aid, "2026-09-01", left, role)
    url = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
    town.enrol(town.hire("Eng"), fire, "2026-09-01", "2026-10-01", url)
    assert town.states() == [("Eng", "Brannvern", "missing")]


def test_a_retired_course_is_missing_to_nobody(town: Town, fire: CourseVersion, sidecar: Sidecar) -> None:
    done, expected = town.hire("Berg"), town.hire("Dahl")
    town.world.complete(done, fire, at("2026-09-03"))
    town.enrol(expected, fire, "2026-09-01")
    with sidecar.transaction() as db:
        db.get_one(Course, fire.course_id).retired_at = at("2026-09-20")
    assert town.states() == [("Berg", "Brannvern", "completed")]


def test_status_is_about_who_is_employed_on_the_last_day_and_not_erased(
    town: Town, fire: CourseVersion, sidecar: Sidecar
) -> None:
    stays = town.hire("Berg", ended_on=date(2026, 9, 30))
    left = town.hire("Dahl", ended_on=date(2026, 9, 29))
    later = town.hire("Eng", started_on=date(2026, 10, 1))
    erased = town.hire("Foss")
    for who in (stays, left, later, erased):
        town.begin(who, fire, "2026-09-15")
    with sidecar.transaction() as db:
        row = db.query(Employment).filter_by(person_id=erased.person_id).one()
        row.erased_at = at("2026-10-01")
    assert town.states() == [("Berg", "Brannvern", "started")]


def test_what_was_begun_or_done_at_another_employer_is_told_as_far_as_it_goes_along(
    town: Town, fire: CourseVersion
) -> None:
    aid = town.course("hjelp", "Førstehjelp", 24, goes_along=True)
    new = town.hire("Berg", started_on=date(2026, 9, 1))
    town.begin(new, fire, "2026-08-31")
    town.begin(new, town.course("it", "Sikkerhet"), "2026-09-01")
    town.world.complete(new, town.course("hms", "HMS"), at("2026-08-20"))
    town.world.complete(new, aid, at("2026-08-20"))
    assert town.states() == [("Berg", "Førstehjelp", "completed"), ("Berg", "Sikkerhet", "started")]


def test_two_employers_are_each_told_of_their_own_employment(
    town: Town, fire: CourseVersion, rollag: Municipality
) -> None:
    kari = town.hire("Berg")
    town.world.employ(rollag, "R-7", "Kari Berg", person_id=kari.person_id, unit="Skole")
    town.world.complete(kari, fire, at("2026-09-03"))
    told = [town.build(STATUS, municipality=one).rows[0] for one in (town.here, rollag)]
    assert [(row["employee_number"], row["unit"]) for row in told] == [("1001", "Helse"), ("R-7", "Skole")]


def test_who_has_both_a_completion_and_a_newer_one_has_one_line(town: Town, fire: CourseVersion) -> None:
    kari = town.hire("Berg")
    town.world.complete(kari, fire, at("2024-10-20"))
    town.world.complete(kari, fire, at("2026-09-03"))
    report = town.build(STATUS)
    assert [(row["status"], row["completed_on"]) for row in report.rows] == [("completed", date(2026, 9, 3))]
    assert len(report.items) == 1


def test_renewals_are_who_finished_lately_and_whose_time_is_running_out(town: Town, fire: CourseVersion) -> None:
    days = {"Berg": "2024-10-30", "Dahl": "2024-10-31", "Eng": "2026-09-01", "Foss": "2026-08-31", "Gran": "2024-09-29"}
    for name, day in days.items():
        town.world.complete(town.hire(name), fire, at(day))
    town.enrol(town.hire("Haug"), fire, "2026-09-01")
    assert town.states(RENEWALS) == [("Berg", "Brannvern", "expires soon"), ("Eng", "Brannvern", "completed")]


def test_courses_units_and_positions_narrow_it(town: Town, fire: CourseVersion, sidecar: Sidecar) -> None:
    aid = town.course("hjelp", "Førstehjelp")
    people = [town.hire("Berg", "Sykehjem", "Sykepleier"), town.hire("Dahl", "Skole", "Lærer"), town.hire("Eng")]
    for who in people:
        for course in (aid, fire):
            town.begin(who, course, "2026-09-03")
    health = Unit(municipality_id=town.here.id, key="H", name="Helse og omsorg")
    home = Unit(municipality_id=town.here.id, key="S", name="Sykehjem")
    with sidecar.transaction() as db:
        db.add_all([health, home])
        db.flush()
        place = UnitPlace(unit_id=home.id, parent_id=health.id, placed_on=date(2026, 1, 1))
        db.add_all([place, UnitPlace(unit_id=health.id, placed_on=date(2026, 1, 1))])
        db.query(Employment).filter_by(person_id=people[0].person_id).one().unit_id = home.id
    by_unit = replace(STATUS, units=("Helse og omsorg", "Skole"), courses=("brann",))
    assert town.states(by_unit) == [("Dahl", "Brannvern", "started"), ("Berg", "Brannvern", "started")]
    assert [one[0] for one in town.states(replace(STATUS, positions=("LÆRER", "vaktmester")))] == ["Dahl", "Dahl"]
    units = town.build(replace(STATUS, formats=("html",))).document.units
    assert [(one.name, one.depth) for one in units] == [("Helse og omsorg", 0), ("Sykehjem", 1)]
    assert town.build(STATUS).document.units == ()
    with sidecar.transaction() as db:
        db.get_one(UnitPlace, place.id).left_on = date(2026, 9, 30)
    assert town.states(by_unit) == [("Dahl", "Brannvern", "started")]


def test_a_course_that_does_not_exist_is_named(town: Town) -> None:
    with pytest.raises(UnknownCourseError, match="brannn"):
        town.build(replace(STATUS, courses=("brannn",)))


@pytest.mark.parametrize("kind", ["status", "renewals", "completions"])
def test_a_report_that_nobody_matches_says_so(town: Town, kind: str) -> None:
    report = town.build(replace(STATUS, kind=kind, units=("Månebasen",)))  # type: ignore[arg-type]  # one of the kinds
    assert report.rows == []
    assert report.document.notes == ("Nobody in Kongsberg kommune matches this report.",)


def test_the_head_says_what_it_is_about(town: Town, fire: CourseVersion) -> None:
    spec = replace(STATUS, courses=("brann",), units=("Helse",), positions=("pleier",), language="nb", days=30)
    report = town.build(spec, "2026-10").document
    assert report.facts == (
        ("Gjelder", "ansatte i Helse, med alt under; stillinger med pleier"),
        ("Kurs", "Brannvern"),
        (
            "Skal ta kurset",
            "de som er meldt på kurset i LMS-et, og de som regionalt kompetansekontor har satt som målgruppe",
        ),
        ("Status per", "15. oktober 2026"),
        ("Utløper snart", "innen 30 dager"),
    )
    assert report.notes[0] == "Perioden er ikke over: rapporten viser dagene til og med 15. oktober 2026."
    assert (report.title, report.first_day, report.last_day) == ("Status", date(2026, 10, 1), date(2026, 10, 31))


def test_columns_are_those_asked_for_in_their_order_and_decide_the_hash(town: Town, fire: CourseVersion) -> None:
    town.begin(town.hire("=1+1", position="@rektor"), fire, "2026-09-03")
    first = town.build(replace(STATUS, columns=("status", "last_name", "position")))
    assert [(column.key, column.heading) for column in first.document.columns] == [
        ("status", "status"),
        ("last_name", "last name"),
        ("position", "position"),
    ]
    assert list(first.rows[0].values()) == ["started", "=1+1", "@rektor"]
    in_norwegian = town.build(replace(STATUS, columns=("status", "last_name", "position"), language="nn"))
    other = town.build(replace(STATUS, columns=("last_name", "status", "position")))
    assert in_norwegian.rows[0]["status"] == "påbyrja"
    assert first.content_hash == in_norwegian.content_hash != other.content_hash


def test_whom_the_rkk_expects_to_take_a_course_misses_it(town: Town, fire: CourseVersion, sidecar: Sidecar) -> None:
    town.hire("Berg")
    with sidecar.transaction() as db:
        db.add(CourseAudience(course_id=fire.course_id, starts_on=date(2026, 1, 1)))
    assert town.states() == [("Berg", "Brannvern", "missing")]


def test_a_municipality_that_left_its_region_is_still_told_all_of_its_own(town: Town, fire: CourseVersion) -> None:
    town.world.complete(town.hire("Berg"), fire, at("2026-09-25"))
    assert len(town.build(replace(STATUS, kind="completions")).rows) == 1


@pytest.mark.slow
def test_a_tree_of_forty_thousand_units(town: Town, fire: CourseVersion, sidecar: Sidecar) -> None:
    number = 40_000
    units = [
        {"id": f"u{n}", "municipality_id": town.here.id, "key": f"u{n}", "name": f"Enhet {n}"} for n in range(number)
    ]
    places = [
        {
            "id": f"p{n}",
            "unit_id": f"u{n}",
            "parent_id": f"u{(n - 1) // 3}" if n else None,
            "placed_on": date(2020, 1, 1),
        }
        for n in range(number)
    ]
    last = town.hire("Berg", f"Enhet {number - 1}")
    town.begin(last, fire, "2026-09-03")
    with sidecar.transaction() as db:
        db.execute(insert(Unit), units)
        db.execute(insert(UnitPlace), places)
        db.query(Employment).filter_by(person_id=last.person_id).one().unit_id = f"u{number - 1}"
    begun = datetime.now(UTC)
    assert town.states(replace(STATUS, units=("Enhet 0",))) == [("Berg", "Brannvern", "started")]
    assert datetime.now(UTC) - begun < timedelta(seconds=30)


def test_a_counted_report_has_no_line_of_a_person_and_says_the_same_again(
    town: Town, fire: CourseVersion, sidecar: Sidecar
) -> None:
    for number in range(12):
        town.world.complete(town.hire(f"Berg{number}"), fire, at("2026-09-03"))
    spec = replace(STATUS, kind="participation", per_person=False)
    first, again = town.build(spec), town.build(replace(spec, language="nn"))
    assert [(row["course"], row["employees"]) for row in first.rows] == [("Brannvern", 12)]
    assert (first.about, first.people, first.items) == ([""], [], frozenset())
    assert first.content_hash == again.content_hash
    assert first.figures
    assert not any("Berg" in str(cell) for row in first.rows for cell in row.values())


def test_a_list_per_person_sums_itself_up_where_a_format_shows_it(town: Town, fire: CourseVersion) -> None:
    town.world.complete(town.hire("Berg"), fire, at("2026-09-03"))
    town.begin(town.hire("Dahl"), fire, "2026-09-03")
    shown = town.build(replace(STATUS, formats=("csv", "html")))
    [figure] = shown.document.figures
    assert (figure.labels, [one.values[0] for one in figure.series]) == (("Brannvern",), [1, 1, 0, 0])
    assert shown.figures is None
    assert town.build(STATUS).document.figures == ()


def test_the_sum_needs_neither_order_nor_a_second_look(
    town: Town, fire: CourseVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.world.complete(town.hire("Berg"), fire, at("2026-09-03"))
    looks = list[str]()

    def count(name: str) -> Callable[..., Iterator[Standing]]:
        look = getattr(standings, name)

        def note(*where: Any) -> Iterator[Standing]:  # noqa: ANN401 (what it was called with)
            looks.append(name)
            return cast("Iterator[Standing]", look(*where))

        return note

    monkeypatch.setattr(build, "iter_standings", count("iter_standings"))
    monkeypatch.setattr(build, "find_standings", count("find_standings"))
    for kind, looked in (("status", "iter_standings"), ("completions", "find_standings")):
        [figure] = town.build(replace(STATUS, kind=kind, formats=("html",))).document.figures  # type: ignore[arg-type]
        assert [one.values[0] for one in figure.series] == [1, 0, 0, 0]
        assert looks == [looked]
        looks.clear()
