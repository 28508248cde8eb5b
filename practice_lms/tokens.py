"""Issue access tokens against a signed client assertion (private_key_jwt).

Source: 1EdTech Security Framework 1.0 §4.1; RFC 7523 §3.
Stricter than Moodle, which checks neither aud, iss nor jti.
"""

import json
import math
import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from practice_lms.keys import NotSignedError
from practice_lms.scopes import MEMBERS_SCOPE, SCOPES
from practice_lms.session import current_lms
from practice_lms.state import TOKEN_LIFETIME_S, Lms

blueprint = Blueprint("tokens", __name__)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_LIFETIME_S = 3600


class TokenError(Exception):
    """Refuse a token request.

    Args:
        code: the OAuth error code.
        reason: what was wrong, for the tool's developer.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@blueprint.post("/mod/lti/token.php")
def issue_token() -> Response:
    """Answer a client-credentials request; like Moodle, in JSON that is labelled text/html."""
    lms = current_lms()
    try:
        scopes = _read_request(lms, request.form)
    except TokenError as refused:
        body = {"error": refused.code, "error_description": refused.reason}
        return Response(json.dumps(body), 400, content_type="application/json")
    body_ok = {
        "access_token": lms.issue_token(frozenset(scopes)),
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME_S,
        "scope": " ".join(scopes),
    }
    headers = {"Cache-Control": "no-store"}
    return Response(json.dumps(body_ok), 200, headers, content_type="text/html; charset=utf-8")


def _read_request(lms: Lms, form: Mapping[str, str]) -> list[str]:
    if form.get("grant_type") != "client_credentials":
        raise TokenError("unsupported_grant_type", "grant_type")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenError("invalid_request", "client_assertion_type")
    claims = _verify_assertion(lms, form.get("client_assertion", ""))
    _check_claims(lms, claims)
    scopes = [scope for scope in form.get("scope", "").split() if scope in (*SCOPES, MEMBERS_SCOPE)]
    if not scopes:
        raise TokenError("invalid_scope", "scope")
    return scopes


def _verify_assertion(lms: Lms, assertion: str) -> Mapping[str, Any]:
    try:
        return lms.tool_keys.read(assertion)
    except NotSignedError as error:
        raise TokenError(error.code, error.reason) from error


def _check_claims(lms: Lms, claims: Mapping[str, Any]) -> None:
    now = time.time()
    client, audience = lms.config.client_id, claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    expires, issued = _read_time(claims.get("exp"), 0.0), _read_time(claims.get("iat"), math.inf)
    jti = claims.get("jti")
    checks = {
        "iss": claims.get("iss") == client,
        "sub": claims.get("sub") == client,
        "aud": lms.config.token_url in audiences,
        "exp": now < expires <= now + MAX_ASSERTION_LIFETIME_S,
        "iat": issued <= now,
        "jti": isinstance(jti, str) and jti != "",
    }
    for name, good in checks.items():
        if not good:
            raise TokenError("invalid_client", name)
    if not lms.use_assertion(str(jti), expires):
        raise TokenError("invalid_client", "jti was used before")


def _read_time(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default
