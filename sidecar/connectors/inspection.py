"""Say what a thorough test of a connection found, thing by thing, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from sidecar.connectors.base import ConnectorError

Outcome = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Found:
    """What was found of one thing.

    Attributes:
        code: stable.
        template: the English text, with `{fact}` where a fact goes in; it says what to do where something is wrong.
        facts: never anybody's name or number, and no secret.
    """

    code: str
    outcome: Outcome
    template: str
    facts: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The English text with its facts."""
        return self.template.format(**self.facts)


@dataclass(frozen=True)
class Inspection:
    """What was found, in order; `problem` is what the connection fails by, None where it works."""

    found: Sequence[Found]
    problem: ConnectorError | None


@runtime_checkable
class Inspectable(Protocol):
    """Be a connector that tells more than whether it works."""

    def inspect(self) -> Inspection:
        """Test all that is needed, as far as one can get, leaving no trace; what does not work is told, not raised."""
