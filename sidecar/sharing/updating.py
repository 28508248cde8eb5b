"""Show what a new version of an adopted learning path changes, and take it over.

What our own staff have changed stays where the new version leaves that alone; where both changed the same, they choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from sidecar.core import adoptions, audit, path_publishing, paths
from sidecar.core.access import Viewer
from sidecar.core.adopted_courses import Origin, find_courses
from sidecar.core.adoption_answers import waiting_line
from sidecar.core.adoptions import AdoptedLine, Adoption
from sidecar.core.courses import Course
from sidecar.core.path_contents import Content, content_of
from sidecar.core.path_merging import Merged, Side, merge
from sidecar.core.paths import PathLine
from sidecar.core.received_paths import ReceivedPathVersion
from sidecar.runtime import Sidecar
from sidecar.sharing.adopted_content import (
    check_received,
    in_our_words,
    note_of,
    provenance_after,
    read_received,
    take_courses,
)
from sidecar.sharing.adopted_facts import facts_of_path, take_facts
from sidecar.sharing.bundle_manifest import Manifest

log = structlog.get_logger()


@dataclass(frozen=True)
class Accepted:
    """What became of an accepted version: the key of our path, and whether learners have it now."""

    key: str
    is_published: bool


@dataclass(frozen=True)
class Update:
    """A version that waits for an answer.

    Attributes:
        line: the path; `ours`: its draft, `draft_number` of that.
        before, after: what ours stands on, and what is new.
        theirs: the content of `after`, its steps about our courses where they are known here, else about theirs.
        merged: what ours would become.
    """

    line: AdoptedLine
    path: PathLine
    before: Manifest
    after: Manifest
    theirs: Content
    merged: Merged


def describe_update(sidecar: Sidecar, viewer: Viewer, key: str, choices: Mapping[str, Side] | None = None) -> Update:
    """Return what the version that waits would change.

    Args:
        key: id or origin of the received path.
        choices: where ours and theirs conflict, see `sidecar.core.path_merging`.

    Raises:
        NotFoundError: the viewer's regions have received no such path.
        NoUpdateError: nothing waits.
    """
    with sidecar.reading() as db:
        line, adoption, path = waiting_line(db, viewer, key)
        taken = db.get_one(ReceivedPathVersion, adoption.version_id)
        origin = Origin(line.received.region_id, line.received.address)
        known = dict(find_courses(db, origin))
    before, after = read_received(sidecar, taken), read_received(sidecar, line.newest)
    theirs = in_our_words(after.content, known | _unknown(after, known))
    merged = merge(content_of(adoption.base), theirs, path.draft, choices)
    return Update(line, path, before, after, theirs, merged)


def _unknown(manifest: Manifest, known: Mapping[str, Course]) -> dict[str, Course]:
    """Return courses that are not here yet, as they would be; they are for looking only."""
    return {
        one.key: Course(key=one.key, title=one.title, kind=one.kind, created_at=manifest.published_at)
        for one in manifest.courses
        if one.key not in known
    }


def accept(
    sidecar: Sidecar,
    viewer: Viewer,
    key: str,
    *,
    number: int | None = None,
    draft_number: int | None = None,
    choices: Mapping[str, Side] | None = None,
) -> Accepted:
    """Take a new version over; what was adapted becomes a draft that somebody publishes.

    Args:
        key: id or origin of the received path.
        number: of the version that was looked at; None is the newest.
        draft_number: of our draft that was looked at; None is the present one.
        choices: where ours and theirs conflict; ours where nothing is chosen.

    Raises:
        NotFoundError: the viewer's regions have received no such path.
        NoUpdateError: it is not the version that waits.
        PathWithdrawnError: its owner offers it no more.
        PathRetiredError: ours is out of use.
        DraftChangedError: our draft is not the one that was looked at.
        PackageRejectedError, PackageNotPlayableError, AllowanceUsedError: as `adopt`.
        PathTooLargeError: both together are more than a path may be.
    """
    with sidecar.reading() as db:
        line, adoption, _ = waiting_line(db, viewer, key, number)
        adoptions.refuse_to_take(line, sidecar.today())
        taken, newest = db.get_one(ReceivedPathVersion, adoption.version_id), line.newest
    before, checked = read_received(sidecar, taken), check_received(sidecar, newest)
    now = sidecar.now()
    with sidecar.transaction() as db:
        line, adoption, path = waiting_line(db, viewer, line.received.id, newest.number, to_change=True)
        adoptions.refuse_to_take(line, sidecar.today())
        theirs = take_courses(db, viewer, line, checked, before, now)
        is_published = not line.is_adapted and path.newest is not None
        _bring_together(db, viewer, path, adoption, theirs, draft_number, choices, now)
        take_facts(path.course, facts_of_path(checked.manifest), facts_of_path(before))
        adoptions.move_on(db, adoption, newest, theirs, provenance_after(checked.manifest, newest), now)
        course = path.course.key
        _record(db, viewer, path, newest, now)
        if is_published:
            _publish(db, viewer, course, checked.manifest, now)
    log.info("learning_path.update_accepted", path=path.path.id, version=newest.number)
    return Accepted(course, is_published)


def _bring_together(
    db: Session,
    viewer: Viewer,
    path: PathLine,
    adoption: Adoption,
    theirs: Content,
    draft_number: int | None,
    choices: Mapping[str, Side] | None,
    now: datetime,
) -> None:
    merged = merge(content_of(adoption.base), theirs, path.draft, choices).content
    seen = path.path.draft_number if draft_number is None else draft_number
    paths.save_draft(db, viewer, path.course.key, merged, seen, now)


def _publish(db: Session, viewer: Viewer, key: str, manifest: Manifest, now: datetime) -> None:
    """Publish what holds now, where a new version changed more than packages."""
    if paths.find_path(db, viewer, key).is_changed:
        path_publishing.publish(db, viewer, key, note_of(manifest), now)


def _record(db: Session, viewer: Viewer, path: PathLine, version: ReceivedPathVersion, now: datetime) -> None:
    audit.record(
        db,
        "learning_path.update_accepted",
        path.path.id,
        at=now,
        identity_id=viewer.identity_id,
        course=path.course.key,
        number=version.number,
    )
