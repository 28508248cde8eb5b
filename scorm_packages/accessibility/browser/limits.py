"""Bound what a look in a browser may take: the one who asks watches time and memory, the process itself the rest."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NOT_STARTED: Final = 3
"""How the process ends where Chromium does not start."""

PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True)
class BrowserLimits:
    """What the browser and all that belongs to it may take together."""

    seconds: float = 300.0
    memory_bytes: int = 1536 * 1024**2
    file_bytes: int = 256 * 1024**2
    processor_s: int = 600


def write_limits(limits: BrowserLimits) -> tuple[int, int, int]:
    """Return as arguments what the process must keep to by itself, and whose child it is."""
    return limits.file_bytes, limits.processor_s, os.getpid()


def keep_to_limits(arguments: Sequence[str]) -> None:
    """Bound this process, and all it starts, by the arguments of `write_limits`.

    It is done here and not between fork and exec: the one who asks may have threads.
    """
    file_bytes, processor_s, parent = map(int, arguments)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # nothing is left when the one who asked is killed
        if os.getppid() != parent:  # it was killed before that
            sys.exit(NOT_STARTED)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
