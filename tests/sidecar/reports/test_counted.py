"""Counted reports: where the employees of each unit stand, and nothing small of them."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core.access import for_municipality
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment
from sidecar.core.periods import read_period
from sidecar.core.report_specs import BASIC, Kind, Spec
from sidecar.reports.counted import Counted, build_counted, summary_figure
from sidecar.reports.standings import Standing, State
from sidecar.runtime import Sidecar
from tests.sidecar.core.test_units import add_unit
from tests.sidecar.reports.world import World

TODAY = date(2026, 9, 30)
NEW, OLD = date(2026, 9, 10), date(2026, 3, 1)


@pytest.fixture
def world(sidecar: Sidecar) -> World:
    return World(sidecar)


@pytest.fixture
def people(world: World, kongsberg: Municipality) -> dict[str, list[str]]:
    """Skolen below Oppvekst with 12, Helse with 10, Brann with 3, and 5 without a unit."""
    with world.sidecar.transaction() as db:
        top = add_unit(db, kongsberg.id, "Oppvekst", None)
        units: dict[str, str | None] = {
            "Skolen": add_unit(db, kongsberg.id, "Skolen", top),
            "Helse": add_unit(db, kongsberg.id, "Helse", None),
            "Brann": add_unit(db, kongsberg.id, "Brann", None),
            "": None,
        }
    found: dict[str, list[str]] = {}
    for name, count in {"Skolen": 12, "Helse": 10, "Brann": 3, "": 5}.items():
        found[name] = [world.employ(kongsberg, f"{name}{one}", f"Kari Nr{one}").id for one in range(count)]
    with world.sidecar.transaction() as db:
        for name, ids in found.items():
            for one in db.scalars(select(Employment).where(Employment.id.in_(ids))):
                one.unit_id = units[name]
    return found


class Standings:
    """Makes standings of employments, with the unit that the database has."""

    def __init__(self, sidecar: Sidecar) -> None:
        with sidecar.reading() as db:
            self.units = dict(db.execute(select(Employment.id, Employment.unit_id)).all())

    def of(
        self, ids: Sequence[str], state: State, day: date | None = None, course: str = "Brannvern"
    ) -> list[Standing]:
        return [
            Standing(
                employment_id=one,
                person_id=one,
                employee_number=one,
                last_name="Nordmann",
                first_name="Kari",
                unit_id=self.units[one],
                unit="",
                position="",
                course_id=course.lower(),
                course=course,
                state=state,
                completed_on=day,
                valid_until=None,
            )
            for one in ids
        ]


def count(
    sidecar: Sidecar,
    owner: Municipality,
    standings: Sequence[Standing],
    kind: Kind = "status",
    earlier: Sequence[Any] = (),
    **facts: Any,  # noqa: ANN401 (fields of a Spec)
) -> Counted:
    spec = Spec(kind=kind, per_person=False, **facts)
    with sidecar.reading() as db:
        defined, viewer = replace(BASIC, spec=spec), for_municipality(owner.id)
        period = read_period("2026-09")
        counted = build_counted(db, viewer, owner, defined, period, TODAY, iter(standings), earlier)
    for line in counted.lines:
        assert len(line.cells) == len(counted.columns)
        assert not [cell for cell in line.cells if isinstance(cell, int) and 1 <= cell <= 4]
    return counted


def test_a_status_is_told_by_unit_and_small_units_are_not(
    sidecar: Sidecar, kongsberg: Municipality, people: dict[str, list[str]]
) -> None:
    make = Standings(sidecar)
    finished = [*people["Skolen"], *people["Helse"][:5], *people["Brann"], *people[""]]
    standings = make.of(finished, "finished", OLD) + make.of(people["Helse"][5:], "missing")
    counted = count(sidecar, kongsberg, standings, language="en")
    assert [column.key for column in counted.columns] == [
        "unit",
        "course",
        "finished",
        "started",
        "missing",
        "expiring",
        "employees",
        "share",
    ]
    told = {line.cells[0]: line.cells[2:] for line in counted.lines}
    assert told["Kongsberg kommune"] == (25, 0, 5, 0, 30, 25 / 30)
    assert told["Helse"] == (5, 0, 5, 0, 10, 0.5)
    assert told["Skolen"] == told["Oppvekst"] == (12, 0, 0, 0, 12, 1.0)
    assert "Brann" not in told
    assert all(counted.units[line.unit_at or 0].name == line.cells[0] for line in counted.lines)
    assert [unit.depth for unit in counted.units if unit.name in ("Kongsberg kommune", "Oppvekst", "Skolen")] == [
        0,
        1,
        2,
    ]
    overview, of_course = counted.figures
    assert (overview.labels, [one.values for one in overview.series]) == (("Brannvern",), [(25,), (0,), (5,), (0,)])
    assert dict(zip(of_course.labels, of_course.depths, strict=True))["Skolen"] == 2
    assert "1 to 4" in counted.notes[0]
    assert "Nordmann" not in json.dumps(counted.published)


def test_the_next_edition_knows_what_was_told(
    sidecar: Sidecar, kongsberg: Municipality, people: dict[str, list[str]]
) -> None:
    make, everybody = Standings(sidecar), [one for ids in people.values() for one in ids]
    first = count(sidecar, kongsberg, make.of(everybody[:12], "finished", OLD), "participation")
    published = json.loads(json.dumps(first.published))
    assert count(sidecar, kongsberg, make.of(everybody[:12], "finished", OLD), "participation", [published]) == first
    published["to"] = "2026-08-31"
    moved = count(sidecar, kongsberg, make.of(everybody[:14], "finished", OLD), "participation", [published])
    assert {line.cells[0]: line.cells[2] for line in moved.lines}["Kongsberg kommune"] is None
    later = count(sidecar, kongsberg, make.of(everybody[:22], "finished", OLD), "participation", [published])
    assert {line.cells[0]: line.cells[2] for line in later.lines}["Kongsberg kommune"] == 22


@pytest.mark.parametrize(
    ("kind", "expected"), [("completions", (6,)), ("renewals", (6, 12)), ("participation", (18, 5, 18 / 30))]
)
def test_each_kind_counts_what_it_is_about(
    sidecar: Sidecar, kongsberg: Municipality, people: dict[str, list[str]], kind: Kind, expected: tuple[float, ...]
) -> None:
    make, everybody = Standings(sidecar), [one for ids in people.values() for one in ids]
    standings = make.of(everybody[:6], "finished", NEW) + make.of(everybody[6:18], "expiring", OLD)
    standings += make.of(everybody[18:23], "started") + make.of(everybody[23:], "missing")
    top = count(sidecar, kongsberg, standings, kind).lines[0]
    told = tuple(cell for cell, column in zip(top.cells[2:], _keys(kind), strict=True) if column != "employees")
    assert told == expected


def _keys(kind: Kind) -> list[str]:
    return {
        "completions": ["completed", "employees"],
        "renewals": ["renewed", "expiring", "employees"],
        "participation": ["valid", "started", "employees", "share"],
    }[kind]


def test_completions_of_a_longer_period_do_not_give_a_part_of_it_away(
    sidecar: Sidecar, kongsberg: Municipality, people: dict[str, list[str]]
) -> None:
    make, everybody = Standings(sidecar), [one for ids in people.values() for one in ids]
    standings = make.of(everybody[:12], "finished", NEW)
    first = count(sidecar, kongsberg, standings, "completions").published
    longer = {**first, "from": "2026-07-01"}
    assert count(sidecar, kongsberg, standings, "completions", [longer]).lines == ()
    before = {**first, "from": "2026-08-01", "to": "2026-08-31"}
    assert count(sidecar, kongsberg, standings, "completions", [before]).lines != ()


def test_only_whom_the_definition_is_about_is_counted(
    sidecar: Sidecar, kongsberg: Municipality, people: dict[str, list[str]]
) -> None:
    with sidecar.transaction() as db:
        for one in db.scalars(select(Employment).where(Employment.id.in_(people["Helse"]))):
            one.position = "Sykepleier"
    standings = Standings(sidecar).of(people["Helse"][:5], "finished", OLD)
    counted = count(
        sidecar, kongsberg, standings, "participation", positions=("SYKEPLEIER",), columns=("unit", "share")
    )
    assert [column.key for column in counted.columns] == ["unit", "share"]
    assert counted.lines[0].cells == ("Kongsberg kommune", 0.5)


def test_a_report_of_names_is_summed_up_with_every_number(sidecar: Sidecar, people: dict[str, list[str]]) -> None:
    make = Standings(sidecar)
    standings = make.of(people["Brann"][:1], "missing") + make.of(people["Brann"][1:], "finished")
    figure = summary_figure(Counter((one.course, one.state) for one in standings), "nb")
    assert figure.labels == ("Brannvern",)
    assert [one.values for one in figure.series] == [(2,), (0,), (1,), (0,)]


def test_nobody_is_no_error(sidecar: Sidecar, kongsberg: Municipality) -> None:
    counted = count(sidecar, kongsberg, [])
    assert (counted.lines, counted.figures) == ((), ())
