"""List the learning paths, begin one, show one, retire it and bring it back."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import adoptions, path_people, path_publishing
from sidecar.core.course_facts import facts_of
from sidecar.core.held_paths import held_path_of
from sidecar.core.path_contents import TITLE_CHARACTERS, Content, Part
from sidecar.core.path_courses import titles_of
from sidecar.core.path_use import list_use
from sidecar.core.paths import PathLine, add_path, find_path, list_paths
from sidecar.core.platform_choices import choose_region, regions_to_choose
from sidecar.errors import SidecarError
from sidecar.web import path_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.path_forms import title_of
from sidecar.web.staff_menu import ADMINISTERS

blueprint = Blueprint("staff_paths", __name__)


@blueprint.get("/staff/paths")
@audience(*ADMINISTERS)
def show_all() -> str:
    """List the learning paths, with how many are expected to take each and have finished."""
    viewer, today = current().viewer, sidecar().today()
    with sidecar().reading() as db:
        lines = list_paths(db, viewer)
        course_ids = [line.course.id for line in lines]
        return render_template(
            "staff/paths.html",
            lines=lines,
            expected=path_people.count_expected(db, viewer, course_ids, today),
            finished=path_people.count_finished(db, viewer, course_ids, today),
            words=path_words,
        )


@blueprint.get("/staff/paths/new")
@audience(*ADMINISTERS)
def ask_for_new() -> str:
    """Show the form that begins a path."""
    return _new({})


@blueprint.post("/staff/paths/new")
@audience(*ADMINISTERS)
def begin() -> Response | tuple[str, int]:
    """Begin a path, and lead to its editor."""
    viewer, form, made = current().viewer, request.form, list[str]()

    def act(db: Session) -> None:
        content = Content(title_of(form, TITLE_CHARACTERS), language=form.get("language", ""), parts=(Part("part-1"),))
        wanted = form.get("region") or (None if viewer.everything else min(viewer.regions, default=None))
        region_id = choose_region(db, viewer, wanted)
        made.append(add_path(db, viewer, content, sidecar().now(), region_id=region_id).course.key)

    refused = submit(act, lambda problem: _new(form, problem))
    return refused or redirect(f"/staff/paths/{made[0]}/edit", 303)


def _new(typed: Mapping[str, str], problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        regions = [(one.id, one.name) for one in regions_to_choose(db, current().viewer)]
        return render_template(
            "staff/path_new.html",
            typed=typed,
            problem=problem,
            regions=regions,
            languages=path_words.languages(),
            most_characters=TITLE_CHARACTERS,
        )


@blueprint.get("/staff/paths/<key>")
@audience(*ADMINISTERS)
def show(key: str) -> str:
    """Show a path: how it stands, how many take it, what it holds, what is known of it."""
    viewer, today = current().viewer, sidecar().today()
    with sidecar().reading() as db:
        line = find_path(db, viewer, key)
        return render_template(
            "staff/path.html",
            line=line,
            content=line.content,
            titles=titles_of(db, key, line.content),
            facts=facts_of(line.course),
            expected=path_people.count_expected(db, viewer, [line.course.id], today).get(line.course.id, 0),
            finished=path_people.count_finished(db, viewer, [line.course.id], today).get(line.course.id, 0),
            under_way=_count_under_way(db, line),
            used=list_use(db, line),
            adopted=adoptions.line_of_path(db, viewer, line.path.id),
            today=today,
            words=path_words,
        )


@blueprint.get("/staff/paths/<key>/retire")
@audience(*ADMINISTERS)
def ask_to_retire(key: str) -> str:
    """Ask whether a path shall be retired, and say whom that affects."""
    with sidecar().reading() as db:
        line = find_path(db, current().viewer, key)
        return render_template("staff/path_retire.html", line=line, under_way=_count_under_way(db, line))


def _count_under_way(db: Session, line: PathLine) -> int:
    step_ids = held_path_of(db, line).step_ids
    return path_people.count_under_way(db, current().viewer, line.course, step_ids, sidecar().today())


@blueprint.post("/staff/paths/<key>/retire")
@audience(*ADMINISTERS)
def retire(key: str) -> Response:
    """Let nobody be expected to take a path any more."""
    with sidecar().transaction() as db:
        path_publishing.retire(db, current().viewer, key, sidecar().now())
    return redirect(f"/staff/paths/{key}", 303)


@blueprint.post("/staff/paths/<key>/bring-back")
@audience(*ADMINISTERS)
def bring_back(key: str) -> Response:
    """Take a retired path into use again."""
    with sidecar().transaction() as db:
        path_publishing.bring_back(db, current().viewer, key, sidecar().now())
    return redirect(f"/staff/paths/{key}", 303)
