"""Check that captions are WebVTT, so that browsers show them.

Source: https://www.w3.org/TR/webvtt1/ (4.1 WebVTT file structure).
"""

from __future__ import annotations

import re
from typing import Final

from scorm_packages.authoring.course_source import Place
from scorm_packages.authoring.media_problems import CaptionsBrokenError, VttFault
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.source_folder import SourceFile, SourceFolder

VTT_BYTES: Final = 2 * 10**6
_TIME: Final = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMES: Final = re.compile(rf"[ \t]*{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?")


def check_captions(file: SourceFile, folder: SourceFolder, problems: Problems) -> bool:
    """Tell whether a file holds captions; what is wrong with it is told."""
    text = folder.read_text(file, VTT_BYTES)
    if text is None:
        return False
    lines = text.split("\n")
    fault, line = _find_fault(lines)
    if fault:
        problems.add(CaptionsBrokenError, Place(file.path, line), reason=fault)
    return fault is None


def _find_fault(lines: list[str]) -> tuple[VttFault | None, int]:
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        return "the first line is not WEBVTT", 1
    has_text = False
    for at, line in enumerate(lines):
        if "-->" not in line:
            continue
        found = _TIMES.fullmatch(line)
        if not found:
            return "a line of times is not like 00:01.000 --> 00:04.000", at + 1
        if _seconds(found.groups()[:4]) >= _seconds(found.groups()[4:]):
            return "an end lies before its beginning", at + 1
        has_text = has_text or (at + 1 < len(lines) and bool(lines[at + 1].strip()))
    return (None, 0) if has_text else ("there is no text with its times", 0)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (int(part[:9] or 0) if part else 0 for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
