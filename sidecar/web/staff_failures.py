"""Find refused launches: by the reference that a learner reads out, or by LMS, kind and time."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core.failed_launches import (
    ReferenceUnknownError,
    Wanted,
    find_failure,
    list_codes,
    list_failures,
    read_reference,
)
from sidecar.core.platform_lists import list_seen_platforms
from sidecar.tool.launch_advice import say_advice, say_reason
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import ADMINISTERS

DAYS = {"day": 1, "week": 7, "month": 30}
"""What a period in the address means; anything else is all that is kept."""

KIND_CHARACTERS = 70

blueprint = Blueprint("staff_failures", __name__)


@blueprint.get("/staff/failures")
@audience(*ADMINISTERS)
def show_all() -> str | Response:
    """List refused launches, the newest first; a reference leads to its own page."""
    args, viewer = request.args, current().viewer
    if reference := read_reference(args.get("reference", "")):
        return redirect(f"/staff/failures/{reference}", 303)
    period = args.get("period", "week")
    wanted = Wanted(args.get("platform", "")[:32], args.get("code", "")[:60], _since(period))
    number = max(1, min(args.get("page", 1, type=int), 100_000))
    with sidecar().reading() as db:
        return render_template(
            "staff/failures.html",
            page=list_failures(db, viewer, wanted, number=number),
            platforms=list_seen_platforms(db, viewer),
            codes=list_codes(db, viewer),
            wanted=wanted,
            period=period if period in DAYS else "all",
            say_reason=_in_words,
            kind_text=_kind,
        )


@blueprint.get("/staff/failures/<reference>")
@audience(*ADMINISTERS)
def show(reference: str) -> str | tuple[str, int]:
    """Show why a launch was refused, what the LMS said, and what to do."""
    try:
        with sidecar().reading() as db:
            failure = find_failure(db, current().viewer, reference)
    except ReferenceUnknownError as unknown:
        return render_template("staff/failure_unknown.html", problem=unknown, reference_asked=reference[:16]), 404
    row, lang = failure.row, current().language
    return render_template(
        "staff/failure.html",
        failure=failure,
        reason=say_reason(row.code, row.facts, lang),
        advice=say_advice(row.code, lang),
    )


def _since(period: str) -> datetime | None:
    return sidecar().now() - timedelta(days=DAYS[period]) if period in DAYS else None


def _kind(code: str) -> str:
    """Return the first sentence of what is said of such a refusal, short enough for a list to choose from."""
    first = say_reason(code, {}, current().language).split(". ")[0].rstrip(".")
    return first if len(first) <= KIND_CHARACTERS else f"{first[: KIND_CHARACTERS - 1].rstrip()}…"


def _in_words(code: str, facts: dict[str, object]) -> str:
    return say_reason(code, facts, current().language)
