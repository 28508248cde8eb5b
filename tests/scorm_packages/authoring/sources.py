"""Write course sources to read."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from scorm_packages.authoring.course_source import CourseSource, Page, Question
from scorm_packages.authoring.problems import SourceError, SourceProblem
from scorm_packages.authoring.source import read_source

Files = Mapping[str, str | bytes]
COURSE = 'title = "Brannvern"\n'
TWO = 'languages = ["nb", "nn"]\ntitle = { nb = "Brannvern", nn = "Brannvern" }\n'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="9" height="9"/></svg>'
VTT = "WEBVTT\n\n00:00.000 --> 00:02.000\nLukk døra.\n"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
MP3 = b"ID3\x04\0\0\0\0\0\0"
PDF = b"%PDF-1.7\n"


def png(width: int, height: int) -> bytes:
    """Return the beginning of a picture: a header that promises these many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def write_source(folder: Path, files: Files, course: str = COURSE) -> Path:
    """Write files into a folder that has a `course.toml`."""
    for path, held in {"course.toml": course, **files}.items():
        where = folder / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(held.encode() if isinstance(held, str) else held)
    return folder


def read(folder: Path, files: Files, course: str = COURSE) -> CourseSource:
    return read_source(write_source(folder, files, course))


def read_page(folder: Path, text: str, files: Files | None = None) -> Page:
    """Read a course of one page whose title is given."""
    [page] = read(folder, {"pages/01-start.md": f"# Start\n\n{text}", **(files or {})}).pages["nb"]
    return page


def read_question(folder: Path, text: str, word: str = "") -> Question:
    [question] = read_page(folder, f"::: question {word}\n{text}\n:::\n").questions
    return question


def problems(folder: Path, files: Files, course: str = COURSE) -> tuple[SourceProblem, ...]:
    """Return what is wrong with a course."""
    try:
        read(folder, files, course)
    except SourceError as error:
        return error.problems
    return ()


def told(found: tuple[SourceProblem, ...]) -> list[tuple[str, str]]:
    """Return where problems stand, and their codes without what all begin with."""
    return [(problem.place, problem.code.removeprefix("source-")) for problem in found]


def told_of(folder: Path, text: str, files: Files | None = None) -> list[tuple[int, str]]:
    """Return the lines and codes of what is wrong with the text of a page, its title not counted."""
    found = problems(folder, {"pages/01-start.md": f"# Start\n{text}", **(files or {})})
    return [(problem.line - 1, problem.code.removeprefix("source-")) for problem in found]
