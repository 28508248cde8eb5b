"""Give whoever makes a report a folder for what it writes meanwhile: it names people, and lies with our own data."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sidecar.runtime import Sidecar

FOLDER: Final = "report-work"
KEPT_S: Final = 24 * 3600.0
"""How long a folder may be worked in; what is older a killed process left."""


@contextmanager
def open_workroom(sidecar: Sidecar) -> Iterator[Path]:
    """Make a folder for the length of a block; what killed processes left is removed first."""
    base = sidecar.settings.data / FOLDER
    base.mkdir(mode=0o700, exist_ok=True)
    clear_workrooms(base)
    with tempfile.TemporaryDirectory(dir=base) as folder:
        yield Path(folder)


def clear_workrooms(base: Path, *, older_than_s: float = KEPT_S) -> None:
    """Remove the folders that nobody works in any more."""
    oldest = time.time() - older_than_s
    for path in base.glob("*"):
        with suppress(FileNotFoundError):  # who worked there ends in this instant
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)
