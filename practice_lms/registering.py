"""Let tools register themselves, as Moodle does: paste a URL, let the tool do the rest, activate it.

Source: LTI Dynamic Registration 1.0; Moodle 4.5 mod/lti/startltiadvregistration.php and openid-registration.php.
"""

import secrets
import string
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from werkzeug.wrappers import Response as AnyResponse

from practice_lms.keys import ToolKeys
from practice_lms.people import Person
from practice_lms.scopes import MEMBERS_SCOPE, SCOPES
from practice_lms.session import current_lms, require_person
from practice_lms.state import Lms
from practice_lms.tool_types import CLAIMS, RegistrationError, answer, follow

blueprint = Blueprint("registering", __name__)
TOKEN_LIFETIME_S = 3600
CLIENT_ID_CHARACTERS = 15


@blueprint.get("/admin/tools")
def show_tools() -> str:
    """Show the administrator the tools, and the field for a new one."""
    return render_template("tools.html", person=_require_administrator(), tools=current_lms().tools.by_id.values())


@blueprint.get("/admin/tools/add")
def add_tool() -> str:
    """Show the tool's registration page in a frame, as Moodle does below its field."""
    person, url = _require_administrator(), request.args.get("url", "")
    if urlsplit(url).scheme not in ("http", "https"):
        abort(400)
    start = url_for("registering.start", url=url, type=request.args.get("type"))
    return render_template("tool_add.html", person=person, start=start)


@blueprint.post("/admin/tools/<type_id>/activate")
def activate(type_id: str) -> AnyResponse:
    """Let a pending tool in: from now on the links of the course open it."""
    _require_administrator()
    lms = current_lms()
    activate_tool(lms, type_id)
    return redirect(url_for("registering.show_tools"), 303)


def activate_tool(lms: Lms, type_id: str) -> None:
    """Let a pending tool in, for tests and the page."""
    with lms.lock():
        tool = lms.tools.find(type_id)
        tool.is_active = True
        lms.config = follow(lms.config, tool)
        lms.tool_keys = ToolKeys(lms.config.tool_keys)


@blueprint.get("/mod/lti/startltiadvregistration.php")
def start() -> AnyResponse:
    """Send the frame to the tool with our configuration and a token that registers once."""
    _require_administrator()
    lms, type_id = current_lms(), request.args.get("type")
    return redirect(start_address(lms, request.args["url"], type_id), 302)


def start_address(lms: Lms, tool_url: str, type_id: str | None = None) -> str:
    """Return the tool's address with what it needs to register, or to register again.

    Args:
        type_id: of the tool that is to be changed.
    """
    query = {"openid_configuration": f"{lms.config.issuer}/mod/lti/openid-configuration.php"}
    query["registration_token"] = make_token(lms, type_id)
    return f"{tool_url}{'&' if urlsplit(tool_url).query else '?'}{urlencode(query)}"


def make_token(lms: Lms, type_id: str | None = None) -> str:
    """Return a token that registers a tool once, or changes this one once, within an hour."""
    now = int(time.time())
    letters = string.ascii_letters + string.digits
    fresh = "".join(secrets.choice(letters) for _ in range(CLIENT_ID_CHARACTERS))
    claims = {
        "sub": type_id or fresh,
        "scope": "reg-update" if type_id else "reg",
        "iat": now,
        "exp": now + TOKEN_LIFETIME_S,
        "jti": fresh,
    }
    key = lms.keys.active
    return jwt.encode({"alg": "RS256", "kid": str(key.kid)}, claims, key, algorithms=["RS256"])


@blueprint.get("/mod/lti/openid-configuration.php")
def show_configuration() -> Response:
    """Say what this LMS is, word for word as Moodle 4.5.6 does."""
    config = current_lms().config
    return jsonify(
        {
            "issuer": config.issuer,
            "token_endpoint": config.token_url,
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": config.jwks_url,
            "authorization_endpoint": config.auth_url,
            "registration_endpoint": f"{config.services}/mod/lti/openid-registration.php",
            "scopes_supported": [*SCOPES, MEMBERS_SCOPE, "openid"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": list(CLAIMS),
            "https://purl.imsglobal.org/spec/lti-platform-configuration": {
                "product_family_code": "moodle",
                "version": "4.5.6 (Build: 20250811)",
                "messages_supported": [
                    {"type": "LtiResourceLinkRequest"},
                    {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]},
                ],
                "variables": ["User.id", "User.username", "Person.sourcedId", "Person.email.primary"],
            },
        }
    )


@blueprint.post("/mod/lti/openid-registration.php")
def register() -> Response:
    """Register a tool, pending; with a token for updates, change it."""
    lms, said = current_lms(), request.get_json(force=True, silent=True)
    with lms.lock():
        claims = _use_token(lms)
        tool = lms.tools.take(said if isinstance(said, dict) else {}, str(claims["sub"]), str(claims["scope"]))
        return jsonify(answer(tool))


@blueprint.get("/mod/lti/openid-registration.php")
def show_registration() -> Response:
    """Tell a tool what is registered of it, by a token for updates."""
    lms = current_lms()
    claims = _read_token(lms)
    if claims["scope"] != "reg-update":
        raise RegistrationError("incorrect_token_scope", 401)
    return jsonify(answer(lms.tools.find(str(claims["sub"]))))


@blueprint.errorhandler(RegistrationError)
def refuse(refused: RegistrationError) -> Response:
    """Answer with the code in plain text, as Moodle does."""
    return Response(refused.code, refused.status, content_type="text/plain; charset=utf-8")


def _use_token(lms: Lms) -> dict[str, Any]:
    """Return the claims of the request's token, and let nobody use it again."""
    claims = _read_token(lms)
    if claims["jti"] in lms.tools.used_tokens:
        raise RegistrationError("token_already_used", 401)
    lms.tools.used_tokens.add(str(claims["jti"]))
    return claims


def _read_token(lms: Lms) -> dict[str, Any]:
    """Return the claims of the request's token; one that is no JWT gets Moodle's HTML page."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or not token:
        raise RegistrationError("missing_registration_token", 401)
    try:
        claims = jwt.decode(token, KeySet([lms.keys.active]), algorithms=["RS256"]).claims
    except (JoseError, ValueError):
        abort(404)
    if claims.get("exp", 0) < time.time():
        raise RegistrationError("token_expired", 401)
    return dict(claims)


def _require_administrator() -> Person:
    person = require_person()
    if person.role != "administrator":
        abort(403)
    return person
