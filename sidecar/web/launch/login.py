"""Start a launch: keep the login, and send the browser to its LMS with our secrets."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Final

from flask import Response
from sqlalchemy.orm import Session

from lti.errors import LoginError, UnknownPlatform
from lti.login import LOGIN_LIFETIME, LoginRequest, LoginStart, begin_login, read_login
from sidecar import tool
from sidecar.core import launches, platforms
from sidecar.core.launches import LoginRecord
from sidecar.core.one_way import hash_secret
from sidecar.core.platforms import PlatformFacts, PlatformInactiveError
from sidecar.runtime import Sidecar
from sidecar.web.access import launch_cookie, own_cookie
from sidecar.web.cookies import give_cookie, take_cookie_back

SESSION_HOURS = 4
NO_DEPLOYMENTS: Final = frozenset[str]()
"""The launch is judged by its deployment, the login is not."""


def start_login(sidecar: Sidecar, params: Mapping[str, str], *, in_storage: bool = False) -> LoginStart:
    """Keep a login that a platform asked for.

    Source: 1EdTech Security Framework 1.0 §5.1.1.1.

    Args:
        in_storage: the platform's window keeps the secret of the browser, not a cookie.

    Raises:
        LoginError: it can't be read, comes from an unknown platform, or points elsewhere.
        PlatformInactiveError: its platform may not open anything just now.
    """
    asked = read_login(params)
    with sidecar.transaction() as db:
        platform = find_asker(db, asked)
        registration = tool.as_registration(platform, NO_DEPLOYMENTS)
        url = tool.launch_url(sidecar.settings)
        start = begin_login(asked, registration, launch_url=url, now=sidecar.now())
        target = asked.storage_target if in_storage else None
        launches.record_login(db, _record(start, platform.id, target, sidecar))
    return start


def find_asker(db: Session, asked: LoginRequest) -> PlatformFacts:
    """Return the active platform that asks for a login.

    Raises:
        LoginError: it is unknown.
        PlatformInactiveError: it may not open anything just now.
    """
    platform = platforms.find_registration(db, asked.issuer, asked.client_id)
    if platform is None:
        raise UnknownPlatform(issuer=asked.issuer, client_id=asked.client_id or "")
    return platform


def find_claimed(sidecar: Sidecar, params: Mapping[str, str]) -> str | None:
    """Return the id of the active platform in whose name a login was asked for; None where there is none such."""
    with suppress(LoginError, PlatformInactiveError), sidecar.reading() as db:
        return find_asker(db, read_login(params)).id
    return None


def _record(start: LoginStart, platform_id: str, storage_target: str | None, sidecar: Sidecar) -> LoginRecord:
    return LoginRecord(
        state_hash=hash_secret(start.state),
        platform_id=platform_id,
        nonce=start.nonce,
        browser_secret_hash=hash_secret(start.browser_secret),
        target_link_uri=start.target_link_uri,
        deployment_hint=start.deployment_hint,
        storage_target=storage_target,
        created_at=sidecar.now(),
        expires_at=start.expires_at,
    )


def login_cookie(state: str) -> str:
    """Return the name of the cookie that ties a state to the browser it was given to."""
    return own_cookie(f"lti-{hash_secret(state)[:16]}")


def set_login_cookie(response: Response, start: LoginStart) -> None:
    """Give the browser the secret of its login; sent from within an LMS's frame, and only below that LMS."""
    give_cookie(response, login_cookie(start.state), start.browser_secret, lasts=LOGIN_LIFETIME)


def drop_login_cookie(response: Response, state: str) -> None:
    """Take the cookie of a login that has ended back."""
    take_cookie_back(response, login_cookie(state))


def set_launch_cookie(response: Response, launch_id: str, secret: str) -> None:
    """Give the browser the secret of its session of one launch, likewise."""
    give_cookie(response, launch_cookie(launch_id), secret, lasts=timedelta(hours=SESSION_HOURS))
