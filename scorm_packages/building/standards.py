"""Name what a package can be built for."""

from __future__ import annotations

from typing import Final, Literal, get_args

Standard = Literal["scorm-1.2", "scorm-2004", "cmi5", "web"]
STANDARDS: Final[tuple[Standard, ...]] = get_args(Standard)
DEFAULT_STANDARD: Final[Standard] = "scorm-2004"
