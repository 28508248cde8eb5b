"""Which records are one completion: the same whatever order they come in, and never overwritten by a new rule."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cycles import Known, Piece, reckon
from sidecar.core.validity import Rule

YEAR = Rule(12)
RULES = st.sampled_from([Rule(), YEAR, Rule(1), Rule(6, renewal_days=0), Rule(12, "01-01"), Rule(24, "08-15")])
MOMENTS = st.lists(
    st.datetimes(datetime(2023, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    min_size=1,
    max_size=8,
)


def at(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(10), UTC)


@dataclass
class Table:
    """Keep pieces and cycles as the database does."""

    rule: Rule = YEAR
    pieces: dict[str, Piece] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)

    def add(self, name: str, moment: datetime) -> None:
        self.pieces[name] = Piece(name, moment, "lms")
        self.settle()

    def take(self, name: str) -> Piece:
        taken = self.pieces.pop(name)
        self.settle()
        return taken

    def settle(self) -> list[str]:
        """Return which cycles went into others."""
        cycles = reckon(self.rule, self.pieces.values(), list(self.known.values()))
        kept, joined = set(), []
        for cycle in cycles:
            key = cycle.known[0].id if cycle.known else f"cycle{len(self.known)}"
            self.known[key] = Known(key, cycle.first.completed_at, cycle.rule)
            kept.add(key)
            joined += [one.id for one in cycle.known[1:]]
            self.pieces |= {one.id: replace(one, completion_id=key) for one in cycle.pieces}
        self.known |= {key: replace(one, is_withdrawn=True) for key, one in self.known.items() if key not in kept}
        return joined

    def live(self) -> dict[str, str]:
        """Return the names of the pieces of each cycle, by the cycle's id."""
        cycles = {key: one for key, one in self.known.items() if not one.is_withdrawn}
        pieces = sorted(self.pieces.values(), key=lambda one: (one.completed_at, one.id))
        return {key: "".join(one.id for one in pieces if one.completion_id == key) for key in cycles}

    def days(self) -> set[tuple[datetime, date | None]]:
        live = [one for one in self.known.values() if not one.is_withdrawn]
        return {(one.began_at, one.rule.valid_until(one.began_at.date())) for one in live}


@pytest.fixture
def table() -> Table:
    return Table()


@given(RULES, MOMENTS, st.data())
def test_the_order_of_arrival_does_not_matter(rule: Rule, moments: list[datetime], data: st.DataObject) -> None:
    names = [f"{number}." for number in range(len(moments))]
    orders = [names, data.draw(st.permutations(names))]
    tables = [Table(rule), Table(rule)]
    for table, order in zip(tables, orders, strict=True):
        for name in order:
            table.add(name, moments[names.index(name)])
    first, second = tables
    assert first.days() == second.days()
    assert sorted(first.live().values()) == sorted(second.live().values())


@given(RULES, MOMENTS, st.data())
def test_what_comes_and_goes_leaves_nothing_behind(rule: Rule, moments: list[datetime], data: st.DataObject) -> None:
    table, without = Table(rule), Table(rule)
    gone = data.draw(st.sets(st.sampled_from(range(len(moments)))))
    for number, moment in enumerate(moments):
        table.add(f"{number}.", moment)
    for number in gone:
        table.take(f"{number}.")
    for number, moment in enumerate(moments):
        if number not in gone:
            without.add(f"{number}.", moment)
    assert (table.days(), sorted(table.live().values())) == (without.days(), sorted(without.live().values()))


@given(RULES, MOMENTS)
def test_to_reckon_again_changes_nothing(rule: Rule, moments: list[datetime]) -> None:
    table = Table(rule)
    for number, moment in enumerate(moments):
        table.add(f"{number}.", moment)
    before = dict(table.pieces), dict(table.known)
    assert table.settle() == []
    assert (table.pieces, table.known) == before


@given(RULES, MOMENTS, RULES)
def test_a_rule_that_changes_overwrites_no_cycle(rule: Rule, moments: list[datetime], other: Rule) -> None:
    table = Table(rule)
    for number, moment in enumerate(moments):
        table.add(f"{number}.", moment)
    before = table.live(), table.days()
    table.rule = other
    table.settle()
    assert (table.live(), table.days()) == before


def test_what_falls_into_a_cycle_belongs_to_it_and_a_renewal_to_the_next(table: Table) -> None:
    for name, day in (("a", "2024-01-01"), ("b", "2024-10-02"), ("c", "2024-10-03"), ("d", "2025-02-01")):
        table.add(name, at(day))
    assert table.live() == {"cycle0": "ab", "cycle1": "cd"}


def test_earlier_evidence_begins_the_cycle_earlier_and_may_part_it(table: Table) -> None:
    table.add("b", at("2024-09-01"))
    table.add("c", at("2025-05-01"))
    assert table.live() == {"cycle0": "bc"}
    table.add("a", at("2024-01-01"))
    assert table.live() == {"cycle0": "ab", "cycle1": "c"}


def test_cycles_that_turn_out_to_be_one_are_joined_in_the_first(table: Table) -> None:
    table.add("a", at("2024-01-01"))
    table.add("c", at("2024-11-01"))
    table.pieces["a"] = replace(table.pieces["a"], completed_at=at("2024-03-01"))
    assert table.settle() == ["cycle1"]
    assert table.live() == {"cycle0": "ac"}


def test_a_cycle_whose_first_piece_goes_to_another_goes_with_it(table: Table) -> None:
    for name, day in (("b", "2024-09-01"), ("c", "2025-08-01"), ("d", "2026-04-01")):
        table.add(name, at(day))
    assert table.live() == {"cycle0": "b", "cycle1": "cd"}
    table.add("x", at("2025-03-01"))
    assert table.live() == {"cycle0": "bx", "cycle1": "cd"}
    table.take("b")
    assert table.live() == {"cycle0": "xc", "cycle2": "d"}


def test_who_comes_back_at_the_same_moment_is_the_same_cycle(table: Table) -> None:
    table.add("a", at("2024-01-01"))
    table.take("a")
    assert table.live() == {}
    table.add("new", at("2024-01-01"))
    assert table.live() == {"cycle0": "new"}


def test_earlier_evidence_follows_the_rule_of_the_cycle_it_comes_before(table: Table) -> None:
    table.add("a", at("2024-06-01"))
    table.rule = Rule(36)
    table.add("b", at("2024-05-01"))
    assert table.days() == {(at("2024-05-01"), date(2025, 5, 1))}
    table.add("c", at("2026-01-01"))
    assert table.days() == {(at("2024-05-01"), date(2025, 5, 1)), (at("2026-01-01"), date(2029, 1, 1))}


def test_a_cycle_begins_and_renews_by_days_in_oslo() -> None:
    table = Table(Rule(12, "01-01"))
    new_year = datetime(2025, 12, 31, 23, tzinfo=UTC)
    table.add("a", new_year - timedelta(seconds=1))
    table.add("b", new_year)
    assert sorted(table.live().values()) == ["a", "b"]
