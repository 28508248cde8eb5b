"""Do by hand what Docker would: the steps of the Dockerfile, the commands of the compose file, on this machine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sidecar.broker import find_server
from tests.deploy.test_image import DOCKERFILE, is_seen
from tests.house.sources import ROOT

USER_ID: Final = 10001
UV: Final = f"{sys.prefix}/bin/uv"
BUILD_TIMEOUT_S: Final = 400
STOP_TIMEOUT_S: Final = 30


@dataclass
class Machine:
    """A folder with the image's files, and the processes that run from it; `user` is None where we may not change."""

    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def user(self) -> int | None:
        return USER_ID if os.getuid() == 0 and _anyone_may_run(_python()) else None

    def build(self) -> None:
        """Run the first stage of the Dockerfile, with its folders moved into ours and uv for pip, as it has a cache."""
        tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
        for path in filter(is_seen, tracked.stdout.splitlines()):
            target = self.folder / "src" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target)
        for step in re.findall(r"^RUN (.*)$", DOCKERFILE.split("\nFROM ")[1], re.MULTILINE):
            moved = re.sub(r"(?<![\w.])/(build|opt/sidecar|wheels)\b", rf"{self.folder}/\1", step)
            moved = re.sub(r"\bpython -m venv ", f"{UV} venv --quiet --python {_python()} ", moved)
            moved = re.sub(r"(\S+)/bin/pip (install|check)", rf"{UV} pip \2 --python \1/bin/python", moved)
            moved = moved.replace(" pip install ", " pip install --compile-bytecode ")
            subprocess.run(moved, shell=True, cwd=self.folder / "src", check=True, timeout=BUILD_TIMEOUT_S)
        self.data.mkdir(mode=0o700)
        if self.user is not None:
            os.chown(self.data, self.user, self.user)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a command as the image's user, with this environment and nothing else."""
        tools = self.folder / "tools"
        if not tools.exists():
            tools.mkdir()
            (tools / "valkey-server").symlink_to(find_server())
        path = f"{self.folder}/opt/sidecar/bin:{tools}:/usr/bin:/bin"
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [shutil.which(command[0], path=path) or command[0], *command[1:]],
                env={"PATH": path, "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8", **env},
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )

    def stop(self, name: str) -> int:
        """Ask a process to stop, as Compose does, and return its exit code."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(STOP_TIMEOUT_S)

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")

    def kill_all(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


def _python() -> Path:
    """Return this Python, or the system's where this one lies in a home folder that another user can't enter."""
    system = Path("/usr/bin") / f"python3.{sys.version_info.minor}"
    own = Path(sys.executable).resolve()
    return system if system.exists() and not _anyone_may_run(own) else own


def _anyone_may_run(path: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (path, *path.parents))


@contextmanager
def built_machine() -> Iterator[Machine]:
    """Build the image's files in a folder that its user may read, and end whatever is left running."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        machine = Machine(Path(folder))
        try:
            machine.build()
            yield machine
        finally:
            machine.kill_all()
