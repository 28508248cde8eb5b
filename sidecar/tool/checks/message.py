"""Hold the shape of what a step of a test may say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "warning", "failed", "skipped"]
Said = tuple[Outcome, str]
"""How a step went, and the English text with `{fact}` where a fact goes in."""


@dataclass(frozen=True)
class Message:
    """What a step found: how it went, to which area it belongs, and the English text."""

    outcome: Outcome
    area: str
    text: str
