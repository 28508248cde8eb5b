"""Keep data for a tool without cookies in a frame of its own, as some LMSs do; others do so in the page around it.

Source: 1EdTech LTI postMessage Storage. What is kept, and how it is answered, is in `static/storage.js`.
"""

from flask import Blueprint, render_template

from practice_lms.session import current_lms

blueprint = Blueprint("storage", __name__)


@blueprint.get("/mod/lti/storage.php")
def show_frame() -> str:
    """Show the frame that the login names: it has nothing to see."""
    return render_template("storage.html", config=current_lms().config)
