"""Keep uploads while they are checked and stored, and clear up after a process that was killed with one in hand."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # who starts the processes clears up too, and has no use for the web
    from werkzeug.datastructures import FileStorage

FOLDER: Final = "uploads"
KEPT_S: Final = 24 * 3600.0
"""What is older belongs to nobody: no request takes so long."""


def keep(file: FileStorage, path: Path) -> None:
    """Give a file of a form a name below the folder of uploads, without writing it again if it lies there."""
    name = getattr(file.stream, "name", None)
    if isinstance(name, str):
        file.stream.flush()
        with suppress(OSError):  # a file system that knows no second name for a file
            os.link(name, path)
            return
    file.save(path)


def make_folder(data: Path) -> Path:
    """Return the folder of uploads, which is made on first use."""
    uploads = data / FOLDER
    uploads.mkdir(mode=0o700, exist_ok=True)
    return uploads


@contextmanager
def folder_for_upload(data: Path) -> Iterator[Path]:
    """Make a folder for the length of a block, below `data`; what killed processes left is removed first."""
    clear_uploads(data)
    with tempfile.TemporaryDirectory(dir=make_folder(data)) as folder:
        yield Path(folder)


def clear_uploads(data: Path, *, older_than_s: float = KEPT_S) -> int:
    """Remove uploads that nobody holds any more, folders and files; return how many there were."""
    oldest = time.time() - older_than_s
    left = [path for path in (data / FOLDER).glob("*") if _changed_at(path) < oldest]
    for path in left:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


def _changed_at(path: Path) -> float:
    with suppress(FileNotFoundError):  # its request ends in this instant
        return path.stat().st_mtime
    return time.time()
