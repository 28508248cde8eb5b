"""Keep the list of a gathering: find people and add them, say who came and who did not, and print it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import attendances
from sidecar.core.attendances import MOST_AT_ONCE, AttendanceLine, list_addable, list_attendances
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.errors import SidecarError
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.staff_gatherings import HERE
from sidecar.web.staff_menu import SEES_PEOPLE

WORDS_CHARACTERS = 100
MARK = "mark-"

Found = Sequence[tuple[Person, Employment, Municipality]]

blueprint = Blueprint("staff_attendances", __name__)


@blueprint.get(f"{HERE}/<gathering_id>")
@audience(*SEES_PEOPLE)
def show(gathering_id: str) -> str:
    """Show a gathering and who takes part, as far as the viewer sees them."""
    return _page(gathering_id)


@blueprint.post(f"{HERE}/<gathering_id>/search")
@audience(*SEES_PEOPLE)
def search(gathering_id: str) -> str:
    """Find people to add; sent by POST, since a name has no place in a URL."""
    return _page(gathering_id, words=request.form.get("words", "")[:WORDS_CHARACTERS])


@blueprint.post(f"{HERE}/<gathering_id>/people")
@audience(*SEES_PEOPLE)
def add(gathering_id: str) -> Response | tuple[str, int]:
    """Add the people who were ticked."""
    viewer, now, chosen = current().viewer, sidecar().now(), request.form.getlist("employment")
    return _do(gathering_id, lambda db: attendances.add_people(db, viewer, gathering_id, chosen, now), "added")


@blueprint.post(f"{HERE}/<gathering_id>/list")
@audience(*SEES_PEOPLE)
def keep(gathering_id: str) -> Response | tuple[str, int]:
    """Say of everybody in the list at once who came and who did not, or take people out of it."""
    viewer, now = current().viewer, sidecar().now()
    marks = {name.removeprefix(MARK): said for name, said in request.form.items() if name.startswith(MARK) and said}
    return _do(gathering_id, lambda db: attendances.mark(db, viewer, gathering_id, marks, now), "kept")


@blueprint.get(f"{HERE}/<gathering_id>/print")
@audience(*SEES_PEOPLE)
def show_to_print(gathering_id: str) -> str:
    """Show the list of a gathering as a page to print, with room to sign."""
    with sidecar().reading() as db:
        kept = list_attendances(db, current().viewer, gathering_id, sidecar().today())
        shown = render_template("staff/gathering_print.html", kept=kept)
    _note(kept.people)
    return shown


def _do(gathering_id: str, act: Callable[[Session], object], done: str) -> Response | tuple[str, int]:
    refused = submit(act, lambda problem: _page(gathering_id, problem=problem))
    return refused or redirect(f"{HERE}/{gathering_id}?done={done}", 303)


def _page(gathering_id: str, *, words: str | None = None, problem: SidecarError | None = None) -> str:
    viewer, now = current().viewer, sidecar().now()
    with sidecar().reading() as db:
        kept = list_attendances(db, viewer, gathering_id, sidecar().today())
        found: Found = list_addable(db, viewer, gathering_id, words, now) if words else []
        one = kept.line.gathering
        shown = render_template(
            "staff/gathering.html",
            kept=kept,
            found=found,
            words=words,
            most=MOST_AT_ONCE,
            has_begun=one.starts_at <= now,
            may_add=one.cancelled_at is None and (kept.line.runs or one.starts_at > now),
            mark=MARK,
            problem=problem,
        )
    _note([*kept.people, *found])
    return shown


def _note(lines: Iterable[AttendanceLine | tuple[Any, ...]]) -> None:
    """Note who was seen, by the municipality as whose employees they were."""
    seen: dict[str, list[str]] = {}
    for line in lines:
        place, person = (line.municipality, line.person) if isinstance(line, AttendanceLine) else (line[2], line[0])
        seen.setdefault(place.id, []).append(person.id)
    for municipality_id, person_ids in seen.items():
        looks.note("gathering", municipality_id, person_ids)
