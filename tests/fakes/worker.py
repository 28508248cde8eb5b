"""Do what a worker does, without one: perform what is due in the outbox, and leave to others what needs a browser."""

from collections.abc import Sequence

from sqlalchemy import update

from sidecar.core import outbox
from sidecar.core.outbox import OutboxItem
from sidecar.jobs import HANDLERS, perform_item
from sidecar.runtime import BROWSER, Sidecar


def perform_due(sidecar: Sidecar) -> Sequence[str]:
    """Do once what is due now; return the ids."""
    with sidecar.reading() as db:
        due = list(outbox.kinds_of_due(db, sidecar.now(), without=BROWSER))
    for item_id in due:
        perform_item(sidecar, item_id, HANDLERS)
    return due


def perform_all_due(sidecar: Sidecar) -> None:
    """Do what is due now, and what comes of it; nothing twice."""
    done: set[str] = set()
    while True:
        with sidecar.reading() as db:
            due = [one for one in outbox.kinds_of_due(db, sidecar.now(), without=BROWSER) if one not in done]
        if not due:
            return
        for item_id in due:
            perform_item(sidecar, item_id, HANDLERS)
            done.add(item_id)


def perform_waiting(sidecar: Sidecar) -> Sequence[str]:
    """Do all that waits, as a worker would in a while, as a grade waits for a further score; return the ids."""
    with sidecar.transaction() as db:
        db.execute(update(OutboxItem).where(OutboxItem.state == "waiting").values(next_try_at=sidecar.now()))
    return perform_due(sidecar)
