"""Let the RKK add steps to the draft of a learning path, and change what is said of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import path_editing
from sidecar.core.courses import LINK
from sidecar.core.path_contents import (
    KINDS,
    NOTE_CHARACTERS,
    OWN_KINDS,
    TITLE_CHARACTERS,
    URL_CHARACTERS,
    Content,
    Step,
    StepKind,
)
from sidecar.core.path_courses import find_choice, look_up, search_choices
from sidecar.core.path_editing import find_part, find_step, suggest_step_key
from sidecar.core.paths import PathLine, list_used_keys
from sidecar.errors import SidecarError
from sidecar.web import path_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.path_forms import Form, save, text_of, title_of
from sidecar.web.staff_menu import ADMINISTERS
from sidecar.web.staff_path_editor import editor, line_to_change

COURSE: Final[StepKind] = "course"
SEARCH_LIMIT: Final = 200
LIMITS: Final = {"title": TITLE_CHARACTERS, "note": NOTE_CHARACTERS, "url": URL_CHARACTERS}

blueprint = Blueprint("staff_path_steps", __name__)


@blueprint.get("/staff/paths/<key>/edit/parts/<part_key>/add")
@audience(*ADMINISTERS)
def ask_for_step(key: str, part_key: str) -> str:
    """Show the courses to choose from, or the form of a task, gathering or link."""
    return _add(key, part_key, request.args)


@blueprint.post("/staff/paths/<key>/edit/parts/<part_key>/add")
@audience(*ADMINISTERS)
def add_step(key: str, part_key: str) -> Response | tuple[str, int]:
    """Add a step at the end of a part, and offer to add another."""
    form, kind, added = request.form, _kind_of(request.form), list[str]()

    def change(db: Session, line: PathLine) -> Content:
        step = _made(db, line, kind, form)
        added.append(step.key)
        return path_editing.add_step(line.draft, part_key, step)

    if refused := save(key, change, partial(_add, key, part_key, form)):
        return refused
    return redirect(f"/staff/paths/{key}/edit/parts/{part_key}/add?kind={kind}&added={added[0]}", 303)


def _kind_of(form: Form) -> StepKind:
    kind = form.get("kind", COURSE)
    return kind if kind in KINDS else COURSE


def _made(db: Session, line: PathLine, kind: StepKind, form: Form) -> Step:
    """Return the step that a form asks for."""
    taken = list_used_keys(db, line.path.id)
    if kind == COURSE:
        course = find_choice(db, current().viewer, form.get("course", ""))
        return Step(suggest_step_key(course.title, taken), kind, course=course.key)
    told = _told(form, kind)
    return Step(suggest_step_key(told["title"], taken), kind, **told)


def _told(form: Form, kind: StepKind) -> dict[str, Any]:
    """Return what a form says of a step: only what its kind has."""
    return {
        "title": title_of(form, TITLE_CHARACTERS, needed=kind in OWN_KINDS),
        "note": text_of(form, "note", NOTE_CHARACTERS),
        "url": text_of(form, "url", URL_CHARACTERS) if kind == LINK else "",
        "is_optional": "is_optional" in form,
    }


def _add(key: str, part_key: str, typed: Mapping[str, str], problem: SidecarError | None = None) -> str:
    kind, search = _kind_of(typed), typed.get("q", "")[:SEARCH_LIMIT].strip()
    with sidecar().reading() as db:
        line = line_to_change(db, key)
        draft = line.draft
        if problem and all(part.key != part_key for part in draft.parts):
            return editor(key, typed, problem)
        return render_template(
            "staff/path_step_new.html",
            line=line,
            draft=draft,
            part=find_part(draft, part_key),
            kind=kind,
            choices=search_choices(db, current().viewer, search) if kind == COURSE else [],
            used={step.course for step in draft.steps()},
            added=look_up(db, key, draft).get(typed.get("added", "")),
            search=search,
            typed=typed,
            problem=problem,
            limits=LIMITS,
            words=path_words,
        )


@blueprint.get("/staff/paths/<key>/edit/steps/<step_key>")
@audience(*ADMINISTERS)
def ask_to_change(key: str, step_key: str) -> str:
    """Show the form of a step."""
    return _step(key, step_key)


@blueprint.post("/staff/paths/<key>/edit/steps/<step_key>")
@audience(*ADMINISTERS)
def change_step(key: str, step_key: str) -> Response | tuple[str, int]:
    """Change what is said of a step, and in which part it stands."""
    form = request.form

    def change(_db: Session, line: PathLine) -> Content:
        part, step = find_step(line.draft, step_key)
        content = path_editing.change_step(line.draft, step_key, **_told(form, step.kind))
        return path_editing.place_step(content, step_key, form.get("part") or part.key)

    refused = save(key, change, partial(_step, key, step_key, form))
    return refused or redirect(f"/staff/paths/{key}/edit?done=saved#step-{step_key}", 303)


def _step(key: str, step_key: str, typed: Mapping[str, str] | None = None, problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        line = line_to_change(db, key)
        draft = line.draft
        if problem and all(step.key != step_key for step in draft.steps()):
            return editor(key, typed or {}, problem)
        part, step = find_step(draft, step_key)
        held = {**vars(step), "is_optional": "yes" if step.is_optional else "", "part": part.key}
        return render_template(
            "staff/path_step.html",
            line=line,
            draft=draft,
            step=step,
            course=look_up(db, key, draft)[step_key],
            typed=held if typed is None else typed,
            problem=problem,
            limits=LIMITS,
            words=path_words,
        )
