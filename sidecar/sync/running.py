"""Run a source: open it, let the intake of its kind take in what it tells, and end in a state that people see.

An intake works in small transactions and says after each how far it has come. A run that is cut off goes on from the
last checkpoint; one that takes long does so in further parts, since a job is stopped after ten minutes. It may be told
the same twice, so an intake changes nothing where nothing differs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from sidecar.connectors.base import Connector
from sidecar.connectors.records import Cursor
from sidecar.core import sync_runs
from sidecar.core.connections import Connection
from sidecar.core.outbox import GiveUp, TryLater
from sidecar.core.people_sources import DELTA, Source, SyncRun
from sidecar.core.sync_runs import Failure
from sidecar.errors import SidecarError
from sidecar.outside import open_connection
from sidecar.room import NoRoomError, is_no_room
from sidecar.runtime import Sidecar

PART_S: Final = 240.0
"""After how long a run leaves the rest to its next part."""

log = structlog.get_logger()


class SourceBrokeOffError(SidecarError):
    """The run was broken off by a defect ({reason}). It is tried again; if that stays, tell who operates the server."""

    code = "source-broke-off"


class SourceGaveUpError(SidecarError):
    """The run was cut off too often ({reason}). See that the server has room and memory, then run the source again."""

    code = "source-gave-up"


class PartOverError(Exception):
    """Say that a part of a run has taken long enough; the next goes on from the checkpoint. Let it pass."""


class HeldError(Exception):
    """Say that a run stops here, and waits for somebody's word; what it would change is written down. Let it pass."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        """Keep what the run would change, in numbers."""
        super().__init__()
        self.counts = counts


@dataclass
class RunContext:
    """What an intake needs to know of its run, and how it says how far it has come.

    Attributes:
        mode: full or delta (`core.people_sources`).
        platform_id: of the connection; None for one of a municipality.
        connector: opened.
        mapping: the columns of a file, as the source keeps them.
        cursor: what `next_cursor` was at the end of the last run that went well; None where this run reads all.
        since: when that run began; None where this run reads all.
        checkpoint: of this run, from an earlier part of it; None in the first.
        rows_done, rows_total, counts: so far, also from earlier parts.
        next_cursor: set by the intake before it returns; where the next delta goes on.
    """

    sidecar: Sidecar = field(repr=False)
    source_id: str
    run_id: str
    mode: str
    municipality_id: str | None
    platform_id: str | None
    connector: Connector
    mapping: Mapping[str, Any]
    cursor: Cursor | None
    since: datetime | None
    checkpoint: Cursor | None
    rows_done: int = 0
    rows_total: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    next_cursor: Cursor | None = None
    ends: float = field(default_factory=lambda: time.monotonic() + PART_S)

    def note(
        self,
        rows_done: int,
        rows_total: int | None,
        counts: Mapping[str, int],
        checkpoint: Cursor | None,
        *,
        db: Session | None = None,
    ) -> None:
        """Write down how far the run has come; all numbers are of the whole run.

        Args:
            db: the transaction that wrote what is told of, so that both are true or neither; then call
                `rest_if_long` after it. Without one, this opens its own, and rests.

        Raises:
            PartOverError: as `rest_if_long` does.
        """
        self.rows_done, self.rows_total, self.counts = rows_done, rows_total, dict(counts)
        self.checkpoint = checkpoint
        values = {"rows_done": rows_done, "rows_total": rows_total, "counts": self.counts, "checkpoint": checkpoint}
        if db is not None:
            sync_runs.note(db, self.run_id, values)
            return
        with self.sidecar.transaction() as own:
            sync_runs.note(own, self.run_id, values)
        self.rest_if_long()

    def rest_if_long(self) -> None:
        """Leave the rest to the next part where this one has taken long; outside any transaction.

        Raises:
            PartOverError: it has; an intake lets it pass.
        """
        if self.checkpoint is not None and time.monotonic() >= self.ends:
            raise PartOverError


Intake = Callable[[Sidecar, RunContext], None]
"""What takes in what a source tells; a `ConnectorError` or other `SidecarError` ends its run as failed."""


def run_part(sidecar: Sidecar, run_id: str, intakes: Mapping[str, Intake]) -> None:
    """Do a part of a run, the whole of it mostly; one that has ended is left alone.

    Raises:
        TryLater: the intake wishes it.
    """
    opened = _open(sidecar, run_id)
    if opened is None:
        return
    run, source, connection = opened
    try:
        context = _context(sidecar, run, source, connection)
        intakes[source.kind](sidecar, context)
    except PartOverError:
        with sidecar.transaction() as db:
            sync_runs.put(db, run_id, sidecar.now())
    except HeldError as held:
        with sidecar.transaction() as db:
            sync_runs.hold(db, run_id, held.counts, sidecar.now())
        log.warning("sync.quarantined", source=source.id, run=run_id, **held.counts)
    except TryLater:
        raise
    except GiveUp as wish:
        _fail(sidecar, run_id, SourceGaveUpError(reason=wish.code))
    except SidecarError as error:
        _fail(sidecar, run_id, _first_of(error))
    except Exception as error:  # a defect ends the run as failed: the next begins anew, and the third alerts
        log.exception("sync.broke_off", source=source.id, run=run_id)
        _fail(sidecar, run_id, NoRoomError() if is_no_room(error) else SourceBrokeOffError(reason=type(error).__name__))
    else:
        with sidecar.transaction() as db:
            sync_runs.finish(db, run_id, sidecar.now(), cursor=context.next_cursor)
        log.info("sync.ended", source=source.id, run=run_id, rows=context.rows_done, **context.counts)


def _open(sidecar: Sidecar, run_id: str) -> tuple[SyncRun, Source, Connection] | None:
    with sidecar.transaction() as db:
        run = sync_runs.claim(db, run_id, sidecar.now())
        if run is None:
            return None
        source = db.get_one(Source, run.source_id)
        connection = db.get_one(Connection, source.connection_id)
        db.expunge_all()
    return run, source, connection


def _context(sidecar: Sidecar, run: SyncRun, source: Source, connection: Connection) -> RunContext:
    is_delta = run.mode == DELTA
    return RunContext(
        sidecar=sidecar,
        source_id=source.id,
        run_id=run.id,
        mode=run.mode,
        municipality_id=source.municipality_id,
        platform_id=connection.platform_id,
        connector=open_connection(sidecar, connection),
        mapping=source.mapping or {},
        cursor=source.cursor if is_delta else None,
        since=source.last_success_at if is_delta else None,
        checkpoint=run.checkpoint,
        rows_done=run.rows_done,
        rows_total=run.rows_total,
        counts=dict(run.counts),
    )


def _first_of(error: SidecarError) -> SidecarError:
    """Return the first problem of a file that was refused, which says more than that it was."""
    problems: Sequence[SidecarError] = getattr(error, "problems", ())
    return problems[0] if problems else error


def _fail(sidecar: Sidecar, run_id: str, error: SidecarError) -> None:
    with sidecar.transaction() as db:
        sync_runs.fail(db, run_id, Failure(error.code, error.text(), error.facts), sidecar.now())
    log.warning("sync.failed", run=run_id, code=error.code)


def give_up(db: Session, run_id: str, code: str) -> None:
    """End a run whose job will not be tried any more (the outbox calls this)."""
    error = SourceGaveUpError(reason=code)
    now = sync_runs.last_sign_of_life(db, run_id)
    sync_runs.fail(db, run_id, Failure(error.code, error.text(), error.facts), now)
