"""Let the RKK change the draft of a learning path: what it is about, its parts, and the order of its steps.

Each button saves; learners see nothing of it before it is published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import path_editing
from sidecar.core.courses import SUMMARY_CHARACTERS
from sidecar.core.path_contents import TITLE_CHARACTERS, Content
from sidecar.core.path_courses import look_up
from sidecar.core.path_editing import DOWN, UP, find_part
from sidecar.core.paths import PathLine, PathRetiredError, find_path, list_used_keys
from sidecar.errors import NotFoundError, SidecarError
from sidecar.web import path_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.path_forms import number_of, save, text_of, title_of
from sidecar.web.staff_menu import ADMINISTERS

ACTS: Final[Mapping[str, Callable[[Content, str], Content]]] = {
    "part-up": partial(path_editing.move_part, way=UP),
    "part-down": partial(path_editing.move_part, way=DOWN),
    "part-remove": path_editing.remove_part,
    "step-up": partial(path_editing.move_step, way=UP),
    "step-down": partial(path_editing.move_step, way=DOWN),
    "step-remove": path_editing.remove_step,
}
"""What a button beside a part or step does to the content; it gets the key."""

blueprint = Blueprint("staff_path_editor", __name__)


@blueprint.get("/staff/paths/<key>/edit")
@audience(*ADMINISTERS)
def show(key: str) -> str:
    """Show the draft of a path, with what can be done to each part and step."""
    return editor(key, {})


@blueprint.post("/staff/paths/<key>/edit")
@audience(*ADMINISTERS)
def rearrange(key: str) -> Response | tuple[str, int]:
    """Move or remove a part or a step, or add a part."""
    act, which = request.form.get("act", ""), request.form.get("which", "")
    if act == "part-add":
        refused = save(key, _with_part, partial(editor, key, request.form))
        return refused or redirect(f"/staff/paths/{key}/edit?done=saved#add-part", 303)
    if act not in ACTS:
        raise NotFoundError(what="part", key=act[:40])
    refused = save(key, lambda _db, line: ACTS[act](line.draft, which), lambda _problem: "")
    if refused:
        return redirect(f"/staff/paths/{key}/edit?done=changed-meanwhile", 303)
    return redirect(f"/staff/paths/{key}/edit?done=saved#{act.partition('-')[0]}-{which}", 303)


def _with_part(db: Session, line: PathLine) -> Content:
    title = title_of(request.form, TITLE_CHARACTERS, needed=bool(line.draft.parts))
    return path_editing.add_part(line.draft, title, list_used_keys(db, line.path.id))


def editor(key: str, typed: Mapping[str, str], problem: SidecarError | None = None) -> str:
    """Return the page of the editor, with what was typed and could not be saved.

    Raises:
        NotFoundError: there is no such path, or it is not theirs.
        PathRetiredError: it is out of use.
    """
    with sidecar().reading() as db:
        line = line_to_change(db, key)
        return render_template(
            "staff/path_editor.html",
            line=line,
            draft=line.draft,
            courses=look_up(db, key, line.draft),
            typed=typed,
            problem=problem,
            most_characters=TITLE_CHARACTERS,
            words=path_words,
        )


def line_to_change(db: Session, key: str) -> PathLine:
    """Return a path whose draft the visitor may change.

    Raises:
        NotFoundError: there is none, or it is not theirs.
        PathRetiredError: it is out of use.
    """
    line = find_path(db, current().viewer, key)
    if line.course.retired_at:
        raise PathRetiredError
    return line


@blueprint.get("/staff/paths/<key>/edit/about")
@audience(*ADMINISTERS)
def ask_about(key: str) -> str:
    """Show the form of title, description, language and order."""
    return _about(key)


@blueprint.post("/staff/paths/<key>/edit/about")
@audience(*ADMINISTERS)
def change_about(key: str) -> Response | tuple[str, int]:
    """Change title, description, language and order."""
    form = request.form

    def change(_db: Session, line: PathLine) -> Content:
        return replace(
            line.draft,
            title=title_of(form, TITLE_CHARACTERS),
            summary=text_of(form, "summary", SUMMARY_CHARACTERS),
            language=form.get("language", ""),
            in_order="in_order" in form,
        )

    refused = save(key, change, partial(_about, key, form))
    return refused or redirect(f"/staff/paths/{key}/edit?done=saved", 303)


def _about(key: str, typed: Mapping[str, str] | None = None, problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        line = line_to_change(db, key)
        draft = line.draft
        held = vars(draft) | {"in_order": "yes" if draft.in_order else ""}
        return render_template(
            "staff/path_about.html",
            line=line,
            draft=draft,
            typed=held if typed is None else typed,
            problem=problem,
            languages=path_words.languages(),
            most_characters=TITLE_CHARACTERS,
            most_of_summary=SUMMARY_CHARACTERS,
        )


@blueprint.get("/staff/paths/<key>/edit/parts/<part_key>")
@audience(*ADMINISTERS)
def ask_for_part(key: str, part_key: str) -> str:
    """Show the form of a part's title, and of how many of its steps are asked for."""
    return _part(key, part_key)


@blueprint.post("/staff/paths/<key>/edit/parts/<part_key>")
@audience(*ADMINISTERS)
def change_part(key: str, part_key: str) -> Response | tuple[str, int]:
    """Rename a part, and say how many of its steps are asked for."""
    form = request.form

    def change(_db: Session, line: PathLine) -> Content:
        needs = number_of(form, "needs") if form.get("rule") == "some" else None
        title = title_of(form, TITLE_CHARACTERS, needed=False)
        return path_editing.change_part(line.draft, part_key, title=title, needs=needs)

    refused = save(key, change, partial(_part, key, part_key, form))
    return refused or redirect(f"/staff/paths/{key}/edit?done=saved#part-{part_key}", 303)


def _part(key: str, part_key: str, typed: Mapping[str, str] | None = None, problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        line = line_to_change(db, key)
        draft = line.draft
    if problem and all(part.key != part_key for part in draft.parts):
        return editor(key, typed or {}, problem)
    part = find_part(draft, part_key)
    held = {"title": part.title, "rule": "some" if part.needs else "all", "needs": str(part.needs or "")}
    return render_template(
        "staff/path_part.html",
        line=line,
        draft=draft,
        part=part,
        typed=held if typed is None else typed,
        problem=problem,
        most_characters=TITLE_CHARACTERS,
        words=path_words,
    )
