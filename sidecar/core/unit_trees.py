"""Show the units of a municipality as the tree they are on a day, with how many work in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import CompoundSelect, Select, func, or_, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.people import Employment, Position, is_employed
from sidecar.core.units import Unit, UnitPlace, stands_on


@dataclass(frozen=True)
class UnitLine:
    """A unit in its tree.

    Attributes:
        depth: 0 at the top.
        path: the names from the top down to its own.
        people: how many employees hold a position in it on the day; `people_below`: in it or below, each once a unit.
        placed_on: since when it stands there.
        is_in_circle: the source puts it below itself; it is shown at the top.
    """

    unit_id: str
    depth: int
    path: tuple[str, ...]
    people: int
    people_below: int
    placed_on: date
    is_in_circle: bool

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]


def list_tree(db: Session, viewer: Viewer, municipality_id: str, day: date) -> Sequence[UnitLine]:
    """Return the units that a municipality has on a day, each after the one above it; by name.

    Nothing for who does not see all of the municipality.
    """
    if not viewer.sees_municipality(municipality_id):
        return []
    query = select(Unit.id, Unit.name, UnitPlace.parent_id, UnitPlace.placed_on)
    placed = query.join(UnitPlace, UnitPlace.unit_id == Unit.id).where(Unit.municipality_id == municipality_id)
    rows = {key: (name, above, since) for key, name, above, since in db.execute(placed.where(stands_on(day)))}
    lower: dict[str | None, list[str]] = defaultdict(list)
    for key, (_name, above, _) in sorted(rows.items(), key=lambda row: (row[1][0].casefold(), row[0])):
        lower[above if above in rows else None].append(key)
    tree = _Tree(rows, lower, _count(db, rows, day))
    lines = tree.below(None, (), frozenset())
    seen = {one.unit_id for one in lines}
    for key in rows:
        if key not in seen:  # a circle: nothing leads to it from the top
            circle = tree.line(key, (), seen, is_in_circle=True)
            lines += circle
            seen |= {one.unit_id for one in circle}
    return lines


def count_outside(db: Session, viewer: Viewer, municipality_id: str, day: date) -> int:
    """Return how many work there on a day without a place in the tree; 0 for who does not see all of it."""
    if not viewer.sees_municipality(municipality_id):
        return 0
    placed = select(UnitPlace.unit_id).join(Unit, Unit.id == UnitPlace.unit_id)
    placed = placed.where(Unit.municipality_id == municipality_id, stands_on(day))
    both = _in_units(placed, day).subquery()
    here = Employment.municipality_id == municipality_id, is_employed(day)
    query = select(func.count()).select_from(Employment)
    return db.scalar(query.where(*here, Employment.id.not_in(select(both.c.employment_id)))) or 0


@dataclass(frozen=True)
class _Tree:
    rows: Mapping[str, tuple[str, str | None, date]]
    lower: Mapping[str | None, Sequence[str]]
    people: Mapping[str, int]

    def below(self, above: str | None, path: tuple[str, ...], seen: Collection[str]) -> list[UnitLine]:
        found: list[UnitLine] = []
        for key in self.lower.get(above, ()):
            if key not in seen:
                found += self.line(key, path, seen)
        return found

    def line(
        self, key: str, path: tuple[str, ...], seen: Collection[str], *, is_in_circle: bool = False
    ) -> list[UnitLine]:
        name, _, since = self.rows[key]
        own = self.people.get(key, 0)
        below = self.below(key, (*path, name), {*seen, key})
        total = own + sum(one.people for one in below)
        return [UnitLine(key, len(path), (*path, name), own, total, since, is_in_circle), *below]


def _count(db: Session, unit_ids: Collection[str], day: date) -> Mapping[str, int]:
    """Return how many employees hold a position in each unit on a day; of who has none told, the main unit counts."""
    both = _in_units(unit_ids, day).subquery()
    query = select(both.c.unit_id, func.count()).group_by(both.c.unit_id)
    return {unit_id: count for unit_id, count in db.execute(query) if unit_id}


def _in_units(unit_ids: Collection[str] | Select[str], day: date) -> CompoundSelect[str | None, str]:
    """Return the query of who holds a position in one of these units, or has it as the main unit; see `_count`."""
    begun = or_(Position.started_on.is_(None), Position.started_on <= day)
    lasts = or_(Position.ended_on.is_(None), Position.ended_on >= day)
    held = (
        select(Position.unit_id.label("unit_id"), Position.employment_id.label("employment_id"))
        .join(Employment, Employment.id == Position.employment_id)
        .where(Position.unit_id.in_(unit_ids), begun, lasts, is_employed(day))
    )
    main = select(Employment.unit_id, Employment.id)
    main = main.where(Employment.unit_id.in_(unit_ids), is_employed(day))
    without = main.where(Employment.id.not_in(select(Position.employment_id).where(Position.unit_id.is_not(None))))
    return held.union(without)
