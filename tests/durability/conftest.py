"""Fixtures of the crashes: a world that can be made again."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar.settings import Settings
from tests.conftest import CONTENT_URL, POSTGRESQL, PUBLIC_URL, empty_database
from tests.durability.worlds import Worlds
from tests.fakes.lms import tool_key_maker


@pytest.fixture
def worlds(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worlds]:
    """The same world, as often as a test asks for it."""
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    root = tmp_path / "world"
    url, empty = _database(request, root / "data")
    settings = Settings(data=root / "data", public_url=PUBLIC_URL, content_url=CONTENT_URL, database_url=url)
    made = Worlds(settings, root, empty)
    yield made
    made.close()


def _database(request: pytest.FixtureRequest, data: Path) -> tuple[str, Callable[[], None]]:
    if POSTGRESQL:
        url: str = request.getfixturevalue("migrated_postgresql")
        return url, lambda: empty_database(url)
    template: Path = request.getfixturevalue("migrated_sqlite")

    def copy() -> None:
        data.mkdir(mode=0o700, parents=True)
        shutil.copy(template, data / "sidecar.sqlite3")

    return f"sqlite:///{data / 'sidecar.sqlite3'}", copy
