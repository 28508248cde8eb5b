"""Ask the LMS for a token, see what it allows, and try a column of its gradebook that is always taken away again."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lti.errors import ServiceError, ServiceRefused, ServiceUnreachable
from lti.fetching import Response
from lti.grades import SCOPE_SCORE
from lti.keys import ToolKey
from lti.line_items import GONE, SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READ
from lti.login import Registration
from lti.results import SCOPE_RESULT_READ
from lti.roster import SCOPE_MEMBERS
from lti.services import AccessTokens
from sidecar.tool.checks.addresses import is_json, refused, unreachable
from sidecar.tool.checks.bounded import BoundedFetch
from sidecar.tool.checks.steps import Step, step
from sidecar.tool.checks.texts import TOKEN_URL

SCOPES: Final = {
    SCOPE_SCORE: "scope-score",
    SCOPE_LINE_ITEM: "scope-lineitem",
    SCOPE_LINE_ITEM_READ: "scope-lineitem-readonly",
    SCOPE_RESULT_READ: "scope-result",
    SCOPE_MEMBERS: "scope-roster",
}
"""What we use, and the step that says whether the LMS allows it."""


@dataclass(frozen=True)
class Leave:
    """What the LMS allows us: the scopes, and how to get a token for one of them."""

    scopes: frozenset[str]
    token: Callable[[str], str]


def ask_leave(
    fetch: BoundedFetch, registration: Registration, key: ToolKey, now: Callable[[], datetime], url: str
) -> tuple[list[Step], Leave | None]:
    """Ask for a token with all scopes; where that is refused as a whole, for one after the other.

    Args:
        url: of our own key set, for the advice.
    """
    tokens = AccessTokens(fetch, now)
    granted: set[str] = set()
    for asked in (tuple(SCOPES), *((scope,) for scope in SCOPES)):
        try:
            tokens.token(registration, asked, key)
        except ServiceRefused as error:
            if error.reason == "invalid_scope":
                continue
            return [_refusal(error, registration, url)], None
        except ServiceError as error:
            return [_no_answer(error, fetch.last, registration.token_url)], None
        granted |= _read_scopes(fetch.last, asked)
        if len(asked) > 1:
            break
    if not granted:
        return [step("token-no-scope")], None
    return [step("token-granted"), *_scope_steps(granted)], Leave(
        frozenset(granted), lambda scope: tokens.token(registration, [scope], key)
    )


def _refusal(error: ServiceRefused, registration: Registration, url: str) -> Step:
    if error.reason in ("invalid_client", "unauthorized_client") or error.status == 401:
        return step("token-unknown-client", client_id=registration.client_id, url=url)
    if error.status in GONE:
        return refused(Response(error.status, {}, b""), registration.token_url, TOKEN_URL)
    return step("token-refused", status=error.status, error=error.reason)


def _no_answer(error: ServiceError, answer: Response | None, token_url: str) -> Step:
    """Say why there is no token though nobody refused it: no answer, an error of the LMS, or no JSON."""
    if answer is None and isinstance(error, ServiceUnreachable):
        return unreachable(error, TOKEN_URL)
    answer = answer or Response(500, {}, b"")
    if answer.status < 300 and is_json(answer):
        return step("address-garbage", host=error.host, what=TOKEN_URL)
    if 400 <= answer.status < 500:
        return step("token-refused", status=answer.status, error="")
    return refused(answer, token_url, TOKEN_URL)


def _read_scopes(answer: Response | None, asked: Collection[str]) -> set[str]:
    """Return the scopes of a token; an answer that names none grants what was asked for.

    Source: RFC 6749 §5.1.
    """
    try:
        told = json.loads(answer.body if answer else b"").get("scope")
    except (ValueError, AttributeError, RecursionError):
        told = None
    return set(told.split()) & set(SCOPES) if isinstance(told, str) and told.strip() else set(asked)


def _scope_steps(granted: Collection[str]) -> list[Step]:
    found = [step(code if scope in granted else f"{code}-missing") for scope, code in SCOPES.items()]
    if SCOPE_LINE_ITEM in granted:
        unneeded = step("scope-lineitem-readonly-unneeded")
        return [unneeded if each.code == "scope-lineitem-readonly-missing" else each for each in found]
    return found
