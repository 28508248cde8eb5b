"""Put a package's scripts into one file that runs from a web server and from a folder alike.

A browser loads no modules from a folder, and a tool that bundles would have to be locked and run: so each module is
taken without its imports and exports, the used ones before those that use them, in one scope.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

from scorm_packages.building.standards import Standard

RECORDS: Final[dict[Standard, tuple[str, ...]]] = {
    "scorm-1.2": ("scorm_api", "record_scorm12"),
    "scorm-2004": ("scorm_api", "record_scorm2004"),
    "cmi5": ("record_cmi5",),
    "web": ("record_web",),
}
"""Which scripts keep a learner's record, by standard."""

_BEFORE: Final = ("random", "judging", "interactions", "times", "bookmark")
_AFTER: Final = (
    *("order_list", "question_view", "practice", "exam", "reflections", "edition", "course"),
    *("captions", "main"),
)
_IMPORT: Final = re.compile(r"^import .*;\n", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)


def write_script(standard: Standard) -> bytes:
    """Return course.js for a standard."""
    modules = (*_BEFORE, *RECORDS[standard], *_AFTER)
    texts = (_EXPORT.sub("", _IMPORT.sub("", _read(f"{name}.js"))).strip() for name in modules)
    return ('(() => {\n"use strict";\n\n' + "\n\n".join(texts) + "\n})();\n").encode()


def write_style() -> bytes:
    """Return course.css."""
    return _read("course.css").encode()


def _read(name: str) -> str:
    return (files("scorm_packages.building") / "runtime" / name).read_text("utf-8")
