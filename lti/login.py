"""Start a launch: read the platform's login request and send the browser back to it with our secrets."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from lti.errors import ForeignTarget, LoginParameterInvalid, LoginParameterMissing, UnknownPlatform
from lti.wire import UNPRINTABLE

LOGIN_LIFETIME: Final = timedelta(minutes=10)
SECRET_BYTES: Final = 32
SIGNING_ALGORITHMS: Final = frozenset({"RS256", "RS384", "RS512"})
_PARAMETER_LIMITS: Final = {
    "client_id": 255,
    "lti_deployment_id": 255,
    "lti_message_hint": 8192,
    "lti_storage_target": 255,
}
_PARAMETER_LIMIT: Final = 2048


@dataclass(frozen=True)
class Registration:
    """Hold what the tool and one platform agreed on: who it is, where its endpoints are, what may launch.

    `page_origins`: of its pages, besides those of the issuer and of the login.
    Source: LTI Core 1.3 §3.1.3 (client and deployments); 1EdTech Security Framework 1.0 §5.1.
    """

    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    deployments: frozenset[str]
    algorithms: tuple[str, ...] = ("RS256",)
    page_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.algorithms or not SIGNING_ALGORITHMS.issuperset(self.algorithms):
            raise ValueError("algorithms must be one or more of " + ", ".join(sorted(SIGNING_ALGORITHMS)))


@dataclass(frozen=True)
class LoginRequest:
    """Hold a third-party-initiated login as the platform sent it.

    `storage_target` names the window in which the platform keeps data for tools without cookies: "_parent", or a
    frame in there; None where it keeps none.

    Source: 1EdTech Security Framework 1.0 §5.1.1.1; LTI Core 1.3 §4.1; LTI OIDC Login with LTI Client Side
    postMessages.
    """

    issuer: str
    login_hint: str = field(repr=False)
    target_link_uri: str
    message_hint: str | None = field(repr=False)
    client_id: str | None
    deployment_id: str | None
    storage_target: str | None = None


@dataclass(frozen=True)
class LoginStart:
    """Hold what the caller stores for this login (all but the URL) and where it sends the browser.

    `browser_secret` goes into the cookie of this state; `expires_at` is aware UTC.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    browser_secret: str = field(repr=False)
    redirect_url: str = field(repr=False)
    target_link_uri: str
    deployment_hint: str | None
    expires_at: datetime


def read_login(params: Mapping[str, str]) -> LoginRequest:
    """Return the login request in these query or form parameters.

    Raises LoginParameterMissing or LoginParameterInvalid.
    """
    return LoginRequest(
        issuer=_required(params, "iss"),
        login_hint=_required(params, "login_hint"),
        target_link_uri=_required(params, "target_link_uri"),
        message_hint=_optional(params, "lti_message_hint"),
        client_id=_optional(params, "client_id"),
        deployment_id=_optional(params, "lti_deployment_id"),
        storage_target=_optional(params, "lti_storage_target"),
    )


def begin_login(request: LoginRequest, registration: Registration, *, launch_url: str, now: datetime) -> LoginStart:
    """Make the secrets of this login and the address of the platform's authentication.

    Raises UnknownPlatform when the request is not of this registration, ForeignTarget when it points
    elsewhere than to `launch_url`, the only target this tool has.
    """
    if request.issuer != registration.issuer or request.client_id not in (None, registration.client_id):
        raise UnknownPlatform(issuer=request.issuer, client_id=request.client_id or "")
    if request.target_link_uri != launch_url:
        raise ForeignTarget
    state, nonce, browser_secret = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(3))
    query = _authentication_query(request, registration, launch_url) | {"state": state, "nonce": nonce}
    return LoginStart(
        state=state,
        nonce=nonce,
        browser_secret=browser_secret,
        redirect_url=_extend_query(registration.auth_url, query),
        target_link_uri=request.target_link_uri,
        deployment_hint=request.deployment_id,
        expires_at=now + LOGIN_LIFETIME,
    )


def _authentication_query(request: LoginRequest, registration: Registration, launch_url: str) -> dict[str, str]:
    """Return the authentication request without its secrets.

    Source: 1EdTech Security Framework 1.0 §5.1.1.2; LTI Core 1.3 §4.1.1 (message hint).
    """
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": registration.client_id,
        "redirect_uri": launch_url,
        "login_hint": request.login_hint,
    }
    return query if request.message_hint is None else query | {"lti_message_hint": request.message_hint}


def _extend_query(url: str, query: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    joined = "&".join(filter(None, [parts.query, urlencode(query)]))
    return urlunsplit(parts._replace(query=joined))


def _required(params: Mapping[str, str], name: str) -> str:
    value = _optional(params, name)
    if value is None:
        raise LoginParameterMissing(parameter=name)
    return value


def _optional(params: Mapping[str, str], name: str) -> str | None:
    value = params.get(name)
    if not value:
        return None
    if len(value) > _PARAMETER_LIMITS.get(name, _PARAMETER_LIMIT) or UNPRINTABLE.search(value):
        raise LoginParameterInvalid(parameter=name)
    return value
