"""Share the reports of a run out among the jobs that ask for them: each report is one job's at a time.

A run has a few jobs, each in a lane of its own, so that as many workers are busy with it. A job that was killed is
known by its lane when it is taken up again: what it was at has a mark, comes last and, where a job dies on it once
more, is left undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.report_runs import RUNNING, ReportRun

LANES: Final = 4
"""How many jobs a run has at most."""

_DIED: Final = "died"
_AT_IT: Final = "lane "


@dataclass(frozen=True)
class Task:
    """A municipality's report that a run is still to ask for.

    Attributes:
        period: its name.
        has_died: a job was killed at it.
        lane: of the job that is at it; "" for none.
    """

    municipality_id: str
    period: str
    has_died: bool = False
    lane: str = ""

    def as_json(self) -> list[str]:
        """Return it as `ReportRun.todo` keeps it."""
        marks = [_DIED] * self.has_died + [_AT_IT + self.lane] * bool(self.lane)
        return [self.municipality_id, self.period, *marks]


def list_tasks(run: ReportRun) -> list[Task]:
    """Return what a run that has begun is still to do."""
    return [_read(*one) for one in run.todo or []]


def _read(municipality_id: str, period: str, *marks: str) -> Task:
    lanes = [mark.removeprefix(_AT_IT) for mark in marks if mark.startswith(_AT_IT)]
    return Task(municipality_id, period, _DIED in marks, lanes[0] if lanes else "")


def lock(db: Session, run_id: str) -> ReportRun | None:
    """Return a run that is under way, kept from its other jobs till the end of the transaction; None where it ended."""
    under_way = select(ReportRun).where(ReportRun.id == run_id, ReportRun.state == RUNNING)
    return db.scalar(under_way.with_for_update().execution_options(populate_existing=True))


def take(db: Session, run_id: str, lane: str) -> Task | None:
    """Take the first report that no job is at; None where there is none, or the run has ended."""
    run = lock(db, run_id)
    tasks = list_tasks(run) if run else []
    free = next((one for one in tasks if not one.lane), None)
    if run is None or free is None:
        return None
    taken = replace(free, lane=lane)
    _keep(db, run, [taken if one is free else one for one in tasks])
    return taken


def settle(db: Session, run: ReportRun, task: Task) -> None:
    """Strike a report off that a job is through with."""
    _keep(db, run, [one for one in list_tasks(run) if one.municipality_id != task.municipality_id])


def put_off(db: Session, run: ReportRun, lane: str) -> Task | None:
    """Leave what a lane's job was killed at till after all others, and return it; the second time, strike it off."""
    tasks = list_tasks(run)
    broken = next((one for one in tasks if one.lane == lane), None)
    if broken:
        others = [one for one in tasks if one is not broken]
        again = [] if broken.has_died else [replace(broken, lane="", has_died=True)]
        _keep(db, run, [*others, *again])
    return broken


def _keep(db: Session, run: ReportRun, tasks: Sequence[Task]) -> None:
    run.todo = [one.as_json() for one in tasks]
    run.current = next((one.municipality_id for one in reversed(tasks) if one.lane), None)
    db.flush()
