"""Let a teacher choose content of the tool in a dialog, and add it to the course.

Source: LTI Deep Linking 2.0; Moodle 4.5 mod/lti/contentitem_return.php.
"""

from flask import Blueprint, render_template, request

from practice_lms.content_items import ContentError, take_answer
from practice_lms.session import current_lms, current_person, require_teacher

blueprint = Blueprint("deep_linking", __name__)


@blueprint.get("/course/content")
def show_dialog() -> str:
    """Show the tool's picker in a frame as wide as Moodle's dialog."""
    return render_template("content.html", person=require_teacher(), config=current_lms().config)


@blueprint.post("/mod/lti/contentitem_return.php")
def take_content() -> str | tuple[str, int]:
    """Take what was chosen; from another site's page no cookie comes along, so the form is sent once more from here."""
    if current_person() is None and "repost" not in request.form:
        fields = {"JWT": request.form.get("JWT", ""), "repost": "true"}
        return render_template("post.html", action=request.full_path, fields=fields)
    person = require_teacher()
    sesskey, token = request.args.get("sesskey", ""), request.form.get("JWT", "")
    try:
        added = take_answer(current_lms(), person.user_id, sesskey, token)
    except ContentError as problem:
        return render_template("content_added.html", person=person, added=[], problem=str(problem)), 400
    return render_template("content_added.html", person=person, added=added, problem="")
