"""Let the RKK see a learning path as learners do, publish it, and read what changed from version to version."""

from __future__ import annotations

from itertools import pairwise

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import path_publishing
from sidecar.core.courses import NOTE_CHARACTERS
from sidecar.core.path_contents import Content, content_of, named, refuse_empty
from sidecar.core.path_courses import list_known_ids, look_up, titles_of
from sidecar.core.path_people import count_finished, count_under_way
from sidecar.core.path_progress import reckon
from sidecar.core.paths import DraftChangedError, PathLine, find_path, find_path_version, list_versions
from sidecar.errors import SidecarError
from sidecar.web import path_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.path_forms import number_of, save, text_of
from sidecar.web.staff_menu import ADMINISTERS
from sidecar.web.staff_path_editor import line_to_change

MOST_VERSIONS = 1_000_000

blueprint = Blueprint("staff_path_versions", __name__)


@blueprint.get("/staff/paths/<key>/preview")
@audience(*ADMINISTERS)
def preview(key: str) -> str:
    """Show the draft of a path as who has done nothing of it will see it."""
    with sidecar().reading() as db:
        line = find_path(db, current().viewer, key)
        return _as_learners_see_it(db, line, line.draft)


def _as_learners_see_it(db: Session, line: PathLine, content: Content, number: int | None = None) -> str:
    return render_template(
        "staff/path_preview.html",
        line=line,
        content=content,
        number=number,
        progress=reckon(content, {}, sidecar().today()),
        titles=titles_of(db, line.course.key, content),
    )


@blueprint.get("/staff/paths/<key>/publish")
@audience(*ADMINISTERS)
def ask_to_publish(key: str) -> str:
    """Show what publishing the draft changes, and for how many."""
    return _publishing(key)


@blueprint.post("/staff/paths/<key>/publish")
@audience(*ADMINISTERS)
def publish(key: str) -> Response | tuple[str, int]:
    """Let the draft hold from now on."""

    def act(db: Session) -> None:
        note = text_of(request.form, "note", NOTE_CHARACTERS)
        seen = number_of(request.form, "draft_number")
        if find_path(db, current().viewer, key, to_change=True).path.draft_number != seen:
            raise DraftChangedError
        path_publishing.publish(db, current().viewer, key, note, sidecar().now())

    refused = submit(act, lambda problem: _publishing(key, request.form.get("note", ""), problem))
    return refused or redirect(f"/staff/paths/{key}?done=published", 303)


def _publishing(key: str, note: str = "", problem: SidecarError | None = None) -> str:
    viewer, today = current().viewer, sidecar().today()
    with sidecar().reading() as db:
        line = line_to_change(db, key)
        draft = named(line.draft, key)
        steps = look_up(db, key, draft)
        finished = count_finished(db, viewer, [line.course.id], today).get(line.course.id, 0)
        return render_template(
            "staff/path_publish.html",
            line=line,
            note=note,
            problem=problem or _obstacle(draft),
            changes=_changes(db, key, content_of(line.newest.content), draft) if line.newest else [],
            unready=[one.title for one in steps.values() if not one.is_ready],
            finished=finished,
            under_way=count_under_way(db, viewer, line.course, list_known_ids(db, key, draft), today),
            most_characters=NOTE_CHARACTERS,
        )


def _obstacle(draft: Content) -> SidecarError | None:
    try:
        refuse_empty(draft)
    except SidecarError as problem:
        return problem
    return None


def _changes(db: Session, key: str, before: Content, after: Content) -> list[str]:
    titles = {**titles_of(db, key, before), **titles_of(db, key, after)}
    return path_words.changes(before, after, titles)


@blueprint.post("/staff/paths/<key>/discard")
@audience(*ADMINISTERS)
def discard(key: str) -> Response | tuple[str, int]:
    """Make the draft what was published last."""
    refused = save(key, lambda _db, line: line.content, lambda problem: _publishing(key, problem=problem))
    return refused or redirect(f"/staff/paths/{key}/edit?done=saved", 303)


@blueprint.get("/staff/paths/<key>/versions")
@audience(*ADMINISTERS)
def show_versions(key: str) -> str:
    """List the versions of a path, the newest first, each with what it changed."""
    with sidecar().reading() as db:
        line = find_path(db, current().viewer, key)
        versions = list_versions(db, line.path.id)
        contents = [content_of(one.content) for one in versions]
        changes = [_changes(db, key, old, new) for new, old in pairwise(contents)]
        told = list(zip(versions, [*changes, []], strict=False))
        return render_template("staff/path_versions.html", line=line, versions=told)


@blueprint.get("/staff/paths/<key>/versions/<int:number>")
@audience(*ADMINISTERS)
def show_version(key: str, number: int) -> str:
    """Show what a path held in one of its versions."""
    with sidecar().reading() as db:
        line = find_path(db, current().viewer, key)
        version = find_path_version(db, line.path.id, min(number, MOST_VERSIONS))
        return _as_learners_see_it(db, line, content_of(version.content), version.number)
