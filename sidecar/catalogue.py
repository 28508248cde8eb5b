"""Turn a package into a checked, stored course version; the one door for packages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scorm_packages.accessibility.rules import RULES as BARRIER_RULES
from scorm_packages.archive import Limits, open_package
from scorm_packages.check import Report, check_package, check_unpacked
from scorm_packages.course import Manifest
from scorm_packages.errors import PackageError
from scorm_packages.finding import TEXTS as FINDING_TEXTS
from scorm_packages.finding import Finding
from scorm_packages.learning_resource import CourseFacts, read_course_facts
from scorm_packages.unpacked import OpenFile
from sidecar.core import audit, browser_checks
from sidecar.core.access import Viewer
from sidecar.core.allowances import lock_allowance, refuse_over
from sidecar.core.course_facts import Facts, fill_in
from sidecar.core.course_life import compare_files, put_in_place
from sidecar.core.courses import (
    DRAFT,
    OWN,
    PUBLISHED,
    RESERVED,
    SUMMARY_CHARACTERS,
    Course,
    CourseVersion,
    PackageFile,
    check_key,
    find_version_of,
    next_number,
    suggest_key,
)
from sidecar.core.staff_courses import CourseKeyTakenError, may_change_rule
from sidecar.errors import ConflictError, NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from sidecar.settings import read_package_bytes
from sidecar.storage import Stored

__all__ = [
    "BARRIER_RULES",
    "FINDING_TEXTS",
    "AddedVersion",
    "PackageNotPlayableError",
    "PackageRejectedError",
    "Report",
    "add_package",
    "check",
    "check_apart",
    "key_in",
    "take_in",
]

TITLE_CHARACTERS = 500
PLAYED = ("scorm-1.2", "scorm-2004-2nd", "scorm-2004-3rd", "scorm-2004-4th")


class PackageRejectedError(SidecarError):
    """The package "{file}" can't be used. The first reason: {reason}"""

    code = "package-rejected"

    def __init__(self, report: Report) -> None:
        """Keep the whole report, whose findings say what to do."""
        first = next(finding for finding in report.findings if finding.level == "error")
        super().__init__(file=Path(report.file).name, reason=first.message)
        self.report = report


class PackageNotPlayableError(SidecarError):
    """The package "{file}" is a {version} package, which can't be played yet. Export it as SCORM 1.2 or 2004."""

    code = "package-not-playable"


@dataclass(frozen=True)
class AddedVersion:
    """What became of a package.

    `is_new` is False where the course's newest version was this very package already, and no draft that was to be
    published: then nothing was changed.
    """

    course_id: str
    key: str
    title: str
    version_id: str
    number: int
    is_new: bool
    report: Report


def check(path: Path, package_bytes: int | None = None) -> Report:
    """Check a package and change nothing.

    Args:
        package_bytes: how large it may be; None is what the environment says, as a check needs no installation.

    Raises:
        MisconfiguredError: the environment says nonsense.
        NotFoundError: there is no such file, or it can't be read.
    """
    try:
        return check_package(path, _limits(package_bytes or read_package_bytes()))
    except OSError:
        raise NotFoundError(what="readable file", key=str(path)) from None


def check_apart(sidecar: Sidecar, name: str, sizes: Mapping[str, int], open_file: OpenFile) -> Report:
    """Check a package whose files lie apart, such as those of a bundle, and change nothing.

    Args:
        name: what errors call it.
        sizes: the size in bytes of each file, by its path in the package.

    Raises:
        PackageRejectedError: the check found an error.
        PackageNotPlayableError: it is of a standard that the player does not play.
    """
    report = check_unpacked(name, sizes, open_file, _limits(sidecar.settings.package_bytes))
    _playable(report)
    return report


def take_in(
    db: Session,
    course: Course,
    title: str,
    report: Report,
    files: Mapping[str, Stored],
    now: datetime,
    *,
    by: str | None,
) -> bool:
    """Make a package whose files lie in the storage a published version of a course; tell whether it was new.

    Args:
        title: what the course is called from now on.
        report: of `check_apart`.
        files: of the package, by path.

    Raises:
        AllowanceUsedError: the shared courses would take more than they may.
    """
    lines = "\n".join(f"{files[path].digest} {path}" for path in sorted(files))
    manifest, digest = _playable(report), hashlib.sha256(lines.encode()).hexdigest()
    if find_version_of(db, course.id, digest):
        return False
    lock_allowance(db, course.municipality_id)
    refuse_over(db, course.municipality_id, sum(one.size_bytes for one in files.values()))
    wanted = _Wanted(course.key, title, manifest.language, "", digest)
    version = _new_version(db, course, manifest, report, wanted, dict(files), now)
    version.uploaded_by = by
    browser_checks.ask_for(db, version.id, now)
    audit.record(db, "package.added", version.id, at=now, identity_id=by, course=course.key, number=version.number)
    _publish(db, course, version, now, by)
    return True


def key_in(sidecar: Sidecar, path: Path) -> str:
    """Return the course key that a package brings along, "" where there is none; nothing else of it is checked."""
    try:
        with open_package(path, _limits(sidecar.settings.package_bytes)) as archive:
            return _usable_key(read_course_facts(archive)[0]) or ""
    except (OSError, PackageError):
        return ""


def add_package(
    sidecar: Sidecar,
    path: Path,
    *,
    key: str | None = None,
    title: str | None = None,
    municipality_id: str | None = None,
    uploaded_by: str | None = None,
    viewer: Viewer | None = None,
    is_published: bool,
) -> AddedVersion:
    """Check a package, store its files and make it a version of its course: published, or a draft.

    Args:
        key: of the course, which gets a new version if it exists; None takes the package's own, or one of the title.
        title: of the course, instead of the manifest's.
        uploaded_by: identity id; None is the command line.
        viewer: must be one who may change the course where it exists, also if it was made during the check; None may.
        is_published: an operator answers for it, so that it is published at once; else it is a draft.

    Raises:
        NotFoundError: there is no such file.
        PackageRejectedError: the check found an error; nothing was changed.
        PackageNotPlayableError: it is of a standard that the player does not play.
        InvalidInputError: the key can't be used.
        ConflictError: another made the course in the same instant.
        CourseKeyTakenError: the course exists, and is not the viewer's to change, or has no packages, such as a path.
        AllowanceUsedError: the owner's courses would take more than they may.
    """
    report = check(path, sidecar.settings.package_bytes)
    wanted = _wanted(manifest := _playable(report), path, _usable_key(report.facts) if key is None else key, title)
    with sidecar.reading() as db:
        if (same := _find_same(db, wanted)) and not (is_published and same[1].state != PUBLISHED):
            return _added(*same, report, is_new=False)
        _refuse_over(db, wanted, municipality_id, report)
    files = _store_files(sidecar, path)
    with sidecar.transaction() as db:
        lock_allowance(db, _owner(db, wanted, municipality_id))
        _lock_course(db, wanted.key, viewer)
        if same := _find_same(db, wanted):
            is_out = is_published and _publish_draft(db, *same, sidecar.now(), uploaded_by)
            return _added(*same, report, is_new=is_out)
        _refuse_over(db, wanted, municipality_id, report)
        course = _open_course(db, wanted, municipality_id, sidecar.now())
        version = _new_version(db, course, manifest, report, wanted, files, sidecar.now())
        version.uploaded_by = uploaded_by
        _conclude(db, course, version, report.facts, viewer)
        if is_published:
            _publish(db, course, version, version.uploaded_at, uploaded_by)
        return _added(course, version, report, is_new=True)


def _limits(package_bytes: int) -> Limits:
    return Limits(total_bytes=package_bytes)


@dataclass(frozen=True)
class _Wanted:
    key: str
    title: str
    language: str | None
    summary: str
    digest: str


def _playable(report: Report) -> Manifest:
    if report.verdict != "accept" or report.manifest is None:
        raise PackageRejectedError(report)
    if report.version not in PLAYED:
        raise PackageNotPlayableError(file=Path(report.file).name, version=report.version)
    return report.manifest


def _wanted(manifest: Manifest, path: Path, key: str | None, title: str | None) -> _Wanted:
    title = (title or manifest.title or path.stem).strip()[:TITLE_CHARACTERS]
    key = check_key(suggest_key(title) if key is None else key)
    language = manifest.language[:20] if manifest.language else None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _Wanted(key, title, language, manifest.description[:SUMMARY_CHARACTERS], digest)


def _find_same(db: Session, wanted: _Wanted) -> tuple[Course, CourseVersion] | None:
    course = db.scalar(select(Course).where(Course.key == wanted.key))
    version = find_version_of(db, course.id, wanted.digest) if course else None
    return (course, version) if course and version else None


def _publish_draft(db: Session, course: Course, version: CourseVersion, now: datetime, by: str | None) -> bool:
    """Publish the draft that a package is already; tell whether it was one."""
    if version.state == PUBLISHED:
        return False
    _publish(db, course, version, now, by)
    return True


def _publish(db: Session, course: Course, version: CourseVersion, now: datetime, by: str | None) -> None:
    """Let learners get a version, and write down that they do."""
    put_in_place(db, course, version, now, by=by)
    number = version.number
    audit.record(db, "course_version.published", version.id, at=now, identity_id=by, course=course.key, number=number)


def _owner(db: Session, wanted: _Wanted, municipality_id: str | None) -> str | None:
    """Return whose allowance a package takes from: that of the course's owner where it exists."""
    course = db.execute(select(Course.municipality_id).where(Course.key == wanted.key)).one_or_none()
    return course.municipality_id if course else municipality_id


def _refuse_over(db: Session, wanted: _Wanted, municipality_id: str | None, report: Report) -> None:
    refuse_over(db, _owner(db, wanted, municipality_id), sum(entry.size_bytes for entry in report.entries))


def _store_files(sidecar: Sidecar, path: Path) -> dict[str, Stored]:
    with open_package(path, _limits(sidecar.settings.package_bytes)) as archive:
        paths = [entry.path for entry in archive.entries]
        return dict(zip(paths, sidecar.storage.put_all(map(archive.stream, paths)), strict=True))


def _lock_course(db: Session, key: str, viewer: Viewer | None) -> None:
    query = select(Course.municipality_id, Course.kind).where(Course.key == key).with_for_update()
    course = db.execute(query).one_or_none()
    if course is None:
        return
    is_theirs = viewer is None or viewer.may_change_courses_of(course.municipality_id)
    if course.kind != OWN or not is_theirs:
        raise CourseKeyTakenError(key=key)


def _open_course(db: Session, wanted: _Wanted, municipality_id: str | None, now: datetime) -> Course:
    course = db.scalar(select(Course).where(Course.key == wanted.key))
    if course is None:
        course = Course(
            key=wanted.key,
            title=wanted.title,
            language=wanted.language,
            summary=wanted.summary or None,
            municipality_id=municipality_id,
            created_at=now,
        )
        db.add(course)
    try:
        db.flush()
    except IntegrityError:  # another made it in this instant, and may be somebody else's
        raise ConflictError(what="course", key=wanted.key) from None
    return course


def _new_version(
    db: Session,
    course: Course,
    manifest: Manifest,
    report: Report,
    wanted: _Wanted,
    files: dict[str, Stored],
    now: datetime,
) -> CourseVersion:
    version = CourseVersion(
        course_id=course.id,
        number=next_number(db, course.id),
        standard=manifest.version,
        manifest=manifest.to_json(),
        findings=[_plain(finding) for finding in report.findings],
        accessibility={"static": report.to_json()["accessibility"]["static"]},
        package_digest=wanted.digest,
        size_bytes=sum(stored.size_bytes for stored in files.values()),
        file_count=len(files),
        uploaded_at=now,
        state=DRAFT,
        title=wanted.title,
        changes=compare_files(db, course.id, {path: stored.digest for path, stored in files.items()}),
    )
    db.add(version)
    db.flush()
    rows = [
        {"version_id": version.id, "path": path, "digest": stored.digest, "size_bytes": stored.size_bytes}
        for path, stored in files.items()
    ]
    db.execute(insert(PackageFile), rows)
    return version


def _conclude(db: Session, course: Course, version: CourseVersion, said: CourseFacts, viewer: Viewer | None) -> None:
    """Write down what was added, and let the course take over what the package says of it."""
    by, at = version.uploaded_by, version.uploaded_at
    browser_checks.ask_for(db, version.id, at)
    audit.record(db, "package.added", version.id, at=at, identity_id=by, course=course.key, number=version.number)
    is_rule = viewer is None or may_change_rule(db, viewer, course)
    if fill_in(course, _facts(said), is_rule=is_rule) and version.number > 1:
        audit.record(db, "course.facts_changed", course.id, at=at, identity_id=by, course=course.key)


def _facts(said: CourseFacts) -> Facts:
    return Facts(
        subject=", ".join(said.subjects),
        audience=said.audience,
        licence=said.licence,
        owner=said.owner,
        duration_minutes=said.duration_minutes,
        review_by=said.review_by,
        laws=said.laws,
    )


def _usable_key(said: CourseFacts) -> str | None:
    return None if said.key in ("", *RESERVED) else said.key


def _plain(finding: Finding) -> dict[str, Any]:
    return {"level": finding.level, "code": finding.code, "where": finding.where, "facts": dict(finding.facts)}


def _added(course: Course, version: CourseVersion, report: Report, *, is_new: bool) -> AddedVersion:
    return AddedVersion(course.id, course.key, course.title, version.id, version.number, is_new, report)
