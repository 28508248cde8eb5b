"""Let what a received version of a learning path holds become ours: its courses, at the versions that it brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from sidecar.catalogue import Report, take_in
from sidecar.core.access import Viewer
from sidecar.core.adopted_courses import Origin, add_course, find_courses, take_version
from sidecar.core.adoptions import AdoptedLine
from sidecar.core.courses import LMS_ONLY, NOTE_CHARACTERS, OWN, Course
from sidecar.core.path_contents import Content
from sidecar.core.received_paths import ReceivedPathVersion
from sidecar.runtime import Sidecar
from sidecar.sharing.adopted_facts import facts_of_course, take_facts
from sidecar.sharing.bundle_manifest import BundledCourse, Manifest, Provenance
from sidecar.sharing.bundle_wire import read_manifest
from sidecar.sharing.bundled_packages import check_package
from sidecar.storage import Stored


@dataclass(frozen=True)
class Checked:
    """What a received version holds, and what the check says of its packages, by the key of their course."""

    manifest: Manifest
    reports: Mapping[str, Report]


def read_received(sidecar: Sidecar, version: ReceivedPathVersion) -> Manifest:
    """Return what a received version holds."""
    return read_manifest(b"".join(sidecar.storage.stream(version.digest)))


def check_received(sidecar: Sidecar, version: ReceivedPathVersion) -> Checked:
    """Return what a received version holds, its packages checked.

    Raises:
        PackageRejectedError, PackageNotPlayableError: a package can't be used any more.
    """
    manifest = read_received(sidecar, version)
    packages = (one for one in manifest.courses if one.files)
    return Checked(manifest, {one.key: check_package(sidecar, one, sidecar.storage.stream) for one in packages})


def take_courses(
    db: Session, viewer: Viewer, line: AdoptedLine, checked: Checked, before: Manifest | None, now: datetime
) -> Content:
    """Let the courses of a received version be ours, each at its version; return its content, its steps about ours.

    Args:
        before: the version on which ours stands; None where it is adopted for the first time.
    """
    manifest = checked.manifest
    origin = Origin(line.received.region_id, manifest.region.address)
    known = dict(find_courses(db, origin))
    said = {one.key: facts_of_course(before, one) for one in before.courses} if before else {}
    for one in manifest.courses:
        is_new = one.key not in known
        kind = OWN if one.kind == LMS_ONLY else one.kind  # it has no package; which course of our LMS it is, staff say
        course = known.get(one.key) or add_course(db, origin, one.key, one.title, kind, now)
        known[one.key] = course
        if one.key in checked.reports and take_version(db, origin, one.key, one.version or 0):
            files = {file.path: Stored(file.digest, file.size_bytes) for file in one.files}
            take_in(db, course, one.title, checked.reports[one.key], files, now, by=viewer.identity_id)
        if is_new or one.key in said:
            _describe(course, one)
            take_facts(course, facts_of_course(manifest, one), said.get(one.key))
    db.flush()
    return in_our_words(manifest.content, known)


def _describe(course: Course, said: BundledCourse) -> None:
    course.title, course.summary = said.title, said.summary or None
    course.language, course.licence = said.language or None, said.licence or None


def in_our_words(content: Content, courses: Mapping[str, Course]) -> Content:
    """Return a content in which every step is about the course of ours that stands for theirs."""
    parts = (
        replace(part, steps=tuple(replace(one, course=courses[one.course].key) for one in part.steps))
        for part in content.parts
    )
    return replace(content, parts=tuple(parts))


def provenance_after(manifest: Manifest, version: ReceivedPathVersion) -> list[dict[str, Any]]:
    """Return of which paths one is made that stands on a received version, the nearest last."""
    nearest = Provenance(manifest.origin, manifest.version, version.digest, manifest.region.name)
    return [asdict(one) for one in (*manifest.provenance, nearest)]


def note_of(manifest: Manifest) -> str:
    """Return what the versions of ours are told apart by: whose version it is, its number, and what is new in it."""
    said = manifest.changes[-1].note if manifest.changes else ""
    text = f"{manifest.region.name} {manifest.version}"
    return (f"{text}: {said}" if said else text)[:NOTE_CHARACTERS]
