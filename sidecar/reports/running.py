"""Run a report definition: ask for its report municipality by municipality, and let people see how far it has come.

A few jobs work on a run at the same time, each at another municipality. A run that is killed, or takes long, goes on
with the municipalities that are left; what was asked for twice is the same delivery. What does not work for one
municipality holds up no other.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from sidecar.core import audit, report_definitions, report_runs, report_tasks
from sidecar.core.access import Viewer
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import DELAYS, TryLater
from sidecar.core.periods import FuturePeriodError, Period, read_period
from sidecar.core.report_definitions import ReportDefinition
from sidecar.core.report_runs import SINCE_LAST, ReportRun
from sidecar.core.report_specs import Defined
from sidecar.core.report_tasks import Task
from sidecar.errors import NotFoundError, SidecarError
from sidecar.reports import asking
from sidecar.room import NoRoomError, is_no_room
from sidecar.runtime import Sidecar

PART_S: Final = 20.0
"""After how long a job of a run leaves the rest to its next part, so that what is in a hurry need not wait for more."""

FIRST: Final = "1"
"""What the lane of a run's first job is called in its tasks."""

MOST_ERRORS: Final = 400

log = structlog.get_logger()


class ReportBrokeOffError(SidecarError):
    """The report was broken off by a defect ({reason}). Run it again; if that stays, tell who operates the server."""

    code = "report-broke-off"


class ReportRunGaveUpError(SidecarError):
    """The run was cut off too often ({reason}). See that the server has room and memory, then run the report again."""

    code = "report-run-gave-up"


class ReportCutOffError(SidecarError):
    """The report was cut off twice while it was built. See that the server has room and memory, then run it again."""

    code = "report-cut-off"


class NotForItError(SidecarError):
    """This report isn't for {municipality} in {period}. Choose a municipality that it is for, or another report."""

    code = "report-not-for-it"


class RetiredError(SidecarError):
    """This report is retired, so nothing runs. Bring it back first."""

    code = "report-retired"


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        current: the name of the municipality whose report is being built; "" for none.
        left: how long it will take still, reckoned from how long it took so far; None where that is not known yet.
    """

    run: ReportRun
    title: str
    current: str
    left: timedelta | None
    failed: Sequence[tuple[str, Mapping[str, Any]]]


def run_now(
    sidecar: Sidecar, viewer: Viewer, definition_id: str, period: Period | None, municipality_ids: Sequence[str] = ()
) -> str:
    """Ask for a run by hand of what the viewer looks after; return its id.

    Args:
        period: None for what was not delivered yet.
        municipality_ids: only these; empty: all of the definition.

    Raises:
        NotFoundError: there is no such definition, or municipality, that the viewer looks after.
        NotForItError: the definition is not for one of these municipalities on any day of the period.
        FuturePeriodError: the period has not begun.
        RetiredError: the definition is retired.
    """
    if period and period.start > sidecar.today():
        raise FuturePeriodError(period=period.name)
    with sidecar.transaction() as db:
        now = sidecar.now()
        report_definitions.ensure_default(db, now)
        definition = report_definitions.find_definition(db, viewer, definition_id)
        refuse_retired(db, definition_id)
        defined = report_definitions.defined_of(db, definition_id)
        chosen = _chosen(db, viewer, municipality_ids)
        if period:
            _refuse_strange(db, viewer, defined, period, municipality_ids)
        run = ReportRun(
            definition_id=definition_id,
            version=defined.version,
            region_id=definition.region_id,
            period=period.name if period else SINCE_LAST,
            asked_at=now,
            asked_by=viewer.identity_id,
            chosen=chosen,
        )
        report_runs.add_run(db, run, now)
        who, number = viewer.identity_id, defined.version
        audit.record(db, "report.run_asked", definition_id, at=now, identity_id=who, number=number, period=run.period)
    return run.id


def _chosen(db: Session, viewer: Viewer, municipality_ids: Sequence[str]) -> list[str] | None:
    """Return the only municipalities of a run, None for all; an RKK runs reports of those it looks after."""
    for one in municipality_ids:
        if db.get(Municipality, one) is None or not (viewer.everything or one in viewer.rkk_for):
            raise NotFoundError(what="municipality", key=one[:40])
    if municipality_ids:
        return sorted(set(municipality_ids))
    return None if viewer.everything else sorted(viewer.rkk_for)


def _refuse_strange(
    db: Session, viewer: Viewer, defined: Defined, period: Period, municipality_ids: Sequence[str]
) -> None:
    """Refuse a municipality that a definition is not for, rather than leave it out silently."""
    owners = {one.id for one in list_owners(db, viewer, defined, period)}
    for one in municipality_ids:
        if one not in owners:
            raise NotForItError(municipality=db.get_one(Municipality, one).name, period=period.name)


def list_owners(db: Session, viewer: Viewer, defined: Defined, period: Period) -> Sequence[Municipality]:
    """Return the municipalities that a definition is for on any day of a period, and a viewer looks after, by name."""
    definition = db.get(ReportDefinition, defined.id)  # none of an installation whose scheduler has never run
    ours = report_definitions.looked_after(db, definition.region_id if definition else None, period)
    named = defined.spec.municipalities
    return [one for one in ours if (not named or one.slug in named) and (viewer.everything or one.id in viewer.rkk_for)]


def refuse_retired(db: Session, definition_id: str) -> None:
    """Refuse a definition that is out of use.

    Raises:
        RetiredError: it is.
    """
    definition = db.get(ReportDefinition, definition_id)
    if definition and definition.retired_at:
        raise RetiredError


def cancel(sidecar: Sidecar, viewer: Viewer, run_id: str) -> None:
    """Ask for no more reports in a run; those it has asked for go out.

    Raises:
        NotFoundError: there is none that the viewer may see.
        RunEndedError: it has ended.
    """
    with sidecar.transaction() as db:
        run = report_runs.find_run(db, viewer, run_id)
        if not report_runs.end(db, run_id, report_runs.CANCELLED, sidecar.now()):
            raise report_runs.RunEndedError
        who, period = viewer.identity_id, run.period
        audit.record(db, "report.run_cancelled", run.definition_id, at=sidecar.now(), identity_id=who, period=period)


def run_part(sidecar: Sidecar, subject: str) -> None:
    """Do a part of a run, the whole of it where it is short and no other job helps; one that has ended is left alone.

    Args:
        subject: the run's id, and the lane of a further job (`core.report_runs.KIND`).

    Raises:
        TryLater: it did not work for a municipality of a run that came due; the others have theirs.
    """
    run_id, lane = report_runs.read_subject(subject)
    opened = _open(sidecar, run_id, lane)
    if opened is None:
        return
    run, defined = opened
    ends = time.monotonic() + PART_S
    while time.monotonic() < ends:
        with sidecar.transaction() as db:
            task = report_tasks.take(db, run_id, lane or FIRST)
        if task is None:
            _finish(sidecar, run_id, lane)
            return
        if not _note(sidecar, run_id, task, _ask_for_one(sidecar, run_id, defined, task)):
            return
    with sidecar.transaction() as db:
        report_runs.put(db, run, sidecar.now(), lane)


def _open(sidecar: Sidecar, run_id: str, lane: str) -> tuple[ReportRun, Defined] | None:
    """Begin a run, or go on with it; the first time, say for whom it is, and call for as many jobs as it may have."""
    with sidecar.transaction() as db:
        now = sidecar.now()
        run = report_runs.claim(db, run_id, now, lane)
        if run is None:
            return None
        defined = report_definitions.defined_of(db, run.definition_id, run.version)
        if run.todo is None:
            run.todo = report_runs.list_todo(db, run, defined.spec)
            run.municipalities_total = len(run.todo)
            for number in range(2, 1 + min(report_tasks.LANES, len(run.todo))):
                report_runs.put(db, run, now, str(number))
        broken = report_tasks.put_off(db, run, lane or FIRST)
        if broken:
            log.warning("report.interrupted", municipality=broken.municipality_id, run=run.id, again=broken.has_died)
        if broken and broken.has_died:
            run.errors = run.errors | {broken.municipality_id: _told(ReportCutOffError(), broken.period)}
        db.flush()
        db.expunge_all()
    return run, defined


@dataclass(frozen=True)
class _Outcome:
    """What came of asking for one municipality's report; `error`: why it could not be asked for."""

    rows: int = 0
    has_channel: bool = True
    error: Mapping[str, Any] | None = None


def _ask_for_one(sidecar: Sidecar, run_id: str, defined: Defined, task: Task) -> _Outcome:
    """Ask for one municipality's report; what fails is logged and told, so that the others still get theirs."""
    municipality_id, period = task.municipality_id, task.period
    try:
        asked = asking.request(sidecar, municipality_id, read_period(period), defined)
    except SidecarError as error:
        log.warning("report.not_requested", municipality=municipality_id, run=run_id, code=error.code)
        return _Outcome(error=_told(error, period))
    except Exception as error:  # a defect must not hold up the others: it is logged, and told of on the run's page
        log.exception("report.broke_off", municipality=municipality_id, run=run_id)
        broken = NoRoomError() if is_no_room(error) else ReportBrokeOffError(reason=type(error).__name__)
        return _Outcome(error=_told(broken, period))
    return _Outcome(asked[0].row_count if asked else 0, bool(asked))


def _note(sidecar: Sidecar, run_id: str, task: Task, outcome: _Outcome) -> bool:
    """Write down what came of a report; tell whether the run is still under way."""
    with sidecar.transaction() as db:
        run = report_tasks.lock(db, run_id)
        if run is None:
            return False
        report_tasks.settle(db, run, task)
        errors = {key: told for key, told in run.errors.items() if key != task.municipality_id}
        if outcome.error:
            errors[task.municipality_id] = outcome.error
        else:
            run.rows += outcome.rows
            run.without_channel += not outcome.has_channel
            run.municipalities_done += 1
        run.errors = dict(list(errors.items())[:MOST_ERRORS])
    return True


def _told(error: SidecarError, period: str) -> dict[str, Any]:
    return {"code": error.code, "template": error.text(), "facts": dict(error.facts), "period": period}


def _finish(sidecar: Sidecar, run_id: str, lane: str) -> None:
    """End a run that is through; one that came due goes on later with those for whom it did not work.

    What another job is still at, that job ends.

    Raises:
        TryLater: so it does, by this job; after another than the first it is that one's again.
    """
    with sidecar.transaction() as db:
        run = report_tasks.lock(db, run_id)
        if run is None or run.todo:
            return
        state = report_runs.FAILED if run.errors else report_runs.DONE
        goes_on = bool(run.errors) and run.due_at is not None
        if goes_on:
            run.todo = [[key, told["period"]] for key, told in run.errors.items()]
            run.state = report_runs.WAITING
        else:
            report_runs.end(db, run.id, state, sidecar.now())
        if goes_on and lane:
            report_runs.put_later(db, run, sidecar.now(), DELAYS[0])
    if not goes_on:
        log.info("report.run_ended", run=run.id, outcome=state, municipalities=run.municipalities_done, rows=run.rows)
    elif not lane:
        raise TryLater(next(iter(run.errors.values()))["code"])


def give_up(db: Session, subject: str, code: str) -> None:
    """End a run one of whose jobs will not be tried any more (the outbox calls this)."""
    run_id, _ = report_runs.read_subject(subject)
    error = ReportRunGaveUpError(reason=code)
    run = db.get_one(ReportRun, run_id, populate_existing=True)
    is_told = bool(run.errors) and all(key in run.errors for key, *_ in run.todo or [])
    told = None if is_told else {"code": error.code, "template": error.text(), "facts": dict(error.facts)}
    report_runs.end(db, run_id, report_runs.FAILED, report_runs.last_sign_of_life(db, run_id), told)


def find_progress(db: Session, viewer: Viewer, run_id: str, now: datetime) -> Progress:
    """Return how far a run has come.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    run = report_runs.find_run(db, viewer, run_id)
    defined = report_definitions.defined_of(db, run.definition_id, run.version)
    names = _names(db, [run.current or "", *run.errors])
    failed = [(names.get(key, "–"), told) for key, told in run.errors.items()]
    return Progress(run, defined.title, names.get(run.current or "", ""), _left(run, now), failed)


def _names(db: Session, ids: Sequence[str]) -> dict[str, str]:
    found = (db.get(Municipality, one) for one in ids)
    return {one.id: one.name for one in found if one is not None}


def _left(run: ReportRun, now: datetime) -> timedelta | None:
    """Reckon how long a run will take still."""
    through = run.municipalities_done + len(run.errors)
    if run.state != report_runs.RUNNING or run.started_at is None or not through or now <= run.started_at:
        return None
    return (now - run.started_at) / through * (run.municipalities_total - through)
