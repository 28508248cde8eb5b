"""Measure a commit of 4 kB, as the player sends one, against one bare insert of as much in the same database.

Both are whole transactions, with what the database needs to keep them. In turns: the commit as the core saves it (lock,
order, rules, state, trail, attempt, judgement), the same through the WSGI application (token, JSON, log, headers), and
the bare insert. Then commits a second of one and of two processes, each of a learner of its own.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count

from sqlalchemy import JSON, Column, Integer, MetaData, Table, insert

from benchmarks.fixtures.machine import measure, watched_load
from benchmarks.fixtures.town import CONTENT_URL, PUBLIC_URL, Town, Visit, open_town
from benchmarks.fixtures.wsgi import get, post_text
from sidecar.core import commits
from sidecar.core.commits import Said
from sidecar.runtime import Sidecar
from sidecar.settings import Settings

TIMES = 400
SECONDS = 4.0
TARGET_RATIO = 3.0
SUSPEND_DATA = "".join(f"{number:04x}" for number in range(1000))
"""4,000 characters, as a course that keeps its place does."""

BARE = Table("bench_bare", MetaData(), Column("id", Integer, primary_key=True), Column("elements", JSON))


class Player:
    """One open page."""

    def __init__(self, town: Town, visit: Visit) -> None:
        """Read the page's data."""
        page = get(town.app, visit.page_url, cookies=visit.cookies)
        self._town = town
        self._data = json.loads(
            page.body.decode().split('id="player-data" type="application/json">', 1)[1].split("</script>", 1)[0]
        )
        self._numbers: Iterator[int] = count(1)
        self.attempt_id: str = self._data["attemptId"]
        self.sco_id: str = self._data["scos"][0]["id"]

    def send(self) -> None:
        """Send the next commit through the application."""
        seq = next(self._numbers)
        said = {
            "token": self._data["token"],
            "seq": seq,
            "session": "page",
            "sco": self.sco_id,
            "changes": _changes(seq),
        }
        url = f"{PUBLIC_URL}/api/attempts/{self.attempt_id}/commits"
        answer = post_text(self._town.app, url, json.dumps(said).encode(), origin=CONTENT_URL)
        if answer.status != 200:
            raise RuntimeError(f"not saved: {answer.status} {answer.body.decode()}")

    @property
    def launch_id(self) -> str:
        """The launch that the page belongs to."""
        return str(self._data["tokenUrl"]).split("/")[2]


def _changes(seq: int) -> dict[str, str]:
    return {"cmi.suspend_data": SUSPEND_DATA[:-8] + f"{seq:08}", "cmi.core.lesson_location": str(seq)}


def save(sidecar: Sidecar, attempt_id: str, launch_id: str, sco_id: str, seq: int) -> None:
    """Save one commit as the application does, without HTTP."""
    said = Said(seq, seq - 1, sco_id, _changes(seq), "page")
    with sidecar.transaction() as db:
        commits.commit(db, attempt_id, said, launch_id=launch_id, now=sidecar.now())


def count_commits(settings: Settings, attempt_id: str, launch_id: str, sco_id: str) -> int:
    """Save commits for some seconds, in a process of its own; return how many."""
    sidecar = Sidecar(settings)
    ends, seq = time.monotonic() + SECONDS, 0
    while time.monotonic() < ends:
        seq += 1
        save(sidecar, attempt_id, launch_id, sco_id, seq)
    sidecar.close()
    return seq


def rates(town: Town) -> list[float]:
    """Return the commits a second of one process and of two."""
    found = []
    for workers in (1, 2):
        players = [Player(town, town.visit()) for _ in range(workers)]
        with ProcessPoolExecutor(workers) as pool:
            asked = [
                pool.submit(count_commits, town.sidecar.settings, one.attempt_id, one.launch_id, one.sco_id)
                for one in players
            ]
            found.append(sum(each.result() for each in asked) / SECONDS)
    return found


def main() -> None:
    """Print the measurements."""
    with watched_load(), open_town() as town:
        engine = town.sidecar.engine
        BARE.create(engine)
        sent, saved, numbers = Player(town, town.visit()), Player(town, town.visit()), count(1)

        def save_next() -> None:
            save(town.sidecar, saved.attempt_id, saved.launch_id, saved.sco_id, next(numbers))

        def insert_bare() -> None:
            with engine.begin() as connection:
                connection.execute(insert(BARE), {"elements": _changes(1)})

        through, core, bare = measure(sent.send, save_next, insert_bare, times=TIMES)
        one, two = rates(town)
    print(f"through the application  {through}   ({engine.dialect.name})")
    print(f"saved by the core        {core}")
    print(f"bare insert              {bare}")
    print(f"ratio                    {core.wall_ms / bare.wall_ms:.1f} (target {TARGET_RATIO}), ", end="")
    print(f"through the application {through.wall_ms / bare.wall_ms:.1f}")
    print(f"commits a second         {one:.0f} with one process, {two:.0f} with two, {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
