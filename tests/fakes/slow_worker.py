"""`sidecar worker` with one more kind of job, `slow`: it says that it began, waits for a file, says that it is done."""

import os
import time
from pathlib import Path

from sidecar import jobs
from sidecar.cli import main
from sidecar.runtime import Sidecar


def slow(sidecar: Sidecar, subject: str) -> None:
    folder = sidecar.settings.data
    note(folder / "trail", f"began {os.getpid()}")
    while not (folder / "go").exists():
        time.sleep(0.02)
    note(folder / "trail", "done")


def note(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    jobs.HANDLERS["slow"] = jobs.Handler(slow)
    main(["worker"])
