"""Fixtures of the command line."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from sidecar.settings import Settings


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What every command finds in its environment."""
    monkeypatch.setenv("SIDECAR_DATA", str(settings.data))
    monkeypatch.setenv("SIDECAR_PUBLIC_URL", settings.public_url)
    monkeypatch.setenv("SIDECAR_CONTENT_URL", settings.content_url)
    monkeypatch.setenv("SIDECAR_DATABASE_URL", settings.database_url)


@pytest.fixture(autouse=True)
def _put_the_log_back() -> Iterator[None]:
    """A command sends the log to the stderr of its own run, which is closed afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
