"""Take the login that a launch answers: once, and only from the browser that it was given to."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest

from lti.login import Registration
from sidecar import tool
from sidecar.core import launches, platforms
from sidecar.core.launches import LoginRecord
from sidecar.core.one_way import hash_secret
from sidecar.runtime import Sidecar
from sidecar.web.launch.login import login_cookie
from sidecar.web.launch.refusals import (
    BrowserUnknownError,
    PlatformDeclinedError,
    StateMissingError,
    StateSpentError,
    StateUnknownError,
)

_DECLINED = frozenset(
    {"access_denied", "consent_required", "interaction_required", "invalid_request", "invalid_scope"}
    | {"login_required", "server_error", "temporarily_unavailable", "unauthorized_client"}
)


def take_login(
    sidecar: Sidecar, form: Mapping[str, str], cookies: Mapping[str, str]
) -> tuple[LoginRecord, Registration]:
    """Consume the login of this state, which works once, and only in the browser that it was given to."""
    state = form.get("state", "")
    if not state:
        raise PlatformDeclinedError(reason=declined_reason(form)) if "error" in form else StateMissingError
    with sidecar.transaction() as db:
        login = launches.consume_login(db, state, sidecar.now())
        if login is None:
            raise StateSpentError if launches.is_spent(db, state) else StateUnknownError
        registration = tool.registration_of(db, platforms.platform_of_id(db, login.platform_id))
    secret = cookies.get(login_cookie(state), "")
    if not compare_digest(hash_secret(secret), login.browser_secret_hash):
        raise BrowserUnknownError
    return login, registration


def declined_reason(form: Mapping[str, str]) -> str:
    """Return the error code of OpenID Connect; a platform's free text is not repeated."""
    return form["error"] if form["error"] in _DECLINED else "error"
