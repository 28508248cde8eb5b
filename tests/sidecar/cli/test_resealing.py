"""`sidecar secrets`: everything sealed anew, in steps that may break off, with the environment's keys or the file's."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from sidecar.cli import resealing
from sidecar.core.connections import Connection
from sidecar.core.municipalities import Municipality
from sidecar.core.sealed import list_sealed, sealed_columns
from sidecar.core.signing_keys import SigningKey
from sidecar.runtime import Sidecar
from sidecar.secrets import KEY_FILE, SecretBox, make_key, put_new_key_first
from sidecar.tool import active_tool_key, ensure_keys
from tests.fakes.lms import tool_key_maker
from tests.sidecar.cli.console import run, run_json

MANY = 250
NONE = {f"{column.table.name}.{column.name}": 0 for column in sealed_columns()}
"""More than two transactions seal."""

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _key_file(sidecar: Sidecar, environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIDECAR_SECRET_KEYS", raising=False)
    monkeypatch.setattr("sidecar.cli.resealing.SETTLE_S", 0.0)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())


@pytest.fixture
def filled(sidecar: Sidecar, kongsberg: Municipality) -> Sidecar:
    """An installation with signing keys, one of them wiped, and many connections."""
    ensure_keys(sidecar)
    with sidecar.transaction() as db:
        wiped = SigningKey(
            kid="old", state="retired", private=b"", public={}, created_at=datetime(2026, 1, 1, tzinfo=UTC)
        )
        db.add(wiped)
        for number in range(MANY):
            sealed = sidecar.secrets.seal(json.dumps({"password": f"hemmelig-{number}"}).encode())
            new = Connection(
                municipality_id=kongsberg.id, connector="folder", settings=sealed, created_at=sidecar.now()
            )
            db.add(new)
    return sidecar


def opened_with(sidecar: Sidecar, *keys: str) -> list[bytes]:
    box = SecretBox(keys)
    with sidecar.reading() as db:
        return [box.open(sealed) for sealed in list_sealed(db)]


def file_keys(sidecar: Sidecar) -> list[str]:
    return (sidecar.settings.data / KEY_FILE).read_text().split()


def test_generate_prints_a_key() -> None:
    key = run("secrets", "generate").stdout.strip()
    assert SecretBox((key,)).open(SecretBox((key,)).seal(b"x")) == b"x"
    assert run_json("secrets", "generate")["key"] != key


def test_the_key_file_gets_a_new_key(filled: Sidecar) -> None:
    (old,) = file_keys(filled)
    told = run_json("secrets", "rotate")
    (new,) = file_keys(filled)
    assert new != old
    assert told["resealed"] == NONE | {"connection.settings": MANY, "signing_key.private": 2}
    assert str(filled.settings.data / KEY_FILE) in told["next"]
    assert len(opened_with(filled, new)) == MANY + 2
    assert b"PRIVATE" in active_tool_key(filled).private_pem  # a process that was running all the while


def test_the_keys_of_the_environment(filled: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    (old,), new = file_keys(filled), make_key()
    monkeypatch.setenv("SIDECAR_SECRET_KEYS", f"{new},{old}")
    result = run("secrets", "rotate")
    assert result.exit_code == 0
    assert f"connection.settings: {MANY}" in result.stdout
    assert "SIDECAR_SECRET_KEYS" in result.stdout
    assert new not in result.output
    assert len(opened_with(filled, new)) == MANY + 2
    assert file_keys(filled) == [old]
    assert run_json("secrets", "rotate")["resealed"] == NONE


def test_a_key_that_opens_nothing_is_refused(filled: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    (old,) = file_keys(filled)
    monkeypatch.setenv("SIDECAR_SECRET_KEYS", make_key())
    for command in (("secrets", "rotate"), ("check",)):
        result = run(*command, "--json")
        assert result.exit_code != 0
        assert "wrong-secret-key" in result.output
    assert len(opened_with(filled, old)) == MANY + 2


def test_a_malformed_key_is_refused_by_its_place(filled: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDECAR_SECRET_KEYS", f"{make_key()},hemmelig")
    result = run("check")
    assert (result.exit_code, "hemmelig" in result.output) == (2, False)
    assert "key 2 of 2" in result.output


def sealed_with(sidecar: Sidecar, key: str) -> int:
    box = SecretBox((key,))
    with sidecar.reading() as db:
        return sum(box.is_sealed_with_first(sealed) for sealed in list_sealed(db))


@pytest.mark.slow
def test_a_rotation_that_is_killed_goes_on_where_it_was(filled: Sidecar) -> None:
    (old,) = file_keys(filled)
    script = (
        "import sidecar.cli.resealing as s, time; s.SETTLE_S = 0.0; before = s.reseal_some\n"
        "def slow(*a):\n    time.sleep(0.3)\n    return before(*a)\n"
        "s.reseal_some = slow\nfrom sidecar.cli import main\nmain(['secrets', 'rotate'])"
    )
    process = subprocess.Popen([sys.executable, "-c", script], env=dict(os.environ), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(file_keys(filled)) == 1 or sealed_with(filled, file_keys(filled)[0]) == 0:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    keys = file_keys(filled)
    assert keys[1:] == [old]
    half = sealed_with(filled, keys[0])
    assert 0 < half < MANY + 2
    assert len(opened_with(filled, *keys)) == MANY + 2
    told = run_json("secrets", "rotate")
    assert sum(told["resealed"].values()) == MANY + 2 - half
    assert file_keys(filled) == keys[:1]
    assert len(opened_with(filled, keys[0])) == MANY + 2
    with filled.reading() as db:
        assert db.scalar(select(func.count()).select_from(Connection)) == MANY


def test_two_rotations_at_once_lose_nothing(filled: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "SETTLE_S", 0.2)
    box, file = filled.secrets, filled.settings.data / KEY_FILE
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(resealing._reseal_with_file, filled, file) for _ in range(2)]:
            assert sum(done.result().values()) == MANY + 2
    (key,) = file_keys(filled)
    assert len(opened_with(filled, key)) == MANY + 2
    assert box.open(box.seal(b"x")) == b"x"


def test_a_rotation_that_goes_on_waits_for_who_still_seals_with_the_old_key(
    filled: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_new_key_first(filled.settings.data / KEY_FILE)  # and then it was killed
    waited: list[float] = []
    monkeypatch.setattr("sidecar.cli.resealing.time.sleep", waited.append)
    run_json("secrets", "rotate")
    assert waited == [resealing.SETTLE_S]
