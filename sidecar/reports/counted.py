"""Count where the employees of each unit stand with each course, and tell what `suppression` lets be told.

Counted reports may leave the employer, so no small number stands in them. A report with a line for each person goes to
the employer itself, who sees the names: the figure that sums it up tells every number.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.db import JsonValue
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, is_employed
from sidecar.core.periods import Period
from sidecar.core.report_specs import Defined, Kind, Spec
from sidecar.core.unit_trees import list_tree
from sidecar.reports import words
from sidecar.reports.document import Cell, Column, Figure, Line, PlacedUnit, Series
from sidecar.reports.selection import holds_position, is_selected
from sidecar.reports.standings import Standing, State
from sidecar.reports.suppression import LEAST, Earlier, Known, Place, Table, Told, known_of, tell

STATES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "completions": ("completed",),
    "status": ("finished", "started", "missing", "expiring"),
    "participation": ("valid", "started"),
    "renewals": ("renewed", "expiring"),
}
"""What is counted of each kind: each name means the same in all of them, so that editions can be compared.

finished: valid, and not expiring; valid: either; renewed: valid, and completed in the last N days; completed: in the
period.
"""

SUMMED_UP: Final[tuple[State, ...]] = ("finished", "started", "missing", "expiring")
"""What a report of names is summed up by."""

_HEADINGS: Final = {"valid": "finished", "renewed": "finished"}
_OVER_DAYS: Final = "completed"
"""The one state that is about a period, not about its last day."""

_NOTES: Final = {
    "least": {
        "nb": "Enheter med færre enn {least} ansatte og tall fra 1 til {most} vises ikke, og heller ikke tall som "
        "ville røpe dem ved subtraksjon.",
        "nn": "Einingar med færre enn {least} tilsette og tal frå 1 til {most} er ikkje viste, og heller ikkje tal som "
        "ville røpe dei ved subtraksjon.",
        "en": "Units with fewer than {least} employees and numbers from 1 to {most} are not told, nor are numbers that "
        "would give them away by subtraction.",
    },
    "earlier": {
        "nb": "Et tall som har endret seg med 1 til {most} siden en tidligere rapport, vises ikke før det har endret "
        "seg mer.",
        "nn": "Eit tal som har endra seg med 1 til {most} sidan ein tidlegare rapport, blir ikkje vist før det har "
        "endra seg meir.",
        "en": "A number that changed by 1 to {most} since an earlier report is not told until it has changed more.",
    },
}


@dataclass(frozen=True)
class Counted:
    """A counted report; `published` is what it tells, for the next edition to be compared with.

    Attributes:
        units: the municipality and the units below it, whether or not something is told of them.
    """

    columns: tuple[Column, ...]
    units: tuple[PlacedUnit, ...]
    lines: tuple[Line, ...]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
    published: JsonValue


@dataclass(frozen=True)
class _Unit:
    name: str
    depth: int
    parent: str | None


def build_counted(
    db: Session,
    viewer: Viewer,
    municipality: Municipality,
    defined: Defined,
    period: Period,
    today: date,
    standings: Iterator[Standing],
    earlier: Iterable[JsonValue],
) -> Counted:
    """Count standings by unit, with all below it, and course.

    Args:
        standings: of the employees whom the definition is about, on the last day of the period or today.
        earlier: `Counted.published` of what the municipality was told before, each looked at once.
    """
    spec, day = defined.spec, min(period.end, today)
    units = _list_units(db, viewer, municipality, day)
    counts, courses = _count(standings, units, municipality.id, spec, Period(period.start, day))
    employees = _count_employees(db, viewer, municipality, spec, day, units)
    for of_units in counts.values():  # two statements may see two moments
        for unit, numbers in of_units.items():
            employees[unit] = max(employees[unit], sum(numbers))
    table = Table(STATES[spec.kind], {key: unit.parent for key, unit in units.items()}, employees, counts)
    days = Period(period.start, day)
    told = tell(table, _read_earlier(earlier, days))
    order = sorted(courses, key=lambda key: (courses[key].casefold(), key))
    language = spec.language or municipality.language
    page = _Page(spec, language, told, units, {key: courses[key] for key in order})
    notes = tuple(_NOTES[key][language].format(least=LEAST, most=LEAST - 1) for key in ("least", "earlier"))
    return Counted(
        columns=page.columns(),
        units=tuple(PlacedUnit(unit.name, unit.depth) for unit in units.values()),
        lines=tuple(page.lines()),
        figures=tuple(page.figures()),
        notes=notes,
        published=_publish(told, days),
    )


def summary_figure(counts: Mapping[tuple[str, State], int], language: str) -> Figure:
    """Return how many stand where, by course, for a report that names everybody anyway: nothing is left out.

    Args:
        counts: by the title of a course and the state.
    """
    titles = sorted({title for title, _ in counts}, key=lambda title: (title.casefold(), title))
    series = (
        Series(words.heading(state, language), tuple(counts.get((title, state), 0) for title in titles))
        for state in SUMMED_UP
    )
    title, label = words.kind_title("status", language), words.heading("course", language)
    return Figure(title, label, tuple(titles), tuple(series))


def _list_units(db: Session, viewer: Viewer, municipality: Municipality, day: date) -> dict[str, _Unit]:
    """Return the units by id, the municipality itself first, each after the one above it."""
    units, above = {municipality.id: _Unit(municipality.name, 0, None)}, [municipality.id]
    for line in list_tree(db, viewer, municipality.id, day):
        del above[line.depth + 1 :]
        units[line.unit_id] = _Unit(line.name, line.depth + 1, above[-1])
        above.append(line.unit_id)
    return units


def _count_employees(
    db: Session, viewer: Viewer, municipality: Municipality, spec: Spec, day: date, units: Mapping[str, _Unit]
) -> dict[str, int]:
    """Return how many work in each unit directly on a day, of those whom the definition is about."""
    whom = is_selected(municipality, replace(spec, courses=()), day), may_see_employment(viewer), is_employed(day)
    grouped = select(Employment.unit_id, Employment.position, func.count()).where(*whom)
    holds, found = holds_position(spec), dict.fromkeys(units, 0)
    for unit_id, position, count in db.execute(grouped.group_by(Employment.unit_id, Employment.position)):
        if holds(position):
            found[unit_id if unit_id and unit_id in units else municipality.id] += count
    return found


def _count(
    standings: Iterator[Standing], units: Mapping[str, _Unit], top: str, spec: Spec, days: Period
) -> tuple[dict[str, dict[str, list[int]]], dict[str, str]]:
    """Return how many are in each state, by course and unit, and the titles of the courses."""
    states, titles = STATES[spec.kind], {}
    counts: dict[str, dict[str, list[int]]] = {}
    for one in standings:
        titles[one.course_id] = one.course
        of_course = counts.setdefault(one.course_id, {})
        state = _state_of(one, spec.kind, days)
        if state in states:
            unit = one.unit_id if one.unit_id in units else top
            of_course.setdefault(unit or top, [0] * len(states))[states.index(state)] += 1
    return counts, titles


def _state_of(one: Standing, kind: Kind, days: Period) -> str:
    is_valid = one.state in ("finished", "expiring")
    if kind == "completions":
        is_new = one.completed_on is not None and days.start <= one.completed_on <= days.end
        return "completed" if is_valid and is_new else ""
    if kind == "participation":
        return "valid" if is_valid else one.state
    return "renewed" if kind == "renewals" and one.state == "finished" else one.state


@dataclass(frozen=True)
class _Page:
    """Writes what may be told in a language; `courses` are titles by id, in their order."""

    spec: Spec
    language: str
    told: Told
    units: Mapping[str, _Unit]
    courses: Mapping[str, str]

    @property
    def states(self) -> tuple[str, ...]:
        return STATES[self.spec.kind]

    def columns(self) -> tuple[Column, ...]:
        shown = [Column("unit", self._say("unit"), width=28), Column("course", self._say("course"), width=40)]
        shown += [Column(state, self._say(state), "integer", 12) for state in self.states]
        shown.append(Column("employees", self._say("employees"), "integer", 12))
        if self._has_share:
            shown.append(Column("share", self._say("share"), "percent", 12))
        return tuple(column for column in shown if self._is_wanted(column.key))

    @property
    def _has_share(self) -> bool:
        return self.spec.kind in ("status", "participation")

    def _is_wanted(self, key: str) -> bool:
        columns = self.spec.columns if self.spec.kind == "participation" else ()
        return not columns or _HEADINGS.get(key, key) in columns

    def _say(self, key: str) -> str:
        return words.heading(_HEADINGS.get(key, key), self.language)

    def lines(self) -> Iterator[Line]:
        """Yield a line for each unit of which something is told, course by course."""
        for course, title in self.courses.items():
            rows = self.told.courses.get(course, {})
            for at, unit in enumerate(self.units):
                if rows.get(unit):
                    yield Line(self._cells(unit, title, rows[unit]), unit_at=at)

    def _cells(self, unit: str, title: str, row: Mapping[str, int]) -> tuple[Cell, ...]:
        employees = self.told.employees[unit]
        said: dict[str, Cell] = {"unit": self.units[unit].name, "course": title}
        said |= {state: row.get(state) for state in self.states} | {"employees": employees}
        if self._has_share:
            said["share"] = _share(row, employees)
        return tuple(cell for key, cell in said.items() if self._is_wanted(key))

    def figures(self) -> Iterator[Figure]:
        """Yield the courses in all of the municipality, and of each course the units of which something is told."""
        top = next(iter(self.units))
        rows = {key: self.told.courses.get(key, {}).get(top, {}) for key in self.courses}
        if any(rows.values()):
            title = words.kind_title(self.spec.kind, self.language)
            yield self._figure(title, "course", tuple(self.courses.values()), list(rows.values()), ())
        for course, title in self.courses.items():
            of_course = self.told.courses.get(course, {})
            shown = [unit for unit in self.units if of_course.get(unit)]
            if len(shown) > 1:
                names = tuple(self.units[unit].name for unit in shown)
                depths = tuple(self.units[unit].depth for unit in shown)
                yield self._figure(title, "unit", names, [of_course[unit] for unit in shown], depths)

    def _figure(
        self,
        title: str,
        label: str,
        labels: tuple[str, ...],
        rows: Sequence[Mapping[str, int]],
        depths: tuple[int, ...],
    ) -> Figure:
        series = (Series(self._say(state), tuple(row.get(state) for row in rows)) for state in self.states)
        return Figure(title, self._say(label), labels, tuple(series), depths)


def _share(row: Mapping[str, int], employees: int) -> float | None:
    """Return the share of the employees who have something valid; None where that is not told."""
    if "valid" in row:
        return row["valid"] / employees
    return (row["finished"] + row["expiring"]) / employees if {"finished", "expiring"} <= row.keys() else None


def _publish(told: Told, days: Period) -> JsonValue:
    """Return what is told, and what follows of who works directly in a unit, for later editions."""
    courses = {course: {unit: dict(row) for unit, row in rows.items()} for course, rows in told.courses.items()}
    for course, rows in told.given_away.items():
        if course:
            courses[course] |= {unit: dict(row) for unit, row in rows.items()}
    employees = {**told.employees, **{unit: row[""] for unit, row in told.given_away.get("", {}).items()}}
    return {
        "from": days.start.isoformat(),
        "to": days.end.isoformat(),
        "employees": employees,
        "courses": {course: {unit: row for unit, row in rows.items() if row} for course, rows in courses.items()},
    }


def _read_earlier(published: Iterable[Any], days: Period) -> Earlier:
    """Return what earlier editions told, as far as it can give away what this one tells.

    Of completions in a period: only if the days overlap. Where they are not the same ones, they are told of no unit of
    which they were told before, as a part of a period may be hidden that the others would leave.
    """
    known: dict[Place, dict[str, set[int]]] = {}
    columns: dict[Place, set[str]] = defaultdict(set)
    for edition in published:
        start, end = date.fromisoformat(edition["from"]), date.fromisoformat(edition["to"])
        is_same, overlaps = (start, end) == (days.start, days.end), start <= days.end and days.start <= end
        for unit, number in edition["employees"].items():
            _learn(known, ("", unit), {"": number})
        for course, rows in edition["courses"].items():
            for unit, row in rows.items():
                if _OVER_DAYS in row and not overlaps:
                    continue
                _learn(known, (course, unit), known_of(edition["employees"][unit], row))
                if end == days.end or _OVER_DAYS in row:
                    columns[course, unit].update(row if is_same or _OVER_DAYS not in row else ())
    return Earlier(known, columns)


def _learn(known: dict[Place, dict[str, set[int]]], place: Place, told: Known) -> None:
    """Add what an edition told of a place; names are shared, as there are few of them and very many places."""
    numbers = known.setdefault(place, {})
    for name, number in told.items():
        numbers.setdefault(sys.intern(name), set()).add(number)
