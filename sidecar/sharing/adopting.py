"""Adopt learning paths of other regions: their courses become ours, and a path of ours is made that keeps its origin.

The packages are checked once more, by the door that all packages take; then everything is written in one transaction.
Docs: docs/adopting.md.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from sidecar.core import adoptions, audit, path_publishing, paths
from sidecar.core.access import Viewer
from sidecar.core.adoptions import AdoptedLine, AlreadyAdoptedError
from sidecar.core.courses import free_key
from sidecar.core.crossing_courses import stand_for
from sidecar.core.path_contents import Content
from sidecar.core.paths import PathLine
from sidecar.core.received_paths import ReceivedPathVersion, list_versions
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import key_in
from sidecar.sharing.adopted_content import check_received, note_of, provenance_after, take_courses
from sidecar.sharing.adopted_facts import facts_of_path, take_facts
from sidecar.sharing.bundle_manifest import Manifest

log = structlog.get_logger()


def adopt(
    sidecar: Sidecar,
    viewer: Viewer,
    key: str,
    *,
    number: int | None = None,
    region_id: str | None = None,
    is_draft: bool = False,
    reports_use: bool = False,
) -> str:
    """Make a received path one of ours; return the key of its course.

    Args:
        key: id or origin of the received path.
        number: of the version that was looked at; None is the newest. A newer one then waits as an update.
        is_draft: it is to be adapted before anybody sees it.
        reports_use: its owner may be told how much it is used.

    Raises:
        NotFoundError: the viewer's regions have received no such path or version.
        AlreadyAdoptedError: it is adopted.
        PathWithdrawnError: its owner offers it no more.
        PackageRejectedError, PackageNotPlayableError: a package can't be used any more.
        AllowanceUsedError: there is no room for its courses.
    """
    with sidecar.reading() as db:
        line = _to_adopt(db, sidecar, viewer, key, region_id)
        version = _version(db, line, number)
    checked, received_id = check_received(sidecar, version), line.received.id
    now = sidecar.now()
    with sidecar.transaction() as db:
        adoptions.find_adopted(db, viewer, received_id, to_change=True)
        line = _to_adopt(db, sidecar, viewer, received_id, None)
        content = take_courses(db, viewer, line, checked, None, now)
        path = _add_path(db, viewer, line, checked.manifest, content, now)
        adoption = adoptions.add_adoption(db, path, version, content, provenance_after(checked.manifest, version), now)
        adoption.reports_use = reports_use
        _record(db, viewer, line, path, version, now)
        course = path.course.key
        if not is_draft:
            path_publishing.publish(db, viewer, course, note_of(checked.manifest), now)
    log.info("learning_path.adopted", path=path.path.id, version=version.number)
    return course


def _to_adopt(db: Session, sidecar: Sidecar, viewer: Viewer, key: str, region_id: str | None) -> AdoptedLine:
    line = adoptions.find_adopted(db, viewer, key, region_id)
    if line.course is not None:
        raise AlreadyAdoptedError(key=line.course.key)
    adoptions.refuse_to_take(line, sidecar.today())
    return line


def _version(db: Session, line: AdoptedLine, number: int | None) -> ReceivedPathVersion:
    wanted = line.newest.number if number is None else number
    for one in list_versions(db, line.received.id):
        if one.number == wanted:
            return one
    raise NotFoundError(what="version", key=str(wanted))


def _add_path(
    db: Session, viewer: Viewer, line: AdoptedLine, manifest: Manifest, content: Content, now: datetime
) -> PathLine:
    wished = key_in(manifest.origin, manifest.region.address) or "course"
    path = paths.add_path(db, viewer, content, now, region_id=line.received.region_id, key=free_key(db, wished))
    path.course.licence = manifest.licence or None
    take_facts(path.course, facts_of_path(manifest), None)
    db.flush()
    stand_for(db, line.received.region_id, manifest.origin, path.course.id, now)
    return path


def _record(
    db: Session, viewer: Viewer, line: AdoptedLine, path: PathLine, version: ReceivedPathVersion, now: datetime
) -> None:
    audit.record(
        db,
        "learning_path.adopted",
        path.path.id,
        at=now,
        identity_id=viewer.identity_id,
        course=path.course.key,
        origin=line.received.origin,
        number=version.number,
    )
