"""Get leave to call a platform's services: access tokens, and what the status of an answer means."""

import json
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NoReturn, Protocol
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from lti.errors import ServiceRefused, ServiceRejected, ServiceUnreachable
from lti.fetching import Fetch, Response, host_of
from lti.keys import ToolKey
from lti.login import Registration
from lti.service_errors import AnswerNotJson, ServiceBusy

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME: Final = timedelta(seconds=60)
BACKDATING: Final = timedelta(seconds=10)
RENEWAL_MARGIN: Final = timedelta(seconds=60)
TOKEN_LONGEST: Final = timedelta(hours=24)
_BEARER_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_OAUTH_ERROR = re.compile(r"[a-z_]{1,40}")
WAIT_LONGEST_S: Final = 24 * 3600
_SECONDS = re.compile(r"[0-9]{1,9}")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429}) | _REDIRECTS

CacheKey = tuple[str, str, str, tuple[str, ...]]
"""Issuer, client id, token URL and scopes: who has other addresses now gets no token of before."""


@dataclass(frozen=True)
class Token:
    """Hold an access token, and from when on it is not to be used any more."""

    value: str = field(repr=False)
    renew_at: datetime


class TokenStore(Protocol):
    """Keep tokens for other processes too; one that fails keeps none and raises nothing."""

    def get(self, key: CacheKey) -> Token | None:
        """Return what was kept, or None."""
        ...  # pragma: no cover

    def put(self, key: CacheKey, token: Token) -> None:
        """Keep a token till its `renew_at`."""
        ...  # pragma: no cover

    def drop(self, key: CacheKey) -> None:
        """Keep it no longer."""
        ...  # pragma: no cover


class AccessTokens:
    """Get access tokens and keep them until shortly before they end; safe to share between threads.

    Source: 1EdTech Security Framework 1.0 §4.1; RFC 7523 §2.2 and §3.
    """

    def __init__(self, fetch: Fetch, clock: Callable[[], datetime], store: TokenStore | None = None) -> None:
        self._fetch = fetch
        self._clock = clock
        self._store = store
        self._lock = threading.Lock()
        self._tokens: dict[CacheKey, Token] = {}

    def token(self, registration: Registration, scopes: Iterable[str], key: ToolKey) -> str:
        """Return a token for these scopes, signed for with the tool's active key.

        Raises ServiceUnreachable, ServiceRefused or ServiceRejected.
        """
        scopes, now = tuple(sorted(set(scopes))), self._clock()
        cache_key = _cache_key(registration, scopes)
        with self._lock:
            known = self._tokens.get(cache_key)
        if self._store and not _holds(known, now):
            known = self._store.get(cache_key)
        if known is None or not _holds(known, now):
            known = self._request(registration, scopes, key, now)
            if self._store and _holds(known, now):
                self._store.put(cache_key, known)
        with self._lock:
            self._tokens[cache_key] = known
        return known.value

    def forget(self, registration: Registration, scopes: Iterable[str]) -> None:
        """Drop the token of these scopes, because the platform answered 401 to it."""
        cache_key = _cache_key(registration, tuple(sorted(set(scopes))))
        with self._lock:
            self._tokens.pop(cache_key, None)
        if self._store:
            self._store.drop(cache_key)

    def _request(self, registration: Registration, scopes: tuple[str, ...], key: ToolKey, now: datetime) -> Token:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": make_assertion(registration, key, now),
            "scope": " ".join(scopes),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        url = registration.token_url
        response = self._fetch("POST", url, headers=headers, body=urlencode(form).encode())
        if 400 <= response.status < 500 and response.status not in _PASSING:
            raise ServiceRefused(host=host_of(url), status=response.status, reason=_oauth_error(response))
        require_success(response, url)
        return _read_token(response, url, now)


def _cache_key(registration: Registration, scopes: tuple[str, ...]) -> CacheKey:
    return registration.issuer, registration.client_id, registration.token_url, scopes


def _holds(token: Token | None, now: datetime) -> bool:
    return token is not None and token.renew_at > now


def make_assertion(registration: Registration, key: ToolKey, now: datetime) -> str:
    """Return the signed proof of who asks; dated back a little, as Moodle grants clocks no leeway.

    Source: RFC 7523 §3; 1EdTech Security Framework 1.0 §4.1.1.
    """
    claims = {
        "iss": registration.client_id,
        "sub": registration.client_id,
        "aud": registration.token_url,
        "iat": int((now - BACKDATING).timestamp()),
        "exp": int((now + ASSERTION_LIFETIME).timestamp()),
        "jti": secrets.token_urlsafe(16),
    }
    header = {"alg": "RS256", "kid": key.kid}
    return jwt.encode(header, claims, RSAKey.import_key(key.private_pem), algorithms=["RS256"])


def require_success(response: Response, url: str) -> None:
    """Accept every 2xx, and raise what any other status means.

    Raises ServiceRefused (401, 403), ServiceBusy (429 and 503 that say how long to wait), ServiceUnreachable (408, 425,
    429, 5xx, and redirects: they are not followed, and lead to a page of maintenance or login) or ServiceRejected.
    """
    status, host = response.status, host_of(url)
    if 200 <= status < 300:
        return
    if status in (401, 403):
        raise ServiceRefused(host=host, status=status)
    if status in (429, 503) and (wait_s := _retry_after_s(response)):
        raise ServiceBusy(host=host, reason=f"status-{status}", retry_after_s=wait_s)
    if status >= 500 or status in _PASSING:
        raise ServiceUnreachable(host=host, reason=f"status-{status}")
    raise ServiceRejected(host=host, status=status)


def _retry_after_s(response: Response) -> int:
    """Return how many seconds the platform wants us to wait; 0 where it doesn't say.

    A moment counts from the answer's own date, as clocks differ. Source: RFC 9110 §10.2.3.
    """
    wish = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(wish):
        return min(int(wish), WAIT_LONGEST_S)
    try:
        until, now = (parsedate_to_datetime(text) for text in (wish, response.headers.get("date", "")))
        return max(0, min(int((until - now).total_seconds()), WAIT_LONGEST_S))
    except (ValueError, TypeError):
        return 0


def read_json(response: Response, url: str) -> object:
    """Return the JSON of an answer whatever its Content-Type says, as Moodle calls its tokens text/html.

    Raises AnswerNotJson where it is none: a page of maintenance or of a proxy, gone when we try again.
    """
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError) as error:
        raise AnswerNotJson(host=host_of(url), reason="answer-not-json") from error


def refuse_answer(url: str) -> NoReturn:
    """Raise that an answer is JSON, but not what the standard promises."""
    raise ServiceUnreachable(host=host_of(url), reason="answer-malformed")


def _read_token(response: Response, url: str, now: datetime) -> Token:
    """Return the token; one without a stated life is used once.

    Source: RFC 6749 §5.1.
    """
    answer = read_json(response, url)
    value = answer.get("access_token") if isinstance(answer, Mapping) else None
    if not isinstance(answer, Mapping) or not isinstance(value, str) or not _BEARER_TOKEN.fullmatch(value):
        refuse_answer(url)
    return Token(value, now + _lifetime(answer.get("expires_in")) - RENEWAL_MARGIN)


def _lifetime(expires_in: object) -> timedelta:
    """Return the stated seconds, also where they come as text; nothing sensible counts as none."""
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float | str):
        return timedelta(0)
    try:
        seconds = float(expires_in)
    except (ValueError, OverflowError):
        return timedelta(0)
    return timedelta(seconds=min(seconds, TOKEN_LONGEST.total_seconds())) if seconds > 0 else timedelta(0)


def _oauth_error(response: Response) -> str:
    """Return the error code of RFC 6749 §5.2 if there is one; free text of the platform is not repeated."""
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        return ""
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, str) and _OAUTH_ERROR.fullmatch(error) else ""
