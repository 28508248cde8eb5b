"""Test which days and moments a period has."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sidecar.core.periods import BadPeriodError, Period, day_of, month_before, read_period


@pytest.mark.parametrize(
    ("text", "start", "end", "name"),
    [
        ("2026-09", date(2026, 9, 1), date(2026, 9, 30), "2026-09"),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31), "2026-12"),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29), "2028-02"),
        ("2026-H1", date(2026, 1, 1), date(2026, 6, 30), "2026-H1"),
        ("2026-h2", date(2026, 7, 1), date(2026, 12, 31), "2026-H2"),
        (" 2026 ", date(2026, 1, 1), date(2026, 12, 31), "2026"),
        ("2026-01-01/2026-03-31", date(2026, 1, 1), date(2026, 3, 31), "2026-01-01/2026-03-31"),
        ("2026-09-01/2026-09-30", date(2026, 9, 1), date(2026, 9, 30), "2026-09"),
        ("2026-07-01/2026-12-31", date(2026, 7, 1), date(2026, 12, 31), "2026-H2"),
        ("2026-01-01/2026-12-31", date(2026, 1, 1), date(2026, 12, 31), "2026"),
        ("2026-09-15/2026-09-15", date(2026, 9, 15), date(2026, 9, 15), "2026-09-15/2026-09-15"),
    ],
)
def test_a_period_is_read_and_has_one_name(text: str, start: date, end: date, name: str) -> None:
    period = read_period(text)
    assert period == Period(start, end)
    assert period.name == name
    assert read_period(period.name) == period


@pytest.mark.parametrize(
    "text",
    [
        *("", "september", "2026-13", "2026-00", "2026-H3", "26", "1999", "9999-12", "2026-9", "٢٠٢٦", "0000"),
        *("2026-09-31/2026-10-01", "2026-03-31/2026-01-01", "2026-01-01", "2026-01-01/", "2026-01-01/9999-12-31"),
        "x" * 500,
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(BadPeriodError) as raised:
        read_period(text)
    assert len(str(raised.value.facts["period"])) <= 40


def test_days_begin_at_midnight_in_oslo() -> None:
    march = read_period("2026-03")  # winter time at its start, summer time at its end
    assert march.begins_at == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert march.ends_at == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert march.ends_at == read_period("2026-04").begins_at
    assert day_of(datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)) == date(2026, 3, 31)
    assert day_of(datetime(2026, 3, 31, 22, tzinfo=UTC)) == date(2026, 4, 1)


def test_the_month_before() -> None:
    assert month_before(date(2026, 1, 31)).name == "2025-12"
    assert month_before(date(2026, 10, 1)).name == "2026-09"
