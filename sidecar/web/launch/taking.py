"""Take the login that a launch answers: once, and only from the browser that it was given to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest

from sqlalchemy.orm import Session

from sidecar.core import launches
from sidecar.core.launches import PendingLogin
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


def find_login(sidecar: Sidecar, form: Mapping[str, str], cookies: Mapping[str, str]) -> PendingLogin:
    """Return the login of this state, which only the browser may use that it was given to.

    It works once: whoever writes what came of it calls `spend` first, in the same transaction.
    """
    state = form.get("state", "")
    if not state:
        raise PlatformDeclinedError(reason=declined_reason(form)) if "error" in form else StateMissingError
    with sidecar.reading() as db:
        login = launches.find_login(db, state, sidecar.now())
    if login is None:
        raise StateUnknownError
    if not login.is_open:
        raise StateSpentError
    secret = cookies.get(login_cookie(state), "")
    if not compare_digest(hash_secret(secret), login.browser_secret_hash):
        with sidecar.transaction() as db:
            spend(db, login, sidecar.now())
        raise BrowserUnknownError
    return login


def spend(db: Session, login: PendingLogin, now: datetime) -> None:
    """Use a login up, or refuse the second that tries: of two at once one waits for the other's transaction.

    Raises:
        StateSpentError: it was used meanwhile, or is too old.
    """
    if not launches.consume_login(db, login.state_hash, now):
        raise StateSpentError


def declined_reason(form: Mapping[str, str]) -> str:
    """Return the error code of OpenID Connect; a platform's free text is not repeated."""
    return form["error"] if form["error"] in _DECLINED else "error"
