"""Test the connection to Open edX as an operator does, on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.core import platforms
from tests.platforms.conftest import NAME, Connected
from tests.platforms.xblock.visitor import LEARNER

pytestmark = pytest.mark.slow


def check(xblock: Connected, *options: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and what was told."""
    return xblock.command("check", "--platform", NAME, *options)


def outcomes(told: dict[str, Any]) -> dict[str, str]:
    return {one["code"]: one["outcome"] for one in told["steps"]}


@pytest.fixture
def _launched(xblock: Connected) -> None:
    """A launch from a unit whose column tools may only use."""
    assert xblock.visitor(LEARNER).open_link("graded").status == 200


@pytest.mark.usefixtures("_launched")
def test_the_connection_to_open_edx_is_sound(xblock: Connected) -> None:
    code, told = check(xblock, "--course", "informasjonssikkerhet")
    assert (code, told["ok"]) == (0, True), told
    found = outcomes(told)
    for step in ("registration-active", "keys-usable", "token-granted", "scope-score", "scope-roster", "clock-ok"):
        assert found[step] == "ok"
    assert found["line-item-no-scope"] == "skipped", "its launches let us make no column, though its tokens do"
    assert xblock.platform.rows("SELECT id FROM lti_consumer_ltiagslineitem WHERE label LIKE 'Sidecar%'") == []


WRONG = {"jwks_url": "address-missing", "token_url": "address-missing"}
"""Which address an operator pasted wrongly, and what the test says of it."""


@pytest.fixture(params=WRONG)
def wrong(xblock: Connected, request: pytest.FixtureRequest) -> Iterator[str]:
    name = request.param
    right = xblock.platform.facts[name]
    set_address(xblock, name, f"{right}/nothing-here")
    yield name
    set_address(xblock, name, right)


def set_address(xblock: Connected, name: str, url: str) -> None:
    with xblock.sidecar.transaction() as db:
        setattr(platforms.find_platform(db, NAME), name, url)


def test_a_wrong_address_is_found(xblock: Connected, wrong: str) -> None:
    code, told = check(xblock)
    assert (code != 0, told["ok"]) == (True, False)
    assert outcomes(told)[WRONG[wrong]] == "failed", told
