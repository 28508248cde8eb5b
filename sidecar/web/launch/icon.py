"""Show the picture that stands beside our courses in an LMS."""

from __future__ import annotations

from flask import Response, send_from_directory

from sidecar.web.access import audience
from sidecar.web.assets import FOLDER
from sidecar.web.launch.blueprint import blueprint
from sidecar.web.launch.pick_links import ICON_PATH

DAY_S = 24 * 3600


@blueprint.get(ICON_PATH)
@audience("public")
def show_icon() -> Response:
    """Send it at an address that never changes, and let pages of other origins show it."""
    response = send_from_directory(FOLDER, "course.png", max_age=DAY_S)
    response.cache_control.public = True
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
