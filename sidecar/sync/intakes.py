"""Know what takes in what each kind of source tells; the queue calls this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.core.people_sources import COMPLETIONS, PEOPLE
from sidecar.runtime import Sidecar
from sidecar.sync import completion_intake, people_intake, running
from sidecar.sync.running import Intake

INTAKES: Final[Mapping[str, Intake]] = {
    COMPLETIONS: completion_intake.take_in,
    PEOPLE: people_intake.take_in,
}
"""What takes in each kind of source."""


def run_part(sidecar: Sidecar, run_id: str) -> None:
    """Do a part of a run (the outbox calls this)."""
    running.run_part(sidecar, run_id, INTAKES)
