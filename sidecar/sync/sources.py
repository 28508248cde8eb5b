"""Add, change and run the sources of people and completions; every act goes into the audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.connecting import add_connection
from sidecar.connectors.base import CompletionSource, Connector, PeopleSource
from sidecar.connectors.hr_columns import MEANINGS
from sidecar.connectors.hr_files import PeopleFile
from sidecar.connectors.hr_upload import HrUpload
from sidecar.connectors.registry import BrokenConnectorError, find_connector
from sidecar.connectors.scim import ScimPush
from sidecar.core import audit, quarantine, sync_runs
from sidecar.core.access import Viewer
from sidecar.core.connections import Connection, find_connection
from sidecar.core.people_sources import (
    COMPLETIONS,
    INTERVAL_MINUTES,
    PEOPLE,
    QUARANTINE_PERCENT,
    Source,
    SyncRun,
)
from sidecar.core.sources import SourceLine, find_held_run, find_source_to_keep
from sidecar.errors import ConflictError, InvalidInputError, NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from sidecar.sync.people_feeds import NoPeopleSourceError

SHORTEST_MINUTES: Final = 15
LONGEST_MINUTES: Final = 60 * 24 * 31
MOST_PERCENT: Final = 100

TOLD: Final = (HrUpload, ScimPush)
"""What nobody asks at a pace: files are uploaded for it, or it tells by itself."""


class DecideFirstError(SidecarError):
    """A run of this source waits for your word. Approve or reject what it would change, then run the source again."""

    code = "source-decide-first"


class UnderWayError(SidecarError):
    """A run of this source is under way, with the file before. Wait until it has ended, then give the file again."""

    code = "source-under-way"


class TellsByItselfError(SidecarError):
    """Nobody asks this source: it is told by a file you upload, or by itself. Leave its pace at 0."""

    code = "source-tells-by-itself"


class PaceError(SidecarError):
    """A source runs every 15 minutes to 31 days, or by hand only (0), and asks from 0 to 100 percent on."""

    code = "source-pace"


class WhoseSourceError(SidecarError):
    """A source of people needs a municipality whose employees they are. Name it."""

    code = "source-whose"


class NothingToTellError(SidecarError):
    """The connector "{connector}" tells neither people nor completions. Choose another connection."""

    code = "source-nothing-to-tell"


def add_source(
    sidecar: Sidecar,
    viewer: Viewer,
    connection_id: str,
    *,
    kind: str | None = None,
    municipality_id: str | None = None,
    interval_minutes: int = INTERVAL_MINUTES,
    quarantine_percent: int = QUARANTINE_PERCENT,
    mapping: Mapping[str, Any] | None = None,
) -> Source:
    """Add a source over a connection; one that reads files runs by itself only after somebody ran it first.

    Args:
        kind: people or completions, where the connector tells both.
        municipality_id: whose people they are, where the connection is an LMS's.

    Raises:
        NotFoundError: there is no such connection that the viewer may see.
        NotAllowedError: they may not keep its sources.
        ConflictError: there is one already.
        SidecarError: the connector tells nothing of the kind.
    """
    check_numbers(interval_minutes, quarantine_percent)
    now = sidecar.now()
    with sidecar.transaction() as db:
        connection = find_connection(db, viewer, connection_id)
        connector = find_connector(connection.connector)
        interval_minutes = 0 if issubclass(connector, TOLD) else interval_minutes
        kind = kind or _kind_of(connector, connection, municipality_id)
        owner = connection.municipality_id or municipality_id if kind == PEOPLE else connection.municipality_id
        _refuse_kind(connector, kind, owner, connection)
        _refuse_second(db, connection.id, kind, owner)
        is_by_hand = issubclass(connector, PeopleFile)
        source = Source(
            connection_id=connection.id,
            kind=kind,
            municipality_id=owner,
            interval_minutes=interval_minutes,
            quarantine_percent=quarantine_percent,
            mapping=dict(mapping) if mapping else None,
            next_run_at=None if is_by_hand or not interval_minutes else now,
            created_at=now,
        )
        db.add(source)
        db.flush()
        find_source_to_keep(db, viewer, source.id)
        _record(db, sidecar, viewer, "source.added", source, connector=connection.connector, kind=kind)
    return source


def add_upload(sidecar: Sidecar, viewer: Viewer, municipality_id: str) -> Source:
    """Add a source of a municipality that files are uploaded for.

    Raises:
        SidecarError: as `add_source` does.
    """
    connection = add_connection(sidecar, viewer, municipality_id, HrUpload.name, {})
    return add_source(sidecar, viewer, connection.id)


def can_tell(connector: str) -> bool:
    """Tell whether a connector tells people or completions."""
    return _is_kind(connector, PeopleSource) or _is_kind(connector, CompletionSource)


def takes_uploads(connector: str) -> bool:
    """Tell whether files are uploaded for a source over this connector."""
    return _is_kind(connector, HrUpload)


def has_pace(connector: str) -> bool:
    """Tell whether a source over this connector is asked now and then, rather than told."""
    return not any(_is_kind(connector, kind) for kind in TOLD)


def has_columns(connector: str) -> bool:
    """Tell whether a source over this connector reads files with columns."""
    return _is_kind(connector, PeopleFile)


def _is_kind(connector: str, kind: type[object]) -> bool:
    try:
        return issubclass(find_connector(connector), kind)
    except (NotFoundError, BrokenConnectorError):
        return False


def check_numbers(interval_minutes: int, quarantine_percent: int) -> None:
    """Refuse a pace or a share that makes no sense.

    Raises:
        PaceError: it does not.
    """
    is_pace = not interval_minutes or SHORTEST_MINUTES <= interval_minutes <= LONGEST_MINUTES
    if not is_pace or not 0 <= quarantine_percent <= MOST_PERCENT:
        raise PaceError


def _kind_of(connector: type[Connector], connection: Connection, municipality_id: str | None) -> str:
    tells_people = issubclass(connector, PeopleSource)
    if tells_people and (connection.municipality_id or municipality_id or not issubclass(connector, CompletionSource)):
        return PEOPLE
    return COMPLETIONS


def _refuse_kind(connector: type[Connector], kind: str, owner: str | None, connection: Connection) -> None:
    if not issubclass(connector, PeopleSource | CompletionSource):
        raise NothingToTellError(connector=connection.connector)
    if kind == PEOPLE and not issubclass(connector, PeopleSource):
        raise NoPeopleSourceError
    if kind == COMPLETIONS and not issubclass(connector, CompletionSource):
        raise NothingToTellError(connector=connection.connector)
    if kind == PEOPLE and owner is None:
        raise WhoseSourceError


def _refuse_second(db: Session, connection_id: str, kind: str, owner: str | None) -> None:
    same = Source.connection_id == connection_id, Source.kind == kind, Source.removed_at.is_(None)
    of_owner = Source.municipality_id.is_(None) if owner is None else Source.municipality_id == owner
    if db.scalar(select(Source.id).where(*same, of_owner)):
        raise ConflictError(what="source", key=kind)


def configure(
    sidecar: Sidecar,
    viewer: Viewer,
    source_id: str,
    *,
    interval_minutes: int | None = None,
    quarantine_percent: int | None = None,
    mapping: Mapping[str, Any] | None = None,
) -> None:
    """Change how often a source runs, from which share on somebody is asked, and what its columns mean.

    Raises:
        SidecarError: a value can't be used, or the viewer may not change the source.
    """
    check_numbers(interval_minutes or 0, QUARANTINE_PERCENT if quarantine_percent is None else quarantine_percent)
    with sidecar.transaction() as db:
        source = find_source_to_keep(db, viewer, source_id).source
        if interval_minutes is not None:
            _set_pace(source, find_connection(db, viewer, source.connection_id), interval_minutes, sidecar.now())
        if quarantine_percent is not None:
            source.quarantine_percent = quarantine_percent
        if mapping is not None:
            source.mapping = dict(mapping)
        _record(db, sidecar, viewer, "source.changed", source)


def _set_pace(source: Source, connection: Connection, interval_minutes: int, now: datetime) -> None:
    """Let a source run at another pace; one of files still begins when somebody runs it first."""
    if interval_minutes and not has_pace(connection.connector):
        raise TellsByItselfError
    source.interval_minutes = interval_minutes
    if source.last_success_at or not interval_minutes:
        source.next_run_at = sync_runs.next_after(source, now)
    elif not has_columns(connection.connector):
        source.next_run_at = source.next_run_at or now


def read_columns(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the mapping that pairs of a heading and a meaning make; a meaning of "" leaves the column out.

    Raises:
        InvalidInputError: there is no such meaning, or two columns have the same.
    """
    columns = dict(pairs)
    meant = [meaning for meaning in columns.values() if meaning]
    for meaning in meant:
        if meaning not in MEANINGS:
            raise InvalidInputError(field="column", reason=f"one of {', '.join(MEANINGS)}.")
        if meant.count(meaning) > 1:
            raise InvalidInputError(field="column", reason=f"only one column can be {meaning}.")
    return {"columns": columns}


def pause(sidecar: Sidecar, viewer: Viewer, source_id: str) -> None:
    """Let a source run by hand only, until it is resumed; a run under way ends by itself."""
    with sidecar.transaction() as db:
        source = find_source_to_keep(db, viewer, source_id).source
        source.paused_at = source.paused_at or sidecar.now()
        _record(db, sidecar, viewer, "source.paused", source)


def resume(sidecar: Sidecar, viewer: Viewer, source_id: str) -> None:
    """Let a source run by itself again, at once where it was due meanwhile."""
    with sidecar.transaction() as db:
        source = find_source_to_keep(db, viewer, source_id).source
        source.paused_at = None
        _record(db, sidecar, viewer, "source.resumed", source)


def remove(sidecar: Sidecar, viewer: Viewer, source_id: str) -> None:
    """Take a source out of use; the people it brought stay, and any other source may keep them from now on."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        source = find_source_to_keep(db, viewer, source_id).source
        sync_runs.retire(db, source, now)
        _record(db, sidecar, viewer, "source.removed", source)


def run_now(sidecar: Sidecar, viewer: Viewer, source_id: str, *, full: bool = False) -> str:
    """Ask for a run of a source; return its id.

    Raises:
        DecideFirstError: a run of it lies in quarantine.
    """
    with sidecar.transaction() as db:
        source = find_source_to_keep(db, viewer, source_id).source
        if find_held_run(db, source_id):
            raise DecideFirstError
        _record(db, sidecar, viewer, "source.run_asked", source)
        return sync_runs.ask(db, source, sidecar.now(), asked_by=viewer.identity_id, full=full)


def decide(sidecar: Sidecar, viewer: Viewer, run_id: str, *, is_approved: bool) -> SourceLine:
    """Approve or reject what a run in quarantine would change.

    Raises:
        NotAllowedError: the viewer may not.
        NothingToDecideError: nobody is asked any more.
    """
    with sidecar.transaction() as db:
        run = db.get(SyncRun, run_id)
        if run is None:
            raise quarantine.NothingToDecideError
        line = find_source_to_keep(db, viewer, run.source_id)
        quarantine.decide(db, run_id, sidecar.now(), decided_by=viewer.identity_id, is_approved=is_approved)
        action = "source.run_approved" if is_approved else "source.run_rejected"
        _record(db, sidecar, viewer, action, line.source, run=run_id)
    return line


def reconsider(sidecar: Sidecar, viewer: Viewer, source_id: str) -> None:
    """Take back that what a source tells was rejected, and ask about it anew; an uploaded file is to be given again.

    Raises:
        NothingRejectedError: nothing is rejected any more.
        DecideFirstError: something else waits for a word already.
    """
    with sidecar.transaction() as db:
        line = find_source_to_keep(db, viewer, source_id)
        db.refresh(line.source, with_for_update=True)
        if find_held_run(db, source_id):
            raise DecideFirstError
        quarantine.reconsider(line.source)
        _record(db, sidecar, viewer, "source.reconsidered", line.source)
        if not takes_uploads(line.connection.connector):
            sync_runs.ask(db, line.source, sidecar.now(), asked_by=viewer.identity_id)


def run_file(sidecar: Sidecar, viewer: Viewer, source_id: str, digest: str) -> str:
    """Ask for a run of a source that reads a stored file; return its id.

    Raises:
        DecideFirstError: a run of it lies in quarantine, with the file before.
        UnderWayError: one is under way, or about to begin.
    """
    with sidecar.transaction() as db:
        source = find_source_to_keep(db, viewer, source_id).source
        db.refresh(source, with_for_update=True)  # of two files at once the second is told of the first
        if find_held_run(db, source_id):
            raise DecideFirstError
        if db.scalar(select(SyncRun.id).where(SyncRun.source_id == source_id, sync_runs.is_live())):
            raise UnderWayError
        source.file_digest = digest
        _record(db, sidecar, viewer, "source.file_given", source)
        return sync_runs.ask(db, source, sidecar.now(), asked_by=viewer.identity_id)


def put_due(sidecar: Sidecar) -> int:
    """Ask for a run of each source that is due; doing it twice, or in two processes, asks for none twice."""
    with sidecar.reading() as db:
        due = [source.id for source in sync_runs.list_due(db, sidecar.now())]
    for source_id in due:
        with sidecar.transaction() as db:
            for source in sync_runs.list_due(db, sidecar.now(), source_id=source_id):
                sync_runs.ask(db, source, sidecar.now())
    return len(due)


def forget_files(sidecar: Sidecar) -> int:
    """Let go of the uploaded files that nobody took in; return how many."""
    with sidecar.reading() as db:
        forgotten = sync_runs.list_forgotten(db, sidecar.now())
    if forgotten:
        with sidecar.transaction() as db:
            sync_runs.forget_files(db, sync_runs.list_forgotten(db, sidecar.now()))
    return len(forgotten)


def _record(db: Session, sidecar: Sidecar, viewer: Viewer, action: str, source: Source, **facts: str) -> None:
    audit.record(db, action, source.id, at=sidecar.now(), identity_id=viewer.identity_id, **facts)
