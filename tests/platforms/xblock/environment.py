"""Make the environment that the platform runs in: `python -m tests.platforms.xblock.environment`.

It is a folder of its own beside ours, made by uv from a lock of its own, so that nothing of it can be imported by our
code or reach production. It is made anew when the lock changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.house.sources import ROOT

LOCK: Final = ROOT / "requirements-xblock.lock"
FOLDER: Final = ROOT / ".venv-xblock"
PYTHON: Final = FOLDER / "bin" / "python"
TIMEOUT_S: Final = 600


class MakingFailedError(Exception):
    """The environment could not be made; the message is uv's own."""


def ensure() -> Path:
    """Return the environment's Python; made first where it is missing or of another lock.

    Raises:
        MakingFailedError: uv is missing, or can't reach a package registry.
    """
    stamp, wanted = FOLDER / ".ready", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    with FOLDER.with_suffix(".making").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)  # test processes run side by side
        if not PYTHON.exists() or not stamp.exists() or stamp.read_text() != wanted:
            _run("venv", "--clear", "--python", sys.executable, str(FOLDER))
            _run("pip", "sync", "--python", str(PYTHON), "--require-hashes", str(LOCK))
            stamp.write_text(wanted)
    return PYTHON


def _run(*arguments: str) -> None:
    command = [str(Path(sys.executable).with_name("uv")), *arguments, "--quiet"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MakingFailedError(str(error)) from error
    if done.returncode:
        raise MakingFailedError(done.stderr)


if __name__ == "__main__":
    try:
        ensure()
    except MakingFailedError as problem:
        sys.exit(f"The environment of lti-consumer-xblock could not be made: {problem}")
