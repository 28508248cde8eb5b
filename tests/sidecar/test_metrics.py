"""Prometheus is told what all processes did and how everything stands, with bounded labels and nothing personal."""

import urllib.request
from dataclasses import replace

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from sidecar.core import heartbeats, outbox
from sidecar.errors import MisconfiguredError
from sidecar.jobs import perform_item
from sidecar.metrics import serve_metrics
from sidecar.runtime import Sidecar
from sidecar.settings import read_settings
from sidecar.tally import PROCESSES, Tally
from sidecar.tool import ensure_keys
from sidecar.web.app import create_app
from tests.conftest import PUBLIC_URL
from tests.fakes.clock import FakeClock
from tests.fakes.ports import free_port

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def measured(sidecar: Sidecar, queue_url: str) -> Sidecar:
    sidecar.settings = replace(sidecar.settings, redis_url=queue_url, metrics_port=free_port())
    sidecar.redis.flushdb()
    for name in ("queue", "patient_queue", "browser_queue"):
        sidecar.__dict__.pop(name, None)
    serve_metrics(sidecar)
    return sidecar


def scrape(sidecar: Sidecar) -> Samples:
    with urllib.request.urlopen(f"http://127.0.0.1:{sidecar.settings.metrics_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in found}


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def test_requests_of_every_process_add_up(measured: Sidecar) -> None:
    app: Flask = create_app(measured)
    client = app.test_client()
    for _ in range(2):  # the second time as another process
        client.get(f"{PUBLIC_URL}/privacy")
        client.open(f"{PUBLIC_URL}/", method="BREW")
        client.get(f"{PUBLIC_URL}/staff/people/kari.nordmann@example.no?name=Kari")
        measured.tally.hand_over(measured.redis, "web")
        measured.tally = Tally()
    samples = scrape(measured)
    assert value(samples, "sidecar_request_duration_seconds_count", method="GET", route="/privacy", status="200") == 2
    assert value(samples, "sidecar_request_duration_seconds_count", method="other", route="", status="405") == 2
    assert value(samples, "sidecar_request_duration_seconds_count", method="GET", route="", status="404") == 2
    assert "kari" not in str(samples).lower()


def test_durations_fall_into_buckets(measured: Sidecar) -> None:
    for duration_s in (0.01, 0.05, 0.2, 40):
        measured.tally.observe("job", "grade", "done", duration_s=duration_s)
    measured.tally.hand_over(measured.redis)
    samples, labels = scrape(measured), {"kind": "grade", "outcome": "done"}
    buckets = {
        le: value(samples, "sidecar_job_duration_seconds_bucket", le=le, **labels)
        for le in ("0.05", "0.25", "30.0", "+Inf")
    }
    assert buckets == {"0.05": 2, "0.25": 3, "30.0": 3, "+Inf": 4}
    assert value(samples, "sidecar_job_duration_seconds_sum", **labels) == pytest.approx(40.26)


def test_jobs_are_counted_by_kind_and_outcome(measured: Sidecar) -> None:
    with measured.transaction() as db:
        outbox.put(db, "strange", "subject", key="strange:1", now=measured.now())
        item_id = db.query(outbox.OutboxItem.id).scalar()
    perform_item(measured, item_id, {})
    measured.tally.hand_over(measured.redis)
    samples = scrape(measured)
    assert value(samples, "sidecar_job_duration_seconds_count", kind="unknown", outcome="failed") == 1
    assert value(samples, "sidecar_outbox_failed", kind="strange") == 1


def test_what_waits_and_how_old_things_are(measured: Sidecar, clock: FakeClock) -> None:
    ensure_keys(measured)
    with measured.transaction() as db:
        outbox.put(db, "grade", "subject", key="grade:1", now=clock())
        heartbeats.beat(db, heartbeats.SCHEDULER, clock())
    clock.advance(minutes=2)
    samples = scrape(measured)
    assert value(samples, "sidecar_outbox_waiting", kind="grade") == 1
    assert value(samples, "sidecar_outbox_oldest_due_seconds", kind="grade") == 120
    assert value(samples, "sidecar_queue_length") == 1
    assert value(samples, "sidecar_tick_age_seconds") == 120
    assert value(samples, "sidecar_signing_key_age_seconds") == 120
    assert value(samples, "sidecar_check_ok", check="database", code="ok") == 1
    assert value(samples, "sidecar_check_ok", check="worker", code="worker-not-seen") == 0


def test_processes_that_are_gone_are_forgotten(measured: Sidecar) -> None:
    measured.tally.hand_over(measured.redis, "web")
    measured.redis.hset(PROCESSES, "web:elsewhere:7", "1000:1.0")
    samples = scrape(measured)
    assert value(samples, "sidecar_processes", role="web") == 1
    assert (value(samples, "sidecar_resident_bytes", role="web") or 0) > 10_000_000
    assert measured.redis.hlen(PROCESSES) == 1


def test_counts_outlive_a_queue_that_is_away(measured: Sidecar, sidecar: Sidecar) -> None:
    measured.tally.count("launch", "admitted")
    reachable, nowhere = measured.redis, Sidecar(replace(measured.settings, redis_url="redis://127.0.0.1:9"))
    measured.tally.hand_over(nowhere.redis, "web")
    measured.tally.count("launch", "admitted")
    measured.tally.hand_over(reachable, "web")
    assert value(scrape(measured), "sidecar_launches_total", code="admitted") == 2
    nowhere.close()


def test_still_answers_without_queue_or_database(measured: Sidecar) -> None:
    measured.redis.close()
    measured.settings = replace(measured.settings, redis_url="redis://127.0.0.1:9")
    del measured.__dict__["redis"]
    with measured.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox RENAME TO outbox_away")
    samples = scrape(measured)
    assert value(samples, "sidecar_check_ok", check="queue", code="queue-unreachable") == 0
    assert value(samples, "sidecar_outbox_waiting", kind="grade") is None
    with measured.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox_away RENAME TO outbox")


def test_a_port_that_is_taken_is_named(measured: Sidecar) -> None:
    with pytest.raises(MisconfiguredError) as caught:
        serve_metrics(measured)
    assert caught.value.facts["setting"] == "SIDECAR_METRICS_PORT"


def test_it_is_off_by_default_and_near_when_on() -> None:
    assert read_settings({}).metrics_port is None
    on = read_settings({"SIDECAR_METRICS_PORT": "9100"})
    assert (on.metrics_port, on.metrics_host) == (9100, "127.0.0.1")
    assert read_settings({"SIDECAR_METRICS_HOST": "0.0.0.0"}).metrics_host == "0.0.0.0"
