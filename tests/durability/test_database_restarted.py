"""A PostgreSQL that goes away under web, worker and scheduler, and comes back: all comes through, once."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidecar.core.db import open_engine
from sidecar.schema import upgrade
from sidecar.settings import Settings
from tests.durability.house import House, running_house, wait_for
from tests.lacking import lack

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

AWAY_S = 4.0
"""How long the database stays away: long enough that web, worker and scheduler each meet its absence."""


@dataclass
class Cluster:
    """A PostgreSQL of our own, on a unix socket."""

    programs: Path
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://sidecar@/postgres?host={self.folder}"

    def make(self) -> None:
        options = ["--username", "sidecar", "--auth", "trust", "--encoding", "UTF8", "--no-sync"]
        subprocess.run(self._as_its_user("initdb", "--pgdata", self._data, *options), check=True, capture_output=True)

    def start(self) -> None:
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            self._as_its_user("postgres", "-D", self._data, *options), stdout=log, stderr=log
        )
        log.close()
        ready = self._as_its_user("pg_isready", "-q", "-h", os.fspath(self.folder))
        wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL", 60)

    def stop_at_once(self) -> None:
        """Stop as a crash does: every connection breaks."""
        assert self.process
        lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), signal.SIGQUIT)
        self.process.wait(30)

    @property
    def _data(self) -> str:
        return os.fspath(self.folder / "data")

    def _as_its_user(self, program: str, *words: str) -> list[str]:
        command = [os.fspath(self.programs / program), *words]
        return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else command


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        lack("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/sidecar-pg-XXXXXX"], text=True).strip())
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    made = Cluster(found[-1].parent, folder)
    try:
        made.make()
        made.start()
        yield made
        made.stop_at_once()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def house(cluster: Cluster, tmp_path: Path) -> Iterator[House]:
    engine = open_engine(cluster.url)
    upgrade(engine)
    engine.dispose()
    data = tmp_path / "data"
    settings = Settings(data=data, public_url="http://a", content_url="http://b", database_url=cluster.url)
    with running_house(settings, tmp_path) as running:
        yield running


def test_postgresql_is_restarted_while_the_main_job_runs(house: House, cluster: Cluster) -> None:
    def restart() -> None:
        cluster.stop_at_once()
        time.sleep(AWAY_S)
        cluster.start()

    def go_away_while_the_job_ends() -> None:
        cluster.stop_at_once()
        house.gate.is_open.set()
        time.sleep(AWAY_S)
        cluster.start()

    for disturb, visit in zip((restart, go_away_while_the_job_ends), house.visits(), strict=False):
        house.take_course(visit, disturb)
        wait_for(house.answers, "the web after the database came back")
    house.deliver_report()
    house.assert_told_once(2)
