"""Test which completions stand in which report."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core.access import Viewer, for_municipality, operator_at_the_console
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.periods import read_period
from sidecar.core.settling import follow
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.reports.listing import Listed, is_late, list_report
from tests.sidecar.reports.world import World


@pytest.fixture
def fire(world: World) -> CourseVersion:
    return world.course("brann", "Brannvern")


@pytest.fixture
def kari(world: World, kongsberg: Municipality) -> Identity:
    return world.identity("kari", world.employ(kongsberg, "1001", "Kari Nordmann").person_id)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _build(
    sidecar: Sidecar, municipality: Municipality, period: str, channel: str = "", viewer: Viewer | None = None
) -> Listed:
    viewer = viewer or for_municipality(municipality.id)
    with sidecar.reading() as db:
        return list_report(db, viewer, municipality, read_period(period), channel, date(2027, 12, 31))


def _told(report: Listed) -> list[tuple[str, str, str, bool]]:
    return [
        (str(row["employee_number"]), str(row["course"]), str(row["completed_on"]), is_late(row)) for row in report.rows
    ]


def test_a_row_says_who_completed_what_where(
    sidecar: Sidecar, world: World, kongsberg: Municipality, kari: Identity, fire: CourseVersion
) -> None:
    world.complete(kari, fire, _at("2026-09-03T10:00"), 0.85)
    [row] = _build(sidecar, kongsberg, "2026-09").rows
    assert (row["unit"], row["last_name"], row["first_name"], row["employee_number"]) == (
        "Helse",
        "Nordmann",
        "Kari",
        "1001",
    )
    assert (row["course"], row["course_version"], row["completed_on"]) == ("Brannvern", 1, date(2026, 9, 3))
    assert (is_late(row), row["score"], row["source"]) == (False, 0.85, "Moodle Kongsbergregionen")


@pytest.mark.parametrize(
    ("moment", "period"),
    [
        ("2026-08-31T21:59:59", "2026-08"),
        ("2026-08-31T22:00:00", "2026-09"),  # midnight in Oslo, summer time
        ("2026-09-30T21:59:59", "2026-09"),
        ("2026-09-30T22:00:00", "2026-10"),
        ("2026-10-31T22:59:59", "2026-10"),
        ("2026-10-31T23:00:00", "2026-11"),  # winter time
    ],
)
def test_a_period_begins_at_midnight_in_oslo(
    sidecar: Sidecar,
    world: World,
    kongsberg: Municipality,
    kari: Identity,
    fire: CourseVersion,
    moment: str,
    period: str,
) -> None:
    world.complete(kari, fire, _at(moment))
    periods = ("2026-08", "2026-09", "2026-10", "2026-11")
    assert [one for one in periods if _build(sidecar, kongsberg, one).rows] == [period]


def test_a_completion_is_told_to_every_employer_and_to_no_other(
    sidecar: Sidecar,
    world: World,
    kongsberg: Municipality,
    rollag: Municipality,
    kari: Identity,
    fire: CourseVersion,
) -> None:
    world.employ(rollag, "R-7", "Kari Nordmann", person_id=kari.person_id)
    ola = world.identity("ola", world.employ(rollag, "R-8", "Ola Hansen").person_id)
    world.complete(kari, fire, _at("2026-09-03T10:00"))
    world.complete(ola, fire, _at("2026-09-04T10:00"))

    assert [row[0] for row in _told(_build(sidecar, kongsberg, "2026-09"))] == ["1001"]
    assert [row[0] for row in _told(_build(sidecar, rollag, "2026-09"))] == ["R-8", "R-7"]


def test_a_viewer_without_sight_gets_no_rows(
    sidecar: Sidecar,
    world: World,
    kongsberg: Municipality,
    rollag: Municipality,
    kari: Identity,
    fire: CourseVersion,
) -> None:
    ida = world.identity("ida", world.employ(kongsberg, "1002", "Ida Berg", unit="Skole").person_id)
    for who in (kari, ida):
        world.complete(who, fire, _at("2026-09-03T10:00"))
    manager = Viewer(units=frozenset({(kongsberg.id, "Skole")}))

    assert _build(sidecar, kongsberg, "2026-09", viewer=for_municipality(rollag.id)).rows == []
    assert [row["employee_number"] for row in _build(sidecar, kongsberg, "2026-09", viewer=manager).rows] == ["1002"]
    assert len(_build(sidecar, kongsberg, "2026-09", viewer=operator_at_the_console()).rows) == 2


def test_who_is_not_placed_is_in_no_report(
    sidecar: Sidecar, world: World, kongsberg: Municipality, fire: CourseVersion
) -> None:
    world.complete(world.identity("stranger", None), fire, _at("2026-09-03T10:00"))
    assert _build(sidecar, kongsberg, "2026").rows == []


def test_what_was_done_again_while_valid_is_one_completion_with_the_first_day_and_the_best_result(
    sidecar: Sidecar, world: World, kongsberg: Municipality, kari: Identity, fire: CourseVersion
) -> None:
    other_lms = world.identity("kari-again", kari.person_id)
    world.complete(kari, fire, _at("2026-09-05T10:00"), 0.7)
    world.complete(kari, fire, _at("2026-09-03T10:00"), None)
    world.complete(other_lms, fire, _at("2026-09-04T10:00"), 0.9)
    world.complete(kari, fire, _at("2026-09-06T10:00"), 0.8)

    report = _build(sidecar, kongsberg, "2026-09")
    assert [(str(row["completed_on"])[-2:], row["score"]) for row in report.rows] == [("03", 0.9)]
    assert len(report.items) == 1


def test_a_course_done_again_in_a_later_period_is_no_new_row_while_it_is_valid_for_good(
    sidecar: Sidecar, world: World, kongsberg: Municipality, kari: Identity, fire: CourseVersion
) -> None:
    world.complete(kari, fire, _at("2026-08-05T10:00"), 0.7)
    world.complete(kari, fire, _at("2026-09-05T10:00"), 0.9)

    assert _build(sidecar, kongsberg, "2026-09").rows == []
    assert [(str(row["completed_on"])[5:7], row["score"]) for row in _build(sidecar, kongsberg, "2026").rows] == [
        ("08", 0.9)
    ]


def test_a_renewal_is_told_in_its_own_period(
    sidecar: Sidecar, world: World, kongsberg: Municipality, kari: Identity, fire: CourseVersion
) -> None:
    with sidecar.transaction() as db:
        db.get_one(Course, fire.course_id).validity_months = 1
    world.complete(kari, fire, _at("2026-08-05T10:00"), 0.9)
    world.complete(kari, fire, _at("2026-09-05T10:00"), 0.7)

    assert [row["score"] for row in _build(sidecar, kongsberg, "2026-09").rows] == [0.7]
    both = _build(sidecar, kongsberg, "2026")
    assert [(str(row["completed_on"])[5:7], row["score"]) for row in both.rows] == [("08", 0.9), ("09", 0.7)]


def test_who_left_is_told_up_to_the_last_day(
    sidecar: Sidecar, world: World, kongsberg: Municipality, fire: CourseVersion
) -> None:
    left = world.employ(kongsberg, "1003", "Per Dahl", ended_on=date(2026, 9, 10))
    per = world.identity("per", left.person_id)
    world.complete(per, fire, _at("2026-09-10T21:59"))  # 23:59 in Oslo
    world.complete(per, world.course("it", "Sikkerhet"), _at("2026-09-10T22:00"))
    assert [row["course"] for row in _build(sidecar, kongsberg, "2026-09").rows] == ["Brannvern"]


def test_rows_are_sorted_by_unit_name_and_course_as_norwegian_sorts(
    sidecar: Sidecar, world: World, kongsberg: Municipality, fire: CourseVersion
) -> None:
    aid = world.course("hjelp", "Førstehjelp")
    names = ["Ås", "Øye", "Ærø", "Zahl", "Aasen", "Émile", "Dahl", "Eng", "dal"]
    for number, name in enumerate(names):
        who = world.identity(name, world.employ(kongsberg, str(number), f"Kari {name}").person_id)
        world.complete(who, fire, _at("2026-09-03T10:00"))
    first = world.identity("a", world.employ(kongsberg, "99", "Arne Ås", unit="Barnehage").person_id)
    for course in (aid, fire):
        world.complete(first, course, _at("2026-09-03T10:00"))

    rows = _build(sidecar, kongsberg, "2026-09").rows
    assert [row["last_name"] for row in rows[2:]] == [
        "Dahl",
        "dal",
        "Émile",
        "Eng",
        "Zahl",
        "Ærø",
        "Øye",
        "Ås",
        "Aasen",
    ]
    assert [(row["unit"], row["course"]) for row in rows[:2]] == [
        ("Barnehage", "Brannvern"),
        ("Barnehage", "Førstehjelp"),
    ]


class Channel:
    """Kongsberg's folder, reports handed over month by month."""

    def __init__(self, sidecar: Sidecar, world: World, municipality: Municipality, path: Path) -> None:
        self.sidecar, self.municipality = sidecar, municipality
        self.id = world.folder(municipality, path).id

    def deliver(self, period: str) -> str:
        [delivery] = asking.request(self.sidecar, self.municipality.id, read_period(period))
        deliver.hand_over(self.sidecar, delivery.id)
        return delivery.id

    def told(self, period: str) -> list[tuple[str, str, str, bool]]:
        return _told(_build(self.sidecar, self.municipality, period, self.id))


@pytest.fixture
def channel(sidecar: Sidecar, world: World, kongsberg: Municipality, tmp_path: Path, clock: FakeClock) -> Channel:
    clock.set(_at("2027-03-15T10:00"))
    return Channel(sidecar, world, kongsberg, tmp_path / "reports")


@pytest.fixture
def ida(world: World) -> Identity:
    """Not placed yet; what she does is kept."""
    return world.identity("ida", None)


def _place(world: World, municipality: Municipality, who: Identity) -> None:
    person_id = world.employ(municipality, "1002", "Ida Berg").person_id
    with world.sidecar.transaction() as db:
        identity = db.get_one(Identity, who.id)
        identity.person_id = person_id
        db.flush()
        follow(db, {who.id: person_id}, world.sidecar.now())


LATE = ("1002", "Brannvern", "2026-09-04", True)
OWN = ("1001", "Brannvern", "2026-09-03", False)


@pytest.fixture
def september(
    world: World, kongsberg: Municipality, channel: Channel, kari: Identity, ida: Identity, fire: CourseVersion
) -> str:
    """September is delivered with Kari; then Ida is placed, who had completed in September too."""
    world.complete(kari, fire, _at("2026-09-03T10:00"))
    world.complete(ida, fire, _at("2026-09-04T10:00"))
    delivery_id = channel.deliver("2026-09")
    _place(world, kongsberg, ida)
    return delivery_id


def test_what_becomes_known_late_stands_in_the_next_report(channel: Channel, september: str) -> None:
    assert channel.told("2026-10") == [LATE]


def test_late_once_only(channel: Channel, september: str) -> None:
    channel.deliver("2026-10")
    assert channel.told("2026-11") == []


def test_what_is_late_is_found_after_thousands_of_days_that_were_delivered_one_by_one(
    sidecar: Sidecar, world: World, kongsberg: Municipality, channel: Channel, kari: Identity, fire: CourseVersion
) -> None:
    first, left_out = date(2022, 9, 1), date(2026, 9, 4)
    days = [day for number in range(1_500) if (day := first + timedelta(days=number)) != left_out]
    row: dict[str, Any] = {
        "municipality_id": kongsberg.id,
        "connection_id": channel.id,
        "state": "delivered",
        "content_hash": "c" * 64,
        "row_count": 0,
        "files": [],
        "created_at": sidecar.now(),
    }
    with sidecar.transaction() as db:
        db.add_all(Delivery(key=f"{day}", period=f"{day}", period_start=day, period_end=day, **row) for day in days)
    world.complete(kari, fire, _at("2026-09-03T10:00"))
    world.complete(kari, world.course("it", "IT"), _at("2026-09-04T10:00"))
    assert channel.told("2026-12") == [("1001", "Brannvern", "2026-09-03", True)]


def test_running_a_period_again_changes_nothing(channel: Channel, september: str) -> None:
    october = channel.deliver("2026-10")
    assert channel.deliver("2026-09") == september
    assert channel.deliver("2026-10") == october
    assert channel.told("2026-09") == [OWN]
    assert channel.told("2026-10") == [LATE]


def test_a_period_run_again_before_the_next_one_is_corrected_and_nothing_is_late(
    channel: Channel, september: str
) -> None:
    assert channel.deliver("2026-09") != september
    assert channel.told("2026-09") == [("1002", *LATE[1:3], False), OWN]
    assert channel.told("2026-10") == []


def test_a_longer_period_tells_all_of_its_own_days(channel: Channel, september: str) -> None:
    channel.deliver("2026-10")
    assert channel.told("2026-H2") == [("1002", *LATE[1:3], False), OWN]


def test_nothing_is_late_over_a_channel_that_was_told_nothing(
    sidecar: Sidecar, world: World, kongsberg: Municipality, september: str, tmp_path: Path
) -> None:
    other = world.folder(kongsberg, tmp_path / "other")
    assert _told(_build(sidecar, kongsberg, "2026-10", other.id)) == []


def test_a_report_that_failed_closes_no_period(
    sidecar: Sidecar, world: World, channel: Channel, kari: Identity, fire: CourseVersion, tmp_path: Path
) -> None:
    world.complete(kari, fire, _at("2026-09-03T10:00"))
    (tmp_path / "reports").rename(tmp_path / "away")
    with pytest.raises(Exception, match="folder-missing"):
        channel.deliver("2026-09")
    assert channel.told("2026-10") == []
    (tmp_path / "away").rename(tmp_path / "reports")
    channel.deliver("2026-09")
    assert channel.told("2026-09") == [OWN]


def test_a_new_employer_gets_earlier_completions_late(
    sidecar: Sidecar,
    world: World,
    rollag: Municipality,
    kari: Identity,
    fire: CourseVersion,
    tmp_path: Path,
    clock: FakeClock,
) -> None:
    clock.set(_at("2027-03-15T10:00"))
    channel = Channel(sidecar, world, rollag, tmp_path / "rollag")
    world.complete(kari, fire, _at("2026-09-03T10:00"))
    channel.deliver("2026-09")
    world.employ(rollag, "R-7", "Kari Nordmann", person_id=kari.person_id)

    assert channel.told("2026-10") == [("R-7", "Brannvern", "2026-09-03", True)]


def test_the_ledger_counts_rows_and_late_rows(sidecar: Sidecar, channel: Channel, september: str) -> None:
    [delivery] = asking.request(sidecar, channel.municipality.id, read_period("2026-10"))
    assert (delivery.row_count, delivery.late_count) == (1, 1)


def test_the_hash_follows_the_content(
    sidecar: Sidecar, world: World, kongsberg: Municipality, kari: Identity, fire: CourseVersion
) -> None:
    world.complete(kari, fire, _at("2026-09-03T10:00"), 0.5)
    first = _build(sidecar, kongsberg, "2026-09")
    assert first.content_hash == _build(sidecar, kongsberg, "2026-H2").content_hash
    with sidecar.transaction() as db:
        db.scalars(select(Completion)).one().score = 0.6
    assert first.content_hash != _build(sidecar, kongsberg, "2026-09").content_hash
