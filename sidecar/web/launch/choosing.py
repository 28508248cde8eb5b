"""Let staff choose which course a link of an LMS opens, and go on to the staff pages."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session

from sidecar.core import attempts, audit, platforms, sign_ins
from sidecar.core.courses import Course
from sidecar.core.launches import Launch
from sidecar.core.offers import find_course, list_courses
from sidecar.errors import NotAllowedError, SidecarError
from sidecar.runtime import Sidecar
from sidecar.web.access import audience, current, sidecar, sign_in_response
from sidecar.web.launch.admission import CHOOSERS, open_course
from sidecar.web.launch.blueprint import blueprint

SEARCH_LIMIT = 100


class NamedByLmsError(SidecarError):
    """This activity names its course in the LMS, by the custom parameter "course". Change it there."""

    code = "named-by-lms"


@blueprint.get("/launch/<launch_id>/course")
@audience("launch")
def choose_course(launch_id: str) -> str:
    """Show the courses that this link can open."""
    _refuse_others()
    wanted = request.args.get("q", "")[:SEARCH_LIMIT].strip()
    with sidecar().reading() as db:
        known = list_courses(db, db.get_one(Launch, launch_id).platform_id)
        courses = [course for course in known if wanted.lower() in f"{course.title} {course.key}".lower()]
        return render_template("launch/course.html", launch_id=launch_id, courses=courses, wanted=wanted)


@blueprint.post("/launch/<launch_id>/course")
@audience("launch")
def bind_course(launch_id: str) -> Response:
    """Bind the link to a course, for everybody who opens it, and play it."""
    _refuse_others()
    with sidecar().transaction() as db:
        launch = db.get_one(Launch, launch_id)
        _bind(sidecar(), db, launch, find_course(db, launch.platform_id, request.form.get("course", "")))
    return make_response(redirect(f"/play/{launch_id}", 303))


@blueprint.post("/launch/<launch_id>/staff")
@audience("launch")
def open_staff_pages(launch_id: str) -> Response:
    """Start a staff session for somebody with a granted role."""
    here, visitor = sidecar(), current()
    if visitor.viewer.roles == {"learner"}:
        raise NotAllowedError
    with here.transaction() as db:
        platform_id = db.get_one(Launch, launch_id).platform_id
        secret = sign_ins.start(db, visitor.identity_id, None, here.now(), platform_id=platform_id)
        audit.record(db, "sign_in.started", launch_id, at=here.now(), identity_id=visitor.identity_id)
    embedded = request.headers.get("Sec-Fetch-Dest") != "document"
    return sign_in_response(make_response(redirect("/staff/", 303)), secret, embedded=embedded)


def _refuse_others() -> None:
    if not current().viewer.is_one_of(*CHOOSERS):
        raise NotAllowedError


def _bind(here: Sidecar, db: Session, launch: Launch, course: Course) -> None:
    link = (launch.platform_id, launch.deployment_id, launch.resource_link_id)
    if launch.course_id is not None and platforms.find_bound_course(db, *link) is None:
        raise NamedByLmsError
    now = here.now()
    bound = platforms.bind_link(db, *link, course_id=course.id, bound_by=launch.identity_id, now=now)
    launch.course_id = course.id
    audit.record(db, "resource_link.bound", bound.id, at=now, identity_id=launch.identity_id, course=course.key)
    attempts.lock_learner(db, launch.identity_id)
    open_course(here, db, launch, course)
