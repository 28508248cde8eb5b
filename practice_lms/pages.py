"""Show the LMS's own pages: log in, the course, an activity, the gradebook."""

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from practice_lms.session import current_lms, current_person, require_person
from practice_lms.state import COURSE_TITLE

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def show_login() -> str:
    """Show whom one can be."""
    people = current_lms().people.values()
    return render_template("login.html", people=people, person=current_person())


@blueprint.post("/login")
def log_in() -> Response:
    """Become the chosen person."""
    user_id = request.form.get("user_id", "")
    if user_id not in current_lms().people:
        abort(404)
    session["user_id"] = user_id
    return redirect(url_for("pages.show_course"), 303)


@blueprint.post("/logout")
def log_out() -> Response:
    """Be nobody again."""
    session.clear()
    return redirect(url_for("pages.show_login"), 303)


@blueprint.get("/course")
def show_course() -> str | Response:
    """Show the course with its activities; each opens in the page or in a window of its own."""
    person = current_person()
    if person is None:
        return redirect(url_for("pages.show_login"), 303)
    lms = current_lms()
    grades = {link.link_id: lms.grade_of(person.user_id, link.link_id) for link in lms.config.links}
    return render_template("course.html", person=person, links=lms.config.links, grades=grades, title=COURSE_TITLE)


@blueprint.get("/activity/<link_id>")
def show_activity(link_id: str) -> str:
    """Show an activity with the tool in an iframe."""
    link = current_lms().config.link(link_id)
    if link is None:
        abort(404)
    return render_template("activity.html", person=require_person(), link=link, config=current_lms().config)


@blueprint.get("/mod/lti/return.php")
def come_back() -> str:
    """Take the learner back from a tool, out of the iframe too."""
    return render_template("back.html", person=current_person())


@blueprint.get("/gradebook")
def show_gradebook() -> str:
    """Show the grades: a learner's own, everybody's to staff of the LMS."""
    person, lms = require_person(), current_lms()
    shown = [
        other
        for other in lms.people.values()
        if other.role == "learner" and (person.role != "learner" or other == person)
    ]
    return render_template(
        "gradebook.html", person=person, people=shown, items=lms.line_items.values(), grades=lms.grades
    )
