"""Fixtures of what comes in by itself."""

from pathlib import Path

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from tests.sidecar.sync.hr import Hr, open_hr


@pytest.fixture
def hr(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> Hr:
    return open_hr(sidecar, kongsberg, tmp_path)
