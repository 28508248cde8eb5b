"""Check that everything the application relies on is there and can be used."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Final
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy.exc import SQLAlchemyError

from sidecar.core import browser_checks
from sidecar.core.heartbeats import SCHEDULER, SILENCE, silence_of
from sidecar.core.sealed import list_sealed
from sidecar.errors import SidecarError
from sidecar.runtime import BROWSER_QUEUE, QUEUE, Sidecar
from sidecar.schema import DatabaseUnreachableError, refuse_unmigrated
from sidecar.settings import is_loopback

LEAST_FREE: Final = 0.1
"""A disk of which less is free counts as full."""

PROBE: Final = b"sidecar check " + os.urandom(16)
"""Begins the file by which a process tries the storage: always the same, as each name may leave folders behind."""


class QueueUnreachableError(SidecarError):
    """The queue's server does not answer. Start "sidecar up", or check SIDECAR_REDIS_URL."""

    code = "queue-unreachable"


class StorageUnusableError(SidecarError):
    """Files can't be written to the storage: {reason}"""

    code = "storage-unusable"


class UnknownHostError(SidecarError):
    """The host name {host} is not known to DNS. Add it there, or correct SIDECAR_CONTENT_URL."""

    code = "unknown-host"


class SchedulerNotSeenError(SidecarError):
    """The scheduler has not been seen for {minutes} minutes: no report goes out by itself. Start "sidecar schedule"."""

    code = "scheduler-not-seen"


class SchedulerNeverSeenError(SidecarError):
    """The scheduler has never been seen: no report goes out by itself. Start "sidecar schedule"."""

    code = "scheduler-never-seen"


class WorkerNotSeenError(SidecarError):
    """The background jobs are not running: no grade and no report goes out. Start "sidecar worker"."""

    code = "worker-not-seen"


class DiskFullError(SidecarError):
    """Of the disk that holds SIDECAR_DATA only {percent} % is free. Make room, or move the data to a larger disk."""

    code = "disk-full"


@dataclass(frozen=True)
class Finding:
    """How one thing stands.

    Attributes:
        code: "ok", or that of the error.
        is_needed: the web can't do its work without it.
        problem: the error, if there is one.
    """

    what: str
    code: str
    message: str
    is_needed: bool = True
    problem: SidecarError | None = field(default=None, compare=False)

    @property
    def is_ok(self) -> bool:
        """Tell whether all is well with it."""
        return self.code == "ok"

    @property
    def is_bearable(self) -> bool:
        """Tell whether the web can do its work."""
        return self.is_ok or not self.is_needed


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes:
        look: returns how it stands, in words, or raises what is wrong.
        is_of_service: `/readyz` looks at it too, not only the person who sets the sidecar up.
    """

    look: Callable[[Sidecar], str]
    is_needed: bool = True
    asks_database: bool = False
    is_of_service: bool = True


def examine(sidecar: Sidecar, *, of_service: bool = False) -> list[Finding]:
    """Check everything; a thing that fails does not keep the others from being checked.

    Args:
        of_service: only what may change while the sidecar runs.
    """
    found: dict[str, Finding] = {}
    for what, check in CHECKS.items():
        if of_service and not check.is_of_service:
            continue
        database = found.get("database")
        broken = database.problem if database and check.asks_database else None
        found[what] = _finding(what, check, sidecar, broken)
    return list(found.values())


def _finding(what: str, check: Check, sidecar: Sidecar, broken: SidecarError | None) -> Finding:
    try:
        if broken:
            raise broken
        return Finding(what, "ok", check.look(sidecar), check.is_needed)
    except SidecarError as error:
        return Finding(what, error.code, str(error), check.is_needed, error)
    except SQLAlchemyError:
        gone = DatabaseUnreachableError()
        return Finding(what, gone.code, str(gone), check.is_needed, gone)


def _settings(sidecar: Sidecar) -> str:
    kind = "production" if sidecar.settings.production else "one machine"
    return f"{sidecar.settings.public_url} ({kind})"


def _database(sidecar: Sidecar) -> str:
    refuse_unmigrated(sidecar.engine)
    return sidecar.engine.dialect.name


def _queue(sidecar: Sidecar) -> str:
    try:
        sidecar.redis.ping()
    except RedisError:
        raise QueueUnreachableError from None
    return "configured" if sidecar.settings.redis_url else "embedded"


def _storage(sidecar: Sidecar) -> str:
    try:
        stored = sidecar.storage.put([PROBE, str(os.getpid()).encode()])
        sidecar.storage.remove(stored.digest)
    except OSError as error:
        raise StorageUnusableError(reason=error.strerror or type(error).__name__) from None
    is_alone = not sidecar.settings.storage_url and sidecar.engine.dialect.name == "postgresql"
    hint = " (warning: a folder of this machine; hosts that share the database need SIDECAR_STORAGE_URL)"
    return f"{sidecar.storage.where}{hint if is_alone else ''}"


def _content_host(sidecar: Sidecar) -> str:
    host = urlsplit(sidecar.settings.content_origin("check")).hostname or ""
    try:
        if not is_loopback(host):  # browsers know *.localhost by themselves
            socket.getaddrinfo(host, None)
    except OSError:
        raise UnknownHostError(host=host) from None
    if sidecar.settings.content_is_per_version:
        return f"{sidecar.settings.content_url} (one host per package)"
    return f"{sidecar.settings.content_url} (warning: one host for all packages, so that only reviewed ones play)"


def _keys(sidecar: Sidecar) -> str:
    with sidecar.reading() as db:
        sealed = list(list_sealed(db))
    for secret in sealed:
        sidecar.secrets.open(secret)
    origin = "SIDECAR_SECRET_KEYS" if sidecar.settings.secret_keys else "key file"
    return f"{origin}; {len(sealed)} stored secrets can be read"


def _disk(sidecar: Sidecar) -> str:
    free = free_part(sidecar)
    if free < LEAST_FREE:
        raise DiskFullError(percent=round(free * 100))
    return f"{round(free * 100)} % free"


def free_part(sidecar: Sidecar) -> float:
    """Return how much of the disk that holds the data is free, 0..1."""
    usage = shutil.disk_usage(sidecar.settings.data)
    return usage.free / usage.total


def _scheduler(sidecar: Sidecar) -> str:
    with sidecar.reading() as db:
        silence = silence_of(db, SCHEDULER, sidecar.now())
    if silence is None:
        raise SchedulerNeverSeenError
    if silence > SILENCE:
        raise SchedulerNotSeenError(minutes=int(silence.total_seconds() // 60))
    return f"ticked {max(0, int(silence.total_seconds()))} s ago"


def problem_of_scheduler(sidecar: Sidecar) -> SidecarError | None:
    """Return what is wrong with the scheduler, which can't tell of it itself; None where it lives."""
    return _finding("scheduler", CHECKS["scheduler"], sidecar, None).problem


def is_worker_seen(sidecar: Sidecar) -> bool:
    """Tell whether a worker lives and can be given work."""
    return _finding("worker", CHECKS["worker"], sidecar, None).is_ok


def _worker(sidecar: Sidecar) -> str:
    silence = silence_of_workers(sidecar)
    if silence is None or silence > SILENCE:
        raise WorkerNotSeenError
    return f"seen {int(silence.total_seconds())} s ago"


def _browser_worker(sidecar: Sidecar) -> str:
    with sidecar.reading() as db:
        waiting = browser_checks.count_open(db)
    silence = silence_of_workers(sidecar, BROWSER_QUEUE)
    if silence is None or silence > SILENCE:
        return f"none, which is allowed: courses that wait to be looked at in a browser: {waiting}"
    return f"seen {int(silence.total_seconds())} s ago; courses that wait to be looked at: {waiting}"


def is_browser_worker_seen(sidecar: Sidecar) -> bool:
    """Tell whether a worker lives that can look at courses in a browser."""
    with suppress(QueueUnreachableError):
        silence = silence_of_workers(sidecar, BROWSER_QUEUE)
        return silence is not None and silence <= SILENCE
    return False


def silence_of_workers(sidecar: Sidecar, queue: str = QUEUE) -> timedelta | None:
    """Return for how long no worker of a queue was seen; None where there is none.

    Raises:
        QueueUnreachableError: the queue's server does not answer.
    """
    try:
        workers = Worker.all(connection=sidecar.redis, serializer="json")
    except RedisError:
        raise QueueUnreachableError from None
    theirs = [each for each in workers if queue in each.queue_names()]
    seen = [each.last_heartbeat.replace(tzinfo=UTC) for each in theirs if each.last_heartbeat]
    return max(timedelta(0), sidecar.now() - max(seen)) if seen else None


CHECKS: Final = {
    "settings": Check(_settings, is_of_service=False),
    "database": Check(_database),
    "queue": Check(_queue),
    "storage": Check(_storage),
    "content host": Check(_content_host, is_of_service=False),
    "keys": Check(_keys, asks_database=True),
    "disk": Check(_disk, is_needed=False),
    "scheduler": Check(_scheduler, is_needed=False, asks_database=True),
    "worker": Check(_worker, is_needed=False),
    "browser worker": Check(_browser_worker, is_needed=False, asks_database=True, is_of_service=False),
}
"""Everything that is looked at, in this order. Without scheduler or worker the web still lets people learn."""
