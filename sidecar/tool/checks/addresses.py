"""Look at the LMS's addresses from here, at our own keys as the LMS finds them, and at the two clocks."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from lti.errors import KeysMalformed, KeysUnavailable, ServiceUnreachable
from lti.fetching import Response, host_of
from lti.keys import read_jwks
from sidecar.core.periods import OSLO
from sidecar.settings import is_loopback
from sidecar.tool.checks.bounded import BoundedFetch
from sidecar.tool.checks.steps import Step, step
from sidecar.tool.checks.texts import AUTH_URL, KEY_SET_URL, WHY

WARN_FROM: Final = timedelta(seconds=30)
FAIL_FROM: Final = timedelta(seconds=60)
"""Moodle's tokens live for a minute, and ours are dated back by ten seconds."""

_JSON: Final = {"Accept": "application/json"}


def check_sign_in(fetch: BoundedFetch, auth_url: str) -> Step:
    """Look whether anything answers where browsers are sent; without a login it may well say that it wants one."""
    try:
        answer = fetch("GET", auth_url, headers={})
    except ServiceUnreachable as error:
        return unreachable(error, AUTH_URL)
    if answer.status >= 500:
        return refused(answer, auth_url, AUTH_URL)
    return step("address-ok", host=host_of(auth_url), what=AUTH_URL)


def check_key_set(fetch: BoundedFetch, jwks_url: str) -> list[Step]:
    """Look for keys by which the LMS's launches can be judged."""
    try:
        answer = fetch("GET", jwks_url, headers=_JSON)
        count = len(read_jwks(answer))
    except ServiceUnreachable as error:
        return [unreachable(error, KEY_SET_URL)]
    except KeysUnavailable:
        return [refused(answer, jwks_url, KEY_SET_URL)]
    except KeysMalformed:
        if not is_json(answer):
            return [refused(answer, jwks_url, KEY_SET_URL)]
        return [_answers(jwks_url), step("keys-none")]
    return [_answers(jwks_url), step("keys-usable", count=count)]


def _answers(jwks_url: str) -> Step:
    return step("address-ok", host=host_of(jwks_url), what=KEY_SET_URL)


def check_own_keys(fetch: BoundedFetch, public_url: str, kids: set[str], *, has_token: bool) -> list[Step]:
    """Look at our own keys the way the LMS comes to them.

    Args:
        kids: the ids of the keys that we publish.
        has_token: the LMS gave us a token, so that it has seen our keys.
    """
    url = f"{public_url}/lti/jwks"
    is_public = public_url.startswith("https:") and not is_loopback(urlsplit(public_url).hostname or "")
    own = step("own-https" if is_public else "own-local", url=public_url)
    try:
        answer = fetch("GET", url, headers=_JSON)
    except ServiceUnreachable as error:
        if error.reason in ("private", "unencrypted"):
            return [own, step("own-keys-private", url=url)]
        return [own, _unseen(url, error.reason, has_token=has_token)]
    if answer.status != 200 or not is_json(answer):
        return [own, _unseen(url, why_refused(answer), has_token=has_token)]
    return [own, step("own-keys-ok" if kids <= _kids(answer) else "own-keys-differ", url=url)]


def _unseen(url: str, why: str, *, has_token: bool) -> Step:
    return step("own-keys-unseen" if has_token else "own-keys-unreachable", url=url, reason=WHY[why])


def _kids(answer: Response) -> set[str]:
    try:
        return {str(jwk["kid"]) for jwk in json.loads(answer.body)["keys"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return set()


def check_clock(fetch: BoundedFetch, now: datetime) -> Step:
    """Compare the clocks by what the LMS's answers said so far."""
    off = fetch.clock_off
    if off is None:
        return step("clock-unknown")
    seconds = round(abs(off).total_seconds())
    if abs(off) <= WARN_FROM:
        return step("clock-ok", seconds=seconds)
    code = "clock-wrong" if abs(off) > FAIL_FROM else "clock-differs"
    ours, theirs = (f"{moment.astimezone(OSLO):%H:%M:%S}" for moment in (now, now + off))
    return step(code, seconds=seconds, theirs=theirs, ours=ours)


def unreachable(error: ServiceUnreachable, what: str) -> Step:
    """Say why no answer came from an address."""
    return step(f"address-{error.reason}", host=error.host, what=what)


def refused(answer: Response, url: str, what: str) -> Step:
    """Say what is wrong with an answer that is not what should stand at an address."""
    facts: dict[str, str | int] = {"host": host_of(url), "what": what}
    why = why_refused(answer)
    if why == "redirect":
        facts["target"] = _target(answer)
    if why in ("missing", "server-error"):
        facts["status"] = answer.status
    return step(f"address-{why}", **facts)


def why_refused(answer: Response) -> str:
    """Return what an answer is that holds no data: redirect, server-error, missing, html or garbage."""
    if 300 <= answer.status < 400:
        return "redirect"
    if answer.status >= 500:
        return "server-error"
    if answer.status >= 400:
        return "missing"
    return "html" if answer.body.lstrip()[:1] == b"<" else "garbage"


def is_json(answer: Response) -> bool:
    """Tell whether an answer holds JSON, whatever it says of its type: Moodle calls its tokens text/html."""
    try:
        json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return True


def _target(answer: Response) -> str:
    """Return where a redirect leads, without a query, which may hold what is not ours to show."""
    try:
        parts = urlsplit(answer.headers.get("location", "")[:500])
    except ValueError:
        return "?"
    shown = f"{parts.scheme}://{host_of(parts.geturl())}{parts.path}" if parts.netloc else parts.path
    return shown if shown.isprintable() and shown else "?"
