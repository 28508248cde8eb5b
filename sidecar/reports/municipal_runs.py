"""Run a report for one municipality on behalf of somebody who sees all of it, though they don't keep its definition."""

from __future__ import annotations

from sidecar.core import audit, report_definitions, report_runs
from sidecar.core.access import Viewer
from sidecar.core.periods import FuturePeriodError, Period
from sidecar.core.report_definitions import ReportDefinition
from sidecar.core.report_runs import ReportRun
from sidecar.core.report_specs import Defined
from sidecar.errors import NotFoundError
from sidecar.reports.running import refuse_retired
from sidecar.runtime import Sidecar


def run_for(sidecar: Sidecar, viewer: Viewer, municipality_id: str, period: Period, defined: Defined) -> str:
    """Ask for a run that delivers a municipality's report; return its id.

    Args:
        defined: one of those that are offered for the municipality.

    Raises:
        NotFoundError: the viewer does not see all of the municipality.
        FuturePeriodError: the period has not begun.
        RetiredError: the definition is retired.
    """
    if not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    if period.start > sidecar.today():
        raise FuturePeriodError(period=period.name)
    with sidecar.transaction() as db:
        now, who = sidecar.now(), viewer.identity_id
        report_definitions.ensure_default(db, now)
        refuse_retired(db, defined.id)
        run = ReportRun(
            definition_id=defined.id,
            version=report_definitions.defined_of(db, defined.id).version,
            region_id=db.get_one(ReportDefinition, defined.id).region_id,
            period=period.name,
            asked_at=now,
            asked_by=who,
            chosen=[municipality_id],
        )
        report_runs.add_run(db, run, now)
        audit.record(db, "report.requested", municipality_id, at=now, identity_id=who, period=period.name)
    return run.id
