"""List the deliveries to a contact's municipalities, page by page, and whether somebody confirmed each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.deliveries import Delivery
from sidecar.core.delivery_receipts import DeliveryReceipt
from sidecar.core.municipalities import Municipality
from sidecar.core.paging import count_pages

PAGE_SIZE: Final = 50


@dataclass(frozen=True)
class Line:
    """A delivery as the list shows it; `confirmed_at` is when the first contact confirmed it."""

    delivery: Delivery
    municipality: str
    confirmed_at: datetime | None


@dataclass(frozen=True)
class Page:
    """One page of deliveries; `total` counts all."""

    lines: Sequence[Line]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def list_reports(db: Session, viewer: Viewer, *, number: int = 1) -> Page:
    """Return a page of the deliveries to the viewer's municipalities, the newest first.

    Args:
        number: of the page, from 1.
    """
    theirs = Delivery.municipality_id.in_(viewer.municipality_ids)
    total = db.scalar(select(func.count()).select_from(Delivery).where(theirs)) or 0
    first = select(func.min(DeliveryReceipt.confirmed_at)).where(DeliveryReceipt.delivery_id == Delivery.id)
    query = select(Delivery, Municipality.name, first.scalar_subquery()).join(
        Municipality, Municipality.id == Delivery.municipality_id
    )
    newest = query.where(theirs).order_by(Delivery.created_at.desc(), Delivery.id)
    rows = db.execute(newest.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return Page([Line(*row) for row in rows], total, number)
