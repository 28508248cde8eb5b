"""Show who wants to be erased to those who may do it, and let them refuse with a reason."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import erasure_requests
from sidecar.errors import SidecarError
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.staff_person import ERASES

PATH = "/staff/erasure-requests"
MOST_PAGES = 100_000

blueprint = Blueprint("staff_erasure_requests", __name__)


@blueprint.get(PATH)
@audience(*ERASES)
def show() -> str:
    """List who wants to be erased and waits for an answer."""
    viewer = current().viewer
    with sidecar().reading() as db:
        number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
        page = erasure_requests.page_waiting(db, viewer, number)
        text = render_template("staff/erasure_requests.html", page=page, lines=page.lines)
    looks.note("erasure-requests", "", [line.subject_id for line in page.lines])
    return text


@blueprint.get(f"{PATH}/<request_id>/refuse")
@audience(*ERASES)
def ask(request_id: str) -> str:
    """Ask why a wish to be erased is refused."""
    return _form(request_id)


@blueprint.post(f"{PATH}/<request_id>/refuse")
@audience(*ERASES)
def refuse(request_id: str) -> Response | tuple[str, int]:
    """Refuse a wish to be erased; the person can read why."""
    viewer, reason, now = current().viewer, request.form.get("reason", ""), sidecar().now()
    again = submit(
        lambda db: erasure_requests.refuse(db, viewer, request_id, reason, now),
        lambda problem: _form(request_id, problem, reason),
        not_theirs_to_mend=(erasure_requests.RequestAnsweredError,),
    )
    return again or redirect(PATH, 303)


def _form(request_id: str, problem: SidecarError | None = None, reason: str = "") -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        line = erasure_requests.find_waiting(db, viewer, request_id)
        page = render_template(
            "staff/erasure_refuse.html",
            line=line,
            problem=problem,
            reason=reason,
            most=erasure_requests.REASON_CHARACTERS,
        )
    looks.note("erasure-requests", "", [line.subject_id])
    return page
