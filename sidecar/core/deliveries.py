"""Keep the ledger: what was delivered to whom, when, over which channel, with which receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, String, and_, insert, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.errors import NotFoundError, SidecarError

COMPLETIONS = "completions"
"""The one report definition there is by now."""

LEASE = timedelta(seconds=30)
"""How long a claim holds after it was made or renewed; a process that was killed gives it up so.

Shorter than the outbox's, so that whoever takes up the item of a killed process finds the delivery free.
"""

CODE_CHARACTERS = 60
FACT_CHARACTERS = 500
"""How much is kept of each fact of a failure; a connector may tell much."""


class Delivery(Base, kw_only=True):
    """One report handed, or to be handed, to one channel of one municipality.

    `key` = SHA-256 of definition × municipality × period × channel × `content_hash`: the same content is never
    delivered twice. `state`: waiting, delivering (till `claimed_until`), delivered, failed. `files`: [{name, digest,
    size_bytes, media_type}]; the bytes lie in the storage until `files_removed_at`; at `rewritten_at` somebody was
    erased from them, while key, hash and receipt stay those of what was delivered. `period_end` is the last day,
    inclusive. `error`: {template, facts} of the last failure, in English, to be said in the reader's language.
    """

    __tablename__ = "delivery"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    definition: Mapped[str] = mapped_column(String(40), default="completions")
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    connection_id: Mapped[Id] = mapped_column(ForeignKey("connection.id"))
    period: Mapped[str] = mapped_column(String(40))
    period_start: Mapped[date]
    period_end: Mapped[date]
    content_hash: Mapped[str] = mapped_column(String(64))
    row_count: Mapped[int]
    late_count: Mapped[int] = mapped_column(default=0)
    files: Mapped[JsonValue]
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None] = mapped_column(default=None)
    receipt: Mapped[JsonValue | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(String(CODE_CHARACTERS), default=None)
    error: Mapped[JsonValue | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)
    files_removed_at: Mapped[datetime | None] = mapped_column(default=None)
    rewritten_at: Mapped[datetime | None] = mapped_column(default=None)


class DeliveryItem(Base, kw_only=True):
    """A completion that stands in a delivery, for one employment."""

    __tablename__ = "delivery_item"

    delivery_id: Mapped[Key] = mapped_column(ForeignKey("delivery.id"))
    completion_id: Mapped[Key] = mapped_column(ForeignKey("completion.id"))
    employment_id: Mapped[Key] = mapped_column(ForeignKey("employment.id"), index=True)


class NotRetryableError(SidecarError):
    """This delivery has gone out, or is just going out. Only one that failed or waits can be tried again."""

    code = "delivery-not-retryable"


class GivenUpError(SidecarError):
    """It was tried many times and broke off each time ({cause}). Try again; if it fails once more, look in the log."""

    code = "given-up"


class FilesRemovedError(SidecarError):
    """The files of this report were removed after {days} days, as they are kept no longer. The ledger keeps its row."""

    code = "files-removed"

    @classmethod
    def of(cls, delivery: Delivery) -> FilesRemovedError:
        """Say after how many days a delivery's files went."""
        removed_at = delivery.files_removed_at or delivery.created_at
        return cls(days=(removed_at - delivery.created_at).days)


def key_of(definition: str, org_number: str, period: str, connection_id: str, content_hash: str) -> str:
    """Return the key that lets the same content be delivered only once: SHA-256 in hexadecimal."""
    parts = (definition, org_number, period, connection_id, content_hash)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def find_by_key(db: Session, key: str) -> Delivery | None:
    """Return the delivery of this key, if there is one."""
    return db.scalar(select(Delivery).where(Delivery.key == key))


def find_delivery(db: Session, viewer: Viewer, delivery_id: str) -> Delivery:
    """Return a delivery.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    delivery = db.get(Delivery, delivery_id)
    if delivery is None or not viewer.sees_municipality(delivery.municipality_id):
        raise NotFoundError(what="delivery", key=delivery_id)
    return delivery


def list_deliveries(
    db: Session, viewer: Viewer, municipality_id: str | None = None, *, limit: int = 100
) -> Sequence[Delivery]:
    """Return the deliveries that a viewer may see, the newest first."""
    query = select(Delivery).order_by(Delivery.created_at.desc(), Delivery.id).limit(limit)
    if municipality_id is not None:
        query = query.where(Delivery.municipality_id == municipality_id)
    if not viewer.everything:
        query = query.where(Delivery.municipality_id.in_(viewer.municipality_ids))
    return db.scalars(query).all()


def add_delivery(db: Session, delivery: Delivery, items: Iterable[tuple[str, str]]) -> None:
    """Write a delivery and what stands in it.

    Args:
        items: (completion id, employment id), each pair once.
    """
    db.add(delivery)
    db.flush()
    rows = [{"delivery_id": delivery.id, "completion_id": c, "employment_id": e} for c, e in items]
    if rows:
        db.execute(insert(DeliveryItem), rows)


def claim(db: Session, delivery_id: str, now: datetime) -> Delivery | None:
    """Take a delivery to hand it over; None where it is not waiting, or another process has it."""
    claimed = (
        update(Delivery)
        .where(Delivery.id == delivery_id, or_(Delivery.state == "waiting", _is_left(now)))
        .values(state="delivering", claimed_until=now + LEASE, attempts=Delivery.attempts + 1)
        .returning(Delivery)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return db.scalar(claimed)


def _is_left(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a process claimed a delivery and did not come back in time."""
    return and_(Delivery.state == "delivering", Delivery.claimed_until <= now)


def _is_ours(delivery: Delivery) -> ColumnElement[bool]:
    """Return the condition that nobody else has taken a delivery since it was claimed."""
    return and_(Delivery.id == delivery.id, Delivery.attempts == delivery.attempts)


def renew(db: Session, delivery: Delivery, now: datetime) -> bool:
    """Let the claim of a delivery hold on; tell whether it is still ours."""
    ours = _is_ours(delivery), Delivery.state == "delivering"
    kept = update(Delivery).where(*ours).values(claimed_until=now + LEASE).returning(Delivery.id)
    return db.scalar(kept) is not None


def forget_the_future(db: Session, now: datetime) -> None:
    """Let claims that were made before the clock was set back run out from now on, unless they are renewed."""
    ahead = Delivery.state == "delivering", Delivery.claimed_until > now + LEASE
    db.execute(update(Delivery).where(*ahead).values(claimed_until=now + LEASE))


def record_receipt(db: Session, delivery: Delivery, receipt: JsonValue, now: datetime) -> None:
    """Record that a claimed delivery was handed over; that holds even where it was given up meanwhile."""
    values = {
        "state": "delivered",
        "receipt": receipt,
        "delivered_at": now,
        "claimed_until": None,
        "error_code": None,
        "error": None,
    }
    db.execute(update(Delivery).where(_is_ours(delivery)).values(values))


def record_failure(db: Session, delivery: Delivery, error: SidecarError, *, final: bool) -> None:
    """Record that a claimed delivery was not handed over, and whether it will be tried again by itself."""
    ours = _is_ours(delivery), Delivery.state == "delivering"
    state = "failed" if final else "waiting"
    db.execute(update(Delivery).where(*ours).values(state=state, claimed_until=None, **_told(error)))


def give_up(db: Session, delivery_id: str, code: str) -> None:
    """Say that a delivery will not be tried by itself any more, and why; one that has ended stays as it is.

    Args:
        code: of the last failure, whose own words are kept where they are known.
    """
    lives = Delivery.id == delivery_id, Delivery.state.in_(("waiting", "delivering"))
    given_up = update(Delivery).where(*lives).values(state="failed", claimed_until=None).returning(Delivery.error_code)
    if (last := db.execute(given_up).one_or_none()) and last.error_code != code:
        told = _told(GivenUpError(cause=code))
        db.execute(
            update(Delivery).where(Delivery.id == delivery_id).values(told | {"error_code": code[:CODE_CHARACTERS]})
        )


def _told(error: SidecarError) -> dict[str, JsonValue]:
    facts = {name: _short(fact) for name, fact in error.facts.items()}
    return {"error_code": error.code, "error": {"template": error.text(), "facts": facts}}


def _short(fact: str | int) -> str | int:
    return fact[:FACT_CHARACTERS] if isinstance(fact, str) else fact


def reopen(db: Session, delivery: Delivery, now: datetime) -> None:
    """Let a delivery that failed, waits for its next attempt, or was left by a killed process be tried from the start.

    Raises:
        NotRetryableError: it is delivered, or being delivered.
        FilesRemovedError: there is nothing left to deliver.
    """
    if delivery.files_removed_at:
        raise FilesRemovedError.of(delivery)
    may_be_taken = or_(Delivery.state.in_(("failed", "waiting")), _is_left(now))
    again = update(Delivery).where(Delivery.id == delivery.id, may_be_taken).returning(Delivery.id)
    if db.scalar(again.values(state="waiting", claimed_until=None)) is None:
        raise NotRetryableError(state=delivery.state)
    db.refresh(delivery)
