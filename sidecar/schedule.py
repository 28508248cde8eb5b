"""Tick every ten seconds: start the report plans that are due, and enqueue what the outbox holds."""

from __future__ import annotations

import threading
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from sidecar.core import outbox
from sidecar.errors import SidecarError
from sidecar.reports.deliver import start_due_plans
from sidecar.runtime import Sidecar

TICK_S: Final = 10

log = structlog.get_logger()


def tick(sidecar: Sidecar) -> None:
    """Do what is due; doing it twice, or in two processes, changes nothing more."""
    start_due_plans(sidecar)
    enqueue_due(sidecar)


def enqueue_due(sidecar: Sidecar) -> int:
    """Enqueue the items of the outbox that are due, also those whose claim ran out; return how many."""
    with sidecar.reading() as db:
        due = outbox.list_due(db, sidecar.now())
    if due:
        sidecar.nudge(list(due))
    return len(due)


def run(sidecar: Sidecar, stop: threading.Event) -> None:
    """Tick at once and then on every full tenth second, until told to stop.

    A tick that fails is logged and the next one made all the same: the database or the queue may be away.
    """
    while True:
        _tick_safely(sidecar)
        if stop.wait(TICK_S - sidecar.now().timestamp() % TICK_S):
            return


def _tick_safely(sidecar: Sidecar) -> None:
    try:
        tick(sidecar)
    except (SQLAlchemyError, SidecarError):
        log.exception("tick.broke_off")
