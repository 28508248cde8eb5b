"""Small numbers stay hidden from whoever solves every equation that the told ones make; large ones are told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from time import perf_counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.reports.suppression import OWN, Earlier, Known, Place, Table, Told, known_of, tell

STATES = ("finished", "missing", "started")
NONE = "none"
COURSES = ("c", "d")
Vector = dict[object, Fraction]


@dataclass
class Attacker:
    """Somebody who keeps all equations in echelon form, and knows that no number is below zero."""

    rows: dict[object, tuple[Vector, Fraction]] = field(default_factory=dict)

    def reduce(self, vector: Vector, value: Fraction) -> tuple[Vector, Fraction]:
        vector = dict(vector)
        for pivot, (row, total) in self.rows.items():
            if factor := vector.get(pivot):
                for name, number in row.items():
                    vector[name] = vector.get(name, Fraction(0)) - factor * number
                value -= factor * total
        return {name: number for name, number in vector.items() if number}, value

    def learn(self, names: Iterable[object], value: int, *, minus: Iterable[object] = ()) -> None:
        vector = dict.fromkeys(names, Fraction(1)) | dict.fromkeys(minus, Fraction(-1))
        rest, total = self.reduce(vector, Fraction(value))
        if not rest:
            assert total == 0
            return
        pivot = next(iter(rest))
        factor = rest[pivot]
        new = {name: number / factor for name, number in rest.items()}, total / factor
        for old, (row, value_of) in self.rows.items():
            if times := row.get(pivot):
                for name, number in new[0].items():
                    row[name] = row.get(name, Fraction(0)) - times * number
                self.rows[old] = {n: v for n, v in row.items() if v}, value_of - times * new[1]
        self.rows[pivot] = new

    def knows(self, names: Iterable[object]) -> int | None:
        rest, value = self.reduce(dict.fromkeys(names, Fraction(1)), Fraction(0))
        return None if rest else int(-value)


def leaves(table: Table, unit: str) -> list[str]:
    below = [one for one, parent in table.parents.items() if parent == unit]
    own = [unit + OWN if below else unit]
    return own + [leaf for one in below for leaf in leaves(table, one)]


def places(table: Table) -> dict[str, list[str]]:
    """Return every unit, and who works in it directly, with the leaves it is made of."""
    found = {unit: leaves(table, unit) for unit in table.parents}
    return found | {leaf: [leaf] for all_of_it in list(found.values()) for leaf in all_of_it}


def cells(table: Table) -> dict[tuple[str, str, str], list[object]]:
    """Return every number there is: of a course and a unit all employees, those in a state, and those who are not."""
    found: dict[tuple[str, str, str], list[object]] = {}
    states = (*table.states, NONE)
    for course in table.counts:
        for unit, parts in places(table).items():
            everybody: list[object] = [(course, leaf, state) for leaf in parts for state in states]
            found[course, unit, ""] = everybody
            for state in states:
                those: list[object] = [(course, leaf, state) for leaf in parts]
                found[course, unit, state] = those
                found[course, unit, f"-{state}"] = [one for one in everybody if one not in those]
    return found


def attack(table: Table, *editions: Told, sees_zeros: bool = True) -> dict[tuple[str, str, str], int]:
    """Return every number that follows from what is told: of several editions, as if nothing happened between them."""
    attacker, all_of_them = Attacker(), cells(table)
    first, *others = table.counts
    for leaf in {leaf for parts in places(table).values() for leaf in parts}:
        for other in others:
            attacker.learn(all_of_them[first, leaf, ""], 0, minus=all_of_them[other, leaf, ""])
    for told in editions:
        for key, number in told_cells(told, first):
            attacker.learn(all_of_them[key], number)
    known: dict[tuple[str, str, str], int] = {}
    before = -1
    while len(attacker.rows) > before:
        before = len(attacker.rows)
        known = {key: value for key, names in all_of_them.items() if (value := attacker.knows(names)) is not None}
        for name in (one for key, value in known.items() if value == 0 and sees_zeros for one in all_of_them[key]):
            attacker.learn([name], 0)
    return known


def told_cells(told: Told, course: str) -> Iterator[tuple[tuple[str, str, str], int]]:
    for unit, number in told.employees.items():
        yield (course, unit, ""), number
    for each, rows in told.courses.items():
        for unit, numbers in rows.items():
            for state, number in numbers.items():
                yield (each, unit, state), number


@dataclass
class Memory:
    """What was told, edition by edition."""

    known: dict[Place, dict[str, list[int]]] = field(default_factory=dict)
    columns: dict[Place, set[str]] = field(default_factory=dict)

    @property
    def earlier(self) -> Earlier:
        return Earlier(self.known, self.columns)

    def add(self, told: Told, *, is_same_day: bool = False) -> None:
        for unit, number in (dict(told.employees) | {u: n[""] for u, n in told.given_away.get("", {}).items()}).items():
            self._learn(("", unit), {"": number})
        for units in (told.courses, told.given_away):
            for course, rows in units.items():
                for unit, numbers in rows.items() if course else ():
                    self._learn((course, unit), known_of(table_employees(told, unit), numbers))
                    if is_same_day:
                        self.columns.setdefault((course, unit), set()).update(numbers)

    def _learn(self, place: Place, known: Known) -> None:
        for name, number in known.items():
            self.known.setdefault(place, {}).setdefault(name, []).append(number)


def table_employees(told: Told, unit: str) -> int:
    derived = told.given_away.get("", {})
    return told.employees[unit] if unit in told.employees else derived[unit][""]


NUMBERS = st.one_of(st.integers(0, 4), st.integers(0, 12), st.sampled_from([0, 0, 5, 30]))


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str | None]:
    count = draw(st.integers(1, 7))
    tree: dict[str, str | None] = {"u0": None}
    for number in range(1, count):
        tree[f"u{number}"] = f"u{draw(st.integers(0, number - 1))}"
    return tree


def fill(draw: st.DrawFn, tree: Mapping[str, str | None], states: Sequence[str] = STATES) -> Table:
    employees: dict[str, int] = {}
    counts: dict[str, dict[str, tuple[int, ...]]] = {course: {} for course in COURSES}
    for unit in tree:
        first = [draw(NUMBERS) for _ in (*states, NONE)]
        employees[unit] = sum(first)
        counts["c"][unit] = tuple(first[:-1])
        cut = draw(st.integers(0, employees[unit]))
        counts["d"][unit] = (cut, employees[unit] - cut, *(0 for _ in states[2:]))
    return Table(tuple(states), tree, employees, counts)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    return fill(draw, draw(trees()))


@st.composite
def editions(draw: st.DrawFn) -> list[Table]:
    """Two or three editions of one tree: in each unit little or nothing moves, or everything."""
    made = [draw(tables())]
    for _ in range(draw(st.integers(1, 2))):
        new = fill(draw, made[0].parents)
        stays = {unit for unit in made[0].parents if draw(st.booleans())}
        last = made[-1]
        made.append(
            Table(
                new.states,
                new.parents,
                {unit: (last if unit in stays else new).employees[unit] for unit in new.parents},
                {
                    course: {unit: (last if unit in stays else new).counts[course][unit] for unit in new.parents}
                    for course in COURSES
                },
            )
        )
    return made


@given(tables())
def test_no_number_under_five_follows_from_what_is_told(table: Table) -> None:
    known = attack(table, tell(table))
    assert {key: value for key, value in known.items() if 1 <= value <= 4} == {}


@given(editions())
def test_no_number_is_told_or_follows_that_differs_by_less_than_five_from_an_earlier_one(made: list[Table]) -> None:
    memory = Memory()
    known = []
    for table in made:
        told = tell(table, memory.earlier)
        known.append(attack(table, told, sees_zeros=False))
        memory.add(told)
    for number, now in enumerate(known):
        for then in known[:number]:
            moved = {
                key: (then[key], now[key]) for key in now.keys() & then.keys() if 1 <= abs(now[key] - then[key]) <= 4
            }
            assert moved == {}
        assert not [key for key, value in now.items() if 1 <= value <= 4]


@st.composite
def definitions(draw: st.DrawFn) -> list[Table]:
    """The same numbers, told by definitions with different columns."""
    whole = draw(tables())
    made = [whole]
    for some in (STATES[:1], STATES[1:]):
        counts = {
            course: {unit: tuple(numbers[STATES.index(state)] for state in some) for unit, numbers in rows.items()}
            for course, rows in whole.counts.items()
        }
        made.append(Table(some, whole.parents, whole.employees, counts))
    return draw(st.permutations(made))


@given(definitions())
def test_other_definitions_of_the_same_day_give_nothing_away_together(made: list[Table]) -> None:
    whole = max(made, key=lambda each: len(each.states))
    memory = Memory()
    told = []
    for table in made:
        told.append(tell(table, memory.earlier))
        memory.add(told[-1], is_same_day=True)
    known = attack(whole, *told)
    assert {key: value for key, value in known.items() if 1 <= value <= 4} == {}


def town(**counts: tuple[int, ...]) -> Table:
    """One unit with others below it; of each how many are finished, missing, started, and none of it."""
    parents: dict[str, str | None] = {"top": None} | dict.fromkeys((name for name in counts if name != "top"), "top")
    return Table(
        STATES,
        parents,
        {unit: sum(numbers) for unit, numbers in counts.items()},
        {"c": {unit: numbers[:3] for unit, numbers in counts.items()}},
    )


def test_where_all_numbers_are_large_everything_is_told() -> None:
    told = tell(town(top=(0, 0, 0, 0), a=(20, 10, 5, 0), b=(40, 0, 7, 9), c=(5, 5, 5, 5)))
    assert told.employees == {"top": 111, "a": 35, "b": 56, "c": 20}
    assert told.courses["c"]["top"] == {"finished": 65, "missing": 15, "started": 17}
    assert told.courses["c"]["b"] == {"finished": 40, "missing": 0, "started": 7}
    assert set(told.courses["c"]) == {"top", "a", "b", "c"}


def test_a_small_unit_takes_the_smallest_of_its_siblings_along() -> None:
    told = tell(town(top=(0, 0, 0, 0), a=(20, 10, 5, 0), b=(40, 10, 7, 9), c=(3, 0, 0, 0)))
    assert set(told.employees) == {"top", "b"}
    assert "a" not in told.courses["c"]


def test_what_is_left_of_the_employees_is_no_small_number_either() -> None:
    told = tell(town(top=(48, 2, 0, 0)))
    assert told.employees == {"top": 50}
    assert told.courses["c"] == {"top": {"started": 0}}  # 2 have not finished


def test_a_unit_where_all_have_finished_is_told_if_it_is_no_small_one() -> None:
    assert tell(town(top=(5, 0, 0, 0))).courses["c"]["top"] == {"finished": 5, "missing": 0, "started": 0}
    assert tell(town(top=(4, 0, 0, 0))) == Told({}, {"c": {}}, {"c": {}, "": {}})


def test_nothing_at_all_is_told_of_nobody() -> None:
    assert tell(Table(STATES, {}, {}, {})).employees == {}
    assert tell(town(top=(0, 0, 0, 0))).employees == {}


def test_a_number_that_moved_a_little_waits_till_it_moved_more() -> None:
    memory = Memory()
    steps: list[Any] = []
    for finished in (20, 22, 24, 25):
        told = tell(town(top=(finished, 40 - finished, 0, 0)), memory.earlier)
        steps.append(told.courses["c"].get("top", {}).get("finished"))
        memory.add(told)
    assert steps == [20, None, None, 25]


def test_forty_thousand_units_take_seconds() -> None:
    parents: dict[str, str | None] = {"0": None} | {str(one): str((one - 1) // 8) for one in range(1, 40_000)}
    employees = {str(one): one * 7919 % 23 for one in range(40_000)}
    counts = {
        str(one): (employees[str(one)] // 2, employees[str(one)] // 3, employees[str(one)] // 7)
        for one in range(40_000)
    }
    began = perf_counter()
    told = tell(Table(STATES, parents, employees, {"c": counts}))
    assert perf_counter() - began < 20
    assert len(told.employees) > 10_000
    assert all(a >= 5 for a, _ in pairwise(told.employees.values()))


def test_the_sum_of_the_states_is_compared_too() -> None:
    parents: dict[str, str | None] = {"u0": None}
    before = Table(STATES, parents, {"u0": 20}, {"c": {"u0": (0, 5, 10)}})
    after = Table(STATES, parents, {"u0": 26}, {"c": {"u0": (11, 5, 0)}})
    memory = Memory()
    memory.add(tell(before))
    told = tell(after, memory.earlier).courses["c"]["u0"]
    assert len(told) < len(STATES)
