"""Let what a bundle says of a path or course hold for ours, but for what our own staff have said otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sidecar.core.courses import OWNER_CHARACTERS, Course
from sidecar.sharing.bundle_making import facts_for
from sidecar.sharing.bundle_manifest import BundledCourse, Facts, Manifest

TOGETHER: Final = (
    ("subject",),
    ("audience",),
    ("owner",),
    ("duration_minutes",),
    ("review_by",),
    ("statutory_basis",),
    ("is_transferable",),
    ("validity_months", "validity_window", "renewal_days"),
)
"""What is taken over as one."""


def facts_of_path(manifest: Manifest) -> Facts:
    """Return what a bundle says of its path; who answers for it is its region where nobody else is named."""
    return _owned(manifest.facts, manifest)


def facts_of_course(manifest: Manifest, course: BundledCourse) -> Facts:
    """Return what a bundle says of one of its courses."""
    return _owned(course.facts, manifest)


def _owned(facts: Facts, manifest: Manifest) -> Facts:
    return replace(facts, owner=facts.owner or manifest.region.name[:OWNER_CHARACTERS])


def list_differences(before: Facts, after: Facts) -> list[str]:
    """Return the names of what differs, by the first of those that are taken over as one."""
    return [names[0] for names in TOGETHER if any(getattr(before, name) != getattr(after, name) for name in names)]


def take_facts(course: Course, said: Facts, before: Facts | None) -> None:
    """Write what is said into a course; what ours says otherwise than what was said `before` stays.

    Args:
        before: what the version said on which ours stands; None for a course that is new.
    """
    ours = facts_for(course)
    kept = set(list_differences(before, ours)) if before else set()
    for names in TOGETHER:
        if names[0] not in kept:
            for name in names:
                setattr(course, name, getattr(said, name))
    course.statutory_basis = {kind: list(texts) for kind, texts in course.statutory_basis.items()}
    course.is_statutory = any(course.statutory_basis.values())
