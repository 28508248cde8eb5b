"""Answer "why can, or can't, this person see that?", and why a completion does not count at a municipality."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.checklists import list_visible
from sidecar.core.identity_lists import MOST_FOUND, IdentityLine, find_identity, search_identities
from sidecar.core.sight import explain, find_seen, find_sought
from sidecar.core.sight_of_completions import explain_completions
from sidecar.core.sight_reasons import Answer, Reason
from sidecar.core.staff_courses import list_courses_of
from sidecar.errors import NotFoundError, SidecarError
from sidecar.language import N_, say_template
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.rendering import local_date
from sidecar.web.staff_menu import ADMINISTERS

CHARACTERS: Final = 200
QUESTION: Final = N_("The question")
_MUNICIPALITY: Final = (N_("Municipality"), "municipality")
ABOUT: Final = {
    "people": (_MUNICIPALITY,),
    "employee": (_MUNICIPALITY, (N_("Employee number"), "number")),
    "reports": (_MUNICIPALITY,),
    "course": ((N_("Course"), "course"),),
    "completions": (_MUNICIPALITY,),
}
"""What can be asked, and the fields each question needs: what people call them, and their names in the form."""

blueprint = Blueprint("staff_why", __name__)


class FieldMissingError(SidecarError):
    """The question is not whole. Fill in “{field}”, and ask again."""

    code = "field-missing"


class NoSuchEmployeeError(SidecarError):
    """No employee of that municipality has this number. Look it up in the list of people."""

    code = "no-such-employee"


@blueprint.get("/staff/why")
@audience(*ADMINISTERS)
def ask_who() -> str:
    """Ask who it is about."""
    return _who_page("")


@blueprint.post("/staff/why")
@audience(*ADMINISTERS)
def answer() -> str | tuple[str, int]:
    """Search for somebody, ask what they would see, and answer; a name has no place in a URL, so all by POST."""
    form = request.form
    if "identity" not in form:
        return _who_page(form.get("search", "").strip()[:CHARACTERS])
    return _answer_page(form)


def _who_page(words: str) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        found = search_identities(db, viewer, words) if words else []
        page = render_template("staff/why_who.html", found=found, words=words, most=MOST_FOUND)
    looks.note_others("why", found)
    return page


def _answer_page(form: Mapping[str, str]) -> str | tuple[str, int]:
    viewer = current().viewer
    found, problem = None, None
    with sidecar().reading() as db:
        who = find_identity(db, viewer, form["identity"])
        try:
            found = _answer(db, viewer, who, form) if form.get("about") else None
        except (FieldMissingError, NoSuchEmployeeError) as error:
            problem = error
        page = render_template(
            "staff/why.html",
            who=who,
            answer=found,
            problem=problem,
            typed=form,
            municipalities=[one for one in list_visible(db, viewer) if viewer.sees_municipality(one.id)],
            courses=list_courses_of(db, viewer),
            reason_in_words=_in_words,
        )
    looks.note_others("why", [who])
    return (page, 400) if problem else page


def _answer(db: Session, viewer: Viewer, who: IdentityLine, form: Mapping[str, str]) -> Answer:
    """Answer what the form asks.

    Raises:
        FieldMissingError: it asks nothing whole.
        NoSuchEmployeeError: nobody has the number.
        NotFoundError: what it names is not theirs to see.
    """
    about, here, course = (form.get(name, "").strip()[:CHARACTERS] for name in ("about", "municipality", "course"))
    number, now, today = form.get("number", "").strip()[:CHARACTERS], sidecar().now(), sidecar().today()
    for field, name in ABOUT.get(about, ((QUESTION, ""),)):
        if not form.get(name, "").strip():
            raise FieldMissingError(field=field)
    if about == "completions":
        only = find_sought(db, viewer, course=course).course if course else None
        return explain_completions(db, who, find_seen(db, viewer, here), only, today=today)
    names: dict[str, dict[str, Any]] = {
        "people": {"municipality": here},
        "employee": {"employee": f"{here}/{number}"},
        "reports": {"reports_of": here},
        "course": {"course": course},
    }
    try:
        sought = find_sought(db, viewer, **names[about])
    except NotFoundError as error:
        if error.facts.get("what") == "person":
            raise NoSuchEmployeeError from error
        raise
    return explain(db, viewer, who, sought, now=now, today=today)


def _in_words(reason: Reason) -> str:
    facts = {name: local_date(value) if isinstance(value, date) else value for name, value in reason.facts.items()}
    return say_template(reason.template, facts, current().language)
