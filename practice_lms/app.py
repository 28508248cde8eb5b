"""Put the practice LMS together."""

import secrets

from flask import Flask
from werkzeug.wrappers import Response

from practice_lms import deep_linking, grades, launch, pages, registering, roster, storage, tokens
from practice_lms.config import Config
from practice_lms.people import KONGSBERGREGIONEN, Region
from practice_lms.session import EXTENSION
from practice_lms.state import Lms
from practice_lms.web_services import server as web_services

MAX_BODY_BYTES = 1_000_000


def create_app(config: Config | None = None, region: Region = KONGSBERGREGIONEN) -> Flask:
    """Return a practice LMS with a region's people, fresh keys and an empty gradebook; `lms_of` gives its state."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),
        SESSION_COOKIE_NAME="practice_lms_session",
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
    )
    app.extensions[EXTENSION] = Lms(config or Config(), region)
    for room in (pages, launch, deep_linking, storage, tokens, grades, roster, registering, web_services):
        app.register_blueprint(room.blueprint)
    app.after_request(_forbid_foreign_script)
    return app


def lms_of(app: Flask) -> Lms:
    """Return the state behind an application, for tests and the demo."""
    lms = app.extensions[EXTENSION]
    if not isinstance(lms, Lms):
        raise TypeError(EXTENSION)
    return lms


def _forbid_foreign_script(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-src *; base-uri 'none'"
    response.headers["Cache-Control"] = response.headers.get("Cache-Control", "no-store")
    return response
