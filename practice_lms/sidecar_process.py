"""Run the sidecar as an operator does: `sidecar up` as a process, everything else by its command line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from practice_lms.errors import PracticeError

COMMAND_TIMEOUT_S = 120
START_TIMEOUT_S = 90
STOP_TIMEOUT_S = 30
POLL_S = 0.25
LOG_TAIL_LINES = 25


class SidecarProcess:
    """Hold a running `sidecar up` on a data folder of its own, and speak to it by its command line.

    Args:
        folder: holds `data/` and `sidecar.log`; made if missing.
        port: of application and content.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.content_url = f"http://*.content.localhost:{port}"
        self.log = folder / "sidecar.log"
        self._command = _find_command()
        self._port = port
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("SIDECAR_")} | {
            "SIDECAR_DATA": str(folder / "data"),
            "SIDECAR_PUBLIC_URL": self.url,
            "SIDECAR_CONTENT_URL": self.content_url,
            "SIDECAR_ALLOWED_PRIVATE": "127.0.0.1,lms.localhost",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own command, no shell)
                [*self._command, "up", "--port", str(self._port)],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.wait_until("sidecar up answers", self._answers, START_TIMEOUT_S)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop it as Ctrl-C does."""
        self.stop()

    def stop(self) -> None:
        """End the process, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def run(self, *arguments: str) -> Any:  # noqa: ANN401 (whatever the command's JSON holds)
        """Run one command with `--json` and return what it says.

        Raises:
            PracticeError: the command failed, took too long or said no JSON.
        """
        line = [*self._command, *arguments, "--json"]
        try:
            done = subprocess.run(  # noqa: S603 (our own command, no shell)
                line, env=self._env, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise PracticeError(f"sidecar {' '.join(arguments)}: no end after {COMMAND_TIMEOUT_S} s") from error
        if done.returncode != 0:
            raise PracticeError(
                f"sidecar {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return _read_json(arguments, done.stdout)

    def wait_until(self, what: str, is_so: Callable[[], bool], timeout_s: float) -> None:
        """Ask again and again until it is so.

        Raises:
            PracticeError: it never was, or the sidecar ended meanwhile.
        """
        end = time.monotonic() + timeout_s
        while not is_so():
            self.refuse_ended()
            if time.monotonic() > end:
                raise PracticeError(f"waited {timeout_s:.0f} s in vain: {what}")
            time.sleep(POLL_S)

    def refuse_ended(self) -> None:
        """Complain if the process ended by itself.

        Raises:
            PracticeError: it did.
        """
        if self._process is not None and self._process.poll() is not None:
            raise PracticeError(f"sidecar up ended by itself, exit code {self._process.returncode}")

    def tail(self) -> str:
        """Return the last lines of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:])

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/", timeout=2).ok
        except requests.RequestException:
            return False


def _find_command() -> list[str]:
    """Return the installed command, or the same through this Python in a checkout that isn't installed."""
    beside = Path(sys.executable).with_name("sidecar")
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "sidecar.cli"]


def _read_json(arguments: tuple[str, ...], text: str) -> Any:  # noqa: ANN401 (whatever the JSON holds)
    try:
        return json.loads(text)
    except ValueError as error:
        raise PracticeError(f"sidecar {' '.join(arguments)}: no JSON but {text[:200]!r}") from error
