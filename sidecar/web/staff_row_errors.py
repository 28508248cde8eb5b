"""Let the RKK and operators read what contacts report as wrong in reports, and answer it."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import row_errors
from sidecar.errors import ConflictError, SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.contact_reports import KIND_NAMES, titles_of
from sidecar.web.forms import submit
from sidecar.web.staff_menu import ADMINISTERS

blueprint = Blueprint("staff_row_errors", __name__)


@blueprint.get("/staff/row-errors")
@audience(*ADMINISTERS)
def show_all() -> str:
    """List what was reported, what waits for an answer first."""
    return _page()


@blueprint.post("/staff/row-errors/<error_id>/answer")
@audience(*ADMINISTERS)
def answer(error_id: str) -> Response | tuple[str, int]:
    """Answer an error; the contact reads it on the report's page."""
    here, viewer, text = sidecar(), current().viewer, request.form.get("answer", "")
    refused = submit(
        lambda db: row_errors.answer_error(db, here.secrets, viewer, error_id, text, here.now()),
        lambda problem: _page(problem, error_id),
        not_theirs_to_mend=(ConflictError,),
    )
    return refused or redirect("/staff/row-errors", 303)


def _page(problem: SidecarError | None = None, about: str = "") -> str:
    here, only_open = sidecar(), request.args.get("state") == "open"
    with here.reading() as db:
        errors = row_errors.list_errors(db, here.secrets, current().viewer, only_open=only_open)
        return render_template(
            "staff/row_errors.html",
            errors=errors,
            titles=titles_of(db, [one.delivery for one in errors]),
            kind_names=KIND_NAMES,
            only_open=only_open,
            most=row_errors.MOST_CHARACTERS,
            problem=problem,
            about=about,
        )
