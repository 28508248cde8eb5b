"""Show the public pages, and keep a visitor's choice of language."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sidecar.core import retention
from sidecar.core.people import Identity
from sidecar.errors import SidecarError
from sidecar.language import known
from sidecar.web.access import LANGUAGE_COOKIE, audience, current, sidecar
from sidecar.web.cookies import give_cookie

YEAR = timedelta(days=365)

blueprint = Blueprint("pages", __name__)


class UnknownLanguageError(SidecarError):
    """This service speaks Bokmål, Nynorsk and English only. Choose one of them."""

    code = "unknown-language"


@blueprint.get("/")
@audience("public")
def front() -> str:
    """Say what this is and how to sign in."""
    return render_template("pages/front.html")


@blueprint.get("/privacy")
@audience("public")
def privacy() -> str:
    """Say what is kept about whom, why and how long."""
    return render_template(
        "pages/privacy.html",
        periods=retention.DEFAULTS,
        access_log_days=retention.ACCESS_KEPT.days,
        sign_ins_days=retention.SIGN_INS_KEPT.days,
    )


@blueprint.get("/accessibility")
@audience("public")
def accessibility() -> str:
    """Show the accessibility statement."""
    return render_template("pages/accessibility.html")


@blueprint.get("/favicon.ico")
@audience("public")
def favicon() -> Response:
    """Answer the browser's own request with nothing to show."""
    return Response(status=204)


@blueprint.post("/language")
@audience("public")
def choose_language() -> AnyResponse:
    """Keep the chosen language in a cookie and, for who is signed in, with the identity; then go back."""
    language = known(request.form.get("language"))
    if language is None:
        raise UnknownLanguageError
    if current().identity:
        with sidecar().transaction() as db:
            db.get_one(Identity, current().identity_id).language = language
    response = redirect(local_path(request.form.get("next", "")), 303)
    give_cookie(response, LANGUAGE_COOKIE, language, lasts=YEAR)
    return response


def local_path(path: str) -> str:
    """Return a path of our own origin; anything that could lead elsewhere becomes the front page."""
    safe = path.startswith("/") and not path.startswith("//") and not set(path) & set("\\\r\n\t")
    return path if safe else "/"
