"""How long a completion is valid, and from when on it may be renewed."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.validity import LONGEST_MONTHS, Rule, add_months, check_rule, read_window
from sidecar.errors import InvalidInputError

DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))
RULES = st.builds(
    Rule,
    st.integers(1, LONGEST_MONTHS),
    st.none() | st.sampled_from(["01-01", "02-28", "08-15", "12-28"]),
    st.integers(0, 365),
)


@pytest.mark.parametrize(
    ("day", "months", "last"),
    [
        ("2026-01-15", 12, "2027-01-15"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-11-30", 240, "2046-11-30"),
    ],
)
def test_months_end_on_the_same_day_or_the_last_one_of_the_month(day: str, months: int, last: str) -> None:
    assert Rule(months).valid_until(date.fromisoformat(day)) == date.fromisoformat(last)


def test_without_months_it_is_valid_for_good_and_never_renewed() -> None:
    assert Rule().valid_until(date(2026, 1, 1)) is None
    assert Rule().renewable_from(date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("months", "window", "day", "last"),
    [
        (12, "01-01", "2026-01-01", "2026-12-31"),
        (12, "01-01", "2026-12-31", "2026-12-31"),
        (12, "08-15", "2026-08-14", "2026-08-14"),
        (12, "08-15", "2026-08-15", "2027-08-14"),
        (6, "01-01", "2026-06-30", "2026-06-30"),
        (6, "01-01", "2026-07-01", "2026-12-31"),
        (24, "01-01", "2026-05-01", "2027-12-31"),
        (24, "01-01", "2027-05-01", "2027-12-31"),
        (24, "07-01", "2027-06-30", "2028-06-30"),
        (36, "01-01", "2026-05-01", "2026-12-31"),
        (36, "01-01", "2027-01-01", "2029-12-31"),
        (12, "02-28", "2028-02-29", "2029-02-27"),
        (24, "01-01", "1999-12-31", "1999-12-31"),
    ],
)
def test_a_window_ends_for_all_on_the_same_day(months: int, window: str, day: str, last: str) -> None:
    assert Rule(months, window).valid_until(date.fromisoformat(day)) == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("rule", "day", "renewable_from"),
    [
        (Rule(12), "2026-01-01", "2026-10-03"),
        (Rule(12, renewal_days=0), "2026-01-01", "2027-01-01"),
        (Rule(12, renewal_days=365), "2026-01-01", "2026-07-03"),
        (Rule(1), "2026-03-01", "2026-03-17"),
        (Rule(12, "01-01"), "2026-12-31", "2027-01-01"),
        (Rule(24, "01-01", renewal_days=300), "2026-01-01", "2028-01-01"),
    ],
)
def test_it_is_renewed_within_the_last_days_or_in_the_next_window(rule: Rule, day: str, renewable_from: str) -> None:
    assert rule.renewable_from(date.fromisoformat(day)) == date.fromisoformat(renewable_from)


@given(RULES, DAYS)
def test_it_is_valid_on_its_day_and_never_renewed_on_it(rule: Rule, day: date) -> None:
    last, renewable_from = rule.valid_until(day), rule.renewable_from(day)
    assert last is not None
    assert renewable_from is not None
    assert day <= last
    assert day < renewable_from <= last + timedelta(days=1)


@given(RULES.filter(lambda rule: rule.window_from is not None), DAYS)
def test_windows_lie_side_by_side(rule: Rule, day: date) -> None:
    last = rule.valid_until(day)
    assert last is not None
    assert rule.valid_until(last) == last
    following = rule.valid_until(last + timedelta(days=1))
    assert following == add_months(last + timedelta(days=1), rule.months or 0) - timedelta(days=1)


@given(RULES, DAYS, DAYS)
def test_a_later_completion_is_never_valid_for_less(rule: Rule, one: date, other: date) -> None:
    first, second = rule.valid_until(min(one, other)), rule.valid_until(max(one, other))
    assert first is not None
    assert second is not None
    assert first <= second


def test_what_would_be_valid_past_all_years_is_valid_to_their_end() -> None:
    assert Rule(240).valid_until(date(9990, 5, 1)) == date.max


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(0), "months"),
        (Rule(-1), "months"),
        (Rule(241), "months"),
        (Rule(12, renewal_days=-1), "renewal"),
        (Rule(12, renewal_days=366), "renewal"),
        (Rule(None, "01-01"), "months"),
        (Rule(12, "02-29"), "window"),
        (Rule(12, "13-01"), "window"),
        (Rule(12, "1-1"), "window"),
        (Rule(12, "01-01\n"), "window"),
        (Rule(12, "٠١-٠١"), "window"),
        (Rule(12, ""), "window"),
    ],
)
def test_a_rule_that_can_not_be_kept_is_refused(rule: Rule, field: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        check_rule(rule)
    assert error.value.facts["field"] == field


@pytest.mark.parametrize("rule", [Rule(), Rule(1), Rule(240, "12-28", 0), Rule(12, renewal_days=365)])
def test_a_rule_that_can_be_kept_is_taken(rule: Rule) -> None:
    assert check_rule(rule) is rule


def test_a_window_is_read_as_month_and_day() -> None:
    assert read_window("08-15") == (8, 15)
