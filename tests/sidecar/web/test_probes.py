"""Probes get their answer whatever host they ask for; what is wrong is named by a code and nothing else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from werkzeug.test import Client

from sidecar.core import heartbeats
from sidecar.runtime import Sidecar
from sidecar.schema import newest_revisions
from sidecar.secrets import SecretBox
from sidecar.storage import Storage
from sidecar.tool import ensure_keys
from sidecar.web.hosts import make_wsgi
from sidecar.web.probes import KEPT_S, Probes
from tests.fakes.clock import FakeClock


@pytest.fixture
def ready(sidecar: Sidecar, queue_url: str) -> Sidecar:
    """The application with all that serving needs."""
    sidecar.settings = replace(sidecar.settings, redis_url=queue_url)
    return sidecar


def ask(sidecar: Sidecar, path: str = "/readyz", host: str = "10.1.2.3:8080") -> tuple[int, dict[str, Any]]:
    answer = Client(make_wsgi(sidecar)).get(path, headers={"Host": host})
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, json.loads(answer.text)


def code_of(told: dict[str, Any], check: str) -> str:
    codes = {one["check"]: one["code"] for one in told["checks"]}
    return str(codes[check])


@pytest.mark.parametrize("host", ["10.1.2.3:8080", "sidecar.example.no", "content.example.net", "evil.example"])
def test_answers_whatever_the_host(ready: Sidecar, host: str) -> None:
    assert ask(ready, "/healthz", host) == (200, {"state": "alive"})
    assert ask(ready, host=host)[0] == 200


def test_other_paths_of_unknown_hosts_stay_refused(ready: Sidecar) -> None:
    client = Client(make_wsgi(ready))
    assert client.get("/readyz/", headers={"Host": "evil.example"}).status_code == 421
    assert client.post("/readyz", headers={"Host": "evil.example"}).status_code == 405


def test_lives_without_a_database(ready: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "engine", None)
    assert ask(ready, "/healthz") == (200, {"state": "alive"})


def test_an_unmigrated_database_is_named_for_all_that_ask_it(ready: Sidecar) -> None:
    with ready.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    status, told = ask(ready)
    assert (status, told["state"]) == (503, "not-ready")
    assert [code_of(told, check) for check in ("database", "keys", "scheduler")] == ["not-migrated"] * 3
    with ready.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest_revisions()[0]})


def test_a_queue_that_is_away_is_named(sidecar: Sidecar) -> None:
    status, told = ask(sidecar)
    assert (status, code_of(told, "queue"), code_of(told, "worker")) == (503, "queue-unreachable", "queue-unreachable")


def test_a_wrong_key_is_named(ready: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_keys(ready)
    assert code_of(ask(ready)[1], "keys") == "ok"
    monkeypatch.setattr(ready, "secrets", SecretBox((Fernet.generate_key().decode(),)))
    status, told = ask(ready)
    assert (status, code_of(told, "keys")) == (503, "wrong-secret-key")


def test_an_unusable_storage_is_named_and_its_place_is_not(ready: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_storage: Storage, _stream: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(ready.storage), "put", refuse)
    status, told = ask(ready)
    assert (status, code_of(told, "storage")) == (503, "storage-unusable")
    assert str(ready.settings.data) not in json.dumps(told)
    assert "space" not in json.dumps(told)


def test_a_scheduler_that_is_silent_is_named_but_learners_are_served(ready: Sidecar, clock: FakeClock) -> None:
    assert code_of(ask(ready)[1], "scheduler") == "scheduler-never-seen"
    with ready.transaction() as db:
        heartbeats.beat(db, heartbeats.SCHEDULER, clock())
    assert code_of(ask(ready)[1], "scheduler") == "ok"
    clock.advance(minutes=4)
    status, told = ask(ready)
    assert (status, told["state"], code_of(told, "scheduler")) == (200, "degraded", "scheduler-not-seen")


def test_any_number_of_probes_look_once_in_a_while(ready: Sidecar, tmp_path: Path) -> None:
    time = [100.0]
    probes = Probes(ready, clock=lambda: time[0])
    assert probes.answer("/readyz", "GET").status_code == 200
    ready.redis.close()
    ready.settings = replace(ready.settings, redis_url=f"unix://{tmp_path / 'nothing.sock'}")
    del ready.__dict__["redis"]
    time[0] += KEPT_S - 0.1
    assert probes.answer("/readyz", "GET").status_code == 200
    time[0] += 0.2
    assert probes.answer("/readyz", "GET").status_code == 503
