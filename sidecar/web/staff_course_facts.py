"""Let staff say what is known of a course: subject, audience, licence, owner, duration, review date, laws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core.course_facts import LONGEST_MINUTES, DurationError, Facts, change_facts, facts_of, list_subjects
from sidecar.core.staff_courses import find_course_of
from sidecar.errors import NotFoundError, SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import read_review_day
from sidecar.web.staff_menu import SEES_COURSES

TEXTS = ("subject", "audience", "licence", "owner")

blueprint = Blueprint("staff_course_facts", __name__)


@blueprint.get("/staff/courses/<key>/facts")
@audience(*SEES_COURSES)
def ask(key: str) -> str:
    """Show the form of what is known of a course."""
    with sidecar().reading() as db:
        facts = facts_of(find_course_of(db, current().viewer, key))
    day = facts.review_by.isoformat() if facts.review_by else ""
    return _form(key, {**vars(facts), "review_by": day, "laws": "\n".join(facts.laws)})


@blueprint.post("/staff/courses/<key>/facts")
@audience(*SEES_COURSES)
def change(key: str) -> Response | tuple[str, int]:
    """Change what is known of a course."""
    try:
        with sidecar().transaction() as db:
            before = facts_of(find_course_of(db, current().viewer, key))
            change_facts(db, current().viewer, key, _read(before), sidecar().now())
    except NotFoundError:
        raise
    except SidecarError as problem:
        return _form(key, request.form, problem), 400
    return redirect(f"/staff/courses/{key}", 303)


def _form(key: str, typed: Mapping[str, object], problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        course = find_course_of(db, current().viewer, key)
        subjects = list_subjects(db, current().viewer)
    return render_template("staff/course_facts.html", course=course, typed=typed, subjects=subjects, problem=problem)


def _read(before: Facts) -> Facts:
    said = {name: request.form.get(name, "") for name in (*TEXTS, "duration_minutes", "review_by", "laws")}
    return replace(
        before,
        **{name: said[name] for name in TEXTS},
        duration_minutes=_minutes(said["duration_minutes"].strip()),
        review_by=read_review_day(said["review_by"], before.review_by),
        laws=tuple(said["laws"].splitlines()),
    )


def _minutes(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise DurationError(most=LONGEST_MINUTES)
    return int(text)
