"""Keep keys: the tool's own, and those that platforms publish."""

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from lti.errors import KeysMalformed, KeysUnavailable, KeyUnknown, ServiceUnreachable
from lti.fetching import Fetch, Response

KEY_SIZE_BITS = 2048
KEY_SIZE_LIMIT_BITS = 8192
JWKS_LIMIT_BYTES = 256 * 1024
JWKS_LIMIT_KEYS = 100
CACHE_SHORTEST = timedelta(seconds=60)
CACHE_LONGEST = timedelta(hours=24)
CACHE_UNSTATED = timedelta(hours=1)
LOOKS = 3
LOOKS_WITHIN = timedelta(seconds=30)


@dataclass(frozen=True)
class ToolKey:
    """Hold one of the tool's own keys: `next` is published, `active` signs, `retired` still verifies.

    `public` is the JSON Web Key to publish.
    """

    kid: str
    private_pem: bytes = field(repr=False)
    public: Mapping[str, str]
    state: Literal["next", "active", "retired"]


def generate_key() -> ToolKey:
    """Make an RSA-2048 key named by its thumbprint, in state `next`.

    Source: RFC 7638; 1EdTech Security Framework 1.0 §6.1.
    """
    return as_tool_key(RSAKey.generate_key(KEY_SIZE_BITS, auto_kid=True))


def as_tool_key(key: RSAKey) -> ToolKey:
    """Take a private key, which has an id, as a key of the tool in state `next`."""
    kid, numbers = str(key.kid), key.as_dict(private=False)
    public = {"kty": "RSA", "n": str(numbers["n"]), "e": str(numbers["e"]), "kid": kid, "use": "sig", "alg": "RS256"}
    return ToolKey(kid=kid, private_pem=key.as_pem(private=True), public=public, state="next")


def public_jwks(keys: Iterable[ToolKey]) -> dict[str, list[dict[str, str]]]:
    """Return the key set to publish; the caller leaves out what should no longer verify.

    Source: RFC 7517 §5; 1EdTech Security Framework 1.0 §6.2.
    """
    return {"keys": [dict(key.public) for key in keys]}


@dataclass(frozen=True)
class _KeySet:
    keys: Mapping[str, RSAKey]
    fetched_at: datetime
    lifetime: timedelta

    def is_fresh(self, now: datetime) -> bool:
        return now - self.fetched_at < self.lifetime


@dataclass
class _Source:
    """Hold what is known of one key set URL; `lock` is held by whoever looks there, `failed` counts vain looks."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    held: _KeySet | None = None
    looks: deque[datetime] = field(default_factory=lambda: deque(maxlen=LOOKS))
    failure: KeysUnavailable | KeysMalformed | None = None
    failed: int = 0

    def usable(self, now: datetime) -> Mapping[str, RSAKey]:
        return self.held.keys if self.held is not None and self.held.is_fresh(now) else {}

    def may_look(self, now: datetime) -> bool:
        return len(self.looks) < LOOKS or not timedelta(0) <= now - self.looks[0] < LOOKS_WITHIN


class PlatformKeys:
    """Find the keys of platforms, cached as long as each platform allows; safe to share between threads.

    An unknown key id makes it look again, at most three times in 30 seconds a URL: a rotation is noticed at once, and a
    stream of invented key ids is no stream of requests. A failed look counts, and takes no fresh keys away.
    """

    def __init__(self, fetch: Fetch, clock: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._guard = threading.Lock()
        self._sources: dict[str, _Source] = {}

    def find(self, jwks_url: str, kid: str) -> RSAKey:
        """Return the platform's public key of this id.

        Raises KeyUnknown, KeysUnavailable or KeysMalformed.
        Source: 1EdTech Security Framework 1.0 §6.3.
        """
        with self._guard:
            source = self._sources.setdefault(jwks_url, _Source())
        failed = source.failed
        key = source.usable(self._clock()).get(kid)
        return key if key is not None else self._look(source, jwks_url, kid, failed)

    def _look(self, source: _Source, jwks_url: str, kid: str, failed: int) -> RSAKey:
        """Fetch the set unless another thread just did, or tried in vain meanwhile, or nobody may yet.

        Who waited for a look that failed shares it: a slow platform must not hold them up one after another.
        """
        with source.lock:
            now = self._clock()
            if kid not in source.usable(now) and source.failed == failed and source.may_look(now):
                self._download(source, jwks_url, now)
            usable, failure = source.usable(now), source.failure
        if kid in usable:
            return usable[kid]
        if failure is not None and not usable:
            raise type(failure)(**failure.facts)
        raise KeyUnknown(kid=kid)

    def _download(self, source: _Source, jwks_url: str, now: datetime) -> None:
        source.looks.append(now)
        source.failure = None
        try:
            response = self._fetch("GET", jwks_url, headers={"Accept": "application/json"})
            source.held = _KeySet(read_jwks(response), now, _lifetime(response))
        except ServiceUnreachable as error:
            source.failure = KeysUnavailable(reason=error.reason)
        except (KeysUnavailable, KeysMalformed) as error:
            source.failure = error
        source.failed += source.failure is not None


def read_jwks(response: Response) -> dict[str, RSAKey]:
    """Return the usable RSA signing keys of a key set by id; keys of other kinds are passed over.

    Raises KeysUnavailable when the answer is no success, KeysMalformed when no usable key is in it.
    Source: RFC 7517 §5 (keys that are not understood are ignored), §4.4 (`alg` is optional).
    """
    if response.status != 200:
        raise KeysUnavailable(reason=f"status-{response.status}")
    keys: dict[str, RSAKey] = {}
    for jwk in _read_members(response.body):
        key = _read_key(jwk)
        if key is not None:
            keys.setdefault(str(key.kid), key)
    if not keys:
        raise KeysMalformed
    return keys


def _read_members(body: bytes) -> list[object]:
    if len(body) > JWKS_LIMIT_BYTES:
        raise KeysMalformed
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise KeysMalformed from error
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list) or len(members) > JWKS_LIMIT_KEYS:
        raise KeysMalformed
    return members


_BASE64URL_LIMITS = {"n": (KEY_SIZE_BITS // 6, KEY_SIZE_LIMIT_BITS // 6 + 4), "e": (2, 8)}


def _read_key(jwk: object) -> RSAKey | None:
    """Return the key if it is an RSA signing key of a sound size; only its public numbers are taken over."""
    if not isinstance(jwk, dict) or jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
        return None
    kid, alg = jwk.get("kid"), jwk.get("alg")
    if not isinstance(kid, str) or not kid or not (alg is None or isinstance(alg, str)):
        return None
    for name, (shortest, longest) in _BASE64URL_LIMITS.items():
        number = jwk.get(name)
        if not isinstance(number, str) or not shortest <= len(number) <= longest:
            return None
    public = {"kty": "RSA", "kid": kid, "n": jwk["n"], "e": jwk["e"]} | ({"alg": alg} if alg else {})
    try:
        key = RSAKey.import_key(public)
    except (JoseError, ValueError):
        return None
    return key if KEY_SIZE_BITS <= key.public_key.key_size <= KEY_SIZE_LIMIT_BITS else None


def _lifetime(response: Response) -> timedelta:
    """Return how long the answer may be kept, bounded on both sides."""
    policy = response.headers.get("cache-control", "").lower()
    if "no-store" in policy or "no-cache" in policy:
        return CACHE_SHORTEST
    stated = re.search(r"\bmax-age=\"?(\d{1,9})", policy)
    if stated is None:
        return CACHE_UNSTATED
    return min(max(timedelta(seconds=int(stated[1])), CACHE_SHORTEST), CACHE_LONGEST)
