"""Run a report now, follow and cancel a run, and show which runs come."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core.municipalities import Municipality
from sidecar.core.periods import Period, day_of, read_period
from sidecar.core.report_definitions import defined_of, find_defined
from sidecar.core.report_schedules import period_before
from sidecar.errors import NotFoundError, SidecarError
from sidecar.reports import running, scheduling
from sidecar.web import report_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import ADMINISTERS, SEES_REPORTS

blueprint = Blueprint("staff_report_runs", __name__)


@blueprint.get("/staff/reports/calendar")
@audience(*ADMINISTERS)
def show_calendar() -> str:
    """Show the coming runs, by day."""
    with sidecar().reading() as db:
        coming = scheduling.list_coming(db, current().viewer, sidecar().now())
    by_day = [(day, list(runs)) for day, runs in groupby(coming, key=lambda one: day_of(one.due_at))]
    days = scheduling.DAYS_SHOWN
    return render_template("staff/report_calendar.html", by_day=by_day, days=days, words=report_words)


@blueprint.get("/staff/reports/<definition_id>/run")
@audience(*ADMINISTERS)
def ask(definition_id: str) -> str:
    """Ask for which period, and whom, a report shall run."""
    return _form(definition_id)


@blueprint.post("/staff/reports/<definition_id>/run")
@audience(*ADMINISTERS)
def run(definition_id: str) -> Response | tuple[str, int]:
    """Run a report now."""
    form, viewer = request.form, current().viewer
    try:
        typed = form.get("period", "").strip()
        period = read_period(typed) if typed else None
        chosen = form.getlist("municipalities")
        run_id = running.run_now(sidecar(), viewer, definition_id, period, chosen)
    except NotFoundError:
        raise
    except SidecarError as problem:
        return _form(definition_id, problem), 400
    return redirect(f"/staff/report-runs/{run_id}", 303)


def _form(definition_id: str, problem: SidecarError | None = None) -> str:
    here, viewer = sidecar(), current().viewer
    with here.reading() as db:
        defined = find_defined(db, viewer, definition_id)
        usual = period_before(defined.spec.period, here.now())
        days = Period(usual.start if usual else here.today(), here.today())
        owners = [(one.id, one.name) for one in running.list_owners(db, viewer, defined, days)]
    name = usual.name if usual else ""
    return render_template(
        "staff/report_run_new.html",
        defined=defined,
        owners=owners,
        chosen=request.form.getlist("municipalities"),
        period=request.form.get("period", name),
        problem=problem,
        words=report_words,
    )


@blueprint.get("/staff/report-runs/<run_id>")
@audience(*SEES_REPORTS)
def show(run_id: str) -> str:
    """Show how far a run has come, and for whom it did not work."""
    viewer, now = current().viewer, sidecar().now()
    with sidecar().reading() as db:
        progress = running.find_progress(db, viewer, run_id, now)
        run = progress.run
        only = db.get(Municipality, run.chosen[0]) if run.chosen and len(run.chosen) == 1 else None
        return render_template(
            "staff/report_run.html",
            progress=progress,
            title=report_words.title_of(defined_of(db, run.definition_id, run.version)),
            only=only,
            keeps_reports=viewer.is_one_of(*ADMINISTERS),
            words=report_words,
        )


@blueprint.post("/staff/report-runs/<run_id>/cancel")
@audience(*SEES_REPORTS)
def cancel(run_id: str) -> Response:
    """Ask for no more reports in a run."""
    running.cancel(sidecar(), current().viewer, run_id)
    return redirect(f"/staff/report-runs/{run_id}", 303)
