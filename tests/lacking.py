"""Say that a machine lacks what a test needs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lack(what: str) -> NoReturn:
    """Skip the test for what the machine lacks; fail it where SIDECAR_TEST_REQUIRE is set, as in CI."""
    if os.environ.get("SIDECAR_TEST_REQUIRE"):
        pytest.fail(what)
    pytest.skip(what)
