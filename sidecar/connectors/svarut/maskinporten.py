"""Get access from Maskinporten by a JWT grant, and keep it until shortly before it ends.

Source: RFC 7523 §2.1; Maskinporten, "JWT grant" and "/token endpoint".
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import RSAKey

from sidecar.connectors.over_http import Fetch
from sidecar.connectors.svarut.problems import (
    KeyBadError,
    MaskinportenRefusedError,
    SvarUtUnreadableError,
    oauth_error_of,
    read_object,
    refuse_passing,
    told_as_ours,
)

NAME: Final = "Maskinporten"
GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE: Final = "ks:fiks"
BACKDATING: Final = timedelta(seconds=10)
LIFETIME: Final = timedelta(seconds=90)
"""With the backdating less than the 120 seconds that a grant may live."""

MARGIN: Final = timedelta(seconds=20)
"""How long before its end a token is not used any more."""

LEAST_BITS: Final = 2048
_PEM = re.compile(r"-----BEGIN ((?:RSA )?PRIVATE KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----")
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


@dataclass(frozen=True)
class Client:
    """Who asks, and where; `audience` is what Maskinporten calls itself."""

    client_id: str
    kid: str
    key: RSAKey = field(repr=False)
    token_url: str
    audience: str


@dataclass(frozen=True)
class Token:
    """An access token; `renew_at`: from when on it is not used any more."""

    value: str = field(repr=False)
    renew_at: datetime


def read_key(pem: str, setting: str) -> RSAKey:
    """Return a private key, also of a PEM that lost its line breaks in a form.

    Raises:
        KeyBadError: it is none, or too short.
    """
    found = _PEM.search(pem)
    if found is None:
        raise KeyBadError(setting=setting)
    kind, body = found.group(1), "".join(found.group(2).split())
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    whole = f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n".encode()
    try:
        key = load_pem_private_key(whole, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyBadError(setting=setting) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise KeyBadError(setting=setting)
    return RSAKey.import_key(key)


class Tokens:
    """Hand out access tokens, a new one only when the last has nearly ended."""

    def __init__(self, client: Client, fetch: Fetch, now: Callable[[], datetime]) -> None:
        """Take who asks and how; nothing is asked yet."""
        self._client, self._fetch, self._now = client, fetch, now
        self._token: Token | None = None

    def value(self) -> str:
        """Return a token that still holds.

        Raises:
            MaskinportenRefusedError: we get none.
            UnreachableError: Maskinporten does not answer as it should.
        """
        if self._token is None or self._token.renew_at <= self._now():
            self._token = self._ask()
        return self._token.value

    def forget(self) -> None:
        """Drop a token that was not taken."""
        self._token = None

    def _ask(self) -> Token:
        now = self._now()
        form = {"grant_type": GRANT_TYPE, "assertion": make_grant(self._client, now)}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        with told_as_ours():
            answer = self._fetch("POST", self._client.token_url, headers=headers, body=urlencode(form).encode())
        refuse_passing(answer, NAME)
        if answer.status != 200:
            raise MaskinportenRefusedError(told=oauth_error_of(answer))
        content = read_object(answer, NAME)
        value, seconds = content.get("access_token"), content.get("expires_in")
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise SvarUtUnreadableError(system=NAME)
        lifetime = timedelta(seconds=min(seconds, 86400)) if isinstance(seconds, int) else timedelta()
        return Token(value, now + lifetime - MARGIN)


def make_grant(client: Client, now: datetime) -> str:
    """Return the signed request for access; a claim more than these, and Maskinporten refuses it."""
    claims = {
        "aud": client.audience,
        "iss": client.client_id,
        "scope": SCOPE,
        "iat": int((now - BACKDATING).timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "jti": secrets.token_urlsafe(24),
    }
    return jwt.encode({"alg": "RS256", "kid": client.kid}, claims, client.key, algorithms=["RS256"])
