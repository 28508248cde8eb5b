"""Keep what the other side says of a delivery after it took it, and when it is asked next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select, update
from sqlalchemy.orm import Session, aliased

from sidecar.core import outbox
from sidecar.core.connections import Connection
from sidecar.core.db import JsonValue
from sidecar.core.deliveries import HANDED_OVER, Delivery, GivenUpError, is_replaced, told
from sidecar.core.outbox import OutboxItem
from sidecar.errors import SidecarError

KIND: Final = "follow"
"""The kind of outbox item that asks the other side; its subject is the delivery's id."""

LOOKS: Final = (
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    *(timedelta(days=days) for days in range(1, 15)),
)
"""How long after it was handed over the other side is asked."""


class NeverAnsweredError(SidecarError):
    """The other side took it {days} days ago and has not said since whether it arrived. Ask there, or send it again."""

    code = "never-answered"


class RefusedLaterError(SidecarError):
    """The other side took it, but did not deliver it: {reason}. See that the recipient is right, then try again."""

    code = "refused-later"


class NotFollowableError(SidecarError):
    """There is nothing to ask: this channel says at once whether something arrived, or nothing was handed over yet."""

    code = "delivery-not-followable"


def next_look(sent_at: datetime, now: datetime) -> datetime | None:
    """Return when the other side is asked next; None where it was asked for the last time."""
    return next((sent_at + after for after in LOOKS if sent_at + after > now), None)


def put_next_look(db: Session, delivery: Delivery, sent_at: datetime, now: datetime) -> datetime | None:
    """Put the next look into the outbox; return when it is."""
    due = next_look(sent_at, now)
    if due:
        outbox.put_at(db, KIND, delivery.id, key=_key(delivery, due), due=due, now=now)
    return due


def put_look_now(db: Session, delivery: Delivery, now: datetime) -> None:
    """Let the other side be asked as soon as may be; its turns stay as they are.

    Raises:
        NotFollowableError: it was not handed over to a channel that says later how it went.
    """
    if not is_followed(delivery):
        raise NotFollowableError
    outbox.put(db, KIND, delivery.id, key=_key(delivery, now), now=now)


def _key(delivery: Delivery, due: datetime) -> str:
    return f"{KIND}:{delivery.id}:{delivery.attempts}:{due.isoformat(timespec='seconds')}"


def is_followed(delivery: Delivery) -> bool:
    """Tell whether the other side may still say something of it."""
    return delivery.state == "sent" or (delivery.state == "delivered" and delivery.progress is not None)


def record_progress(
    db: Session, delivery: Delivery, stage: str, details: JsonValue, reason: str, now: datetime
) -> None:
    """Record what the other side says; what was recorded of a later hand-over meanwhile stays."""
    values: dict[str, JsonValue] = {
        "progress": {"stage": stage, "details": details, "reason": reason},
        "followed_at": now,
        "error_code": None,
        "error": None,
    }
    if stage in ("delivered", "read"):
        values |= {"state": "delivered", "delivered_at": delivery.delivered_at or now}
    if stage == "read":
        values["read_at"] = delivery.read_at or now
    if stage == "refused":
        values |= {"state": "failed", "delivered_at": None, **told(RefusedLaterError(reason=reason or "–"))}
    db.execute(update(Delivery).where(*_is_same(delivery)).values(values))


def record_unasked(db: Session, delivery: Delivery, error: SidecarError, now: datetime) -> None:
    """Record that the other side could not be asked; it will be asked again."""
    if delivery.state == "sent":
        db.execute(update(Delivery).where(*_is_same(delivery)).values(followed_at=now, **told(error)))


def record_silence(db: Session, delivery: Delivery, now: datetime) -> None:
    """Record that nobody asks any more, though the other side never said whether it arrived."""
    days = (now - (delivery.sent_at or now)).days
    error = NeverAnsweredError(days=days)
    db.execute(update(Delivery).where(*_is_same(delivery), Delivery.state == "sent").values(told(error)))


def give_up(db: Session, delivery_id: str, code: str) -> None:
    """Say that asking broke off each time, so that somebody must look.

    Args:
        code: of the last failure.
    """
    values = told(GivenUpError(cause=code)) | {"error_code": NeverAnsweredError.code}
    db.execute(update(Delivery).where(Delivery.id == delivery_id, Delivery.state == "sent").values(values))


def _is_same(delivery: Delivery) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that nobody has handed it over anew since it was read."""
    return (
        Delivery.id == delivery.id,
        Delivery.attempts == delivery.attempts,
        Delivery.state.in_(HANDED_OVER),
    )


def is_silent() -> ColumnElement[bool]:
    """Return the condition that the other side took a delivery, and never said whether it arrived."""
    return and_(Delivery.state == "sent", Delivery.error_code == NeverAnsweredError.code)


def is_failing() -> ColumnElement[bool]:
    """Return the condition that somebody must do something about a delivery.

    It failed, or the other side never answered; no newer one has taken its place, and its channel is in use.
    """
    channel = aliased(Connection)
    gone = exists().where(channel.id == Delivery.connection_id, channel.removed_at.is_not(None))
    return and_(or_(Delivery.state == "failed", is_silent()), not_(is_replaced()), not_(gone))


def find_next_tries(db: Session, delivery_ids: list[str]) -> dict[str, datetime]:
    """Return when each of these is tried or asked next, by its id; none for what nothing will be done about."""
    tried = and_(OutboxItem.kind == "delivery", Delivery.state == "waiting")
    asked = and_(OutboxItem.kind == KIND, Delivery.state.in_(HANDED_OVER))
    query = (
        select(OutboxItem.subject, OutboxItem.next_try_at)
        .join(Delivery, Delivery.id == OutboxItem.subject)
        .where(OutboxItem.subject.in_(delivery_ids), OutboxItem.state == "waiting", or_(tried, asked))
    )
    found: dict[str, datetime] = {}
    for subject, due in db.execute(query):
        found[subject] = min(due, found.get(subject, due))
    return found
