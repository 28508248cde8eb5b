"""Write down the units that a source tells of, each below another from the day on which that was told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from sidecar.core.db import new_id
from sidecar.core.statements import among, dialect_of
from sidecar.core.units import Unit, UnitPlace

KEYS_A_QUERY: Final = 5000


@dataclass(frozen=True, slots=True)
class ToldUnit:
    """A unit as a source tells it; `parent_key` None: at the top."""

    key: str
    name: str
    parent_key: str | None = None


def write_units(db: Session, municipality_id: str, told: Sequence[ToldUnit], today: date) -> int:
    """Add and rename units, and let each lie below the one it is told to; return how many changed their place.

    Who is told below a unit that nobody knows, or below itself, is at the top.
    """
    by_key = {one.key: one for one in told}
    names = {key: one.name for key, one in by_key.items()}
    ids = _write_names(db, municipality_id, names, is_renaming=True)
    parents = {one.parent_key for one in told if one.parent_key and one.parent_key not in by_key}
    ids |= {key: unit.id for key, unit in _known(db, municipality_id, parents).items()}
    below = {ids[one.key]: ids.get(_parent(one, by_key) or "") for one in by_key.values()}
    return _write_places(db, below, today)


def ids_of(db: Session, municipality_id: str, references: Iterable[str], today: date) -> dict[str, str]:
    """Return the ids of units by what rows of people call them, a key or a name; one not known is added at the top."""
    wanted = {one for one in references if one}
    found = {key: unit.id for key, unit in _known(db, municipality_id, wanted).items()}
    found |= _known_by_name(db, municipality_id, wanted - found.keys())
    missing = {one: one for one in wanted - found.keys()}
    added = _write_names(db, municipality_id, missing, is_renaming=False)
    _write_places(db, dict.fromkeys(added.values()), today)
    return found | added


def _parent(one: ToldUnit, by_key: Mapping[str, ToldUnit]) -> str | None:
    """Return the key of the unit above, None where the way up leads back to the unit itself."""
    seen, above = {one.key}, one.parent_key
    while above is not None and above in by_key:
        if above in seen:
            return None if above == one.key else one.parent_key
        seen.add(above)
        above = by_key[above].parent_key
    return one.parent_key


def _write_names(db: Session, municipality_id: str, names: Mapping[str, str], *, is_renaming: bool) -> dict[str, str]:
    known = _known(db, municipality_id, names)
    new = [
        {"id": new_id(), "municipality_id": municipality_id, "key": key, "name": name}
        for key, name in names.items()
        if key not in known
    ]
    if new:
        db.execute(insert(Unit), new)
    if is_renaming:
        for key, unit in known.items():
            if unit.name != names[key]:
                db.execute(update(Unit).where(Unit.id == unit.id).values(name=names[key]))
    return {key: unit.id for key, unit in known.items()} | {row["key"]: row["id"] for row in new}


class _Known(NamedTuple):
    id: str
    name: str


def _known(db: Session, municipality_id: str, keys: Iterable[str]) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    here = Unit.municipality_id == municipality_id, among(dialect_of(db), Unit.key, "keys")
    query = select(Unit.key, Unit.id, Unit.name).where(*here)
    for some in _pieces(keys):
        found |= {key: _Known(unit_id, name) for key, unit_id, name in db.execute(query, {"keys": some})}
    return found


def _known_by_name(db: Session, municipality_id: str, names: Iterable[str]) -> dict[str, str]:
    """Return the units of a name that only one bears."""
    found: dict[str, list[str]] = {}
    here = Unit.municipality_id == municipality_id, among(dialect_of(db), Unit.name, "names")
    for some in _pieces(names):
        for name, unit_id in db.execute(select(Unit.name, Unit.id).where(*here), {"names": some}):
            found.setdefault(name, []).append(unit_id)
    return {name: ids[0] for name, ids in found.items() if len(ids) == 1}


def _pieces(keys: Iterable[str]) -> Iterator[list[str]]:
    every = sorted(keys)
    return (every[start : start + KEYS_A_QUERY] for start in range(0, len(every), KEYS_A_QUERY))


def _write_places(db: Session, below: Mapping[str, str | None], today: date) -> int:
    """Begin places where they changed; one that began today is replaced, so that none lasts no day."""
    moved = 0
    for some in _pieces(below):
        query = select(UnitPlace.id, UnitPlace.unit_id, UnitPlace.parent_id, UnitPlace.placed_on)
        standing = db.execute(query.where(UnitPlace.unit_id.in_(some), UnitPlace.left_on.is_(None)))
        places = {unit_id: (place_id, parent_id, since) for place_id, unit_id, parent_id, since in standing}
        begun = [unit_id for unit_id in some if unit_id not in places or places[unit_id][1] != below[unit_id]]
        for unit_id in begun:
            if unit_id in places:
                moved += 1
                _end_place(db, places[unit_id][0], places[unit_id][2], today)
        rows = [{"id": new_id(), "unit_id": one, "parent_id": below[one], "placed_on": today} for one in begun]
        if rows:
            db.execute(insert(UnitPlace), rows)
    return moved


def _end_place(db: Session, place_id: str, since: date, today: date) -> None:
    if since >= today:
        db.execute(delete(UnitPlace).where(UnitPlace.id == place_id))
    else:
        db.execute(update(UnitPlace).where(UnitPlace.id == place_id).values(left_on=today))
