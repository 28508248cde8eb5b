"""Write a file whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, Final

MAKING: Final = ".making"
LONGEST_S: Final = 24 * 3600
"""After so long a file that is being made is one that somebody left who was killed."""


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Open a file beside the target that takes its place at the end, or goes away again.

    What others left behind who were killed goes with the next file there.

    Raises:
        OSError: it can't be written; the target stays as it was.
    """
    made = target.with_name(f".{token_hex(8)}{MAKING}")
    try:
        for left in target.parent.glob(f".*{MAKING}"):
            if left.stat().st_mtime < time.time() - LONGEST_S:
                left.unlink()
        with made.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        made.replace(target)
    finally:
        with suppress(OSError):  # it took its place, or its folder is none
            made.unlink()
