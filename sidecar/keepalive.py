"""Keep a claim alive for as long as its work goes on, and cut the work off where the claim is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog

EVERY_S: Final = 10.0
"""How often a claim is renewed: several times within each lease."""

log = structlog.get_logger()


@contextmanager
def kept(renew: Callable[[], bool], *, lease_s: float, on_lost: Callable[[], None]) -> Iterator[None]:
    """Renew a claim beside the work of a block.

    A claim is lost when another has it, and also when it could not be renewed for as long as it holds: the database
    may be out of our reach alone.

    Args:
        renew: renews it; tells whether it is still ours.
        on_lost: must keep the work from going on; called from another thread.
    """
    keeper = _Keeper(renew, lease_s, on_lost)
    for target in (keeper.beat, keeper.watch):
        threading.Thread(target=target, name="keepalive", daemon=True).start()
    try:
        yield
    finally:
        keeper.ended.set()


class _Keeper:
    def __init__(self, renew: Callable[[], bool], lease_s: float, on_lost: Callable[[], None]) -> None:
        self.ended = threading.Event()
        self._renew = renew
        self._lease_s = lease_s
        self._on_lost = on_lost
        self._renewed_at = time.monotonic()

    def beat(self) -> None:
        """Renew till the work ends; one that hangs or fails is for `watch` to see."""
        while not self.ended.wait(EVERY_S):
            began = time.monotonic()
            try:
                is_ours = self._renew()
            except Exception:
                log.exception("claim.not_renewed")
            else:
                self._renewed_at = began if is_ours else self._renewed_at - self._lease_s

    def watch(self) -> None:
        """Say once that the claim is lost."""
        while not self.ended.wait(self._left_s()):
            if self._left_s() <= 0:
                log.error("claim.ended_early")
                self._on_lost()
                return

    def _left_s(self) -> float:
        return min(1.0, max(0.0, self._renewed_at + self._lease_s - time.monotonic()))
