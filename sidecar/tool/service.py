"""Reach platforms: the guarded way out in the library's words, and what is known of their keys and tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from lti.errors import ServiceError, ServiceRefused, ServiceUnreachable
from lti.fetching import Fetch, Response, host_of
from lti.keys import PlatformKeys
from lti.login import Registration
from lti.service_errors import AnswerTooLarge, ServiceBusy, ServiceElsewhere
from lti.services import AccessTokens
from sidecar.core import platform_trust
from sidecar.core.deployments import active_deployments
from sidecar.core.outbox import TryLater
from sidecar.core.platforms import Platform, PlatformFacts
from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.http import AnswerTooLargeError, GuardedFetch
from sidecar.runtime import Sidecar
from sidecar.tool.deadlines import fetch_within
from sidecar.tool.signing import active_tool_key
from sidecar.tool.tokens import SharedTokens

T = TypeVar("T")

KEY_SET_S: Final = 10.0
"""How long an LMS has to show its keys, with all looking up of names: somebody waits for the course."""


@dataclass(frozen=True)
class _Known:
    """What one application keeps in memory of all platforms."""

    fetch: Fetch
    keys: PlatformKeys
    tokens: AccessTokens


_KNOWN: WeakKeyDictionary[Sidecar, _Known] = WeakKeyDictionary()


def lti_fetch(sidecar: Sidecar) -> Fetch:
    """Return the guarded way out, with errors as the library wants them."""
    return _known(sidecar).fetch


def platform_keys(sidecar: Sidecar) -> PlatformKeys:
    """Return the cache of the platforms' public keys."""
    return _known(sidecar).keys


def access_tokens(sidecar: Sidecar) -> AccessTokens:
    """Return the cache of access tokens."""
    return _known(sidecar).tokens


def with_token(sidecar: Sidecar, registration: Registration, scope: str, url: str, call: Callable[[str], T]) -> T:
    """Call the service at a URL with a token; where the LMS answers 401, once more with a new one.

    Raises:
        ServiceElsewhere: the URL is another LMS's; no token is asked for.
        ServiceError: the LMS gave no token, or the call failed.
    """
    with sidecar.reading() as db:
        if platform_trust.is_of_another(db, registration.issuer, registration.client_id, url):
            raise ServiceElsewhere(host=host_of(url), status=0)
    tokens, key = access_tokens(sidecar), active_tool_key(sidecar)
    try:
        return call(tokens.token(registration, [scope], key))
    except ServiceRefused as error:
        if error.status != 401:
            raise
    tokens.forget(registration, [scope])
    return call(tokens.token(registration, [scope], key))


def later(error: ServiceError) -> TryLater:
    """Return the wish to try again, after the time the LMS asked for where it did."""
    wait_s = error.retry_after_s if isinstance(error, ServiceBusy) else 0
    return TryLater(error.code, wait=timedelta(seconds=wait_s))


def registration_of(db: Session, platform: Platform | PlatformFacts) -> Registration:
    """Return a platform as the library knows it, with the deployments that may launch."""
    return as_registration(platform, active_deployments(db, platform.id))


def as_registration(platform: Platform | PlatformFacts, deployments: frozenset[str]) -> Registration:
    """Return a platform as the library knows it."""
    return Registration(
        issuer=platform.issuer,
        client_id=platform.client_id,
        auth_url=platform.auth_url,
        token_url=platform.token_url,
        jwks_url=platform.jwks_url,
        deployments=deployments,
        page_origins=tuple(platform.frame_origins),
    )


def _known(sidecar: Sidecar) -> _Known:
    known = _KNOWN.get(sidecar)
    if known is None:
        fetch = _adapt(sidecar.fetch)
        tokens = AccessTokens(fetch, sidecar.now, SharedTokens(sidecar))
        fresh = _Known(fetch, PlatformKeys(fetch_within(KEY_SET_S, fetch), sidecar.now), tokens)
        known = _KNOWN.setdefault(sidecar, fresh)
    return known


def _adapt(guarded: GuardedFetch) -> Fetch:
    def fetch(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        try:
            answer = guarded(method, url, headers=headers, body=body)
        except AnswerTooLargeError as error:
            raise AnswerTooLarge(host=str(error.facts["host"]), reason=error.code) from error
        except (UnreachableError, ForbiddenAddressError) as error:
            raise ServiceUnreachable(host=str(error.facts["host"]), reason=error.code) from error
        return Response(answer.status, answer.headers, answer.body)

    return fetch
