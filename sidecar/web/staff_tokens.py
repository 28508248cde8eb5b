"""Let staff give another system a token with which it speaks for a municipality, and take it back."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import api_tokens, scim_resources
from sidecar.core.access import Viewer
from sidecar.core.api_tokens import CHANGES, MOST_DAYS, PATHS, SCIM, SCOPES, ApiToken, TokenLine
from sidecar.core.platform_choices import municipalities_to_choose
from sidecar.errors import InvalidInputError, SidecarError
from sidecar.secrets import BadTokenError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import ADMINISTERS

FORM_KEY = "api-token"
FORM_AGE_S = 24 * 3600
MOST_SHOWN = 20

blueprint = Blueprint("staff_tokens", __name__)


class TokenFormError(SidecarError):
    """The token was not made. Choose the municipality, write what it is for, and let it hold 1 to 730 days."""

    code = "token-form"


@blueprint.get("/staff/tokens")
@audience(*ADMINISTERS)
def show_all() -> str:
    """List the tokens, and show the form that makes one."""
    return _page()


@blueprint.post("/staff/tokens")
@audience(*ADMINISTERS)
def make() -> str | tuple[str, int]:
    """Make a token; it stands on the answer and nowhere else. The same form again makes no other one."""
    try:
        with sidecar().transaction() as db:
            token, secret = _make(db, current().viewer)
            db.expunge(token)
    except TokenFormError as error:
        return _page(problem=error), 400
    return render_template("staff/token_made.html", token=token, secret=secret, address=_address(token.scope))


@blueprint.get("/staff/tokens/<token_id>/revoke")
@audience(*ADMINISTERS)
def ask_to_revoke(token_id: str) -> str:
    """Ask whether a token shall be taken back."""
    with sidecar().reading() as db:
        found = api_tokens.find_visible(db, current().viewer, token_id)
        return render_template("staff/token_revoke.html", token=found)


@blueprint.post("/staff/tokens/<token_id>/revoke")
@audience(*ADMINISTERS)
def take_back(token_id: str) -> Response:
    """Take a token back; whoever uses it is refused from now on."""
    with sidecar().transaction() as db:
        api_tokens.revoke(db, current().viewer, token_id, sidecar().now())
    return redirect("/staff/tokens", 303)


def _make(db: Session, viewer: Viewer) -> tuple[ApiToken, str]:
    form = request.form
    scope = form.get("scope", SCIM)
    if scope not in SCOPES:
        raise TokenFormError
    secret = api_tokens.new_token(scope, _secret_of_form())
    made = api_tokens.find_made_with(db, viewer, secret)
    if made is not None:
        return made, secret
    try:
        return api_tokens.add_token(
            db,
            viewer,
            form.get("municipality", ""),
            scope=scope,
            name=form.get("name", ""),
            days=form.get("days", 0, type=int),
            now=sidecar().now(),
            secret=secret,
        )
    except InvalidInputError:
        raise TokenFormError from None


def _seal_secret() -> str:
    """Return the next token, sealed: the form brings it back, so that a reload makes no second one."""
    claims = {FORM_KEY: api_tokens.new_secret(), "by": current().identity_id or ""}
    return sidecar().secrets.token(claims, sidecar().now())


def _secret_of_form() -> str:
    """Return the token that the form holds, or a new one where the form is too old or was another's."""
    try:
        claims = sidecar().secrets.read_token(request.form.get(FORM_KEY, ""), sidecar().now(), max_age_s=FORM_AGE_S)
    except BadTokenError:
        return api_tokens.new_secret()
    is_ours = FORM_KEY in claims and claims.get("by") == current().identity_id
    return claims[FORM_KEY] if is_ours else api_tokens.new_secret()


def _address(scope: str) -> str:
    return f"{sidecar().settings.public_url}{PATHS[scope]}"


def _page(*, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        lines = api_tokens.list_tokens(db, viewer, sidecar().now())
        return render_template(
            "staff/tokens.html",
            lines=lines,
            municipalities=municipalities_to_choose(db, viewer),
            unnumbered=_unnumbered(db, viewer, lines),
            most_shown=MOST_SHOWN,
            most_days=MOST_DAYS,
            address=_address(SCIM),
            changes_address=_address(CHANGES),
            form_key=FORM_KEY,
            sealed=_seal_secret(),
            problem=problem,
        )


def _unnumbered(db: Session, viewer: Viewer, lines: Sequence[TokenLine]) -> dict[str, list[str]]:
    """Return by municipality's name the ids of users that came without an employee number; never who they are."""
    municipalities = {line.municipality.id: line.municipality.name for line in lines}
    found = {
        name: list(scim_resources.list_unnumbered(db, viewer, municipality_id))
        for municipality_id, name in municipalities.items()
    }
    return {name: ids for name, ids in sorted(found.items()) if ids}
