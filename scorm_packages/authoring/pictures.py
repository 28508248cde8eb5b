"""Measure pictures by what their headers say, without unpacking one."""

from __future__ import annotations

from typing import Final

import imagesize

from scorm_packages.authoring.course_source import Place
from scorm_packages.authoring.media_problems import MediaContentError, PictureTooLargeError
from scorm_packages.authoring.problems import Problems
from scorm_packages.authoring.source_folder import SourceFile

MOST_PIXELS_A_SIDE: Final = 8_000
"""A picture of 8,000 × 8,000 takes 256 MB of a telephone's memory; more is a mistake or a bomb."""


def measure_picture(file: SourceFile, place: Place, problems: Problems) -> tuple[int, int] | None:
    """Return width and height in pixels; None where it is no picture or far too large, which is told.

    Args:
        place: where it is used.
    """
    try:
        with file.source.open("rb") as opened:
            width, height = imagesize.get(opened)
    except OSError:
        width = height = -1
    if width < 1 or height < 1:
        problems.add(MediaContentError, place, name=file.path)
        return None
    if max(width, height) > MOST_PIXELS_A_SIDE:
        problems.add(PictureTooLargeError, place, name=file.path, width=width, height=height, limit=MOST_PIXELS_A_SIDE)
        return None
    return int(width), int(height)
