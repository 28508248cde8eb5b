"""Tell the story of one delivery: where it went, what came of it, what it corrects and what came after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.connections import Connection
from sidecar.core.deliveries import ENDED, ContentReturnedError, Delivery, find_delivery
from sidecar.core.delivery_following import find_next_tries, is_followed
from sidecar.core.delivery_receipts import list_receipts
from sidecar.core.municipalities import Municipality


@dataclass(frozen=True)
class DeliveryStory:
    """A delivery and what belongs to it.

    Attributes:
        next_try_at: when it is tried, or the other side asked, next; None for never.
        before: the delivery whose files it sends again; `again`: those that send its files again, the oldest first.
        corrects: the delivery that it corrects; `corrected_by`: those that correct it, the oldest first.
        confirmed: when contacts confirmed that they have it, and their names; "" for one who is removed.
    """

    delivery: Delivery
    municipality: Municipality
    connection: Connection
    next_try_at: datetime | None
    before: Delivery | None
    again: Sequence[Delivery]
    corrects: Delivery | None
    corrected_by: Sequence[Delivery]
    confirmed: Sequence[tuple[datetime, str]]

    @property
    def may_retry(self) -> bool:
        """Tell whether it can be tried again."""
        is_needless = self.delivery.error_code == ContentReturnedError.code
        return self.delivery.state == "failed" and self._has_way and not is_needless

    @property
    def may_resend(self) -> bool:
        """Tell whether it can be sent again."""
        return self.delivery.state in ENDED and self._has_way

    @property
    def may_ask(self) -> bool:
        """Tell whether the other side can be asked now."""
        return is_followed(self.delivery) and self.delivery.read_at is None and not self.connection.removed_at

    @property
    def _has_way(self) -> bool:
        return not self.delivery.files_removed_at and not self.connection.removed_at


def tell(db: Session, viewer: Viewer, delivery_id: str) -> DeliveryStory:
    """Return the story of a delivery.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    one = find_delivery(db, viewer, delivery_id)
    around = Delivery.resends_id == one.id, Delivery.corrects_id == one.id
    again, corrected_by = (
        db.scalars(select(Delivery).where(newer).order_by(Delivery.created_at, Delivery.id)).all() for newer in around
    )
    return DeliveryStory(
        delivery=one,
        municipality=db.get_one(Municipality, one.municipality_id),
        connection=db.get_one(Connection, one.connection_id),
        next_try_at=find_next_tries(db, [one.id]).get(one.id),
        before=db.get(Delivery, one.resends_id) if one.resends_id else None,
        again=again,
        corrects=db.get(Delivery, one.corrects_id) if one.corrects_id else None,
        corrected_by=corrected_by,
        confirmed=list_receipts(db, viewer, one.id),
    )
