"""Judge what a bundle says of itself, before any of its parts is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.core.allowances import MOST_BYTES
from sidecar.core.courses import OWN, PATH
from sidecar.core.path_contents import OWN_KINDS, refuse_empty
from sidecar.core.validity import Rule, check_rule
from sidecar.errors import InvalidInputError
from sidecar.sharing.addresses import key_in
from sidecar.sharing.bundle_errors import (
    BundleContentError,
    BundleTooLargeError,
    OriginNotTheirsError,
    PathInItselfError,
)
from sidecar.sharing.bundle_manifest import BundledCourse, Facts, Manifest

MOST_TOTAL_BYTES: Final = MOST_BYTES
"""What all parts of a bundle may take: as much as all courses of one owner."""


def check_manifest(manifest: Manifest, signer: str) -> None:
    """Refuse what no region can share.

    Args:
        signer: the exchange address of the region whose key signed it.

    Raises:
        OriginNotTheirsError: the path is another region's.
        PathInItselfError: a step is about a learning path.
        BundleTooLargeError: its parts are too much.
        BundleContentError: it says what can't be.
        NoStepsError: it asks nothing of anybody.
    """
    own_key = key_in(manifest.origin, manifest.region.address)
    if own_key is None or manifest.region.address != signer:
        raise OriginNotTheirsError(signer=signer, origin=manifest.origin)
    refuse_empty(manifest.content)
    _check_steps(manifest, own_key)
    _check_sizes(manifest)
    _check_changes(manifest)
    for course in manifest.courses:
        _check_course(course)
    _check_facts("facts", manifest.facts)


def _check_steps(manifest: Manifest, own_key: str) -> None:
    courses = {one.key: one for one in manifest.courses}
    if len(courses) < len(manifest.courses):
        raise BundleContentError(field="courses", reason="one stands there twice")
    for step in manifest.content.steps():
        course = courses.pop(step.course, None) or _seen(manifest, step.course)
        if step.course == own_key or (course and course.kind == PATH):
            raise PathInItselfError(course=step.course)
        if course is None:
            raise BundleContentError(field="courses", reason=f'"{step.course}", of a step, is missing')
        if (course.kind if course.kind in OWN_KINDS else "course") != step.kind:
            raise BundleContentError(field="courses", reason=f'"{course.key}" is of another kind than its step')
    if courses:
        raise BundleContentError(field="courses", reason=f'no step is about "{next(iter(courses))}"')


def _seen(manifest: Manifest, key: str) -> BundledCourse | None:
    return next((one for one in manifest.courses if one.key == key), None)


def _check_sizes(manifest: Manifest) -> None:
    sizes: Mapping[str, int] = manifest.parts
    for one in manifest.files():
        if sizes[one.digest] != one.size_bytes:
            raise BundleContentError(field="files", reason=f"the part {one.digest} has two sizes")
    if (total := sum(sizes.values())) > MOST_TOTAL_BYTES:
        raise BundleTooLargeError(what="parts/", size_bytes=total, most_bytes=MOST_TOTAL_BYTES)


def _check_changes(manifest: Manifest) -> None:
    numbers = [one.version for one in manifest.changes]
    if numbers != sorted(set(numbers)) or numbers[-1:] != [manifest.version]:
        raise BundleContentError(field="changes", reason="they do not lead up to this version")


def _check_course(course: BundledCourse) -> None:
    if (course.kind == OWN) != bool(course.files) or (course.kind == OWN) != (course.version is not None):
        raise BundleContentError(
            field=f"courses.{course.key}", reason="only an own course has a package, and needs one"
        )
    if len({one.path for one in course.files}) < len(course.files):
        raise BundleContentError(field=f"courses.{course.key}", reason="a file stands there twice")
    _check_facts(f"courses.{course.key}", course.facts)


def _check_facts(where: str, facts: Facts) -> None:
    try:
        check_rule(Rule(facts.validity_months, facts.validity_window, facts.renewal_days))
    except InvalidInputError:
        raise BundleContentError(field=where, reason="it can't be valid that long") from None
