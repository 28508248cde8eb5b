"""Other places to restore to."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from rq import Queue
from sqlalchemy import make_url, text

from sidecar.core.db import open_engine
from sidecar.core.sealed import sealed_columns
from sidecar.runtime import Sidecar
from sidecar.secrets import KEY_FILE
from sidecar.settings import Settings
from tests.conftest import POSTGRESQL
from tests.fakes.clock import FakeClock
from tests.fakes.queue import FakeQueue
from tests.fakes.rows import fill

MakeElsewhere = Callable[..., Sidecar]


@pytest.fixture
def new_postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL database that is as new."""
    assert POSTGRESQL
    name = f"sidecar_elsewhere_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    admin = open_engine(POSTGRESQL)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        yield make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def elsewhere(sidecar: Sidecar, settings: Settings, clock: FakeClock, tmp_path: Path) -> Iterator[MakeElsewhere]:
    """Make an installation with its own data folder, and the same key unless another is named."""
    opened: list[Sidecar] = []

    def make(
        name: str = "elsewhere", *, database_url: str | None = None, keys: tuple[str, ...] | None = None
    ) -> Sidecar:
        data = tmp_path / name
        data.mkdir()
        same_keys = ((settings.data / KEY_FILE).read_text().strip(),)
        url = database_url or f"sqlite:///{data / 'other.sqlite3'}"
        new = replace(settings, data=data, database_url=url, secret_keys=keys or same_keys)
        other = Sidecar(new, clock=clock)
        other.queue = cast(Queue, FakeQueue())
        opened.append(other)
        return other

    yield make
    for other in opened:
        other.close()


def quiet(_count: int) -> None:
    """Tell nobody."""


def fill_every_table(sidecar: Sidecar) -> None:
    stored = sidecar.storage.put([b"a stored file"])
    files = [{"name": "a", "media_type": "b", "digest": stored.digest, "size_bytes": stored.size_bytes}]
    kept_rows = {"stored": stored.digest}
    names = (f"{column.table.name}.{column.name}" for column in sealed_columns())
    sealed = {name: sidecar.secrets.seal(name.encode()) for name in names}
    known = {"package_file.digest": stored.digest, "delivery.files": files, "delivery.kept_rows": kept_rows}
    with sidecar.engine.begin() as connection:
        fill(connection, sidecar.tables, known | sealed)
