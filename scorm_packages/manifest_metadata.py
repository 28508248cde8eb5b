"""Find what a package says of itself: in its manifest, or in a file beside it that the manifest names."""

from collections.abc import Callable
from typing import Final

from lxml import etree

from scorm_packages.errors import PackageError
from scorm_packages.finding import Finding, note
from scorm_packages.href import PathIndex
from scorm_packages.manifest_xml import child, line_of, local_name, parse_manifest, text

METADATA_BYTES: Final = 256 * 1024
"""The most of a metadata file that is read; real ones have a few kilobytes."""

ReadFile = Callable[[str, int], bytes]
"""Return a whole file of the package, or raise a PackageError if it is larger than so many bytes."""


def find_lom(
    root: etree._Element, paths: PathIndex, read: ReadFile | None
) -> tuple[etree._Element | None, list[Finding]]:
    """Return the metadata of a package, and what is odd about them; a course plays as well without.

    Those of the whole package come first, then those in the file that `adlcp:location` names, then any other.
    Source: SCORM 1.2 Content Aggregation Model §2.2.3; SCORM 2004 4th CAM §3.4.1.4 (`location`).
    """
    whole = child(root, "metadata", "lom")
    if whole is not None:
        return whole, []
    findings: list[Finding] = []
    named = child(root, "metadata", "location")
    beside = None if named is None or read is None else _read_beside(named, paths, read, findings)
    other = next((element for element in root.iter() if local_name(element.tag) == "lom"), None)
    return (other if beside is None else beside), findings


def _read_beside(
    named: etree._Element, paths: PathIndex, read: ReadFile, findings: list[Finding]
) -> etree._Element | None:
    address = text(named)
    try:
        target = paths.resolve((), address, line_of(named)) if address else None
        if target is None or target.is_external:
            return None  # Nothing outside the package is asked for what it says of a course.
        found = parse_manifest(read(target.path, METADATA_BYTES)).root
    except PackageError:
        findings.append(note("metadata-unreadable", address))
        return None
    return found if local_name(found.tag) == "lom" else child(found, "lom")
