"""Services start in order, start again when they end, and stop in reverse, however stubborn they are."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.cli.supervisor import Service, ServiceFailedError, Supervisor

pytestmark = pytest.mark.slow


def writes(name: str, trail: Path, *, on_stop: str = "exit") -> Service:
    """A service that notes that it began and that it was asked to stop."""
    script = f"""trap 'echo {name} stops >> {trail}; {on_stop}' TERM
echo {name} begins >> {trail}
while :; do sleep 0.02; done"""
    return Service(name, ("sh", "-c", script), is_up=lambda: f"{name} begins" in read(trail), grace_s=0.5)


def read(trail: Path) -> list[str]:
    return trail.read_text().splitlines() if trail.exists() else []


def ask_to_stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def supervise(*services: Service, on_up: Callable[[], None] = ask_to_stop) -> list[str]:
    told: list[str] = []
    Supervisor(services, os.environ, told.append).run(on_up)
    return told


def test_starts_in_order_and_stops_in_reverse(tmp_path: Path) -> None:
    trail = tmp_path / "trail"
    told = supervise(writes("queue", trail), writes("web", trail))
    assert read(trail) == ["queue begins", "web begins", "web stops", "queue stops"]
    assert told == []


def test_a_service_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    trail = tmp_path / "trail"
    began = time.monotonic()
    supervise(writes("queue", trail), writes("web", trail, on_stop=":"))
    assert read(trail)[-1] == "queue stops"
    assert time.monotonic() - began < 10


def test_what_does_not_start_is_told_and_the_others_are_stopped(tmp_path: Path) -> None:
    trail = tmp_path / "trail"
    with pytest.raises(ServiceFailedError) as caught:
        supervise(writes("queue", trail), Service("web", ("sh", "-c", "exit 3"), is_up=lambda: False))
    assert caught.value.facts == {"service": "web"}
    assert read(trail) == ["queue begins", "queue stops"]


def test_a_service_that_ends_is_told_and_starts_again(tmp_path: Path) -> None:
    trail = tmp_path / "trail"
    script = f"echo begins >> {trail}; test $(wc -l < {trail}) -ge 2 && kill -TERM {os.getpid()}; sleep 0.3; exit 7"
    told = supervise(Service("worker", ("sh", "-c", script)), on_up=lambda: None)
    assert read(trail) == ["begins", "begins"]
    assert told == ["The worker ended (exit code 7); it starts again in 1 s."]


def test_the_signals_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    supervise(writes("queue", tmp_path / "trail"))
    assert signal.getsignal(signal.SIGTERM) is before
