"""Keep the runs of reports: each due time once, how far each has come, and what did not work for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, func, or_, select, true, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from sidecar.core import outbox, report_definitions, report_schedules
from sidecar.core.access import Viewer
from sidecar.core.connections import Connection
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.deliveries import HANDED_OVER, Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.periods import Period, day_of, read_period
from sidecar.core.regions import RegionMembership
from sidecar.core.report_definitions import ReportDefinition
from sidecar.core.report_specs import Spec
from sidecar.errors import NotFoundError, SidecarError

KIND: Final = "report-run"
"""The kind of an outbox item that does a part of a run; its subject is the run's id, and after it `/` and the number of
the lane, but for the first."""

WAITING: Final = "waiting"
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
LIVE: Final = (WAITING, RUNNING)

MOST_RUNS: Final = 20
RUNS_KEPT: Final = timedelta(days=400)
FEWEST_KEPT: Final = 20
"""How many of the last runs of a definition are kept however long ago they were."""
SINCE_LAST: Final = "since-last"


class ReportDue(Base, kw_only=True):
    """One due time of a definition that a run was made for; the primary key makes it happen once. Kept for good."""

    __tablename__ = "report_due"

    definition_id: Mapped[Key] = mapped_column(ForeignKey("report_definition.id"))
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]


class ReportRun(Base, kw_only=True):
    """A definition's reports, asked for municipality by municipality.

    `state`: waiting, running, done, failed, cancelled. `municipalities_*` count those of the whole run,
    `without_channel` those of them that no report goes to.

    Attributes:
        region_id: whose RKK sees it; None: operators, and who asked for it.
        period: its name, or `SINCE_LAST`, which differs from municipality to municipality.
        due_at: None for a run by hand.
        chosen: ids of the only municipalities it is for; None for all of the definition.
        todo: [municipality id, period name] of what is still to be done, with marks behind them (`core.report_tasks`);
            None before it began.
        errors: by municipality id: {code, template, facts} of why its report could not be asked for.
        current: id of a municipality whose report is being built.
        error: {code, template, facts} of what ended the run before its time.
    """

    __tablename__ = "report_run"
    __table_args__ = (Index("ix_report_run_definition_id_asked_at", "definition_id", "asked_at"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    definition_id: Mapped[Id] = mapped_column(ForeignKey("report_definition.id"))
    version: Mapped[int]
    region_id: Mapped[Id | None] = mapped_column(ForeignKey("region.id"), default=None, index=True)
    period: Mapped[str] = mapped_column(String(40))
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    asked_at: Mapped[datetime]
    asked_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    chosen: Mapped[JsonValue | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(String(10), default=WAITING)
    todo: Mapped[JsonValue | None] = mapped_column(default=None)
    municipalities_total: Mapped[int] = mapped_column(default=0)
    municipalities_done: Mapped[int] = mapped_column(default=0)
    without_channel: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(default=0)
    current: Mapped[Id | None] = mapped_column(default=None)
    errors: Mapped[JsonValue] = mapped_column(default_factory=dict)
    error: Mapped[JsonValue | None] = mapped_column(default=None)
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class RunEndedError(SidecarError):
    """This run has ended already, so it can't be cancelled. What it asked for stands in the ledger."""

    code = "report-run-ended"


def take_due(db: Session, now: datetime) -> list[ReportRun]:
    """Make a run for every due time that has none yet, and return these; a second caller gets none of them.

    Due times that passed during a stop are among them, each once, of each definition the newest
    `report_schedules.MOST_MISSED`.
    """
    in_use = select(ReportDefinition).where(ReportDefinition.retired_at.is_(None)).order_by(ReportDefinition.id)
    return [run for one in db.scalars(in_use.with_for_update()).all() for run in _take_due_of(db, one, now)]


def _take_due_of(db: Session, definition: ReportDefinition, now: datetime) -> list[ReportRun]:
    defined = report_definitions.defined_of(db, definition.id)
    if not defined.spec.schedule:
        return []
    since = report_definitions.scheduled_since(db, definition)
    taken = select(ReportDue.due_at).where(ReportDue.definition_id == definition.id)
    last = db.scalar(taken.where(ReportDue.due_at <= now).order_by(ReportDue.due_at.desc()).limit(1))
    due = report_schedules.due_between(defined.spec.schedule, max(since, last or since), now)
    runs = []
    for due_at in due:
        db.add(ReportDue(definition_id=definition.id, due_at=due_at, taken_at=now))
        period = report_schedules.period_before(defined.spec.period, due_at)
        name = period.name if period else SINCE_LAST
        run = ReportRun(
            definition_id=definition.id,
            version=defined.version,
            region_id=definition.region_id,
            period=name,
            due_at=due_at,
            asked_at=now,
        )
        runs.append(add_run(db, run, now))
    return runs


def add_run(db: Session, run: ReportRun, now: datetime) -> ReportRun:
    """Write a run down, and put its first part into the outbox."""
    db.add(run)
    db.flush()
    put(db, run, now)
    return run


def put(db: Session, run: ReportRun, now: datetime, lane: str = "") -> None:
    """Put the first or a further part of a run into the outbox.

    Args:
        lane: the number of the job that goes on with it; "" for the first.
    """
    subject, left = subject_of(run.id, lane), "all" if run.todo is None else len(run.todo)
    outbox.put(db, KIND, subject, key=f"{KIND}:{subject}:{left}:{now.isoformat()}", now=now)


def put_later(db: Session, run: ReportRun, now: datetime, wait: timedelta) -> None:
    """Put the next part of a run into the outbox, to be done after a while."""
    key = f"{KIND}:{run.id}:again:{now.isoformat()}"
    outbox.put_at(db, KIND, run.id, key=key, due=now + wait, now=now)


def subject_of(run_id: str, lane: str) -> str:
    """Return the subject of an outbox item that does a part of a run."""
    return f"{run_id}/{lane}" if lane else run_id


def read_subject(subject: str) -> tuple[str, str]:
    """Return the id of the run and the lane, of an outbox item's subject."""
    run_id, _, lane = subject.partition("/")
    return run_id, lane


def claim(db: Session, run_id: str, now: datetime, lane: str = "") -> ReportRun | None:
    """Begin a run or go on with it; None where it has ended, or it is not for a further lane to begin it."""
    ours = ReportRun.state == RUNNING if lane else is_live()
    values = {"state": RUNNING, "started_at": func.coalesce(ReportRun.started_at, now)}
    begun = update(ReportRun).where(ReportRun.id == run_id, ours).values(values).returning(ReportRun.id)
    claimed = db.scalar(begun.execution_options(synchronize_session=False))
    return db.get_one(ReportRun, run_id, populate_existing=True) if claimed else None


def end(db: Session, run_id: str, state: str, now: datetime, error: Mapping[str, Any] | None = None) -> bool:
    """End a run that is not over yet; tell whether it was not."""
    values = {"state": state, "ended_at": now, "current": None, "error": error}
    ended = update(ReportRun).where(ReportRun.id == run_id, is_live()).values(values).returning(ReportRun.id)
    return db.scalar(ended.execution_options(synchronize_session=False)) is not None


def is_live() -> ColumnElement[bool]:
    """Return the condition on `ReportRun` that it waits or is under way."""
    return ReportRun.state.in_(LIVE)


def find_run(db: Session, viewer: Viewer, run_id: str) -> ReportRun:
    """Return a run.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    found = db.scalar(select(ReportRun).where(ReportRun.id == run_id, _may_see(viewer)))
    if found is None:
        raise NotFoundError(what="run", key=run_id[:40])
    return found


def list_runs(db: Session, viewer: Viewer, definition_id: str, limit: int = MOST_RUNS) -> Sequence[ReportRun]:
    """Return the last runs of a definition that a viewer may see, the newest first."""
    query = select(ReportRun).where(ReportRun.definition_id == definition_id, _may_see(viewer))
    newest_first = ReportRun.asked_at.desc(), ReportRun.due_at.desc().nulls_last(), ReportRun.id
    return db.scalars(query.order_by(*newest_first).limit(limit)).all()


def last_runs(db: Session, viewer: Viewer) -> Mapping[str, ReportRun]:
    """Return the last run of each definition that a viewer may see, by the definition's id."""
    later = aliased(ReportRun)
    of_same = later.definition_id == ReportRun.definition_id, _may_see(viewer, later)
    newest = select(func.max(later.asked_at)).where(*of_same).scalar_subquery()
    query = select(ReportRun).where(ReportRun.asked_at == newest, _may_see(viewer))
    newest_last = ReportRun.due_at.nulls_first(), ReportRun.id.desc()
    return {run.definition_id: run for run in db.scalars(query.order_by(*newest_last))}


def _may_see(viewer: Viewer, of: type[ReportRun] = ReportRun) -> ColumnElement[bool]:
    if viewer.everything:
        return true()
    own = of.asked_by == viewer.identity_id if viewer.identity_id else of.id.is_(None)
    return or_(of.region_id.in_(viewer.regions), own)


def last_sign_of_life(db: Session, run_id: str) -> datetime:
    """Return when the job that does a run was last known to live; for whoever is told no other time."""
    of_run = OutboxItem.kind == KIND, OutboxItem.subject.startswith(run_id)
    query = select(func.max(func.coalesce(OutboxItem.claimed_until, OutboxItem.next_try_at))).where(*of_run)
    return db.scalars(query).one() - outbox.LEASE


def list_todo(db: Session, run: ReportRun, spec: Spec) -> list[list[str]]:
    """Return [municipality id, period name] of each report that a run is to ask for.

    They are those that the definition names or else all, as far as its owner looked after them on any day of the
    period. Where the period is what was not delivered yet, one that has all is left out.
    """
    if run.period != SINCE_LAST:
        period = read_period(run.period)
        return [[one.id, period.name] for one in _wanted(db, run, spec, period)]
    todo, memberships = [], _memberships(db, run.region_id)
    for one in _wanted(db, run, spec, Period(date.min, date.max)):
        last = last_delivered(db, run.definition_id, one.id, spec.connectors)
        theirs = report_schedules.period_since(last, run.due_at or run.asked_at)
        if theirs and (run.region_id is None or _overlaps(theirs, memberships[one.id])):
            todo.append([one.id, theirs.name])
    return todo


def _memberships(db: Session, region_id: str | None) -> Mapping[str, Sequence[tuple[date, date | None]]]:
    """Return since when, and till before when, municipalities were members of a region, by municipality id."""
    found = defaultdict[str, list[tuple[date, date | None]]](list)
    for one in db.scalars(select(RegionMembership).where(RegionMembership.region_id == region_id)):
        found[one.municipality_id].append((one.joined_on, one.left_on))
    return found


def _overlaps(period: Period, memberships: Sequence[tuple[date, date | None]]) -> bool:
    return any(joined <= period.end and (left is None or left > period.start) for joined, left in memberships)


def _wanted(db: Session, run: ReportRun, spec: Spec, period: Period) -> list[Municipality]:
    """Return the municipalities of a run that its definition's owner looked after on any day of a period."""
    return [
        one
        for one in report_definitions.looked_after(db, run.region_id, period)
        if (not spec.municipalities or one.slug in spec.municipalities) and (run.chosen is None or one.id in run.chosen)
    ]


def last_delivered(
    db: Session, definition_id: str, municipality_id: str, connectors: Collection[str] = ()
) -> Period | None:
    """Return the last period of which a municipality got a definition's report over all its channels.

    A channel that never got one is left out of account, and so is what was sent again. A report that was made before
    its period had ended tells of the days till then.

    Args:
        connectors: of the only channels that count; empty: all in use.
    """
    theirs = Delivery.definition == definition_id, Delivery.municipality_id == municipality_id
    query = (
        select(Delivery.connection_id, Delivery.period_start, Delivery.period_end, Delivery.created_at)
        .join(Connection, Connection.id == Delivery.connection_id)
        .where(*theirs, Delivery.resends_id.is_(None), Delivery.state.in_(HANDED_OVER))
        .where(Connection.removed_at.is_(None))
    )
    query = query.where(Connection.connector.in_(connectors)) if connectors else query
    newest: dict[str, Period] = {}
    for connection_id, start, end, made_at in db.execute(query):
        told = Period(start, max(start, min(end, day_of(made_at) - timedelta(days=1))))
        if connection_id not in newest or newest[connection_id].end < told.end:
            newest[connection_id] = told
    return min(newest.values(), key=lambda one: one.end, default=None)


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition on `ReportRun` that it ended long ago, and that newer ones say how its definition does."""
    later = aliased(ReportRun)
    of_same = later.definition_id == ReportRun.definition_id, later.asked_at > ReportRun.asked_at
    newer = select(func.count()).where(*of_same).scalar_subquery()
    return and_(ReportRun.ended_at < now - RUNS_KEPT, newer >= FEWEST_KEPT)
