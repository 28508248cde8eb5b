"""Ask the other side what became of a delivery that it took."""

from __future__ import annotations

import structlog

from sidecar.connectors.base import Followable, Progress, Receipt
from sidecar.connectors.registry import BrokenConnectorError
from sidecar.core import audit, deliveries, delivery_following
from sidecar.core.access import Viewer
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery
from sidecar.core.delivery_following import NotFollowableError
from sidecar.errors import SidecarError
from sidecar.reports.channels import ChannelRemovedError, open_channel
from sidecar.runtime import Sidecar

log = structlog.get_logger()


def ask_now(sidecar: Sidecar, viewer: Viewer, delivery_id: str) -> Delivery:
    """Let the other side be asked now, before its next turn.

    Raises:
        NotFoundError: there is none that the viewer may see.
        NotFollowableError: there is nothing to ask.
    """
    with sidecar.transaction() as db:
        delivery = deliveries.find_delivery(db, viewer, delivery_id)
        delivery_following.put_look_now(db, delivery, sidecar.now())
        audit.record(db, "delivery.asked_after", delivery.id, at=sidecar.now(), identity_id=viewer.identity_id)
    return delivery


def follow(sidecar: Sidecar, delivery_id: str) -> None:
    """Ask the other side how it stands with a delivery, record that, and put the next look while there may be news."""
    with sidecar.reading() as db:
        delivery = db.get(Delivery, delivery_id)
        if delivery is None or not delivery_following.is_followed(delivery):
            return None
        connection = db.get_one(Connection, delivery.connection_id)
        db.expunge_all()
    try:
        said = _ask(sidecar, delivery, connection)
    except SidecarError as error:
        return _record(sidecar, delivery, error)
    except Exception as error:  # a stranger's connector may raise anything: it is logged, and asked again
        log.exception("delivery.asking_broke_off", delivery=delivery.id, connector=connection.connector)
        broken = BrokenConnectorError(connector=connection.connector, error=type(error).__name__)
        return _record(sidecar, delivery, broken)
    return _record(sidecar, delivery, said)


def _ask(sidecar: Sidecar, delivery: Delivery, connection: Connection) -> Progress:
    if connection.removed_at:
        raise ChannelRemovedError
    channel = open_channel(sidecar, connection)
    if not isinstance(channel, Followable) or delivery.receipt is None:
        raise NotFollowableError
    return channel.follow(Receipt(delivery.receipt["reference"], delivery.receipt["details"]))


def _record(sidecar: Sidecar, delivery: Delivery, said: Progress | SidecarError) -> None:
    now = sidecar.now()
    with sidecar.transaction() as db:
        if isinstance(said, SidecarError):
            stage = "sent"
            delivery_following.record_unasked(db, delivery, said, now)
        else:
            stage = said.stage
            delivery_following.record_progress(db, delivery, stage, dict(said.details), said.reason, now)
        if stage in ("sent", "delivered"):
            later = delivery_following.put_next_look(db, delivery, delivery.sent_at or now, now)
            if later is None and stage == "sent":
                delivery_following.record_silence(db, delivery, now)
    code = said.code if isinstance(said, SidecarError) else stage
    log.info("delivery.followed", delivery=delivery.id, code=code)
