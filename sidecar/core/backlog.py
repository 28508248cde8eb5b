"""Tell how far behind the work is: what waits in the outbox, what failed, what deliveries stand where."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from sidecar.core.deliveries import Delivery
from sidecar.core.delivery_following import is_failing, is_silent
from sidecar.core.grades import Grade
from sidecar.core.mails import Mail
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.platforms import Platform


@dataclass(frozen=True)
class Waiting:
    """What waits of one kind: how many, how many of them are due, and for how long the oldest has been due."""

    kind: str
    count: int
    oldest_due: timedelta


def list_waiting(db: Session, now: datetime) -> Sequence[Waiting]:
    """Return what waits or is being done, by kind."""
    open_ones = OutboxItem.state.in_(("waiting", "claimed"))
    query = select(OutboxItem.kind, func.count(), func.min(OutboxItem.next_try_at)).where(open_ones)
    rows = db.execute(query.group_by(OutboxItem.kind).order_by(OutboxItem.kind))
    return [Waiting(kind, count, max(timedelta(0), now - oldest)) for kind, count, oldest in rows]


def count_overdue(
    db: Session, now: datetime, *, since: timedelta, without: Collection[str] = ()
) -> tuple[int, timedelta]:
    """Return how many items have been due for longer than `since`, and for how long the oldest has.

    Args:
        without: kinds that may wait for as long as they like.
    """
    past = now - since
    late = or_(
        and_(OutboxItem.state == "waiting", OutboxItem.next_try_at <= past),
        and_(OutboxItem.state == "claimed", OutboxItem.claimed_until <= past),
    )
    query = select(func.count(), func.min(OutboxItem.next_try_at)).where(late, OutboxItem.kind.not_in(without))
    count, oldest = db.execute(query).one()
    return count, now - oldest if count else timedelta(0)


def count_failed_items(db: Session) -> dict[str, int]:
    """Return how many items have failed for good, by kind."""
    query = select(OutboxItem.kind, func.count()).where(OutboxItem.state == "failed")
    return dict(db.execute(query.group_by(OutboxItem.kind)).all())


def count_deliveries(db: Session) -> dict[str, int]:
    """Return how many deliveries stand in each state; "never-answered" are those sent about which nobody asks more."""
    states = dict(db.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).all())
    silent = db.scalar(select(func.count()).select_from(Delivery).where(is_silent())) or 0
    return states | ({"sent": states["sent"] - silent, "never-answered": silent} if silent else {})


def list_failing_municipalities(db: Session) -> Sequence[tuple[str, str, int]]:
    """Return (id, name, number of deliveries that somebody must do something about) of each municipality with any.

    They failed, or the other side never said whether they arrived.
    """
    query = (
        select(Municipality.id, Municipality.name, func.count())
        .join(Delivery, Delivery.municipality_id == Municipality.id)
        .where(is_failing())
    )
    rows = db.execute(query.group_by(Municipality.id, Municipality.name).order_by(Municipality.name))
    return [(key, name, count) for key, name, count in rows]


def list_failing_platforms(db: Session, *, since: datetime) -> Sequence[tuple[str, str, int]]:
    """Return (id, name, number of grades given up since) of each LMS that has any that was not sent later."""
    query = (
        select(Platform.id, Platform.name, func.count(Grade.id.distinct()))
        .join(Grade, Grade.platform_id == Platform.id)
        .join(OutboxItem, and_(OutboxItem.kind == "grade", OutboxItem.subject == Grade.id))
        .where(Grade.state == "failed", OutboxItem.state == "failed", OutboxItem.ended_at > since)
    )
    rows = db.execute(query.group_by(Platform.id, Platform.name).order_by(Platform.name))
    return [(key, name, count) for key, name, count in rows]


def count_failed_mails(db: Session, *, since: datetime) -> int:
    """Return how many mails were given up that were written since."""
    query = select(func.count()).select_from(Mail).where(Mail.state == "failed", Mail.created_at > since)
    return db.scalar(query) or 0
