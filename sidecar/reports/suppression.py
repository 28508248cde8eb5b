"""Decide which numbers a counted report tells: none under 5, and none that others give away by subtraction.

Nothing is rounded. A unit of fewer than 5 employees is not told at all. Of the others a course's numbers are told where
each of them, and what they leave of the employees, is 0 or at least 5; where that can't be, fewer columns or fewer
units are told. Three rules keep hidden what is hidden, whatever is subtracted:

- Units below one that is told tell the same columns, and only columns that the one above tells.
- What they leave of the unit above (`rest`: units not told, and who works in it directly) is two or more, and is 0 or
  at least 5 in each column; else the smallest unit that was to be told joins it.
- The numbers of a course are told only of units whose number of employees is told.

So whatever number follows from told ones is a sum of parts of which each is 0 or at least 5; the proof stands in
docs/decisions/0027-suppression.md. A number that differs by 1–4 from what an earlier edition told is not told either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Final

LEAST: Final = 5
"""The smallest number that is told, but for 0."""

OWN: Final = "/own"
"""Stands after a unit's id for who works in it directly, beside the units below it."""

Counts = Sequence[int]
"""How many there are in each state, in the order of the table's states."""

Known = Mapping[str, int]
"""What is known of a unit and a course: "" is all employees, a state how many are in it, "-state" how many are not.

Of several states: "-state state" is how many are in none of them, "+state state" how many are in one.
"""


@dataclass(frozen=True)
class Table:
    """Exact numbers of a municipality.

    Attributes:
        parents: the unit above each, by id; None at the top. Each comes after the one above it.
        employees: how many work in each unit directly.
        counts: by course and unit, those of them in each state; whoever is in none is left out.
    """

    states: tuple[str, ...]
    parents: Mapping[str, str | None]
    employees: Mapping[str, int]
    counts: Mapping[str, Mapping[str, Counts]]


@dataclass(frozen=True)
class Told:
    """What may be told: the employees of units, and by course and unit the states that are told of them.

    `given_away` is what follows from it of who works in a unit directly, in the same form; it is told nowhere.
    """

    employees: Mapping[str, int]
    courses: Mapping[str, Mapping[str, Mapping[str, int]]]
    given_away: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)


Place = tuple[str, str]
"""A course ("" for the employees) and a unit."""


@dataclass(frozen=True)
class Earlier:
    """What earlier editions told.

    Attributes:
        known: by course and unit, each number that an edition told, by the names of `Known`.
        columns: by the same, the states that editions about the same day told; of their courses no other state and no
            other unit may join these, as nothing has happened in between that would hide what they leave.
    """

    known: Mapping[Place, Mapping[str, Collection[int]]] = field(default_factory=dict)
    columns: Mapping[Place, Collection[str]] = field(default_factory=dict)

    @cached_property
    def courses_of_same_day(self) -> frozenset[str]:
        """The courses of which editions about the same day told something."""
        return frozenset(course for (course, _), states in self.columns.items() if states)


def tell(table: Table, earlier: Earlier | None = None) -> Told:
    """Return what may be told of a table, whatever was told before."""
    tree, before = _Tree.of(table), earlier or Earlier()
    staff = _Choice(tree, before, "", (), tree.sums(table.employees), {}, frozenset(tree.nodes))
    staff.choose()
    all_of_it = staff.told | staff.derived
    chosen = {}
    for course, counts in table.counts.items():
        states = {
            state: tree.sums({unit: numbers[place] for unit, numbers in counts.items()})
            for place, state in enumerate(table.states)
        }
        chosen[course] = _Choice(tree, before, course, table.states, staff.employees, states, all_of_it)
        chosen[course].choose()
    told = {course: each.numbers(each.told) for course, each in chosen.items()}
    derived = {course: each.numbers(each.derived) for course, each in chosen.items()}
    derived[""] = {unit: {"": staff.employees[unit]} for unit in staff.derived}
    return Told({unit: staff.employees[unit] for unit in table.parents if unit in staff.told}, told, derived)


def is_fit(count: int) -> bool:
    """Tell whether a number is 0 or large enough to be told."""
    return count == 0 or count >= LEAST


@dataclass(frozen=True)
class _Tree:
    """The units, and for each that has others below it one more: who works in it directly."""

    parents: Mapping[str, str | None]

    @classmethod
    def of(cls, table: Table) -> _Tree:
        above = {unit for unit in table.parents.values() if unit is not None}
        own = {unit + OWN: unit for unit in table.parents if unit in above}
        return cls({**table.parents, **own})

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        return tuple(self.parents)

    @cached_property
    def below(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for unit, parent in self.parents.items():
            if parent is not None:
                found.setdefault(parent, []).append(unit)
        return found

    def sums(self, direct: Mapping[str, int]) -> dict[str, int]:
        """Return the number of each unit with all below it, of the numbers that stand in each directly."""
        total = dict.fromkeys(self.parents, 0)
        for unit, number in direct.items():
            total[unit + OWN if unit in self.below else unit] += number
        for unit in reversed(self._downwards):
            parent = self.parents[unit]
            if parent is not None:
                total[parent] += total[unit]
        return total

    @cached_property
    def _downwards(self) -> Sequence[str]:
        return sorted(self.parents, key=lambda unit: unit.endswith(OWN))


@dataclass
class _Choice:
    """Chooses what is told of one course; with no states, of the employees.

    Attributes:
        told: units that are told; `derived`: who works directly in a unit of which all else is told.
        columns: which states each of them tells.
    """

    tree: _Tree
    before: Earlier
    course: str
    states: tuple[str, ...]
    employees: Mapping[str, int]
    counts: Mapping[str, Mapping[str, int]]
    allowed: frozenset[str] | set[str]
    told: set[str] = field(default_factory=set)
    derived: set[str] = field(default_factory=set)
    columns: dict[str, frozenset[str]] = field(default_factory=dict)

    def numbers(self, units: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return the numbers that are told of these units."""
        return {
            unit: {state: self.counts[state][unit] for state in self.states if state in self.columns[unit]}
            for unit in units
        }

    def choose(self) -> None:
        """Begin at the top; where a unit can't be told, and nothing above it is, begin below it."""
        for unit, parent in self.tree.parents.items():
            if parent is None:
                self._begin(unit)

    def _begin(self, unit: str) -> bool:
        """Tell what can be told from a unit on; tell whether all of it, and so the unit, follows from that."""
        if not self.employees[unit]:
            return True
        best = self._best([unit], frozenset(self.states), self._good)
        if best is not None and not unit.endswith(OWN):
            self._tell(unit, best)
            self._go_below(unit)
            return True
        lower = [each for each in self.tree.below.get(unit, ()) if self.employees[each]]
        covered = [each for each in lower if self._begin(each)]
        if lower and len(covered) == len(lower):
            self._forget(min(covered, key=lambda each: (self.employees[each], each)))
        return False

    def _go_below(self, unit: str) -> None:
        waiting = [unit]
        while waiting:
            above = waiting.pop()
            group = [each for each in self.tree.below.get(above, ()) if self.employees[each]]
            columns = self._best(group, self.columns[above], self._group)
            if columns is None:
                continue
            for each in self._group(group, columns):
                self._tell(each, columns)
                waiting.append(each)
            rest = [each for each in group if each not in self.told]
            if len(rest) == 1:
                self.derived.add(rest[0])
                self.columns[rest[0]] = columns

    def _tell(self, unit: str, columns: frozenset[str]) -> None:
        self.told.add(unit)
        self.columns[unit] = columns

    def _forget(self, unit: str) -> None:
        waiting = [unit]
        while waiting:
            one = waiting.pop()
            self.told.discard(one)
            self.derived.discard(one)
            waiting += self.tree.below.get(one, ())

    def _best(
        self,
        group: Sequence[str],
        bound: frozenset[str],
        tellable: Callable[[Sequence[str], frozenset[str]], Sequence[str]],
    ) -> frozenset[str] | None:
        """Return the columns, within a bound, with which most numbers are told; None where none can be."""
        best, most = None, 0
        for columns in _choices(self.states, bound):
            if best is not None and len(group) * len(columns) <= most:
                continue
            found = len(tellable(group, columns)) * max(1, len(columns))
            if found > most:
                best, most = columns, found
        return best

    def _group(self, group: Sequence[str], columns: frozenset[str]) -> Sequence[str]:
        """Return which units below one that is told can be told with these columns; the smallest last."""
        good = self._good(group, columns)
        good.sort(key=lambda each: (-self.employees[each], each))
        chosen = set(good)
        rest = [each for each in group if each not in chosen]
        while good and not self._is_rest_fit(rest, columns):
            rest.append(good.pop())
        return good

    def _good(self, group: Sequence[str], columns: frozenset[str]) -> list[str]:
        return [each for each in group if not each.endswith(OWN) and self._is_good(each, columns)]

    def _is_rest_fit(self, rest: Sequence[str], columns: frozenset[str]) -> bool:
        """Tell whether what is not told of a group stays hidden, also with what was told of it before."""
        if len(rest) == 1:
            return self._is_good(rest[0], columns)
        new = [each for each in rest if not self._was_told(each)]
        if len(new) == 1 and len(new) < len(rest) and not self._is_good(new[0], columns):
            return False
        return self._is_sum_fit(rest, columns) and self._is_sum_fit(new, columns)

    def _is_sum_fit(self, units: Sequence[str], columns: frozenset[str]) -> bool:
        total = sum(self.employees[each] for each in units)
        parts = [sum(self.counts[state][each] for each in units) for state in columns]
        return is_fit(total) and is_fit(total - sum(parts)) and all(map(is_fit, parts))

    def _was_told(self, unit: str) -> bool:
        return (self.course, unit) in self.before.known

    def _is_good(self, unit: str, columns: frozenset[str]) -> bool:
        """Tell whether a unit's own numbers may be told: large enough, and as before or far from it."""
        if self.employees[unit] < LEAST or unit not in self.allowed or not self._is_sum_fit([unit], columns):
            return False
        of_same_day = self.before.columns.get((self.course, unit))
        if of_same_day is None and self.course in self.before.courses_of_same_day:
            return False
        if of_same_day is not None and not columns.issubset(of_same_day):
            return False
        before = self.before.known.get((self.course, unit))
        if not before:
            return True
        now = known_of(self.employees[unit], {state: self.counts[state][unit] for state in columns})
        return all(is_fit(abs(number - then)) for name, number in now.items() for then in before.get(name, ()))


@lru_cache(maxsize=64)
def _choices(states: tuple[str, ...], bound: frozenset[str]) -> Sequence[frozenset[str]]:
    """Return the columns that may be told together, the most first; of employees alone there are none to choose."""
    if not states:
        return (frozenset(),)
    known = [state for state in states if state in bound]
    return [frozenset(some) for count in range(len(known), 0, -1) for some in combinations(known, count)]


def known_of(employees: int, states: Mapping[str, int]) -> Known:
    """Return what is known of a unit's numbers: those themselves, what they leave of the employees, and that of all."""
    known = {"": employees, **states}
    known |= {f"-{state}": employees - number for state, number in states.items()}
    left = " ".join(sorted(states))
    return {**known, f"-{left}": employees - sum(states.values()), f"+{left}": sum(states.values())}
