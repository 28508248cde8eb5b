"""Keep the runs of sources: asked for once at a time, claimed, followed, and ended in one of a few states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from sidecar.core import outbox
from sidecar.core.db import new_id
from sidecar.core.outbox import OutboxItem
from sidecar.core.people_sources import (
    DELTA,
    DONE,
    FAILED,
    FULL,
    LIVE,
    LIVE_CONDITION,
    QUARANTINED,
    RUNNING,
    WAITING,
    Source,
    SyncChange,
    SyncRun,
)
from sidecar.core.statements import upsert
from sidecar.errors import SidecarError

KIND: Final = "sync"
"""The kind of an outbox item that does a part of a run; its subject is the run's id."""

FULL_EVERY: Final = timedelta(days=7)
"""How often all is read although a source tells what changed: what it forgot to tell is found so."""

RETRIES: Final = (timedelta(minutes=10), timedelta(hours=1))
"""When a run is tried anew after the first and second failure in a row; then the source keeps its own pace."""

CODE_CHARACTERS: Final = 60

FILES_KEPT: Final = timedelta(days=14)
"""How long an uploaded file waits to be taken in, after its run failed or while it lies in quarantine."""

RUNS_KEPT: Final = timedelta(days=90)
FEWEST_KEPT: Final = 50
"""How many of the last runs of a source are kept however long ago they were."""


class SourceRemovedError(SidecarError):
    """The source was removed before this run had ended."""

    code = "source-removed"


@dataclass(frozen=True)
class Failure:
    """What made a run fail: its code, and its text in English with the facts that go in."""

    code: str
    template: str
    facts: Mapping[str, str | int]


def ask(db: Session, source: Source, now: datetime, *, asked_by: str | None = None, full: bool = False) -> str:
    """Ask for a run of a source; one that waits or is under way is enough.

    Args:
        full: read all, though the source can tell what changed.

    Returns:
        The id of the run that will happen.
    """
    mode = FULL if full or wants_full(source, now) else DELTA
    row: dict[str, Any] = {"id": new_id(), "source_id": source.id, "mode": mode, "state": WAITING, "asked_by": asked_by}
    last = db.scalar(select(func.max(SyncRun.asked_at)).where(SyncRun.source_id == source.id))
    asked_at = max(now, last + timedelta(microseconds=1)) if last else now  # runs are known by their order
    row |= {"asked_at": asked_at, "rows_done": 0, "counts": {}}
    made = (
        upsert(db, SyncRun)
        .values(**row)
        .on_conflict_do_nothing(index_elements=["source_id"], index_where=LIVE_CONDITION)
    )
    db.execute(made)
    run_id = db.scalars(select(SyncRun.id).where(SyncRun.source_id == source.id, is_live())).one()
    if run_id == row["id"]:
        put(db, run_id, now)
    return run_id


def put(db: Session, run_id: str, now: datetime) -> None:
    """Put the first or a further part of a run into the outbox."""
    outbox.put(db, KIND, run_id, key=f"{KIND}:{run_id}:{now.isoformat()}", now=now)


def wants_full(source: Source, now: datetime) -> bool:
    """Tell whether the next run reads all: the first one, one without a place to go on from, and one each week."""
    return source.cursor is None or source.last_full_at is None or now - source.last_full_at >= FULL_EVERY


def is_live() -> ColumnElement[bool]:
    """Return the condition on `SyncRun` that it waits or is under way; of each source at most one does."""
    return SyncRun.state.in_(LIVE)


def claim(db: Session, run_id: str, now: datetime) -> SyncRun | None:
    """Begin a run or go on with it; None where it has ended or its source is out of use."""
    values = {"state": RUNNING, "started_at": func.coalesce(SyncRun.started_at, now)}
    in_use = exists().where(Source.id == SyncRun.source_id, Source.removed_at.is_(None))
    query = update(SyncRun).where(SyncRun.id == run_id, is_live(), in_use).values(values)
    claimed = db.scalar(query.returning(SyncRun.id).execution_options(synchronize_session=False))
    return db.get_one(SyncRun, run_id, populate_existing=True) if claimed else None


def note(db: Session, run_id: str, values: Mapping[str, Any]) -> None:
    """Write down how far a run has come; one that has ended meanwhile stays as it is."""
    db.execute(update(SyncRun).where(SyncRun.id == run_id, SyncRun.state == RUNNING).values(**values))


def list_due(db: Session, now: datetime, limit: int = 100, *, source_id: str | None = None) -> list[Source]:
    """Return the sources that are due, and of which no run waits, is under way or lies in quarantine.

    Args:
        source_id: this one only.
    """
    busy = exists().where(SyncRun.source_id == Source.id, or_(is_live(), SyncRun.state == QUARANTINED))
    due = Source.removed_at.is_(None), Source.paused_at.is_(None), Source.interval_minutes > 0
    query = select(Source).where(*due, Source.next_run_at <= now, ~busy)
    query = query if source_id is None else query.where(Source.id == source_id)
    return list(db.scalars(query.order_by(Source.next_run_at, Source.id).limit(limit)))


def finish(db: Session, run_id: str, now: datetime, *, cursor: Mapping[str, Any] | None) -> None:
    """End a run that went well: its source goes on from `cursor`, and has not failed any more."""
    run = _end(db, run_id, DONE, now)
    if run is None:
        return
    source = db.get_one(Source, run.source_id)
    source.cursor = cursor
    source.last_success_at = run.started_at
    if run.mode == FULL:
        source.last_full_at = run.started_at
    source.failures, source.verdict, source.file_digest = 0, None, None
    source.next_run_at = next_after(source, now)
    forget_changes(db, source.id)


def fail(db: Session, run_id: str, failure: Failure, now: datetime) -> None:
    """End a run that did not go well; the first two times in a row its source is tried sooner again."""
    run = _end(db, run_id, FAILED, now)
    if run is None:
        return
    run.error_code = failure.code[:CODE_CHARACTERS]
    run.error = {"template": failure.template, "facts": dict(failure.facts)}
    source = db.get_one(Source, run.source_id)
    source.failures += 1
    source.next_run_at = next_after(source, now)


def hold(db: Session, run_id: str, counts: Mapping[str, int], now: datetime) -> None:
    """End a run in quarantine: nothing that it would take away is gone yet, and somebody decides."""
    run = _end(db, run_id, QUARANTINED, now)
    if run:
        run.counts = dict(counts)


def retire(db: Session, source: Source, now: datetime) -> None:
    """Take a source out of use: its runs end, and of what it told only what was taken in is kept."""
    error = SourceRemovedError()
    for run_id in db.scalars(select(SyncRun.id).where(SyncRun.source_id == source.id, is_live())).all():
        fail(db, run_id, Failure(error.code, error.text(), {}), now)
    forget_changes(db, source.id)
    source.removed_at, source.next_run_at, source.file_digest, source.verdict = now, None, None, None


def list_forgotten(db: Session, now: datetime) -> Sequence[str]:
    """Return the sources whose uploaded file no run has taken in for `FILES_KEPT`; it came with their last run."""
    recent = exists().where(SyncRun.source_id == Source.id, or_(SyncRun.asked_at > now - FILES_KEPT, is_live()))
    return db.scalars(select(Source.id).where(Source.file_digest.is_not(None), ~recent)).all()


def forget_files(db: Session, source_ids: Sequence[str]) -> None:
    """Let go of the uploaded files of sources."""
    db.execute(update(Source).where(Source.id.in_(source_ids)).values(file_digest=None))


def is_old_run(now: datetime) -> ColumnElement[bool]:
    """Return the condition on `SyncRun` that it ended long ago, and that newer ones say how its source does."""
    later = aliased(SyncRun)
    newer = select(func.count()).where(later.source_id == SyncRun.source_id, later.asked_at > SyncRun.asked_at)
    is_needed = or_(is_live(), SyncRun.state == QUARANTINED, exists().where(SyncChange.run_id == SyncRun.id))
    return and_(SyncRun.asked_at < now - RUNS_KEPT, ~is_needed, newer.scalar_subquery() >= FEWEST_KEPT)


def _end(db: Session, run_id: str, state: str, now: datetime) -> SyncRun | None:
    values = {"state": state, "ended_at": now, "checkpoint": None}
    ended = update(SyncRun).where(SyncRun.id == run_id, is_live()).values(values).returning(SyncRun.id)
    if db.scalar(ended.execution_options(synchronize_session=False)) is None:
        return None
    return db.get_one(SyncRun, run_id, populate_existing=True)


def next_after(source: Source, now: datetime) -> datetime | None:
    """Return when a source is due after a run that ended now; None for one that runs by hand only."""
    if not source.interval_minutes:
        return None
    pace = timedelta(minutes=source.interval_minutes)
    if 0 < source.failures <= len(RETRIES):
        return now + min(pace, RETRIES[source.failures - 1])
    return now + pace


def forget_changes(db: Session, source_id: str) -> None:
    """Forget what lay in quarantine, once it is taken in or turned down."""
    runs = select(SyncRun.id).where(SyncRun.source_id == source_id)
    db.execute(delete(SyncChange).where(SyncChange.run_id.in_(runs)))


def last_sign_of_life(db: Session, run_id: str) -> datetime:
    """Return when the job that does a run was last known to live; for whoever is told no other time."""
    of_run = OutboxItem.kind == KIND, OutboxItem.subject == run_id
    query = select(func.max(func.coalesce(OutboxItem.claimed_until, OutboxItem.next_try_at))).where(*of_run)
    return db.scalars(query).one() - outbox.LEASE
