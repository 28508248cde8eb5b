"""Make the bundle of a version of a learning path: what it holds is settled when it is first shared, and stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import path_bundles, paths
from sidecar.core.adoptions import provenance_of, refuse_to_share_on
from sidecar.core.browser_checks import DONE
from sidecar.core.course_facts import facts_of
from sidecar.core.courses import OWN, Course, CourseVersion, PackageFile, playing_version_id
from sidecar.core.path_contents import Content, content_of
from sidecar.core.paths import LearningPath, LearningPathVersion
from sidecar.core.regions import Region
from sidecar.core.short_texts import one_line
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of, origin_of
from sidecar.sharing.bundle_errors import PathHasNoRegionError, RegionMovedError, StepNotPublishedError
from sidecar.sharing.bundle_manifest import (
    Barriers,
    BundledCourse,
    BundledFile,
    BundledRegion,
    Change,
    Facts,
    Manifest,
    Provenance,
)
from sidecar.sharing.bundle_wire import read_manifest, write_manifest
from sidecar.sharing.region_signing import sign


@dataclass(frozen=True)
class Made:
    """A bundle: `bundle.json` with its SHA-256 and the signature over it, and the size of each part by SHA-256."""

    region_id: str
    version: int
    manifest: bytes
    digest: str
    signature: str
    parts: Mapping[str, int]


def make_bundle(sidecar: Sidecar, version_id: str) -> Made:
    """Return the bundle of a version of a path: the same whenever it is asked for, while the same key signs.

    What it holds lies in the storage from then on, whatever becomes of the courses.

    Args:
        version_id: of a `LearningPathVersion`.

    Raises:
        PathHasNoRegionError: nobody can sign for it.
        StepNotPublishedError: a step's course has no published version.
        LicenceForbidsError: something of it is another region's, and not ours to share on.
        RegionMovedError: it was settled when the region had another address.
    """
    with sidecar.reading() as db:
        version = db.get_one(LearningPathVersion, version_id)
        path = db.get_one(LearningPath, version.path_id)
        region_id, number = path.region_id, version.number
        if region_id is None:
            raise PathHasNoRegionError(key=db.get_one(Course, path.course_id).key)
        known = path_bundles.find_bundle(db, version_id)
        fresh = None if known else write_manifest(_describe(sidecar, db, path, version))
        address = address_of(sidecar, db.get_one(Region, region_id))
    digest = known.digest if known else _settle(sidecar, version_id, fresh or b"")
    manifest = b"".join(sidecar.storage.stream(digest))
    said = read_manifest(manifest)
    if said.region.address != address:
        raise RegionMovedError(then=said.region.address, now=address)
    signature = sign(sidecar, region_id, manifest, "laeringslop-bundle", detached=True)
    return Made(region_id, number, manifest, digest, signature, said.parts)


def _settle(sidecar: Sidecar, version_id: str, manifest: bytes) -> str:
    stored = sidecar.storage.put([manifest])
    parts = {**read_manifest(manifest).parts, stored.digest: stored.size_bytes}
    with sidecar.transaction() as db:
        return path_bundles.add_bundle(db, version_id, stored.digest, parts, sidecar.now())


def _describe(sidecar: Sidecar, db: Session, path: LearningPath, version: LearningPathVersion) -> Manifest:
    """Return what the bundle of a version holds, as everything stands now."""
    course, region = db.get_one(Course, path.course_id), db.get_one(Region, path.region_id)
    address, content = address_of(sidecar, region), content_of(version.content)
    refuse_to_share_on(db, path.id, content)
    return Manifest(
        origin=origin_of(address, course.key),
        version=version.number,
        region=BundledRegion(region.name, address),
        published_at=version.published_at,
        content=content,
        facts=facts_for(course),
        licence=course.licence or "",
        provenance=tuple(Provenance(**one) for one in provenance_of(db, path.id)),
        changes=_changes(db, path, version),
        courses=tuple(_course(db, one) for one in _courses_of(db, content)),
    )


def _changes(db: Session, path: LearningPath, version: LearningPathVersion) -> tuple[Change, ...]:
    earlier = [one for one in paths.list_versions(db, path.id) if one.number <= version.number]
    return tuple(Change(one.number, one.published_at, one_line(one.note or "")) for one in reversed(earlier))


def _courses_of(db: Session, content: Content) -> Sequence[Course]:
    keys = {step.course for step in content.steps()}
    return db.scalars(select(Course).where(Course.key.in_(keys)).order_by(Course.key)).all()


def _course(db: Session, course: Course) -> BundledCourse:
    plain = BundledCourse(
        key=course.key,
        kind=course.kind,
        title=one_line(course.title),
        language=course.language or "",
        summary=one_line(course.summary or ""),
        licence=course.licence or "",
        facts=facts_for(course),
    )
    return _with_package(db, course, plain) if course.kind == OWN else plain


def _with_package(db: Session, course: Course, plain: BundledCourse) -> BundledCourse:
    version_id = playing_version_id(db, course.id)
    if version_id is None:
        raise StepNotPublishedError(course=course.key)
    version = db.get_one(CourseVersion, version_id)
    query = select(PackageFile.path, PackageFile.digest, PackageFile.size_bytes)
    rows = db.execute(query.where(PackageFile.version_id == version_id)).all()
    return replace(
        plain,
        version=version.number,
        standard=version.standard,
        accessibility=_barriers(version.accessibility),
        files=tuple(sorted((BundledFile(*row) for row in rows), key=lambda one: one.path)),
    )


def facts_for(course: Course) -> Facts:
    """Return what a bundle says of a course or path."""
    said = facts_of(course)
    return Facts(
        subject=said.subject,
        audience=said.audience,
        owner=said.owner,
        duration_minutes=said.duration_minutes,
        review_by=said.review_by,
        statutory_basis={kind: tuple(texts) for kind, texts in course.statutory_basis.items()},
        is_transferable=course.is_transferable,
        validity_months=course.validity_months,
        validity_window=course.validity_window,
        renewal_days=course.renewal_days,
    )


def _barriers(said: Mapping[str, Any] | None) -> Barriers | None:
    """Return what was seen of a package, as how often and of which kind: its pages can be looked at anew."""
    if said is None:
        return None
    browser: Mapping[str, Any] = said.get("browser") or {}
    is_seen = browser.get("state") == DONE
    return Barriers(
        static=_count(said.get("static", ())),
        browser=_count(browser["findings"]) if is_seen else None,
        looked_at=datetime.fromisoformat(browser["at"]) if is_seen else None,
    )


def _count(found: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    return dict(Counter(one["code"] for one in found))
