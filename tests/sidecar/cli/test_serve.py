"""One command runs everything on one machine, says where, and one Ctrl-C stops it all."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sidecar.cli import main, serve
from sidecar.cli.supervisor import Service
from sidecar.health import examine
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.fakes.queue_server import running_queue


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@contextmanager
def up(data: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("SIDECAR_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "sidecar.cli", "up", "--port", str(port)],
        env={**env, "SIDECAR_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], start: str) -> list[str]:
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith(start):
            return lines
    raise AssertionError("\n".join(lines))


def processes_below(data: Path) -> list[int]:
    """Return the living processes that were told of a data folder, by their environment or command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(data) in told and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def wait_until_gone(data: Path) -> None:
    deadline = time.monotonic() + 60
    while processes_below(data):
        assert time.monotonic() < deadline, "processes are left behind"
        time.sleep(0.1)


def status_of_front_page(port: int, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
@pytest.mark.slow
def test_up_serves_and_one_interrupt_stops_all(tmp_path: Path, port: int) -> None:
    with up(tmp_path, port) as process:
        lines = read_until(process, "Open ")
        assert lines[-1] == f"Open http://127.0.0.1:{port} - Ctrl-C stops everything."
        assert status_of_front_page(port) == 200
        assert status_of_front_page(port, SCRIPT_NAME="/elsewhere") == 200  # only a proxy's business
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=120)
        assert (process.returncode, rest.splitlines()[-1]) == (0, "Stopped.")
    wait_until_gone(tmp_path)


@linux
@pytest.mark.slow
def test_up_restarts_what_ends_and_leaves_nothing_when_it_is_killed(tmp_path: Path, port: int) -> None:
    with up(tmp_path, port) as process:
        read_until(process, "Open ")
        (worker,) = workers_below(tmp_path)
        os.kill(worker, signal.SIGKILL)
        read_until(process, "The worker ended")
        deadline = time.monotonic() + 90
        while not workers_below(tmp_path) - {worker}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.kill()
        wait_until_gone(tmp_path)


def workers_below(data: Path) -> set[int]:
    commands = {pid: command_of(pid).split(b"\0") for pid in processes_below(data)}
    return {pid for pid, words in commands.items() if b"worker" in words and b"--browser" not in words}


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def run(*args: str, data: Path, **env: str) -> Result:
    unset = {name: None for name in os.environ if name.startswith("SIDECAR_")}
    return CliRunner().invoke(main, args, env={**unset, "SIDECAR_DATA": str(data), **env})


def test_up_says_when_the_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = run("up", "--port", str(other.getsockname()[1]), data=tmp_path)
    assert result.exit_code == 2
    assert "can't be used here" in result.stderr


def test_a_worker_without_a_browser_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "lack", lambda: "no-browser")
    result = run("worker", "--browser", data=tmp_path)
    assert result.exit_code == 1
    assert "This machine can't look at courses in a browser: there is no Chromium on PATH." in result.stderr


@pytest.mark.parametrize(("missing", "is_started"), [("", True), ("no-extra", False)])
def test_up_starts_a_worker_with_a_browser_only_where_there_is_one(
    missing: str, is_started: bool, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Sequence[str]] = []

    class Watched:
        def __init__(self, services: Sequence[Service], *_: object) -> None:
            started.extend(tuple(one.command[3:]) for one in services)

        def run(self, on_up: Callable[[], None]) -> None:
            on_up()

    monkeypatch.setattr(serve, "lack", lambda: missing)
    monkeypatch.setattr(serve, "Supervisor", Watched)
    result = run("up", "--port", str(port), data=tmp_path)
    assert result.exit_code == 0
    assert (("worker", "--browser") in started) is is_started
    assert ("looks at uploaded courses" in result.stdout) is is_started
    assert ("  browser    looks at no course: the extra is not installed" in result.stdout) is not is_started


def test_migrate_makes_the_tables_and_can_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        assert run("migrate", data=tmp_path).exit_code == 0
    assert json.loads(run("migrate", "--json", data=tmp_path).stdout) == {"state": "up-to-date"}


def test_the_database_is_for_our_own_user_alone(tmp_path: Path) -> None:
    assert run("migrate", data=tmp_path).exit_code == 0
    assert {path.name: path.stat().st_mode & 0o077 for path in tmp_path.glob("sidecar.sqlite3*")} == {
        "sidecar.sqlite3": 0
    }


@pytest.mark.parametrize("command", ["web", "worker", "schedule"])
def test_nothing_runs_on_a_database_without_tables(tmp_path: Path, command: str) -> None:
    result = run(command, data=tmp_path)
    assert result.exit_code == 2
    assert "sidecar migrate" in result.stderr


def findings(result: Result) -> dict[str, str]:
    return {line["what"]: line["code"] for line in json.loads(result.stdout)}


@pytest.mark.slow
def test_check_finds_nothing_when_all_is_well(settings: Settings, tmp_path: Path) -> None:
    with running_queue(tmp_path / "queue-data") as url:
        env = {"SIDECAR_DATABASE_URL": settings.database_url, "SIDECAR_REDIS_URL": url}
        result = run("check", "--json", data=settings.data, **env)
    assert result.exit_code == 0
    assert set(findings(result).values()) == {"ok", "scheduler-never-seen", "worker-not-seen"}


def test_check_names_everything_that_is_wrong(tmp_path: Path) -> None:
    result = run("check", "--json", data=tmp_path, SIDECAR_CONTENT_URL="https://content.invalid")
    assert result.exit_code == 1
    found = findings(result)
    assert found["settings"] == found["storage"] == "ok"
    assert found["database"] == "not-migrated"
    assert found["queue"] == "queue-unreachable"
    assert found["content host"] == "unknown-host"


def test_check_asks_dns_for_no_host_that_browsers_know_by_themselves(tmp_path: Path) -> None:
    result = run("check", "--json", data=tmp_path, SIDECAR_CONTENT_URL="http://*.content.localhost:8080")
    assert findings(result)["content host"] == "ok"


def test_looking_again_and_again_leaves_no_more_folders_in_the_storage(sidecar: Sidecar) -> None:
    kept = sidecar.settings.data / "files"
    examine(sidecar)
    folders = list(kept.rglob("*"))
    examine(sidecar)
    assert list(kept.rglob("*")) == folders


def test_production_without_a_key_says_how_to_make_one(tmp_path: Path) -> None:
    result = run("check", data=tmp_path, SIDECAR_PRODUCTION="1")
    assert result.exit_code == 2
    assert "sidecar secrets generate" in result.stderr


def test_check_could_not_run_with_settings_that_make_no_sense(tmp_path: Path) -> None:
    for name, value in (("SIDECAR_PORT", "eighty"), ("SIDECAR_LOG_LEVEL", "loud"), ("SIDECAR_PUBLIC_URL", "here")):
        result = run("check", "--json", data=tmp_path, **{name: value})
        error = json.loads(result.stderr)["error"]
        assert (result.exit_code, error["code"], error["facts"]["setting"]) == (2, "misconfigured", name)


def test_help_names_every_command_and_the_version_is_told(tmp_path: Path) -> None:
    text = run("--help", data=tmp_path).stdout
    for command in main.commands:
        assert command in text
    assert run("--version", data=tmp_path).stdout.startswith("sidecar, version ")
