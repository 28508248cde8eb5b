"""Name what can be wrong with the pictures, films, sounds and files of a course."""

from __future__ import annotations

from typing import Literal

from scorm_packages.authoring.problems import SourceProblem

MediaKind = Literal["audio", "captions", "download", "film", "picture", "text"]
"""What a file is used as; each is translated."""


class NotInMediaError(SourceProblem):
    """The file “{name}” does not lie in media/ of the course. Put it there and write: media/name"""

    code = "source-not-in-media"


class MediaTypeError(SourceProblem):
    """“{name}” cannot be used as {what}. Files for that end in {known}."""

    code = "source-media-type"

    def __init__(self, file: str = "", line: int = 0, *, name: str, what: MediaKind, known: str) -> None:
        super().__init__(file, line, name=name, what=what, known=known)


class MediaTooLargeError(SourceProblem):
    """The file “{name}” is {size} large; {limit} are allowed. Make it smaller: a film of ten minutes needs 200 MB."""

    code = "source-media-too-large"


class MediaContentError(SourceProblem):
    """“{name}” does not hold what its name says. Save it again in the right format; a new name is not enough."""

    code = "source-media-content"


class MediaEmptyError(SourceProblem):
    """The file “{name}” is empty. Put the right one there."""

    code = "source-media-empty"


class PictureTooLargeError(SourceProblem):
    """The picture “{name}” is {width} × {height} pixels. Scale it to {limit} pixels at most on each side."""

    code = "source-picture-too-large"


class SvgBrokenError(SourceProblem):
    """The drawing is not well-formed SVG. Save it again as “plain SVG”."""

    code = "source-svg-broken"


class SvgUnsafeError(SourceProblem):
    """The drawing holds “{found}”, which could run or load something. Save it again as “plain SVG”, without it."""

    code = "source-svg-unsafe"


class CaptionsBrokenError(SourceProblem):
    """These are no WebVTT captions: {reason}. Export them again as WebVTT (.vtt)."""

    code = "source-captions-broken"


VttFault = Literal[
    "a line of times is not like 00:01.000 --> 00:04.000",
    "an end lies before its beginning",
    "the first line is not WEBVTT",
    "there is no text with its times",
]
"""What can be wrong with a file of captions; each is translated."""
