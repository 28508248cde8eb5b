"""Launches with mutated claims, headers and forms: let in or refused with a page, and nothing stored when refused."""

from __future__ import annotations

import copy
import json
from typing import Any, Final

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.web.app import create_app
from tests.conftest import PUBLIC_URL
from tests.fakes.clock import FakeClock
from tests.fakes.lms import RegisteredLms, add_course, read_redirect, register, tool_key_maker
from tests.fakes.platform import FakePlatform
from tests.fuzz.odd_requests import ODD, json_value

pytestmark = pytest.mark.slow

Path = tuple[str | int, ...]
ODD_VALUES: Final[st.SearchStrategy[Any]] = st.one_of(
    st.sampled_from([None, True, 0, -1, 1.5, 2**70, "", " ", "\0", "\ud800", [], {}, [None], [[]], {"": None}]),
    st.sampled_from(ODD),
    json_value,
)


@pytest.fixture
def lms(sidecar: Sidecar, clock: FakeClock, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch) -> RegisteredLms:
    platform = FakePlatform("https://lms.example", clock, launch_url=f"{PUBLIC_URL}/lti/launch")
    monkeypatch.setattr(sidecar, "fetch", platform.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    add_course(sidecar, "brannvern", "Brannvern")
    app: Flask = create_app(sidecar)
    return register(sidecar, platform, app, ("kongsberg",))


def paths_of(value: object, before: Path = ()) -> list[Path]:
    """Return the path of everything inside a value."""
    inside: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    found = [(*before, key) for key, _ in inside]
    return found + [path for key, one in inside for path in paths_of(one, (*before, key))]


def changed(claims: dict[str, Any], path: Path, value: object, *, is_removed: bool) -> dict[str, Any]:
    new = copy.deepcopy(claims)
    place: Any = new
    for key in path[:-1]:
        place = place[key]
    if is_removed:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return new


def stored(lms: RegisteredLms) -> tuple[int, int]:
    return len(lms.launches()), lms.sign_in_count()


def send(lms: RegisteredLms, payload: bytes | None, *, token: str = "", **form: str) -> int:
    """Log in, come back with this, hold the answer against what was stored, and return its status."""
    browser = lms.browser()
    asked = read_redirect(browser.login())
    if payload is not None:
        token = lms.platform.sign(payload.replace(b"the-nonce", asked["nonce"].encode()))
    before = stored(lms)
    answer = browser.post_launch(asked["state"], token, **form)
    assert answer.status_code in (303, 400, 403, 404), answer.status_code
    assert "Traceback" not in answer.text
    added = tuple(now - then for now, then in zip(stored(lms), before, strict=True))
    assert added == ((1, 1) if answer.status_code == 303 else (0, 0))
    return answer.status_code


def test_mutated_claims_are_let_in_whole_or_refused(lms: RegisteredLms, clock: FakeClock) -> None:
    statuses: set[int] = set()
    right = lms.platform.claims(nonce="the-nonce")

    @given(st.sampled_from(paths_of(right)), ODD_VALUES, st.booleans())
    def run(path: Path, value: object, is_removed: bool) -> None:
        clock.advance(minutes=2)  # more launches in a minute than a browser makes are refused unread
        soon = lms.platform.claims(nonce="the-nonce")
        payload = json.dumps(changed(soon, path, value, is_removed=is_removed)).encode()
        statuses.add(send(lms, payload))

    run()
    assert {303, 400} <= statuses


def test_a_token_that_is_no_token_is_refused(lms: RegisteredLms, clock: FakeClock) -> None:
    @given(st.one_of(st.binary(max_size=80), json_value.map(lambda value: json.dumps(value).encode())))
    def signed(payload: bytes) -> None:
        clock.advance(minutes=2)
        assert send(lms, payload) == 400

    @given(
        st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), st.just("a.b.c"), st.just("." * 9))
    )
    def unsigned(token: str) -> None:
        clock.advance(minutes=2)
        assert send(lms, None, token=token) == 400

    signed()
    unsigned()
