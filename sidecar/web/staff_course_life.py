"""Let staff review and publish course versions, and retire courses; each step first shows what it affects."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import course_life
from sidecar.core.course_life import CHECKLIST, Publishing
from sidecar.core.courses import CourseVersion, find_version, playing_version_id
from sidecar.core.staff_courses import REVIEWERS, find_course_of, may_publish
from sidecar.errors import NotAllowedError, SidecarError
from sidecar.language import N_
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import read_review_day
from sidecar.web.findings import barrier_lines, finding_lines, standard_name
from sidecar.web.forms import submit
from sidecar.web.staff_browser_checks import browser_lines
from sidecar.web.staff_menu import SEES_COURSES

POINTS: Final = dict(
    zip(
        CHECKLIST,
        (
            N_("Accessibility: I have read the remarks of the check, and what is left is told in the statement."),
            N_("Language: the course is in the language it says, plain and without mistakes."),
            N_("Sources: the facts are right, and the course says where they come from."),
            N_("Pictures, film and sound: we may use them, and their makers are named where they must be."),
            N_("Quiz: I have tried every question, and the right answers count as right; or there is no quiz."),
            N_("Review date: the day below is right, and somebody will look at the course then."),
        ),
        strict=True,
    )
)
"""What a reviewer ticks, by the point's name."""

blueprint = Blueprint("staff_course_life", __name__)


@blueprint.post("/staff/courses/<key>/versions/<int:number>/review")
@audience(*SEES_COURSES)
def send_to_review(key: str, number: int) -> Response:
    """Ask a second person to look at a draft."""
    with sidecar().transaction() as db:
        note = request.form.get("note", "")
        course_life.send_to_review(db, current().viewer, key, number, sidecar().now(), note=note)
    return redirect(f"/staff/courses/{key}?done=sent&version={number}#version-{number}", 303)


@blueprint.post("/staff/courses/<key>/versions/<int:number>/note")
@audience(*SEES_COURSES)
def describe_changes(key: str, number: int) -> Response:
    """Say what is new in a version."""
    with sidecar().transaction() as db:
        note = request.form.get("note", "")
        course_life.describe_changes(db, current().viewer, key, number, note, sidecar().now())
    return _back_to(key)


@blueprint.post("/staff/courses/<key>/versions/<int:number>/send-back")
@audience(*SEES_COURSES)
def send_back(key: str, number: int) -> Response:
    """Make a version in review a draft again."""
    with sidecar().transaction() as db:
        reply = request.form.get("reply", "")
        course_life.send_back(db, current().viewer, key, number, sidecar().now(), reply=reply)
    return _back_to(key)


@blueprint.get("/staff/courses/<key>/versions/<int:number>/publish")
@audience(*REVIEWERS)
def ask_to_publish(key: str, number: int) -> str:
    """Show what publishing a version affects, and the checklist where nobody has reviewed it."""
    return _publishing(key, number)


@blueprint.post("/staff/courses/<key>/versions/<int:number>/publish")
@audience(*REVIEWERS)
def publish(key: str, number: int) -> Response | tuple[str, int]:
    """Let everybody who begins the course from now on get this version."""

    def act(db: Session) -> None:
        how = Publishing(
            ticked=frozenset(request.form.getlist("ticked")),
            is_alone="alone" in request.form,
            starts_over="starts_over" in request.form,
            review_by=read_review_day(request.form.get("review_by", "")),
        )
        course_life.publish(db, current().viewer, key, number, sidecar().now(), how)

    return submit(act, lambda problem: _publishing(key, number, problem)) or _back_to(key)


@blueprint.get("/staff/courses/<key>/retire")
@audience(*SEES_COURSES)
def ask_to_retire(key: str) -> str:
    """Show what retiring a course affects."""
    with sidecar().reading() as db:
        course = find_course_of(db, current().viewer, key)
        effect = course_life.effect_of(db, course)
        return render_template("staff/course_retire.html", course=course, effect=effect)


@blueprint.post("/staff/courses/<key>/retire")
@audience(*SEES_COURSES)
def retire(key: str) -> Response:
    """Let nobody begin a course any more."""
    with sidecar().transaction() as db:
        course_life.retire(db, current().viewer, key, sidecar().now())
    return _back_to(key)


@blueprint.post("/staff/courses/<key>/bring-back")
@audience(*SEES_COURSES)
def bring_back(key: str) -> Response:
    """Let a retired course be begun again."""
    with sidecar().transaction() as db:
        course_life.bring_back(db, current().viewer, key, sidecar().now())
    return _back_to(key)


def _publishing(key: str, number: int, problem: SidecarError | None = None) -> str:
    viewer, form = current().viewer, request.form
    with sidecar().reading() as db:
        course = find_course_of(db, viewer, key)
        if not may_publish(viewer, course):
            raise NotAllowedError
        version, playing_id = find_version(db, course, number), playing_version_id(db, course.id)
        proposed = course.review_by if course.review_by and course.review_by > sidecar().today() else None
        day = proposed or sidecar().today() + course_life.LOOKED_AT_AGAIN
        return render_template(
            "staff/course_publish.html",
            course=course,
            version=version,
            problem=problem,
            playing=db.get(CourseVersion, playing_id) if playing_id else None,
            is_shared_host=not sidecar().settings.content_is_per_version,
            effect=course_life.effect_of(db, course, version.id),
            points=POINTS if course_life.needs_review(version) else {},
            is_own=course_life.is_own(viewer, version),
            ticked=form.getlist("ticked"),
            is_alone="alone" in form,
            starts_over="starts_over" in form,
            review_by=form.get("review_by") or day.isoformat(),
            lines=finding_lines(version.findings),
            barrier_lines=barrier_lines,
            browser_line=browser_lines(db, course),
            standard_name=standard_name,
        )


def _back_to(key: str) -> Response:
    return redirect(f"/staff/courses/{key}", 303)
