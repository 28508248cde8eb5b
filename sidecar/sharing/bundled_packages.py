"""Check the packages that a bundle brings along."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sidecar.catalogue import Report, check_apart
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle_manifest import BundledCourse


def check_package(sidecar: Sidecar, course: BundledCourse, stream: Callable[[str], Iterator[bytes]]) -> Report:
    """Return what the check says of a course's package.

    Args:
        stream: the bytes of a part by its SHA-256.

    Raises:
        PackageRejectedError, PackageNotPlayableError: it can't be used.
    """
    digests = {one.path: one.digest for one in course.files}
    sizes = {one.path: one.size_bytes for one in course.files}
    return check_apart(sidecar, course.key, sizes, lambda path: stream(digests[path]))
