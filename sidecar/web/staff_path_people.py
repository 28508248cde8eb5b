"""Show where people stand on a learning path: who is expected to take it, or has begun."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from flask import Blueprint, render_template, request

from sidecar.core.held_paths import held_path_of
from sidecar.core.path_people import STANDINGS, PathPeoplePage, list_path_people
from sidecar.core.paths import find_path
from sidecar.web import looks, path_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.path_forms import number_of
from sidecar.web.staff_menu import ADMINISTERS

SEARCH_LIMIT: Final = 100
MOST_PAGES: Final = 100_000

blueprint = Blueprint("staff_path_people", __name__)


@blueprint.get("/staff/paths/<key>/people")
@audience(*ADMINISTERS)
def show(key: str) -> str:
    """List the visitor's people on a path."""
    return _list(key)


@blueprint.post("/staff/paths/<key>/people")
@audience(*ADMINISTERS)
def search(key: str) -> str:
    """List those that match; sent by POST, since a name has no place in a URL."""
    form = request.form
    number = max(1, min(number_of(form, "page"), MOST_PAGES))
    return _list(key, words=form.get("search", "")[:SEARCH_LIMIT], standing=form.get("standing", ""), number=number)


def _list(key: str, *, words: str = "", standing: str = "", number: int = 1) -> str:
    viewer, today = current().viewer, sidecar().today()
    wanted = standing if standing in STANDINGS else None
    with sidecar().reading() as db:
        line = find_path(db, viewer, key)
        found = list_path_people(
            db, viewer, held_path_of(db, line), today, search=words, standing=wanted, number=number
        )
        page = render_template(
            "staff/path_people.html",
            line=line,
            page=found,
            search=words,
            standing=wanted or "",
            today=today,
            words=path_words,
        )
    _note(found)
    return page


def _note(found: PathPeoplePage) -> None:
    """Record who was shown, as people of which municipality."""
    seen = defaultdict[str, list[str]](list)
    for one in found.lines:
        seen[one.municipality.id].append(one.person_id)
    for municipality_id, people in seen.items():
        looks.note("people-list", municipality_id, people)
