"""Tie a process to its parent, so that none is left behind when the parent is killed."""

from __future__ import annotations

import ctypes
import signal
import sys


def die_with_parent(death_signal: signal.Signals) -> None:
    """Ask the system to send this process a signal when its parent ends (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, death_signal)
