"""Keep which contact confirmed that a report has arrived, and when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.contacts import Contact
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.deliveries import Delivery, find_delivery


class DeliveryReceipt(Base, kw_only=True):
    """One contact's word that a report arrived; `contact_id` is None once that contact is removed."""

    __tablename__ = "delivery_receipt"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    delivery_id: Mapped[Id] = mapped_column(ForeignKey("delivery.id"), index=True)
    contact_id: Mapped[Id | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    confirmed_at: Mapped[datetime]


def confirm_receipt(db: Session, viewer: Viewer, delivery_id: str, now: datetime) -> Delivery:
    """Write down that the contact has received a report; once is enough.

    Raises:
        NotFoundError: there is no such delivery of their municipality.
    """
    delivery = find_delivery(db, viewer, delivery_id)
    if is_confirmed_by(db, viewer, delivery.id):
        return delivery
    db.add(DeliveryReceipt(delivery_id=delivery.id, contact_id=viewer.contact_id, confirmed_at=now))
    unread = Delivery.id == delivery.id, Delivery.read_at.is_(None)
    db.execute(update(Delivery).where(*unread).values(read_at=now))
    audit.record(db, "delivery.received", delivery.id, at=now, actor="contact")
    db.flush()
    return delivery


def is_confirmed_by(db: Session, viewer: Viewer, delivery_id: str) -> bool:
    """Tell whether the contact who looks has confirmed that a report arrived."""
    mine = DeliveryReceipt.delivery_id == delivery_id, DeliveryReceipt.contact_id == viewer.contact_id
    return db.scalar(select(DeliveryReceipt.id).where(*mine)) is not None


def list_receipts(db: Session, viewer: Viewer, delivery_id: str) -> list[tuple[datetime, str]]:
    """Return when a report's arrival was confirmed, and by whom; "" for a contact who is removed.

    Raises:
        NotFoundError: there is no such delivery that the viewer sees.
    """
    delivery = find_delivery(db, viewer, delivery_id)
    query = select(DeliveryReceipt.confirmed_at, Contact.name).outerjoin(Contact)
    rows = db.execute(query.where(DeliveryReceipt.delivery_id == delivery.id).order_by(DeliveryReceipt.confirmed_at))
    return [(confirmed_at, name or "") for confirmed_at, name in rows]
