"""Test when reports are due, over changes of the clock and after stops, and what they are about then."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sidecar.core import report_schedules
from sidecar.core.periods import read_period
from sidecar.core.report_schedules import (
    PRESETS,
    BadScheduleError,
    due_between,
    next_times,
    period_before,
    period_since,
    preset_of,
    read_schedule,
)
from sidecar.core.report_specs import PeriodKind


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _due(cron: str, after: str, until: str) -> list[str]:
    return [f"{due:%Y-%m-%dT%H:%M}" for due in due_between(cron, _moment(after), _moment(until))]


def test_a_due_time_is_meant_in_oslo() -> None:
    monthly = PRESETS["monthly"]
    assert _due(monthly, "2026-09-15T08:00", "2026-10-01T03:59") == []
    assert _due(monthly, "2026-09-15T08:00", "2026-10-01T04:00") == ["2026-10-01T04:00"]
    assert _due(monthly, "2026-09-15T08:00", "2027-04-01T04:00") == [
        "2026-10-01T04:00",
        "2026-11-01T05:00",
        "2026-12-01T05:00",
        "2027-01-01T05:00",
        "2027-02-01T05:00",
        "2027-03-01T05:00",
        "2027-04-01T04:00",
    ]


def test_what_was_due_before_is_not_due_again() -> None:
    monthly = PRESETS["monthly"]
    assert _due(monthly, "2026-10-01T04:00", "2026-10-31T23:59") == []
    assert _due(monthly, "2026-10-01T03:59", "2026-10-31T23:59") == ["2026-10-01T04:00"]
    # In Oslo it is October already:
    assert _due(monthly, "2026-09-30T22:30", "2026-10-01T05:00") == ["2026-10-01T04:00"]


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("0 2", "2027-03-28T01:00"),  # the hour that is left out
        ("30 2", "2027-03-28T01:00"),
        ("0 3", "2027-03-28T01:00"),
        ("0 6", "2027-03-28T04:00"),
    ],
)
def test_the_day_the_clock_goes_forward(at: str, due: str) -> None:
    assert _due(f"{at} 28 * *", "2027-03-01T00:00", "2027-03-31T00:00") == [due]


@pytest.mark.parametrize(("at", "due"), [("0 2", "2026-10-25T00:00"), ("30 2", "2026-10-25T00:30")])
def test_the_day_the_clock_goes_back_is_due_once(at: str, due: str) -> None:
    assert _due(f"{at} 25 * *", "2026-10-01T00:00", "2026-10-31T00:00") == [due]


def test_every_hour_is_every_hour_of_the_clock_on_the_wall_and_of_the_day() -> None:
    assert len(_due("0 * * * *", "2026-10-25T00:00", "2026-10-25T03:00")) == 3
    assert len(_due("0 * * * *", "2027-03-28T00:00", "2027-03-28T03:00")) == 3


def test_the_last_day_of_a_month_can_be_said() -> None:
    assert _due("0 6 L * *", "2027-01-01T00:00", "2027-03-01T00:00") == ["2027-01-31T05:00", "2027-02-28T05:00"]


def test_after_a_long_stop_the_newest_are_due() -> None:
    due = _due("0 6 * * *", "2020-01-01T00:00", "2026-10-01T05:00")
    assert (len(due), due[-1]) == (report_schedules.MOST_MISSED, "2026-10-01T04:00")


@pytest.mark.parametrize(
    ("kind", "due_at", "name"),
    [
        ("month", "2026-10-01T04:00", "2026-09"),
        ("month", "2027-01-01T05:00", "2026-12"),
        ("month", "2026-09-30T22:30", "2026-09"),
        ("term", "2026-07-01T04:00", "2026-H1"),
        ("term", "2026-12-31T22:00", "2026-H1"),
        ("term", "2027-01-01T05:00", "2026-H2"),
        ("year", "2027-01-01T05:00", "2026"),
    ],
)
def test_a_due_time_reports_what_was_before(kind: PeriodKind, due_at: str, name: str) -> None:
    period = period_before(kind, _moment(due_at))
    assert period
    assert period.name == name


def test_what_was_not_delivered_yet_begins_after_the_last_delivery() -> None:
    assert period_before("since-last", _moment("2026-10-05T04:00")) is None
    first = period_since(None, _moment("2026-10-05T04:00"))
    assert first == read_period("2026-09-01/2026-10-04")
    second = period_since(first, _moment("2026-10-12T04:00"))
    assert second == read_period("2026-10-05/2026-10-11")
    assert period_since(second, _moment("2026-10-12T14:00")) is None


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "*/5 6 * * *",
        "0,30 6 1 * *",
        "0-59 6 1 * *",
        "0 0 6 1 * *",
        "6 1 * *",
        "0 6 31 2 *",
        "0 25 * * *",
        "@monthly",
        "often",
        "-1 6 * * *",
        "٣ 6 * * *",
        "0 6 1 * *; rm",
        "0 6 1 * " + "1," * 90 + "1",
        "\0 6 1 * *",
    ],
)
def test_a_schedule_that_is_none_never_comes_or_comes_too_often_is_refused(text: str) -> None:
    with pytest.raises(BadScheduleError):
        read_schedule(text)


def test_presets_are_read_and_told() -> None:
    for name, cron in PRESETS.items():
        assert read_schedule(name) == cron == read_schedule(cron)
        assert preset_of(cron) == name
    assert preset_of("0 7 * * *") == ""
    assert read_schedule("  0  7 * *  * ") == "0 7 * * *"
    assert next_times("", _moment("2026-10-01T04:00"), 3) == []
    assert next_times("0 6 * * 1", _moment("2026-10-01T04:00"), 2) == [
        _moment("2026-10-05T04:00"),
        _moment("2026-10-12T04:00"),
    ]
