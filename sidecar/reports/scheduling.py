"""Start the reports that are due, each due time once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy.orm import Session

from sidecar.core import report_definitions, report_runs
from sidecar.core.access import Viewer
from sidecar.core.report_schedules import due_after
from sidecar.core.report_specs import Defined
from sidecar.runtime import Sidecar

DAYS_SHOWN: Final = 60
MOST_COMING: Final = 1000
"""How many runs a calendar shows; one that runs every hour alone has more."""


@dataclass(frozen=True)
class Coming:
    """A run that is to come; `region` is the name of whose report it is, "" for the operators'."""

    due_at: datetime
    defined: Defined
    region: str


def start_due(sidecar: Sidecar) -> int:
    """Make a run of every report that is due, once for each due time, those of a stop too; return how many."""
    with sidecar.transaction() as db:
        report_definitions.ensure_default(db, sidecar.now())
        return len(report_runs.take_due(db, sidecar.now()))


def list_coming(db: Session, viewer: Viewer, now: datetime, days: int = DAYS_SHOWN) -> Sequence[Coming]:
    """Return the runs of the coming days that a viewer may see, the next first."""
    until, coming = now + timedelta(days=days), list[Coming]()
    for line in report_definitions.list_lines(db, viewer):
        if line.definition.retired_at is not None:
            continue
        for due_at in islice(due_after(line.defined.spec.schedule, now), MOST_COMING):
            if due_at > until:
                break
            coming.append(Coming(due_at, line.defined, line.region))
    return sorted(coming, key=lambda one: (one.due_at, one.defined.id))[:MOST_COMING]
