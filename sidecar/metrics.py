"""Tell Prometheus how everything is: what all processes counted, and what the tables and the queue say now.

The scheduler answers for the whole installation, as the counts of every process meet in the queue's server.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sidecar.core import backlog
from sidecar.core.courses import CourseVersion
from sidecar.core.heartbeats import SCHEDULER, silence_of
from sidecar.core.notices import list_open
from sidecar.core.signing_keys import active_key
from sidecar.errors import MisconfiguredError, SidecarError
from sidecar.health import examine, free_part, silence_of_workers
from sidecar.runtime import Sidecar
from sidecar.tally import BOUNDS_S, read_counts, read_processes

COUNTERS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "launch": ("sidecar_launches", "Launches let in or refused, by code.", ("code",)),
    "commit": ("sidecar_commits", "Commits of packages saved or refused, by outcome.", ("outcome",)),
}
HISTOGRAMS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "request": ("sidecar_request_duration_seconds", "Requests answered.", ("method", "route", "status")),
    "job": ("sidecar_job_duration_seconds", "Attempts at jobs.", ("kind", "outcome")),
}


class SidecarCollector(Collector):
    """Collect everything anew for each scrape."""

    def __init__(self, sidecar: Sidecar) -> None:
        """Collect nothing yet."""
        self._sidecar = sidecar

    def collect(self) -> Iterator[Metric]:
        """Yield every metric that can be told; a check says what could not be asked."""
        yield _gauge("sidecar_build", "The version that runs.", ("version",), [((_version(),), 1)])
        found = examine(self._sidecar, of_service=True)
        checks = [((one.what.replace(" ", "-"), one.code), float(one.is_ok)) for one in found]
        yield _gauge("sidecar_check_ok", "Whether each check is well.", ("check", "code"), checks)
        yield _gauge("sidecar_disk_free_ratio", "Free part of the data's disk.", (), [((), free_part(self._sidecar))])
        with suppress(RedisError, SidecarError):  # `sidecar_check_ok` says it
            yield from self._of_queue()
        with suppress(SQLAlchemyError), self._sidecar.reading() as db:
            yield from self._of_tables(db)

    def _of_queue(self) -> Iterator[Metric]:
        redis = self._sidecar.redis
        yield from _counted(read_counts(redis))
        sizes: dict[str, list[int]] = defaultdict(list)
        for role, size in read_processes(redis):
            sizes[role].append(size)
        yield _gauge("sidecar_processes", "Processes that live.", ("role",), [((r,), len(s)) for r, s in sizes.items()])
        resident = [((role,), sum(each)) for role, each in sizes.items()]
        yield _gauge("sidecar_resident_bytes", "Memory of the processes of a role.", ("role",), resident)
        queues = (self._sidecar.queue, self._sidecar.patient_queue, self._sidecar.browser_queue)
        length = sum(each.count for each in queues)
        yield _gauge("sidecar_queue_length", "Jobs that stand in the queues.", (), [((), length)])
        silence = silence_of_workers(self._sidecar)
        if silence is not None:
            age = [((), silence.total_seconds())]
            yield _gauge("sidecar_worker_heartbeat_age_seconds", "Since a worker was seen.", (), age)

    def _of_tables(self, db: Session) -> Iterator[Metric]:
        now = self._sidecar.now()
        waiting = backlog.list_waiting(db, now)
        count = [((one.kind,), one.count) for one in waiting]
        age = [((one.kind,), one.oldest_due.total_seconds()) for one in waiting]
        failed = [((kind,), number) for kind, number in backlog.count_failed_items(db).items()]
        states = [((state,), number) for state, number in backlog.count_deliveries(db).items()]
        notices = defaultdict[tuple[str, ...], float](float)
        for notice in list_open(db):
            notices[notice.code,] += 1
        yield _gauge("sidecar_outbox_waiting", "Items that wait or are being done.", ("kind",), count)
        yield _gauge("sidecar_outbox_oldest_due_seconds", "For how long the oldest item has been due.", ("kind",), age)
        yield _gauge("sidecar_outbox_failed", "Items given up.", ("kind",), failed)
        yield _gauge("sidecar_deliveries", "Deliveries by state.", ("state",), states)
        yield _gauge("sidecar_notices", "Warnings that stand on the staff page.", ("code",), notices.items())
        size = db.scalar(select(func.coalesce(func.sum(CourseVersion.size_bytes), 0))) or 0
        yield _gauge("sidecar_packages_bytes", "Size of the packages, before what they share.", (), [((), size)])
        silence, key = silence_of(db, SCHEDULER, now), active_key(db)
        if silence is not None:
            yield _gauge("sidecar_tick_age_seconds", "Since the last tick.", (), [((), silence.total_seconds())])
        if key is not None:
            days = (now - (key.activated_at or key.created_at)).total_seconds()
            yield _gauge("sidecar_signing_key_age_seconds", "Age of the key that signs.", (), [((), days)])


def _gauge(name: str, text: str, labels: Iterable[str], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=tuple(labels))
    for those, value in values:
        family.add_metric(those, value)
    return family


def _counted(counts: Iterable[tuple[str, tuple[str, ...], str, float]]) -> Iterator[Metric]:
    """Turn what the processes counted into counters and histograms."""
    found: dict[str, dict[tuple[str, ...], dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for name, labels, part, amount in counts:
        found[name][labels][part] = amount
    for name, (metric, text, label_names) in COUNTERS.items():
        counter = CounterMetricFamily(metric, text, labels=label_names)
        for labels, parts in found[name].items():
            counter.add_metric(labels, parts[""])
        yield counter
    for name, (metric, text, label_names) in HISTOGRAMS.items():
        histogram = HistogramMetricFamily(metric, text, labels=label_names)
        for labels, parts in found[name].items():
            histogram.add_metric(labels, _buckets(parts), parts.get("sum", 0.0))
        yield histogram


def _buckets(parts: dict[str, float]) -> list[tuple[str, float]]:
    total, cumulated = 0.0, []
    for number, bound in enumerate([*map(str, BOUNDS_S), "+Inf"]):
        total += parts.get(str(number), 0.0)
        cumulated.append((bound, total))
    return cumulated


def _version() -> str:
    return version("laeringslop-sidecar")


def serve_metrics(sidecar: Sidecar) -> None:
    """Answer Prometheus on `SIDECAR_METRICS_PORT`, from threads of this process; without the setting do nothing.

    Raises:
        MisconfiguredError: the port or the address can't be used.
    """
    settings = sidecar.settings
    if settings.metrics_port is None:
        return
    registry = CollectorRegistry()
    registry.register(SidecarCollector(sidecar))
    try:
        start_http_server(settings.metrics_port, settings.metrics_host, registry)
    except OSError:
        reason = f"port {settings.metrics_port} of {settings.metrics_host} can't be used here."
        raise MisconfiguredError(setting="SIDECAR_METRICS_PORT", reason=reason) from None
