"""Give the fuzz tests an installation with something of everything."""

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.tool import ensure_keys
from tests.fakes.lms import tool_key_maker
from tests.house.installation import Installation, install


@pytest.fixture
def installation(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, monkeypatch: pytest.MonkeyPatch
) -> Installation:
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    ensure_keys(sidecar)
    return install(sidecar, kongsberg, rollag, sidecar.settings.data / "town")
