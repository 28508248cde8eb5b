"""Say how hard hypothesis tries: the same few examples in every run, or many new ones where the night is long.

`SIDECAR_TEST_EXAMPLES=5000 make test PYTEST_ARGS=tests/fuzz` tries that many, other ones each time.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

EXAMPLES: Final = int(os.environ.get("SIDECAR_TEST_EXAMPLES") or 60)
"""How many examples a test tries that doesn't say otherwise."""

SHARED: Final = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def load_profile() -> None:
    """Set what every hypothesis test has in common."""
    is_nightly = "SIDECAR_TEST_EXAMPLES" in os.environ
    settings.register_profile(
        "sidecar",
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=not is_nightly,
        database=None,
        print_blob=True,
        suppress_health_check=SHARED,
    )
    settings.load_profile("sidecar")
