"""List deliveries for staff, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.paging import count_pages

PAGE_SIZE = 50
STATES = ("waiting", "delivering", "delivered", "failed")


@dataclass(frozen=True)
class LedgerPage:
    """One page of deliveries with the municipality's name; `total` counts all that match."""

    lines: Sequence[tuple[Delivery, str]]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)

    @property
    def is_moving(self) -> bool:
        """Tell whether a delivery on this page is still under way."""
        return any(delivery.state in ("waiting", "delivering") for delivery, _ in self.lines)


def list_ledger(
    db: Session, viewer: Viewer, municipality_id: str | None = None, *, state: str = "", number: int = 1
) -> LedgerPage:
    """Return a page of the deliveries the viewer may see, the newest first.

    Args:
        number: of the page, from 1.
    """
    where = and_(
        _seen(viewer),
        Delivery.municipality_id == municipality_id if municipality_id else true(),
        Delivery.state == state if state else true(),
    )
    query = (
        select(Delivery, Municipality.name)
        .join(Municipality, Delivery.municipality_id == Municipality.id)
        .where(where)
        .order_by(Delivery.created_at.desc(), Delivery.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    total = db.scalar(select(func.count()).select_from(Delivery).where(where)) or 0
    return LedgerPage(list(db.execute(query)), total, number)


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.everything else Delivery.municipality_id.in_(viewer.municipality_ids)
