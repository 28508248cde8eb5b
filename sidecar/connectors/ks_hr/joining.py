"""Join what a KS HR Data API tells of people, positions and units into employees.

What is wrong in HR systems is mended here or left out, never a reason to refuse the rest: a position in a unit that
nobody knows is one without a unit, a person without a position is an employee without one, a position without a person
is nobody's, and a unit that stands below itself stands at the top.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sidecar.connectors.ks_hr.streams import DELETE, Change, Newest
from sidecar.connectors.records import PersonRecord, PositionRecord, UnitRecord

LONGEST: Final = 200
LONGEST_EMAIL: Final = 320
LONGEST_NUMBER: Final = 100
NATIONAL_ID_DIGITS: Final = 11

Number = Callable[[str, str], str]
"""From a national id, and the employee number that the source gives ("" for none), to the employee number."""


@dataclass(frozen=True, slots=True)
class _Person:
    first_name: str
    last_name: str
    email: str | None
    number: str


@dataclass(frozen=True, slots=True)
class _Held:
    """What a position is beside its key: (national id, unit, title)."""

    is_main: bool
    is_manager: bool
    number: str


@dataclass(frozen=True, slots=True)
class _Unit:
    name: str
    parent: str


class Joined:
    """Hold what the three streams said last of each thing, and tell of it as employees.

    Args:
        field: the field that holds the employee number; "" for none.
        with_email: whether e-mail addresses are wanted.
    """

    def __init__(self, field: str, *, with_email: bool) -> None:
        """Begin with nothing."""
        self._field = field
        self._with_email = with_email
        self._people: Newest[str, _Person] = Newest()
        self._positions: Newest[tuple[str, str, str], _Held] = Newest()
        self._units: Newest[str, _Unit] = Newest()
        self._numbers_of_gone: dict[str, str] = {}
        self._changed_people: set[str] = set()
        self.is_structure_changed = False

    def hear_person(self, change: Change) -> None:
        """Take in a line of the stream of people."""
        old, new = _national_id(change.old), _national_id(change.new)
        if change.kind == DELETE or (old and new and old != new):
            gone = old or new
            self._people.tell(gone, change.at, None)
            self._numbers_of_gone[gone] = self._number(change.old) or self._number(change.new)
        if change.kind != DELETE and new:
            is_told = self._with_email and "email" in change.new
            email = _text(change.new["email"], LONGEST_EMAIL) if is_told else None
            name = _text(change.new.get("first_name")), _text(change.new.get("last_name"))
            self._people.tell(new, change.at, _Person(*name, _email(email), self._number(change.new)))
        self._changed_people.update(one for one in (old, new) if one)

    def hear_position(self, change: Change) -> None:
        """Take in a line of the stream of positions; a changed title or unit is another position."""
        old, new = _position_key(change.old), _position_key(change.new)
        if old and (change.kind == DELETE or old != new):
            self._positions.tell(old, change.at, None)
        if change.kind == DELETE and new and not old:
            self._positions.tell(new, change.at, None)
        if change.kind != DELETE and new:
            is_manager = _flag(change.new.get("manager"))
            held = _Held(_flag(change.new.get("main")), is_manager, self._number(change.new))
            self._positions.tell(new, change.at, held)
        self.is_structure_changed |= _flag(change.old.get("manager")) or _flag(change.new.get("manager"))
        self._changed_people.update(key[0] for key in (old, new) if key)

    def hear_unit(self, change: Change) -> None:
        """Take in a line of the stream of units."""
        key = _key(change.new.get("id")) or _key(change.old.get("id"))
        if not key:
            return
        is_gone = change.kind == DELETE
        unit = None if is_gone else _Unit(_text(change.new.get("name")) or key, _key(change.new.get("parent")))
        self._units.tell(key, change.at, unit)
        self.is_structure_changed = True

    @property
    def changed_people(self) -> frozenset[str]:
        """The national ids of those of whom anything was told."""
        return frozenset(self._changed_people)

    def units(self) -> list[UnitRecord]:
        """Return the tree; a parent that nobody knows, or that stands below its own child, is none."""
        units = dict(self._units.there())
        parents = _parents(units)
        return [UnitRecord(key, unit.name, parents[key]) for key, unit in sorted(units.items())]

    def employees(self, number: Number, only: Collection[str] | None = None) -> Iterator[PersonRecord]:
        """Yield the employees.

        Args:
            only: the national ids of those who are wanted; None: everybody.
        """
        units = dict(self._units.there())
        held = self._held()
        leaders = _Leaders(_parents(units), held)
        people = dict(self._people.there())
        numbers = {nid: number(nid, one.number or _number_of(held.get(nid, ()))) for nid, one in people.items()}
        for nid, person in people.items():
            if only is None or nid in only:
                positions = _positions(held.get(nid, ()), units)
                leader = leaders.of(nid, positions)
                yield _employee(nid, person, positions, units, numbers[nid], numbers.get(leader or ""))

    def gone(self, number: Number) -> list[str]:
        """Return the employee numbers of those who are gone."""
        return [number(nid, self._numbers_of_gone.get(nid, "")) for nid in self._people.gone()]

    def count(self) -> int:
        """Return how many employees there are."""
        return sum(1 for _ in self._people.there())

    def gives_no_numbers(self) -> bool:
        """Tell whether there are people, and not one of them has the field that should hold the employee number."""
        people = [one.number for _, one in self._people.there()]
        held = (one.number for _, one in self._positions.there())
        return bool(self._field and people) and not any(people) and not any(held)

    def _held(self) -> Mapping[str, list[tuple[str, str, _Held]]]:
        found: dict[str, list[tuple[str, str, _Held]]] = {}
        for (nid, unit, title), held in self._positions.there():
            found.setdefault(nid, []).append((unit, title, held))
        return found

    def _number(self, record: Mapping[str, Any]) -> str:
        return _text(record.get(self._field), LONGEST_NUMBER) if self._field else ""


class _Leaders:
    """Know who leads whom: the one manager of a unit, or of the nearest unit above that has exactly one."""

    def __init__(self, parents: Mapping[str, str | None], held: Mapping[str, list[tuple[str, str, _Held]]]) -> None:
        self._parents = parents
        self._managers: dict[str, set[str]] = {}
        for nid, positions in held.items():
            for unit, _, one in positions:
                if one.is_manager and unit in parents:
                    self._managers.setdefault(unit, set()).add(nid)

    def of(self, nid: str, positions: list[PositionRecord]) -> str | None:
        main = next((one for one in positions if one.is_main), None)
        unit = main.unit_key if main else None
        while unit is not None:
            managers = self._managers.get(unit, set()) - {nid}
            if nid not in self._managers.get(unit, ()) and len(managers) == 1:
                return next(iter(managers))
            unit = self._parents.get(unit)
        return None


def _positions(held: Iterable[tuple[str, str, _Held]], units: Mapping[str, _Unit]) -> list[PositionRecord]:
    """Return a person's positions, exactly one of them the main one."""
    ordered = sorted(held, key=lambda one: (not one[2].is_main, one[0] not in units, one[0], one[1]))
    return [
        PositionRecord(
            _short_key(unit, title),
            unit_key=unit if unit in units else None,
            title=title,
            is_main=place == 0,
            is_manager=one.is_manager,
        )
        for place, (unit, title, one) in enumerate(ordered)
    ]


def _employee(
    nid: str,
    person: _Person,
    positions: list[PositionRecord],
    units: Mapping[str, _Unit],
    number: str,
    manager_number: str | None,
) -> PersonRecord:
    main = positions[0] if positions else None
    return PersonRecord(
        employee_number=number,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        unit=units[main.unit_key].name if main and main.unit_key else "",
        position=main.title if main else "",
        manager_number=manager_number,
        national_id=nid,
        positions=tuple(positions),
    )


def _parents(units: Mapping[str, _Unit]) -> dict[str, str | None]:
    """Return the parent of each unit, without those that nobody knows and without circles."""
    parents = {key: unit.parent if unit.parent in units else None for key, unit in sorted(units.items())}
    safe: set[str] = set()
    for key in parents:
        path: list[str] = []
        at: str | None = key
        while at is not None and at not in safe and at not in path:
            path.append(at)
            at = parents[at]
        if at is not None and at in path:
            parents[at] = None
        safe.update(path)
    return parents


def _number_of(held: Iterable[tuple[str, str, _Held]]) -> str:
    """Return the employee number that positions tell, the main one's first."""
    told = sorted((not one.is_main, one.number) for _, _, one in held if one.number)
    return told[0][1] if told else ""


def _position_key(record: Mapping[str, Any]) -> tuple[str, str, str] | None:
    nid = _national_id(record)
    if not nid:
        return None
    return nid, sys.intern(_key(record.get("org_id"))), sys.intern(_text(record.get("position_name")))


def _short_key(unit: str, title: str) -> str:
    key = f"{unit}/{title}"
    return key if len(key) <= LONGEST else hashlib.sha256(key.encode()).hexdigest()


def _national_id(record: Mapping[str, Any]) -> str:
    """Return the digits; a number that has lost its first zero gets it back."""
    found = record.get("national_id")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found).zfill(NATIONAL_ID_DIGITS)
    return "".join(_text(found).split())


def _key(found: object) -> str:
    return _text(found)


def _text(found: object, longest: int = LONGEST) -> str:
    """Return what can be kept of a value as text: nothing that is invisible or too long."""
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)[:longest]
    if not isinstance(found, str):
        return ""
    shown = "".join(letter if letter.isprintable() else " " for letter in found)
    return " ".join(shown.split())[:longest]


def _email(found: str | None) -> str | None:
    """Return an address; "" for none, so that a wrong one is taken away; None where the source does not tell them."""
    if found is None:
        return None
    name, at, domain = found.rpartition("@")
    return found if name and at and "." in domain and " " not in found else ""


def _flag(found: object) -> bool:
    return found is True or (isinstance(found, str) and found.strip().lower() in ("true", "1", "ja", "yes"))
