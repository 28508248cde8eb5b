"""Show what a new version of an adopted learning path changes, and let the RKK accept, postpone or refuse it."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import adoption_answers
from sidecar.core.adoption_answers import NoUpdateError
from sidecar.core.path_contents import Content, content_of
from sidecar.core.path_merging import OURS, THEIRS, Side
from sidecar.errors import SidecarError
from sidecar.sharing import updating
from sidecar.sharing.updating import Update
from sidecar.web import adoption_words, path_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import read_day
from sidecar.web.forms import attempt, submit
from sidecar.web.path_forms import number_of
from sidecar.web.staff_adoptions import RECEIVED
from sidecar.web.staff_menu import ADMINISTERS

blueprint = Blueprint("staff_path_updates", __name__)


@blueprint.get(f"{RECEIVED}/update")
@audience(*ADMINISTERS)
def show(received_id: str) -> str:
    """Show what the version that waits changes."""
    return _page(received_id)


@blueprint.post(f"{RECEIVED}/accept")
@audience(*ADMINISTERS)
def accept(received_id: str) -> Response | tuple[str, int]:
    """Take over the version that was looked at."""
    form = request.form

    def act() -> Response:
        accepted = updating.accept(
            sidecar(),
            current().viewer,
            received_id,
            number=number_of(form, "number"),
            draft_number=number_of(form, "draft_number"),
            choices=_chosen(),
        )
        page = f"/staff/paths/{accepted.key}"
        return redirect(f"{page}?done=published" if accepted.is_published else f"{page}/publish", 303)

    return attempt(act, lambda problem: _page(received_id, problem), not_theirs_to_mend=(NoUpdateError,))


@blueprint.post(f"{RECEIVED}/postpone")
@audience(*ADMINISTERS)
def postpone(received_id: str) -> Response | tuple[str, int]:
    """Answer it later."""
    viewer, now = current().viewer, sidecar().now()
    refused = submit(
        lambda db: adoption_answers.postpone(db, viewer, received_id, read_day(_until()) or date.min, now),
        lambda problem: _page(received_id, problem),
        not_theirs_to_mend=(NoUpdateError,),
    )
    return refused or redirect("/staff/paths/offered", 303)


@blueprint.post(f"{RECEIVED}/refuse")
@audience(*ADMINISTERS)
def refuse(received_id: str) -> Response:
    """Leave ours as it is."""
    number = number_of(request.form, "number")
    with sidecar().transaction() as db:
        adoption_answers.refuse(db, current().viewer, received_id, number, sidecar().now())
    return redirect("/staff/paths/offered", 303)


def _until() -> str:
    return request.form.get("until", "")


def _chosen() -> dict[str, Side]:
    answers = {name.removeprefix("choice:"): text for name, text in request.form.items() if name.startswith("choice:")}
    return {name: THEIRS if text == THEIRS else OURS for name, text in answers.items()}


def _page(received_id: str, problem: SidecarError | None = None) -> str:
    update = updating.describe_update(sidecar(), current().viewer, received_id, _chosen())
    base, draft = content_of(update.line.adoption.base) if update.line.adoption else Content(""), update.path.draft
    titles = _titles(update)
    return render_template(
        "staff/path_update.html",
        update=update,
        line=update.line,
        theirs=path_words.changes(base, update.theirs, titles),
        ours=path_words.changes(base, draft, titles),
        facts=adoption_words.facts_changed(update.before.facts, update.after.facts),
        courses=_new_packages(update),
        choices=adoption_words.choices(update, titles),
        problem=problem,
        until=_until(),
        today=sidecar().today(),
    )


def _titles(update: Update) -> dict[str, str]:
    """Return what every step is called, by its key."""
    named = {one.key: one.title for manifest in (update.before, update.after) for one in manifest.courses}
    contents = update.before.content, update.after.content, update.path.draft
    return {step.key: step.title or named.get(step.course, step.key) for one in contents for step in one.steps()}


def _new_packages(update: Update) -> list[str]:
    """Return the titles of the courses of which another package comes."""
    known = {one.key: one.files for one in update.before.courses}
    return [one.title for one in update.after.courses if one.files and known.get(one.key) != one.files]
