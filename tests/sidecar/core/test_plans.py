"""Test when plans are due, over changes of the clock and after stops."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sidecar.core.plans import DEFAULT_PLAN, ReportPlan, due_times, ensure_default_plan, period_of, take_due
from sidecar.runtime import Sidecar


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _due(plan: ReportPlan, now: str) -> list[str]:
    return [f"{due:%Y-%m-%dT%H:%M}" for due in due_times(plan, _moment(now))]


def test_a_due_time_is_meant_in_oslo() -> None:
    plan = ReportPlan(created_at=_moment("2026-09-15T08:00"))
    assert _due(plan, "2026-10-01T03:59") == []
    assert _due(plan, "2026-10-01T04:00") == ["2026-10-01T04:00"]
    assert _due(plan, "2027-04-01T04:00") == [
        "2026-10-01T04:00",
        "2026-11-01T05:00",
        "2026-12-01T05:00",
        "2027-01-01T05:00",
        "2027-02-01T05:00",
        "2027-03-01T05:00",
        "2027-04-01T04:00",
    ]


def test_what_was_due_before_the_plan_was_made_is_not_run() -> None:
    assert _due(ReportPlan(created_at=_moment("2026-10-01T04:00")), "2026-10-31T23:59") == []
    assert _due(ReportPlan(created_at=_moment("2026-10-01T03:59")), "2026-10-31T23:59") == ["2026-10-01T04:00"]
    # In Oslo it is October already:
    assert _due(ReportPlan(created_at=_moment("2026-09-30T22:30")), "2026-10-01T05:00") == ["2026-10-01T04:00"]


@pytest.mark.parametrize(
    ("hour", "due"),
    [
        (2, "2027-03-28T01:00"),  # the hour that is left out
        (3, "2027-03-28T01:00"),
        (6, "2027-03-28T04:00"),
    ],
)
def test_the_day_the_clock_goes_forward(hour: int, due: str) -> None:
    plan = ReportPlan(created_at=_moment("2027-03-01T00:00"), day_of_month=28, hour=hour)
    assert _due(plan, "2027-03-31T00:00") == [due]


def test_the_day_the_clock_goes_back_is_due_once() -> None:
    plan = ReportPlan(created_at=_moment("2026-10-01T00:00"), day_of_month=25, hour=2)
    assert _due(plan, "2026-10-31T00:00") == ["2026-10-25T00:00"]


def test_a_day_that_a_month_lacks_is_its_last() -> None:
    plan = ReportPlan(created_at=_moment("2027-01-01T00:00"), day_of_month=31, hour=6)
    assert _due(plan, "2027-03-01T00:00") == ["2027-01-31T05:00", "2027-02-28T05:00"]


def test_a_due_time_reports_the_month_before() -> None:
    assert period_of(_moment("2026-10-01T04:00")).name == "2026-09"
    assert period_of(_moment("2027-01-01T05:00")).name == "2026-12"


def test_each_due_time_is_taken_once(sidecar: Sidecar) -> None:
    made = _moment("2026-09-15T08:00")
    with sidecar.transaction() as db:
        assert (
            ensure_default_plan(db, made).id == ensure_default_plan(db, _moment("2026-09-16T08:00")).id == DEFAULT_PLAN
        )
    with sidecar.transaction() as db:
        assert [run.due_at for run in take_due(db, _moment("2026-11-02T00:00"))] == [
            _moment("2026-10-01T04:00"),
            _moment("2026-11-01T05:00"),
        ]
    with sidecar.transaction() as db:
        assert take_due(db, _moment("2026-11-02T00:00")) == []
        assert [run.due_at for run in take_due(db, _moment("2026-12-01T05:00"))] == [_moment("2026-12-01T05:00")]


def test_a_paused_plan_is_never_due(sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        ensure_default_plan(db, _moment("2026-09-15T08:00")).paused_at = _moment("2026-09-15T09:00")
    with sidecar.transaction() as db:
        assert take_due(db, _moment("2026-12-01T05:00")) == []
