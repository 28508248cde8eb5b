"""How far somebody has come, and when they have finished, follows from what they completed and when."""

from datetime import UTC, date, datetime, time
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.path_progress import Done, Progress, list_finishings, reckon
from sidecar.core.validity import Rule

DAY = date(2026, 9, 1)
ALL = Part("all", steps=(Step("a", "course", "a"), Step("b", "course", "b"), Step("c", "task", is_optional=True)))
TWO = Part("two", needs=2, steps=(Step("x", "course", "x"), Step("y", "course", "y"), Step("z", "course", "z")))
PATH = Content(title="Løp", parts=(ALL, TWO))
ORDERED = Content(title="Løp", in_order=True, parts=(ALL, TWO))


def at(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(10), UTC)


def done(**days: str) -> dict[str, list[Done]]:
    """Completions by step: a day, with "/" and the last valid day where it expires."""
    found = {}
    for key, said in days.items():
        day, _, until = said.partition("/")
        found[key] = [Done(at(day), date.fromisoformat(until) if until else None)]
    return found


def states(progress: Progress) -> dict[str, str]:
    return {step.step.key: step.state for part in progress.parts for step in part.steps}


def test_nothing_done_is_all_open() -> None:
    found = reckon(PATH, {}, DAY)
    assert set(states(found).values()) == {"open"}
    assert (found.count, found.needed, found.is_begun, found.is_finished) == (0, 4, False, False)
    assert found.next_step() == ALL.steps[0]


def test_in_order_opens_step_by_step_and_an_optional_one_holds_up_nobody() -> None:
    assert states(reckon(ORDERED, {}, DAY)) == {
        "a": "open",
        "b": "locked",
        "c": "locked",
        "x": "locked",
        "y": "locked",
        "z": "locked",
    }
    first = reckon(ORDERED, done(a="2026-08-01"), DAY)
    assert states(first) == {"a": "done", "b": "open", "c": "locked", "x": "locked", "y": "locked", "z": "locked"}
    both = reckon(ORDERED, done(a="2026-08-01", b="2026-08-02"), DAY)
    assert states(both) == {"a": "done", "b": "done", "c": "open", "x": "open", "y": "open", "z": "open"}
    assert both.next_step() == TWO.steps[0]


def test_what_was_done_before_its_turn_counts() -> None:
    found = reckon(ORDERED, done(x="2026-01-01", y="2026-01-02"), DAY)
    assert found.count == 2
    assert states(found)["x"] == "done"


def test_more_than_a_part_asks_for_is_not_counted_twice() -> None:
    found = reckon(PATH, done(x="2026-01-01", y="2026-01-02", z="2026-01-03"), DAY)
    assert (found.count, found.needed) == (2, 4)


def test_what_has_expired_is_to_be_done_anew() -> None:
    found = reckon(PATH, done(a="2025-01-01/2026-01-01", b="2026-01-01"), DAY)
    assert states(found)["a"] == "expired"
    assert found.count == 1
    assert found.next_step() == ALL.steps[0]


def test_finished_on_the_day_of_the_last_that_was_asked_for() -> None:
    whole = done(a="2026-01-01", b="2026-01-02", c="2026-06-01", x="2026-02-01", y="2026-03-01", z="2026-04-01")
    assert list_finishings(PATH, Rule(), whole) == [at("2026-03-01")]


def test_not_finished_where_one_had_expired_before_the_last_was_done() -> None:
    apart = done(a="2025-01-01/2026-01-01", b="2026-01-02", x="2026-02-01", y="2026-03-01")
    assert list_finishings(PATH, Rule(), apart) == []


def test_a_path_is_renewed_once_all_that_expires_was_done_anew() -> None:
    content = Content(title="Løp", parts=(Part("p", steps=(Step("a", "course", "a"), Step("b", "course", "b"))),))
    both = {
        "a": [Done(at("2024-01-10"), date(2025, 1, 10)), Done(at("2024-12-20"), date(2025, 12, 20))],
        "b": [Done(at("2024-01-12"))],
    }
    yearly = Rule(months=12, renewal_days=90)
    assert list_finishings(content, yearly, both) == [at("2024-01-12"), at("2024-12-20")]
    assert list_finishings(content, Rule(), both) == [at("2024-01-12")]
    both["b"] = [Done(at("2024-01-12"), date(2025, 1, 12))]
    assert list_finishings(content, yearly, both) == [at("2024-01-12")]


def test_only_what_follows_a_known_finishing_is_told() -> None:
    content = Content(title="Løp", parts=(Part("p", steps=(Step("a", "course", "a"),)),))
    twice = {"a": [Done(at("2024-01-10"), date(2025, 1, 10)), Done(at("2024-12-20"), date(2025, 12, 20))]}
    rule = Rule(months=12, renewal_days=90)
    assert list_finishings(content, rule, twice, after=at("2024-01-10")) == [at("2024-12-20")]
    assert list_finishings(content, rule, twice, after=at("2024-12-20")) == []


def test_order_in_which_completions_are_told_changes_nothing() -> None:
    whole = [Done(at(day)) for day in ("2026-01-01", "2026-02-01", "2026-03-01")]
    content = Content(title="Løp", parts=(Part("p", steps=(Step("a", "course", "a"),)),))
    assert {tuple(list_finishings(content, Rule(12), {"a": each})) for each in permutations(whole)} == {
        (at("2026-01-01"),)
    }


DAYS = st.dates(date(2020, 1, 1), date(2026, 12, 31))
DONE = st.builds(
    lambda day, months: Done(at(day.isoformat()), Rule(months).valid_until(day)), DAYS, st.none() | st.integers(1, 36)
)


@given(st.dictionaries(st.sampled_from("abcxyz"), st.lists(DONE, max_size=4)), st.none() | st.integers(1, 36))
def test_finishings_grow_and_each_was_finished_then(completions: dict[str, list[Done]], months: int | None) -> None:
    found = list_finishings(PATH, Rule(months), completions)
    assert found == sorted(set(found))
    assert months or len(found) <= 1
    for moment in found:
        until = {key: [one for one in each if one.completed_at <= moment] for key, each in completions.items()}
        assert reckon(PATH, until, moment.date()).is_finished
