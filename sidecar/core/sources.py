"""List the sources and their runs, as far as a viewer may see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.api_tokens import SCIM, ApiToken
from sidecar.core.connections import Connection, list_connections
from sidecar.core.municipalities import Municipality
from sidecar.core.people_sources import QUARANTINED, Source, SyncRun
from sidecar.core.platforms import Platform
from sidecar.core.scim_resources import ScimResource
from sidecar.errors import NotAllowedError, NotFoundError

MOST_RUNS: Final = 50


@dataclass(frozen=True)
class SourceLine:
    """A source as lists show it: over which connector, of whom, and how its last run went.

    `sent_at`: when a client that pushes sent something last; None where none has yet, or the source is asked.
    """

    source: Source
    connection: Connection
    municipality: Municipality | None
    platform: Platform | None
    last_run: SyncRun | None
    sent_at: datetime | None = None

    @property
    def is_pushed(self) -> bool:
        """Tell whether a client pushes to it, so that it needs no runs."""
        return _is_pushed(self.connection)

    @property
    def owner(self) -> str:
        """The name of the municipality, or of the LMS, that it tells of."""
        return self.municipality.name if self.municipality else self.platform.name if self.platform else ""

    @property
    def state(self) -> str:
        """How it stands: paused, the state of its last run, or without one: never; of a pushed one sent, or silent."""
        if self.source.paused_at:
            return "paused"
        if self.last_run:
            return self.last_run.state
        if self.is_pushed:
            return "sent" if self.sent_at else "silent"
        return "never"


def _is_pushed(connection: Connection) -> bool:
    return connection.connector == SCIM  # the tokens' scope has the name of the connector


def may_see_source(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Source`, joined with its `Connection`: of municipalities, and of LMSs, of the viewer."""
    if viewer.everything:
        return true()
    run_by_them = select(Platform.id).where(Platform.region_id.in_(viewer.regions))
    ours = Source.municipality_id.in_(viewer.municipality_ids)
    return or_(ours, Source.municipality_id.is_(None) & Connection.platform_id.in_(run_by_them))


def list_sources(db: Session, viewer: Viewer, municipality_id: str | None = None) -> list[SourceLine]:
    """Return the sources in use that a viewer may see, by whom they tell of.

    Args:
        municipality_id: of this municipality only.
    """
    query = _lines(viewer)
    if municipality_id is not None:
        query = query.where(Source.municipality_id == municipality_id)
    found = db.execute(query.order_by(Municipality.name, Platform.name, Source.created_at, Source.id)).all()
    last = _last_runs(db, [row[0].id for row in found])
    sent = _last_sent(db, {row[0].municipality_id for row in found if _is_pushed(row[1])} - {None})
    return [SourceLine(*row, last_run=last.get(row[0].id), sent_at=_sent_at(row[0], row[1], sent)) for row in found]


def find_source(db: Session, viewer: Viewer, source_id: str) -> SourceLine:
    """Return a source in use.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    found = db.execute(_lines(viewer).where(Source.id == source_id)).one_or_none()
    if found is None:
        raise NotFoundError(what="source", key=source_id)
    sent = _last_sent(db, {found[0].municipality_id} if _is_pushed(found[1]) else set())
    last = _last_runs(db, [source_id]).get(source_id)
    return SourceLine(*found, last_run=last, sent_at=_sent_at(found[0], found[1], sent))


def _lines(viewer: Viewer) -> Select[Source, Connection, Municipality, Platform]:
    query = select(Source, Connection, Municipality, Platform)
    query = query.join(Connection, Connection.id == Source.connection_id)
    query = query.outerjoin(Municipality, Municipality.id == Source.municipality_id)
    query = query.outerjoin(Platform, Platform.id == Connection.platform_id)
    return query.where(Source.removed_at.is_(None), may_see_source(viewer))


def _sent_at(source: Source, connection: Connection, sent: Mapping[str, datetime]) -> datetime | None:
    return sent.get(source.municipality_id or "") if _is_pushed(connection) else None


def _last_sent(db: Session, municipality_ids: Collection[str | None]) -> dict[str, datetime]:
    """Return when each municipality's SCIM client used its token last, or changed something."""
    if not municipality_ids:
        return {}
    used = select(ApiToken.municipality_id, func.max(ApiToken.last_used_at)).where(ApiToken.scope == SCIM)
    told = select(ScimResource.municipality_id, func.max(ScimResource.changed_at))
    latest: dict[str, datetime] = {}
    for query, of in ((used, ApiToken.municipality_id), (told, ScimResource.municipality_id)):
        for key, when in db.execute(query.where(of.in_(municipality_ids)).group_by(of)):
            if when and (key not in latest or latest[key] < when):
                latest[key] = when
    return latest


def list_free_connections(db: Session, viewer: Viewer) -> list[tuple[Connection, str]]:
    """Return the connections that no source uses yet, with the name of the municipality or the LMS they belong to."""
    used = {line.connection.id for line in list_sources(db, viewer)}
    free = [one for one in list_connections(db, viewer) if one.id not in used]
    owner = {one.id: one.municipality_id or one.platform_id or "" for one in free}
    whose = select(Municipality.id, Municipality.name).where(Municipality.id.in_(owner.values()))
    lms = select(Platform.id, Platform.name).where(Platform.id.in_(owner.values()))
    names = {key: name for query in (whose, lms) for key, name in db.execute(query)}
    return [(one, names.get(owner[one.id], "")) for one in free]


def _last_runs(db: Session, source_ids: Sequence[str]) -> dict[str, SyncRun]:
    """Return the last run of each source."""
    last = select(SyncRun.id).where(SyncRun.source_id == Source.id).order_by(SyncRun.asked_at.desc(), SyncRun.id)
    newest = select(last.limit(1).correlate(Source).scalar_subquery()).where(Source.id.in_(source_ids))
    return {run.source_id: run for run in db.scalars(select(SyncRun).where(SyncRun.id.in_(newest)))}


def list_runs(db: Session, source_id: str) -> Sequence[SyncRun]:
    """Return the last runs of a source that its caller found, the newest first."""
    query = select(SyncRun).where(SyncRun.source_id == source_id)
    return db.scalars(query.order_by(SyncRun.asked_at.desc(), SyncRun.id).limit(MOST_RUNS)).all()


def find_held_run(db: Session, source_id: str) -> SyncRun | None:
    """Return the run of a source that waits for somebody's word."""
    held = SyncRun.source_id == source_id, SyncRun.state == QUARANTINED
    return db.scalars(select(SyncRun).where(*held).order_by(SyncRun.asked_at.desc()).limit(1)).first()


def may_keep(viewer: Viewer, line: SourceLine) -> bool:
    """Tell whether a viewer may change a source: operators, and the RKK that looks after whom it tells of."""
    if viewer.everything:
        return True
    if line.source.municipality_id is not None:
        return line.source.municipality_id in viewer.rkk_for
    return line.platform is not None and viewer.may_run_platform(line.platform.region_id)


def find_source_to_keep(db: Session, viewer: Viewer, source_id: str) -> SourceLine:
    """Return a source that the viewer may change.

    Raises:
        NotFoundError: there is none that the viewer may see.
        NotAllowedError: they may only see it.
    """
    line = find_source(db, viewer, source_id)
    if not may_keep(viewer, line):
        raise NotAllowedError
    return line
