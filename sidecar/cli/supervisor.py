"""Run the services of one machine as child processes: start in order, restart, stop in reverse."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Final

from sidecar.errors import SidecarError
from sidecar.lifeline import die_with_parent

POLL_S: Final = 0.2
START_TIMEOUT_S: Final = 60.0
LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 60.0
"""A service that ran this long starts again at once when it ends."""

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ServiceFailedError(SidecarError):
    """The {service} did not start. Its own message stands above; "sidecar check" may say more."""

    code = "service-failed"


@dataclass(frozen=True)
class Service:
    """One process to keep running.

    `is_up` tells, once it runs, whether it can be used. `log` takes its output; None means ours. `grace_s` is how
    long it may take to stop before it is killed.
    """

    name: str
    command: Sequence[str]
    is_up: Callable[[], bool] = lambda: True
    log: Path | None = None
    grace_s: float = 20.0


@dataclass
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    started: float
    pause_s: float = 0.0
    ended: float | None = field(default=None)


class Supervisor:
    """Keep services running until a stop signal comes."""

    def __init__(self, services: Sequence[Service], env: Mapping[str, str], tell: Callable[[str], None]) -> None:
        """Prepare.

        Args:
            services: in the order they start.
            env: what every service finds in its environment.
            tell: says a line to the person who runs this.
        """
        self._services = services
        self._env = env
        self._tell = tell
        self._running: list[_Running] = []
        self._stop = threading.Event()
        self._signals = 0

    def run(self, on_up: Callable[[], None]) -> None:
        """Start all, keep them running, and stop all on the first Ctrl-C or SIGTERM; a second one kills.

        Args:
            on_up: called once, when every service can be used.

        Raises:
            ServiceFailedError: one did not start.
        """
        with self._signals_heard():
            try:
                for service in self._services:
                    self._start_first(service)
                if not self._stop.is_set():
                    on_up()
                while not self._stop.wait(POLL_S):
                    self._restart_ended()
            finally:
                self._stop_all()

    @contextmanager
    def _signals_heard(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._hear) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, _number: int, _frame: object) -> None:
        self._signals += 1
        self._stop.set()

    def _start_first(self, service: Service) -> None:
        if self._stop.is_set():
            return
        running = _Running(service, self._spawn(service), time.monotonic())
        self._running.append(running)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._stop.is_set():
            if running.process.poll() is not None or time.monotonic() > deadline:
                raise ServiceFailedError(service=service.name)
            if service.is_up():
                return
            time.sleep(POLL_S / 4)

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        with _output(service.log) as output:
            return subprocess.Popen(  # noqa: S603 (our own commands)
                list(service.command),
                env=dict(self._env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C in the terminal reaches us alone
                preexec_fn=partial(die_with_parent, signal.SIGTERM),  # safe: we have no threads
            )

    def _restart_ended(self) -> None:
        now = time.monotonic()
        for running in self._running:
            if running.process.poll() is None:
                continue
            if running.ended is None:
                self._note_end(running, now)
            if running.ended is not None and now >= running.ended + running.pause_s:
                running.process, running.started, running.ended = self._spawn(running.service), now, None

    def _note_end(self, running: _Running, now: float) -> None:
        steady = now - running.started > STEADY_S
        running.pause_s = 1.0 if steady or not running.pause_s else min(running.pause_s * 2, LONGEST_PAUSE_S)
        running.ended = now
        name, code = running.service.name, running.process.returncode
        self._tell(f"The {name} ended (exit code {code}); it starts again in {running.pause_s:.0f} s.")

    def _stop_all(self) -> None:
        for running in reversed(self._running):
            if running.process.poll() is None:
                running.process.terminate()
                self._wait_or_kill(running)

    def _wait_or_kill(self, running: _Running) -> None:
        deadline = time.monotonic() + running.service.grace_s
        while running.process.poll() is None:
            if time.monotonic() > deadline or self._signals > 1:
                running.process.kill()
            time.sleep(POLL_S / 4)


@contextmanager
def _output(log: Path | None) -> Iterator[IO[bytes] | None]:
    if log is None:
        yield None
        return
    with log.open("ab") as file:
        yield file
