"""Point to a thing that can be looked at: its kind and its key; where it is shown is the web's to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PointerKind = Literal[
    "course",
    "gathering",
    "municipality",
    "new-role",
    "not-placed",
    "path",
    "people",
    "platform",
    "report",
    "report-definition",
    "roles",
]


@dataclass(frozen=True)
class Pointer:
    """A thing to look at.

    Attributes:
        key: of a course and a learning path its key; of a municipality, its people, and those of its that are not
            placed, its slug; of a platform, a report and a report definition the id; "" for roles.
    """

    kind: PointerKind
    key: str = ""
