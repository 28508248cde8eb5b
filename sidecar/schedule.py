"""Tick every ten seconds: start the reports that are due, and enqueue what the outbox holds."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars

from sidecar import course_links, housekeeping, tool, watch
from sidecar.core import deliveries, launches, mails, outbox
from sidecar.health import is_browser_worker_seen, is_worker_seen
from sidecar.jobs import HANDLERS, perform_item
from sidecar.reports import changes
from sidecar.reports.scheduling import start_due
from sidecar.runtime import BROWSER, Sidecar
from sidecar.sharing import crossing_hearing, crossing_telling, ending, following, offering, use
from sidecar.sync import sources

TICK_S: Final = 10

LOOKS_A_TICK: Final = 20
"""How many looks in a browser may stand in the queue; they take minutes each, and wait for ever where nobody looks."""

MAILS_A_TICK: Final = 5
"""How many mails the scheduler sends itself at a time: each may wait for the mail server."""

log = structlog.get_logger()


def tick(sidecar: Sidecar) -> list[str]:
    """Do what is due; doing it twice, or in two processes, changes nothing more.

    A step that fails is logged, and the others are done all the same: the database, the queue or the disk may be away.

    Returns:
        The names of the steps that failed.
    """
    return [step.__name__ for step in STEPS if not _is_done(step, sidecar)]


def mend_clock(sidecar: Sidecar) -> int:
    """Where the clock was set back, let nothing wait till the old time comes round; return how many items did."""
    with sidecar.reading() as db:
        is_set_back = outbox.is_clock_set_back(db, sidecar.now())
    if not is_set_back:
        return 0
    with sidecar.transaction() as db:
        mended = outbox.forget_the_future(db, sidecar.now())
        deliveries.forget_the_future(db, sidecar.now())
    log.warning("clock.turned_back", items=mended)
    return mended


def enqueue_due(sidecar: Sidecar) -> int:
    """Enqueue the items of the outbox that are due, also those whose claim ran out; return how many.

    What needs a browser is left alone while no worker has one: it waits in the outbox, and crowds out nothing else.
    """
    with sidecar.reading() as db:
        due = outbox.kinds_of_due(db, sidecar.now(), without=BROWSER)
        looks = outbox.kinds_of_due(db, sidecar.now(), only=BROWSER, limit=LOOKS_A_TICK)
    if looks and is_browser_worker_seen(sidecar):
        due |= looks
    if due:
        sidecar.nudge(due)
    return len(due)


def mail_alone(sidecar: Sidecar) -> int:
    """Send the mails that are due where no worker can, such as the one that says so; return how many were tried."""
    with sidecar.reading() as db:
        due = outbox.list_due(db, sidecar.now(), kind=mails.KIND, limit=MAILS_A_TICK)
    if not due or is_worker_seen(sidecar):
        return 0
    for item_id in due:
        perform_item(sidecar, item_id, HANDLERS)
    return len(due)


def bound_logins(sidecar: Sidecar) -> None:
    """Forget old logins, and keep strangers, who may start some, from filling the disk with them."""
    with sidecar.transaction() as db:
        launches.bound_logins(db, sidecar.now())


STEPS: Final[tuple[Callable[[Sidecar], object], ...]] = (
    watch.beat,
    start_due,
    mend_clock,
    watch.watch,
    housekeeping.ask_for_tonight,
    course_links.ask_for_this_week,
    tool.ask_for_rosters,
    sources.put_due,
    changes.ask_where_due,
    following.ask_where_due,
    offering.keep_true,
    ending.end_withdrawn,
    use.ask_where_due,
    crossing_telling.ask_where_due,
    crossing_hearing.ask_where_due,
    enqueue_due,
    mail_alone,
    tool.rotate_when_due,
    bound_logins,
)
"""What a tick does, in this order."""


def run(sidecar: Sidecar, stop: threading.Event) -> None:
    """Tick at once and then on every full tenth second, until told to stop."""
    while True:
        tick(sidecar)
        if stop.wait(TICK_S - sidecar.now().timestamp() % TICK_S):
            return


def _is_done(step: Callable[[Sidecar], object], sidecar: Sidecar) -> bool:
    with bound_contextvars(request_id=secrets.token_hex(6)):
        try:
            step(sidecar)
        except Exception:  # a defect in one step must not end the others: it is logged, and made again in ten seconds
            log.exception("tick.broke_off", step=step.__name__)
            return False
    return True
