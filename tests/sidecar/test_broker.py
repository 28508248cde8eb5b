"""The embedded queue server keeps to itself, keeps what it was given, and says when there is none."""

import os
import stat
from pathlib import Path

import pytest
from redis import Redis

from sidecar import broker
from sidecar.broker import find_server, held_folder, queue_url, server_command, socket_path
from sidecar.errors import MisconfiguredError
from sidecar.settings import read_settings
from tests.fakes.queue_server import running_queue


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.slow
def test_listens_on_a_private_socket_only_and_keeps_everything(tmp_path: Path) -> None:
    with running_queue(tmp_path) as url, Redis.from_url(url) as redis:
        redis.set("a", "b")
        assert mode(socket_path(tmp_path)) == 0o600
        assert mode(socket_path(tmp_path).parent) == 0o700
        assert redis.config_get("port")["port"] == "0"
    with running_queue(tmp_path) as url, Redis.from_url(url) as redis:
        assert redis.get("a") == b"b"


def test_a_second_one_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with held_folder(tmp_path), pytest.raises(MisconfiguredError, match="already"), held_folder(tmp_path):
        pass
    with held_folder(tmp_path):
        pass


def test_a_long_path_gets_a_short_private_socket(tmp_path: Path) -> None:
    data = tmp_path / ("x" * 120)
    assert len(os.fsencode(socket_path(data))) <= broker.LONGEST_SOCKET_BYTES
    assert socket_path(data) != socket_path(tmp_path / ("y" * 120))
    with held_folder(data):
        assert mode(socket_path(data).parent) == 0o700
    socket_path(data).parent.rmdir()


def test_a_prepared_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / broker.FOLDER).symlink_to(elsewhere)
    with pytest.raises(MisconfiguredError, match="somebody else"), held_folder(tmp_path):
        pass


def test_a_configured_server_goes_before_the_embedded_one(tmp_path: Path) -> None:
    env = {"SIDECAR_DATA": str(tmp_path), "SIDECAR_REDIS_URL": "redis://queue.example.no/1"}
    assert queue_url(read_settings(env)) == "redis://queue.example.no/1"
    del env["SIDECAR_REDIS_URL"]
    assert queue_url(read_settings(env)) == f"unix://{socket_path(tmp_path)}"


def test_a_server_on_path_goes_before_the_one_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "valkey-server"
    own.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == str(own)
    assert server_command(tmp_path)[0] == str(own)


def test_without_any_server_the_variable_to_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(broker, "find_spec", lambda name: None)
    with pytest.raises(MisconfiguredError, match="SIDECAR_REDIS_URL"):
        find_server()
