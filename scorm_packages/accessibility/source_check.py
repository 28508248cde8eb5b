"""Look at the pages of a course source as a package would show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from scorm_packages.accessibility.barrier import Barrier
from scorm_packages.accessibility.static_scan import ScanLimits, StaticScan
from scorm_packages.authoring.course_source import CourseSource
from scorm_packages.building.editions import Editions

PIECE_BYTES: Final = 65_536
LIMITS: Final = ScanLimits(file_bytes=16 * 1024**2, total_bytes=64 * 1024**2)
"""The reader of sources has bounds of its own; a language's pages are looked at by themselves."""


def check_source(course: CourseSource) -> tuple[Barrier, ...]:
    """Return what stands in the way on the pages of a course; each names the file that its author mends.

    What the reader refuses (a picture without a text, a film without captions) is told by the reader.
    """
    return tuple(each for language in course.facts.languages for each in _check_language(course, language))


def _check_language(course: CourseSource, language: str) -> tuple[Barrier, ...]:
    files = {page.name: page.place.file for page in course.pages[language]}
    scan = StaticScan(LIMITS, lambda _path, _language, page: files.get(page, "course.toml"))
    document = Editions(course, (language,)).write_document()
    file = scan.open("index.html")
    assert file is not None, "nothing was looked at before"  # noqa: S101 (for the type checker)
    for start in range(0, len(document), PIECE_BYTES):
        file.feed(document[start : start + PIECE_BYTES])
    file.end()
    return scan.barriers


def name_source_pages(course: CourseSource, barriers: Iterable[Barrier]) -> Iterator[Barrier]:
    """Name, of what was found in a built package, the file of the source that its author mends."""
    files = {
        f"index.html#{language}-page-{page.name}": page.place.file
        for language, pages in course.pages.items()
        for page in pages
    }
    return (replace(each, page=files.get(each.page, each.page)) for each in barriers)
