"""Keep uploads while they are checked and stored, and clear up after a process that was killed with one in hand."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

FOLDER: Final = "uploads"
KEPT_S: Final = 24 * 3600.0
"""What is older belongs to nobody: no request takes so long."""


@contextmanager
def folder_for_upload(data: Path) -> Iterator[Path]:
    """Make a folder for the length of a block, below `data`; those that killed processes left are removed first."""
    clear_uploads(data)
    uploads = data / FOLDER
    uploads.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=uploads) as folder:
        yield Path(folder)


def clear_uploads(data: Path, *, older_than_s: float = KEPT_S) -> int:
    """Remove the folders of uploads that nobody holds any more; return how many there were."""
    oldest = time.time() - older_than_s
    left = [path for path in (data / FOLDER).glob("*") if _changed_at(path) < oldest]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def _changed_at(path: Path) -> float:
    with suppress(FileNotFoundError):  # its request ends in this instant
        return path.stat().st_mtime
    return time.time()
