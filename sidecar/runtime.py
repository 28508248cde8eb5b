"""Hold everything with a lifetime in one object (composition root)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DuplicateJobError
from sqlalchemy.orm import Session

from sidecar.broker import queue_url
from sidecar.core import (
    browser_checks,
    change_feed,
    course_rules,
    crossing_agreements,
    crossing_received,
    dead_links,
    lms_courses,
    matching_rules,
    offered_paths,
    outbox,
    path_offers,
    peers,
    placing,
    report_runs,
    rosters,
    sync_runs,
)
from sidecar.core.db import open_engine, open_reader
from sidecar.core.periods import day_of
from sidecar.core.tables import METADATA
from sidecar.http import LONG, GuardedFetch
from sidecar.keepalive import kept
from sidecar.secrets import open_box
from sidecar.settings import Settings
from sidecar.storage import Storage, open_storage
from sidecar.tally import Tally

QUEUE = "sidecar"
PATIENT_QUEUE = "sidecar-patient"
PATIENT: Final = frozenset(
    {
        change_feed.KIND,
        course_rules.KIND,
        crossing_agreements.KIND,
        crossing_received.ANSWERING,
        crossing_received.MATCHING,
        dead_links.KIND,
        lms_courses.KIND,
        matching_rules.KIND,
        offered_paths.KIND,
        path_offers.KIND,
        peers.KIND,
        placing.KIND,
        report_runs.KIND,
        rosters.KIND,
        sync_runs.KIND,
    }
)
"""Kinds of jobs that are many or long, and that nobody waits for: no grade shall stand behind them."""

BROWSER_QUEUE = "sidecar-browser"
BROWSER: Final = frozenset({browser_checks.KIND})
"""Kinds of jobs that need a browser, for workers of their own, which an installation need not have."""

QUEUE_TIMEOUT_S: Final = 2
PERFORM = "sidecar.jobs.perform"
JOB_OPTIONS: Final[dict[str, Any]] = {
    "unique": True,
    "job_timeout": 600,
    "result_ttl": 0,
    "failure_ttl": 5,  # a killed job does not keep its row out of the queue
}
QUEUED_FOR_S: Final = 600
"""For how long a row that stands in the queue is not put there again; a job that the queue lost costs so much."""

log = structlog.get_logger()


class Sidecar:
    """The application without its skin: settings, tables, files, queue, network, clock."""

    tables = METADATA

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Open what the settings name; nothing is reached over the network yet."""
        self.settings = settings
        self.now = clock
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.engine = open_engine(settings.database_url)
        self.reader = open_reader(self.engine)
        self.secrets = open_box(settings)
        self.storage: Storage = open_storage(settings)
        self.tally = Tally()
        self.on_lost_claim: Callable[[], None] = lambda: None
        self.fetch = GuardedFetch(settings.allowed_private, ca_file=settings.ca_file)
        self.long_fetch = GuardedFetch(settings.allowed_private, ca_file=settings.ca_file, limits=LONG)

    def lend_to(self, other: Sidecar) -> None:
        """Let another stand in for this one, with the same settings, clock, tables, files and secrets.

        Its network and its counts are its own.
        """
        other.settings, other.now = self.settings, self.now
        other.engine, other.reader = self.engine, self.reader
        other.secrets, other.storage = self.secrets, self.storage
        other.on_lost_claim = self.on_lost_claim

    def today(self) -> date:
        """Return the day it is in Europe/Oslo."""
        return day_of(self.now())

    @cached_property
    def redis(self) -> Redis:
        """The connection to the queue's server; one that hangs holds nobody up, as the next tick makes up for it."""
        patience = {"socket_connect_timeout": QUEUE_TIMEOUT_S, "socket_timeout": QUEUE_TIMEOUT_S}
        return Redis.from_url(queue_url(self.settings), **patience, retry=Retry(NoBackoff(), 0))

    @cached_property
    def queue(self) -> Queue:
        """The queue of what somebody waits for; its jobs carry ids as JSON."""
        return Queue(QUEUE, connection=self.redis, serializer="json")

    @cached_property
    def patient_queue(self) -> Queue:
        """The queue of what workers take up when the other is empty; likewise."""
        return Queue(PATIENT_QUEUE, connection=self.redis, serializer="json")

    @cached_property
    def browser_queue(self) -> Queue:
        """The queue of what workers with a browser do; likewise."""
        return Queue(BROWSER_QUEUE, connection=self.redis, serializer="json")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a transaction; commit at the end, roll back on an error, then nudge the queue for what it wrote."""
        with self.engine.begin() as connection, Session(connection, expire_on_commit=False) as db:
            yield db
            if db.in_transaction():  # what went past the ORM is none of the session's business
                db.commit()  # writes what the session still holds; it is the connection that commits
            nudged = outbox.take_written(db)
        if nudged:
            self.nudge(nudged)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that can only read: a write raises an error of the database."""
        with self.reader.connect() as connection, Session(connection) as db:
            yield db

    def nudge(self, waiting: Mapping[str, str]) -> None:
        """Tell the queue that outbox rows wait; where it can't be reached the next tick takes them.

        A row stands in the queue once in `QUEUED_FOR_S`, so that a queue that is behind does not fill up.

        Args:
            waiting: the kind of each row by its id.
        """
        period = int(self.now().timestamp() // QUEUED_FOR_S)
        try:
            for item_id, kind in waiting.items():
                with suppress(DuplicateJobError):
                    self._queue_of(kind).enqueue(PERFORM, item_id, **JOB_OPTIONS, job_id=f"{item_id}-{period}")
        except RedisError as error:
            log.warning("queue.not_reached", error=type(error).__name__, waiting=len(waiting))

    def _queue_of(self, kind: str) -> Queue:
        if kind in BROWSER:
            return self.browser_queue
        return self.patient_queue if kind in PATIENT else self.queue

    def keep(self, renew: Callable[[Session, datetime], bool], lease: timedelta) -> AbstractContextManager[None]:
        """Keep a claim for the length of a block, see `sidecar.keepalive`; `on_lost_claim` is called if it is lost."""

        def beat() -> bool:
            with self.transaction() as db:
                return renew(db, self.now())

        return kept(beat, lease_s=lease.total_seconds(), on_lost=lambda: self.on_lost_claim())

    def disconnect(self) -> None:
        """Close the connections to the database that nobody uses; whoever wants one next opens it."""
        self.engine.dispose()
        self.reader.dispose()

    def close(self) -> None:
        """Give everything back."""
        self.disconnect()
        if "redis" in self.__dict__:
            self.redis.close()
