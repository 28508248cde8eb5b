"""Keep report plans: what is due when, each due time run once."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Key, new_id
from sidecar.core.periods import OSLO, Period, day_of, month_before

DEFAULT_PLAN = "monthly-completions"
"""The id of the plan that every installation has."""


class ReportPlan(Base, kw_only=True):
    """A plan: the report of last month for every municipality, on a day and hour meant in Europe/Oslo."""

    __tablename__ = "report_plan"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    definition: Mapped[str] = mapped_column(String(40), default="completions")
    day_of_month: Mapped[int] = mapped_column(default=1)
    hour: Mapped[int] = mapped_column(default=6)
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None] = mapped_column(default=None)


class PlanRun(Base, kw_only=True):
    """One due time of a plan that was started; the primary key makes it happen once."""

    __tablename__ = "plan_run"

    plan_id: Mapped[Key] = mapped_column(ForeignKey("report_plan.id"))
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]


def ensure_default_plan(db: Session, now: datetime) -> ReportPlan:
    """Return the plan that every installation has; make it the first time."""
    plan = db.get(ReportPlan, DEFAULT_PLAN)
    if plan is None:
        plan = ReportPlan(id=DEFAULT_PLAN, created_at=now)
        db.add(plan)
        db.flush()
    return plan


def due_times(plan: ReportPlan, now: datetime) -> Iterator[datetime]:
    """Yield, in aware UTC, each due time of a plan after it was made and up to now."""
    day = day_of(plan.created_at).replace(day=1)
    while (due := _due_in_month_of(plan, day)) <= now:
        if due > plan.created_at:
            yield due
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _due_in_month_of(plan: ReportPlan, day: date) -> datetime:
    last = calendar.monthrange(day.year, day.month)[1]
    local = datetime(day.year, day.month, min(plan.day_of_month, last), plan.hour, tzinfo=OSLO)
    return local.astimezone(UTC)


def take_due(db: Session, now: datetime) -> list[PlanRun]:
    """Note that every due time not yet run is run now, and return these; a second caller gets none of them.

    Due times that passed during a stop are among them, each once.
    """
    plans = db.scalars(select(ReportPlan).where(ReportPlan.paused_at.is_(None)).with_for_update()).all()
    runs = [run for plan in plans for run in _due_runs(db, plan, now)]
    db.add_all(runs)
    db.flush()
    return runs


def _due_runs(db: Session, plan: ReportPlan, now: datetime) -> list[PlanRun]:
    done = set(db.scalars(select(PlanRun.due_at).where(PlanRun.plan_id == plan.id)))
    return [PlanRun(plan_id=plan.id, due_at=due, started_at=now) for due in due_times(plan, now) if due not in done]


def period_of(due_at: datetime) -> Period:
    """Return the period that a due time reports: the month before, in Europe/Oslo."""
    return month_before(day_of(due_at))
