"""Reach platforms: the guarded way out in the library's words, and what is known of their keys and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from lti.errors import ServiceUnreachable
from lti.fetching import Fetch, Response
from lti.keys import PlatformKeys
from lti.login import Registration
from lti.services import AccessTokens
from sidecar.core.platforms import Platform, active_deployments
from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.http import GuardedFetch
from sidecar.runtime import Sidecar


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


def registration_of(db: Session, platform: Platform) -> Registration:
    """Return a platform as the library knows it, with the deployments that may launch."""
    return Registration(
        issuer=platform.issuer,
        client_id=platform.client_id,
        auth_url=platform.auth_url,
        token_url=platform.token_url,
        jwks_url=platform.jwks_url,
        deployments=active_deployments(db, platform.id),
    )


def _known(sidecar: Sidecar) -> _Known:
    known = _KNOWN.get(sidecar)
    if known is None:
        fetch = _adapt(sidecar.fetch)
        fresh = _Known(fetch, PlatformKeys(fetch, sidecar.now), AccessTokens(fetch, sidecar.now))
        known = _KNOWN.setdefault(sidecar, fresh)
    return known


def _adapt(guarded: GuardedFetch) -> Fetch:
    def fetch(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        try:
            answer = guarded(method, url, headers=headers, body=body)
        except (UnreachableError, ForbiddenAddressError) as error:
            raise ServiceUnreachable(host=str(error.facts["host"]), reason=error.code) from error
        return Response(answer.status, answer.headers, answer.body)

    return fetch
