"""Keep report plans: what is due when, each due time run once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Key, new_id


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
