"""Say in words, as the staff pages do, how sources and their runs went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sidecar.core.people_sources import SyncRun
from sidecar.core.source_terms import MEANINGS, REMARKS, STATES, counts_in_order
from sidecar.language import say_template


def in_words(facts: Mapping[str, object], run: SyncRun | None) -> dict[str, object]:
    """Return facts of a source or a run with words for the codes, and with the sentence that says what went wrong.

    Args:
        run: the run, or the last one of the source; None where it never ran.
    """
    words = dict(facts)
    words["state"] = STATES.get(str(facts["state"]), facts["state"])
    words["counts"] = [f"{name}: {number}" for name, number in counts_in_order(run.counts)] if run else []
    words["error"] = say_template(run.error["template"], run.error["facts"], "en") if run and run.error else None
    if run and "remarks" in facts:
        words["remarks"] = remarks_in_words(run.remarks or [])
    return words


def remarks_in_words(remarks: Iterable[Mapping[str, object]]) -> list[str]:
    """Return which lines were set aside, and why."""
    return [f"line {one['line']}: {REMARKS.get(str(one['code']), one['code'])}" for one in remarks]


def columns_in_words(columns: Mapping[str, str]) -> list[str]:
    """Return what the columns of a file mean."""
    return [f"{heading}: {MEANINGS.get(meaning, meaning)}" for heading, meaning in columns.items()]
