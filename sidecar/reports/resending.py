"""Send a report again that went out, or failed, with a reason: the same files, as a delivery of their own."""

from __future__ import annotations

import structlog

from sidecar.core import audit, deliveries
from sidecar.core.access import Viewer
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery, FilesRemovedError
from sidecar.core.delivery_resending import (
    REASON_CHARACTERS,
    NotResendableError,
    ReasonMissingError,
    ReasonTooLongError,
    add_resend,
    find_under_way,
)
from sidecar.reports import asking
from sidecar.reports.channels import ChannelRemovedError
from sidecar.runtime import Sidecar

log = structlog.get_logger()


def resend(sidecar: Sidecar, viewer: Viewer, delivery_id: str, reason: str) -> Delivery:
    """Send a delivery again over the same channel; one that is just being sent again is not sent a third time.

    Args:
        reason: why, for whoever reads the ledger.

    Returns:
        The new delivery.

    Raises:
        NotFoundError: there is none that the viewer may see.
        ReasonMissingError, ReasonTooLongError: of the reason.
        NotResendableError: it has not gone out yet.
        FilesRemovedError: its files are gone.
        ChannelRemovedError: its channel is gone.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise ReasonMissingError
    if len(reason) > REASON_CHARACTERS:
        raise ReasonTooLongError(most=REASON_CHARACTERS)
    with sidecar.transaction() as db:
        delivery = deliveries.find_delivery(db, viewer, delivery_id)
        db.refresh(delivery, with_for_update=True)
        if delivery.state not in deliveries.ENDED:
            raise NotResendableError
        if delivery.files_removed_at:
            raise FilesRemovedError.of(delivery)
        if db.get_one(Connection, delivery.connection_id).removed_at:
            raise ChannelRemovedError
        again = find_under_way(db, delivery)
        if again is None:
            again = add_resend(db, delivery, reason, sidecar.now())
            asking.put(db, again, sidecar.now())
            who = viewer.identity_id
            audit.record(db, "delivery.resent", again.id, at=sidecar.now(), identity_id=who)
    log.info("delivery.sent_again", delivery=again.id)
    return again
