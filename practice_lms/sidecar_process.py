"""Run the sidecar as an operator does: `sidecar up` as a process, everything else by its command line."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from practice_lms.errors import PracticeError
from practice_lms.sidecar_commands import SidecarCommands

START_TIMEOUT_S = 90
STOP_TIMEOUT_S = 30
WAIT_S = 90
"""How long to wait for what the sidecar's worker does."""
POLL_S = 0.25
LOG_TAIL_LINES = 25


class SidecarProcess(SidecarCommands):
    """Hold a running `sidecar up` on a data folder of its own, and speak to it by its command line.

    Args:
        folder: holds `data/` and `sidecar.log`; made if missing.
        port: of application and content.
        host: of the application. Browsers tell hosts apart, but not ports, where they keep cookies.
    """

    part = "up"

    def __init__(self, folder: Path, port: int, host: str = "127.0.0.1") -> None:
        self.url = f"http://{host}:{port}"
        self.content_url = f"http://*.content.localhost:{port}"
        self.log = folder / "sidecar.log"
        self._port = port
        env = {name: value for name, value in os.environ.items() if not name.startswith("SIDECAR_")}
        own = {
            "SIDECAR_DATA": str(folder / "data"),
            "SIDECAR_PUBLIC_URL": self.url,
            "SIDECAR_CONTENT_URL": self.content_url,
            "SIDECAR_ALLOWED_PRIVATE": "127.0.0.1,localhost,lms.localhost,lms.vesteralen.localhost",
        }
        super().__init__(env | own)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own command, no shell)
                [*self.command, self.part, "--port", str(self._port)],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.wait_until(f"sidecar {self.part} answers", self._answers, START_TIMEOUT_S)
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
            raise PracticeError(f"sidecar {self.part} ended by itself, exit code {self._process.returncode}")

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
