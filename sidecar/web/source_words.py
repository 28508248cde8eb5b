"""Say in the visitor's language how sources and their runs stand, and what they changed."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.core.source_terms import MEANINGS, REMARKS, STATES, counts_in_order
from sidecar.web.rendering import translated


def state_name(state: str) -> str:
    """Write how a source or a run stands."""
    return translated(STATES.get(state, state))


STATE_COLOURS = {
    "done": "success",
    "sent": "success",
    "failed": "danger",
    "quarantined": "warning",
    "waiting": "info",
    "running": "info",
}
"""How states are marked beside their name."""


def counts_in_words(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return what a run changed, or would, in words with the numbers; what is not known by name is left out."""
    return [(translated(text), number) for text, number in counts_in_order(counts)]


def remark_in_words(code: str) -> str:
    """Say why a line was set aside."""
    return translated(REMARKS.get(code, code))


def meaning_name(meaning: str) -> str:
    """Write what a column means; "" for one that is left out."""
    return translated(MEANINGS.get(meaning, meaning))
