"""Fixtures of the reports."""

import pytest

from sidecar.runtime import Sidecar
from tests.sidecar.reports.world import World


@pytest.fixture
def world(sidecar: Sidecar) -> World:
    return World(sidecar)
