"""Show staff who uses a course where: numbers, never names."""

from __future__ import annotations

from flask import Blueprint, render_template

from sidecar.core.course_use import MOST_PLACES, use_of
from sidecar.core.staff_courses import find_course_of
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import SEES_COURSES

blueprint = Blueprint("staff_course_use", __name__)


@blueprint.get("/staff/courses/<key>/use")
@audience(*SEES_COURSES)
def show(key: str) -> str:
    """Show where a course is opened, and how many have begun and finished it."""
    with sidecar().reading() as db:
        course = find_course_of(db, current().viewer, key)
        use = use_of(db, current().viewer, course)
    return render_template("staff/course_use.html", course=course, use=use, most_places=MOST_PLACES)
