"""List deliveries for staff: filtered, sorted, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery
from sidecar.core.delivery_following import find_next_tries, is_failing
from sidecar.core.municipalities import Municipality
from sidecar.core.paging import count_pages
from sidecar.core.periods import Period

PAGE_SIZE: Final = 50
ATTENTION: Final = "attention"
RETRYING: Final = "retrying"

_STATES: Final[Mapping[str, ColumnElement[bool]]] = {
    "waiting": and_(Delivery.state == "waiting", Delivery.error_code.is_(None)),
    "delivering": Delivery.state == "delivering",
    "sent": Delivery.state == "sent",
    "delivered": Delivery.state == "delivered",
    RETRYING: and_(Delivery.state == "waiting", Delivery.error_code.is_not(None)),
    "failed": Delivery.state == "failed",
}
STATES: Final = (*_STATES, ATTENTION)
"""What one may ask for: the states, and what somebody must do something about."""

_ORDERS: Final[Mapping[str, Sequence[Any]]] = {
    "newest": (Delivery.created_at.desc(),),
    "oldest": (Delivery.created_at,),
    "municipality": (Municipality.name, Delivery.created_at.desc()),
    "period": (Delivery.period_end.desc(), Municipality.name),
    "rows": (Delivery.row_count.desc(), Delivery.created_at.desc()),
}
ORDERS: Final = tuple(_ORDERS)


@dataclass(frozen=True)
class Wanted:
    """Which deliveries to list.

    Attributes:
        municipality_id, state, definition: "" for all.
        month: in which they were asked for, in Europe/Oslo; None for all.
        order: one of `ORDERS`.
    """

    municipality_id: str = ""
    state: str = ""
    definition: str = ""
    month: Period | None = None
    order: str = "newest"


@dataclass(frozen=True)
class LedgerLine:
    """A delivery with the municipality's name and the channel's connector; `next_try_at` where it goes on by itself."""

    delivery: Delivery
    municipality: str
    connector: str
    next_try_at: datetime | None


@dataclass(frozen=True)
class LedgerPage:
    """One page of deliveries; `total` counts all that match."""

    lines: Sequence[LedgerLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)

    @property
    def is_moving(self) -> bool:
        """Tell whether a delivery on this page is still under way."""
        return any(line.delivery.state in ("waiting", "delivering") for line in self.lines)


def list_ledger(
    db: Session, viewer: Viewer, wanted: Wanted, *, number: int = 1, page_size: int = PAGE_SIZE
) -> LedgerPage:
    """Return a page of the deliveries the viewer may see.

    Args:
        number: of the page, from 1.
    """
    where = _matches(viewer, wanted)
    query = (
        select(Delivery, Municipality.name, Connection.connector)
        .join(Municipality, Delivery.municipality_id == Municipality.id)
        .join(Connection, Delivery.connection_id == Connection.id)
        .where(where)
        .order_by(*_ORDERS[wanted.order], Delivery.id)
        .limit(page_size)
        .offset((number - 1) * page_size)
    )
    total = db.scalar(select(func.count()).select_from(Delivery).where(where)) or 0
    rows = db.execute(query).all()
    tries = find_next_tries(db, [row[0].id for row in rows])
    return LedgerPage([LedgerLine(row[0], row[1], row[2], tries.get(row[0].id)) for row in rows], total, number)


def count_attention(db: Session, viewer: Viewer) -> int:
    """Return about how many deliveries that the viewer may see somebody must do something."""
    where = _matches(viewer, Wanted(state=ATTENTION))
    return db.scalar(select(func.count()).select_from(Delivery).where(where)) or 0


def _matches(viewer: Viewer, wanted: Wanted) -> ColumnElement[bool]:
    month = wanted.month
    conditions = (
        is_seen(viewer),
        Delivery.municipality_id == wanted.municipality_id if wanted.municipality_id else true(),
        is_failing() if wanted.state == ATTENTION else _STATES.get(wanted.state, true()),
        Delivery.definition == wanted.definition if wanted.definition else true(),
        and_(Delivery.created_at >= month.begins_at, Delivery.created_at < month.ends_at) if month else true(),
    )
    return and_(*conditions)


def is_seen(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Delivery` that bounds a query to what the viewer may see."""
    return true() if viewer.everything else Delivery.municipality_id.in_(viewer.municipality_ids)


def list_definitions(db: Session, viewer: Viewer) -> Sequence[str]:
    """Return the ids of the report definitions of which the viewer may see a delivery."""
    return db.scalars(select(Delivery.definition).where(is_seen(viewer)).distinct().order_by(Delivery.definition)).all()
