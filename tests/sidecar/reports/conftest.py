"""Fixtures of the reports."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import read_period
from sidecar.reports import asking
from sidecar.runtime import Sidecar
from tests.fakes.channel import Post, set_channel
from tests.sidecar.reports.waiting_delivery import SetChannel
from tests.sidecar.reports.world import World


@pytest.fixture
def world(sidecar: Sidecar) -> World:
    return World(sidecar)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, post: Post) -> SetChannel:
    """Let the channel be of a kind."""
    return lambda kind: set_channel(monkeypatch, kind, post)


@pytest.fixture
def asked(sidecar: Sidecar, world: World, kongsberg: Municipality, tmp_path: Path) -> Delivery:
    """A delivery of Kongsberg's that waits, with one row."""
    world.folder(kongsberg, tmp_path / "reports")
    kari = world.employ(kongsberg, "1001", "Kari Nordmann")
    fire = world.course("brann", "Brannvern")
    world.complete(world.identity("kari", kari.person_id), fire, datetime(2026, 9, 3, 10, tzinfo=UTC), 0.9)
    return asking.request(sidecar, kongsberg.id, read_period("2026-09"))[0]
