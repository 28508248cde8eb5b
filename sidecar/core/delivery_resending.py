"""Send a delivery again: a row of its own, with the same files and the same people in them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from sidecar.core.deliveries import Delivery, DeliveryItem, derive_key
from sidecar.errors import SidecarError

REASON_CHARACTERS: Final = 500


class ReasonMissingError(SidecarError):
    """Write why it is sent again: whoever reads the ledger later wants to know."""

    code = "resend-reason-missing"


class ReasonTooLongError(SidecarError):
    """The reason is too long. Write at most {most} characters."""

    code = "resend-reason-too-long"


class NotResendableError(SidecarError):
    """This delivery has not gone out yet. Wait till it has, or try it again at once."""

    code = "delivery-not-resendable"


def find_under_way(db: Session, delivery: Delivery) -> Delivery | None:
    """Return the delivery by which this one is just being sent again, if there is one."""
    moving = Delivery.resends_id == delivery.id, Delivery.state.in_(("waiting", "delivering"))
    return db.scalar(select(Delivery).where(*moving).limit(1))


def add_resend(db: Session, delivery: Delivery, reason: str, now: datetime) -> Delivery:
    """Write a further delivery of the same content down; the caller holds the row of the first."""
    count = db.scalar(select(func.count()).select_from(Delivery).where(Delivery.resends_id == delivery.id)) or 0
    again = Delivery(
        key=derive_key(delivery.key, f"resend {count + 1}"),
        definition=delivery.definition,
        definition_version=delivery.definition_version,
        municipality_id=delivery.municipality_id,
        connection_id=delivery.connection_id,
        period=delivery.period,
        period_start=delivery.period_start,
        period_end=delivery.period_end,
        content_hash=delivery.content_hash,
        row_count=delivery.row_count,
        late_count=delivery.late_count,
        files=delivery.files,
        kept_rows=delivery.kept_rows,
        file_key=delivery.file_key,
        rewritten_at=delivery.rewritten_at,
        resends_id=delivery.id,
        resend_reason=reason,
        created_at=now,
    )
    db.add(again)
    db.flush()
    columns = DeliveryItem.completion_id, DeliveryItem.employment_id
    same = select(literal(again.id), *columns).where(DeliveryItem.delivery_id == delivery.id)
    db.execute(insert(DeliveryItem).from_select(["delivery_id", *(column.name for column in columns)], same))
    return again
