"""Make the same small world again and again: one municipality, one LMS, one course, one learner, one report channel."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from rq import Queue
from sqlalchemy import func, select

from sidecar import schedule
from sidecar.core.db import Base
from sidecar.core.outbox import OutboxItem
from sidecar.runtime import BROWSER, Sidecar
from sidecar.settings import Settings
from tests.durability.crash import Crash, Operation, crash, every_crash
from tests.fakes.clock import FakeClock
from tests.fakes.queue import FakeQueue
from tests.fakes.services import ServicePlatform
from tests.fakes.worker import perform_all_due

Row = TypeVar("Row", bound=Base)
ISSUER = "https://lms.example"
SOON = timedelta(minutes=2)
"""By then whatever was killed has been done: a claim runs out, and the next tick takes the row up."""

SLOW_STRIDE = 3
"""On PostgreSQL, where a world takes longer to make, each third step is tried; on SQLite each."""


@dataclass
class World:
    """An installation that can be killed and started anew.

    Attributes:
        root: all its files, also those that it hands over.
        facts: what a test wants to remember of how it was made.
    """

    root: Path
    settings: Settings
    clock: FakeClock = field(default_factory=FakeClock)
    platform: ServicePlatform = field(init=False)
    sidecar: Sidecar = field(init=False)
    facts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        launch_url = f"{self.settings.public_url}/lti/launch"
        self.platform = ServicePlatform(ISSUER, self.clock, launch_url=launch_url)
        self.start()

    def start(self) -> None:
        self.sidecar = Sidecar(self.settings, clock=self.clock)
        self.sidecar.fetch = self.platform.fetch  # type: ignore[assignment]
        self.sidecar.queue = self.sidecar.patient_queue = cast(Queue, FakeQueue())
        self.sidecar.browser_queue = cast(Queue, FakeQueue())

    def crash_at(self, number: int, operation: Operation) -> Crash:
        """Do something in a process that is killed at step `number`, then start anew."""
        self.sidecar.close()
        happened = crash(self.settings, self.clock, self.platform, operation, number)
        self.start()
        return happened

    def go_on(self) -> None:
        """Let time pass till nothing is left to do; demand that it is soon."""
        killed_at = self.clock()
        while True:
            work(self.sidecar)
            with self.sidecar.reading() as db:
                is_left = OutboxItem.state.in_(("waiting", "claimed")), OutboxItem.kind.not_in(BROWSER)
                left = db.scalars(select(OutboxItem).where(*is_left)).all()
            if not left:
                return
            self.clock.advance(seconds=schedule.TICK_S)
            late = [(one.kind, one.state, one.error_code) for one in left]
            assert self.clock() - killed_at < SOON, f"still not done: {late}"

    def count(self, table: type[Base]) -> int:
        with self.sidecar.reading() as db:
            return db.scalar(select(func.count()).select_from(table)) or 0

    def only(self, table: type[Row]) -> Row:
        """Return the one row of a table; demand that there is one."""
        with self.sidecar.reading() as db:
            return db.scalars(select(table)).one()


def work(sidecar: Sidecar) -> None:
    """Do what scheduler and worker do: tick, then perform what is due."""
    assert schedule.tick(sidecar) == []
    perform_all_due(sidecar)


Prepare = Callable[[World], None]


class Worlds:
    """Give the same world as often as it is asked for: copied on SQLite, made again on PostgreSQL."""

    def __init__(self, settings: Settings, root: Path, empty: Callable[[], None]) -> None:
        self._settings = settings
        self._root = root
        self._empty = empty
        self._kept: tuple[ServicePlatform, dict[str, str], datetime] | None = None
        self._prepare: Prepare = lambda _world: None
        self._world: World | None = None

    def every(self, prepare: Prepare, operation: Callable[[World], Operation]) -> Iterator[tuple[World, Crash]]:
        """Yield a fresh world for each step of an operation at which it was killed, and one where it was not."""
        self._prepare = prepare
        worlds: list[World] = []

        def one(number: int) -> Crash:
            worlds.append(self.fresh())
            return worlds[-1].crash_at(number, operation(worlds[-1]))

        for happened in every_crash(one, 1 if self.tries_each_step else SLOW_STRIDE):
            yield worlds[-1], happened

    @property
    def tries_each_step(self) -> bool:
        """On SQLite."""
        return self._settings.database_url.startswith("sqlite")

    def close(self) -> None:
        if self._world:
            self._world.sidecar.close()

    def fresh(self) -> World:
        self.close()
        self._world = self._copied() if self._kept else self._made()
        return self._world

    def _made(self) -> World:
        shutil.rmtree(self._root, ignore_errors=True)
        self._empty()
        world = World(self._root, self._settings)
        self._prepare(world)
        if self.tries_each_step:
            world.sidecar.close()
            shutil.copytree(self._root, self._snapshot)
            self._kept = copy.deepcopy((world.platform, world.facts, world.clock()))
            world.start()
        return world

    def _copied(self) -> World:
        assert self._kept
        shutil.rmtree(self._root)
        shutil.copytree(self._snapshot, self._root)
        world = World(self._root, self._settings)
        platform, world.facts, now = copy.deepcopy(self._kept)
        world.clock.set(now)
        platform.clock = world.clock
        world.platform = platform
        world.start()
        return world

    @property
    def _snapshot(self) -> Path:
        return self._root.with_name("snapshot")
