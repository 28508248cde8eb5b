"""Count what happens, in memory, and add it up in the queue's server, where every process of an installation meets.

So one place can tell it all to Prometheus, whatever the number of web processes, workers and machines. What a process
has not handed over when it is killed is lost: at most the last `EVERY_S` seconds.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import structlog
from redis import Redis
from redis.exceptions import RedisError

COUNTS: Final = "sidecar:counts"
PROCESSES: Final = "sidecar:processes"
EVERY_S: Final = 5.0
GONE_S: Final = 60.0
"""A process that was silent for so long is no longer counted."""

BOUNDS_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""The upper bounds of the histograms' buckets; one more holds the rest."""

log = structlog.get_logger()
Count = tuple[str, tuple[str, ...], str, float]
"""Name, values of its labels, part ("" for a plain count, "sum", or the number of a bucket), amount."""


@cache
def _field(name: str, labels: tuple[str, ...], part: str) -> str:
    """Return under what a count stands; the words are from small fixed sets, so that there are few."""
    return json.dumps([name, labels, part])


class Tally:
    """What this process has counted and not handed over yet."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, name: str, *labels: str) -> None:
        """Count one more.

        Args:
            labels: from a small fixed set of words each, and never about a person.
        """
        with self._lock:
            self._counts[_field(name, labels, "")] += 1

    def observe(self, name: str, *labels: str, duration_s: float) -> None:
        """Count one more that took so long."""
        bucket = sum(duration_s > bound for bound in BOUNDS_S)
        with self._lock:
            self._counts[_field(name, labels, str(bucket))] += 1
            self._counts[_field(name, labels, "sum")] += duration_s  # type: ignore[assignment]  # a Counter may hold fractions

    def hand_over(self, redis: Redis, role: str | None = None) -> None:
        """Add to what all processes counted; what can't be handed over is kept.

        Args:
            role: web, worker or scheduler, to say that this process lives; None for one that is short-lived.
        """
        with self._lock:
            taken, self._counts = self._counts, Counter()
        pipeline = redis.pipeline(transaction=True)
        for field, amount in taken.items():
            pipeline.hincrbyfloat(COUNTS, field, amount)
        if role:
            told = f"{resident_bytes()}:{time.time()}"
            pipeline.hset(PROCESSES, f"{role}:{socket.gethostname()}:{os.getpid()}", told)
        try:
            pipeline.execute()
        except RedisError as error:
            log.debug("counts.kept", error=type(error).__name__)
            with self._lock:
                self._counts.update(taken)

    def keep_handing_over(self, redis: Redis, role: str) -> None:
        """Hand over every few seconds, from a thread of its own, and at the end of the process."""

        def run() -> None:
            while True:
                time.sleep(EVERY_S)
                self.hand_over(redis, role)

        threading.Thread(target=run, name="tally", daemon=True).start()
        atexit.register(self.hand_over, redis, role)


def read_counts(redis: Redis) -> Iterator[Count]:
    """Yield what all processes have handed over."""
    for field, amount in sorted(redis.hgetall(COUNTS).items()):
        name, labels, part = json.loads(field)
        yield name, tuple(labels), part, float(amount)


def read_processes(redis: Redis) -> Iterator[tuple[str, int]]:
    """Yield role and resident bytes of each process that lives; forget those that are gone."""
    for key, value in redis.hgetall(PROCESSES).items():
        field, told = _text(key), _text(value)
        size, seen = told.split(":")
        if time.time() - float(seen) > GONE_S:
            redis.hdel(PROCESSES, field)
        else:
            yield field.split(":")[0], int(size)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def resident_bytes() -> int:
    """Return how much memory this process holds; where the system does not tell, the most it ever held."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text("ascii").split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
