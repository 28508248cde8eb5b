"""Try a column of the LMS's gradebook: made, read, changed, and in any case taken away again.

The column has a tag that nobody else uses: one that a killed test left behind is found by it, and deleted next time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from lti.errors import ServiceError, ServiceRefused, ServiceRejected, ServiceUnreachable
from lti.line_items import (
    SCOPE_LINE_ITEM,
    LineItem,
    create_line_item,
    delete_line_item,
    list_line_items,
    read_line_item,
    update_line_item,
)
from sidecar.tool.checks.bounded import BoundedFetch
from sidecar.tool.checks.services import Leave
from sidecar.tool.checks.steps import Step, step
from sidecar.tool.checks.texts import WHY

TAG: Final = "laeringslop-sidecar-check"
LABEL: Final = "Sidecar: connection test"
_REASONS: Final = {
    "answer-not-json": "html",
    "answer-malformed": "garbage",
    "status-3": "redirect",
    "status-5": "server-error",
}
"""How the reason of a `ServiceUnreachable` begins → why in words, where it is no key of `WHY` itself."""


@dataclass
class _Trial:
    """Where a column is made, the token for it, and what is known of the one that was asked for."""

    fetch: BoundedFetch
    token: str
    url: str
    asked: bool = False
    made_url: str | None = None


def check_columns(
    fetch: BoundedFetch, leave: Leave, lineitems_url: str | None, announced: Collection[str]
) -> list[Step]:
    """Make, read, change and delete a column, where the LMS allows it and a launch has told where.

    Open edX gives tokens for more than its launches announce, and then lets nobody delete what was made.

    Args:
        announced: the scopes of that launch.
    """
    if SCOPE_LINE_ITEM not in leave.scopes:
        return [step("line-item-no-scope")]
    if lineitems_url is None:
        return [step("line-item-no-place")]
    if SCOPE_LINE_ITEM not in announced:
        return [step("line-item-no-scope")]
    try:
        trial = _Trial(fetch, leave.token(SCOPE_LINE_ITEM), lineitems_url)
    except ServiceError as error:
        return [step("line-item-not-made", reason=_why(error))]
    swept = _sweep_earlier(trial)
    found: list[Step] = []
    try:
        found = _try_one(trial)
    finally:
        left = _clean(trial)
    if left:
        return [*swept, *(each for each in found if each.outcome == "failed"), left]
    return [*swept, *found]


def _try_one(trial: _Trial) -> list[Step]:
    """Go through the life of a column but its end; return the first thing that went wrong, or that all went well."""
    code = "line-item-not-made"
    try:
        wanted = LineItem(id="", label=LABEL, score_maximum=100.0, tag=TAG)
        trial.asked = True
        made = create_line_item(trial.fetch, trial.token, trial.url, wanted)
        trial.made_url = made.id
        code = "line-item-not-read"
        held = read_line_item(trial.fetch, trial.token, made.id)
        code = "line-item-not-changed"
        update_line_item(trial.fetch, trial.token, replace(held, score_maximum=50.0, tag=TAG))
    except ServiceRejected as error:
        trial.asked = trial.made_url is not None  # the LMS said no, so that there is nothing to take away
        return [step(code, reason=_why(error))]
    except ServiceError as error:
        return [step(code, reason=_why(error))]
    return [step("line-item-worked")]


def _sweep_earlier(trial: _Trial) -> list[Step]:
    """Delete what an earlier test left."""
    try:
        count = _delete_ours(trial)
    except ServiceError as error:
        return [step("line-item-not-listed", reason=_why(error))]
    return [step("line-item-swept", count=count)] if count else []


def _clean(trial: _Trial) -> Step | None:
    """Delete the column of this test, found by its tag where its making was not answered; say so where that fails."""
    trial.fetch.allow_more()
    try:
        if trial.made_url:
            delete_line_item(trial.fetch, trial.token, trial.made_url)
        elif trial.asked:
            _delete_ours(trial)
    except ServiceError as error:
        return step("line-item-left", label=LABEL, reason=_why(error))
    return None


def _delete_ours(trial: _Trial) -> int:
    """Delete the columns that bear our tag and our label; return how many."""
    found = list_line_items(trial.fetch, trial.token, trial.url, tag=TAG)
    ours = [each for each in found if each.label == LABEL]
    for each in ours:
        delete_line_item(trial.fetch, trial.token, each.id)
    return len(ours)


def _why(error: ServiceError) -> str:
    """Return in words what went wrong."""
    if isinstance(error, ServiceRefused):
        return WHY["not-allowed"]
    if isinstance(error, ServiceRejected):
        return WHY["missing" if error.status in (404, 410) else "else"]
    if isinstance(error, ServiceUnreachable):
        reason = next((why for start, why in _REASONS.items() if error.reason.startswith(start)), error.reason)
        return WHY[reason if reason in WHY else "else"]
    return WHY["else"]
