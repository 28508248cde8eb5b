"""Name one barrier: what, where, how to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from scorm_packages.accessibility.rules import RULES, Rule
from scorm_packages.errors import show

Level = Literal["warning", "advice"]

SHOWN_CHARACTERS = 60
MOST_CHARACTERS = 240


@dataclass(frozen=True)
class Barrier:
    """What keeps somebody out. `page`: its path; `element`: a short excerpt, safe to print; `facts`: safe likewise."""

    code: str
    page: str
    element: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    stated_criterion: str = ""

    @property
    def rule(self) -> Rule:
        """Return what the code stands for."""
        return RULES[self.code]

    @property
    def criterion(self) -> str:
        """Return the number of the criterion of WCAG 2.1, empty where it is about none."""
        return self.stated_criterion or self.rule.criterion

    @property
    def message(self) -> str:
        """Return the English text."""
        return self.rule.text.format_map(self.facts)

    @property
    def mend(self) -> str:
        """Return in English how to mend it."""
        return self.rule.mend.format_map(self.facts)

    def to_json(self, level: Level) -> dict[str, Any]:
        """Return what `package check --json` prints of it, and what is stored of it."""
        return {
            "code": self.code,
            "level": level,
            "page": self.page,
            "element": self.element,
            "criterion": self.criterion,
            "message": self.message,
            "mend": self.mend,
            "facts": dict(self.facts),
        }


def barrier(code: str, page: str, element: str = "", *, criterion: str = "", **facts: object) -> Barrier:
    """Make a barrier whose every part is safe to print."""
    shown = {name: show(str(fact))[:MOST_CHARACTERS] for name, fact in facts.items()}
    return Barrier(code, show(page), show(element)[:MOST_CHARACTERS], shown, criterion)
