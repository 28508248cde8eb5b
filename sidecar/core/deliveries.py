"""Keep the ledger: what was delivered to whom, when, over which channel, with which receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    and_,
    exists,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.value_tables import as_table
from sidecar.errors import NotFoundError, SidecarError

HANDED_OVER: Final = ("sent", "delivered")
"""The states of what the other side has."""

ENDED: Final = (*HANDED_OVER, "failed")
"""The states in which nothing more is tried by itself."""

LEASE = timedelta(seconds=30)
"""How long a claim holds after it was made or renewed; a process that was killed gives it up so.

Shorter than the outbox's, so that whoever takes up the item of a killed process finds the delivery free.
"""

ITEMS_A_TIME = 5_000
"""How many items are written at once."""

CODE_CHARACTERS = 60
FACT_CHARACTERS = 500
"""How much is kept of each fact of a failure; a connector may tell much."""


class Delivery(Base, kw_only=True):
    """One report handed, or to be handed, to one channel of one municipality.

    `key` = SHA-256 of definition × municipality × period × channel × `content_hash`: the same content is never
    delivered twice. `state`: waiting, delivering (till `claimed_until`), sent (the other side has it, and will say
    whether it arrived), delivered, failed. `files`: [{name, digest, size_bytes, media_type, stored}]: digest and size
    of what is delivered, and the digest under which its encrypted bytes lie in the storage until `files_removed_at`; at
    `rewritten_at` somebody was
    erased from them, while key, hash and receipt stay those of what was delivered. `period_end` is the last day,
    inclusive. `error`: {template, facts} of the last failure, in English, to be said in the reader's language.

    Attributes:
        definition: id of the report definition, `definition_version` the number of its version.
        kept_rows: {stored} of the lines, encrypted likewise, from which the files are written anew; None for none.
        file_key: by which both are encrypted; sealed, and None once the files are gone.
        figures: what a counted report tells, for the next edition to be compared with; None for others.
        progress: {stage, details, reason} that the other side told last; None where it was not asked.
        read_at: when somebody on the other side read it, or confirmed that they have it.
        corrects_id: the delivery that this one corrects.
        resend_reason: why it was sent again, in the words of who asked for it.
        resends_id: the delivery whose files were sent again by this one.
        send_key: by which the channel knows it, where that is not `key`: it took it once, and refused it later.
        sent_at: when the channel took it.
        may_be_twice: an attempt was cut off or got no answer, and the channel can't be asked whether it got through.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_municipality_id_created_at", "municipality_id", "created_at"),
        Index("ix_delivery_state_created_at", "state", "created_at"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    definition: Mapped[str] = mapped_column(String(40), default="completions")
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    connection_id: Mapped[Id] = mapped_column(ForeignKey("connection.id"), index=True)
    period: Mapped[str] = mapped_column(String(40))
    period_start: Mapped[date]
    period_end: Mapped[date] = mapped_column(index=True)
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
    created_at: Mapped[datetime] = mapped_column(index=True)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)
    files_removed_at: Mapped[datetime | None] = mapped_column(default=None)
    rewritten_at: Mapped[datetime | None] = mapped_column(default=None)
    definition_version: Mapped[int] = mapped_column(server_default="1", default=1)
    kept_rows: Mapped[JsonValue | None] = mapped_column(default=None)
    file_key: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": True}, default=None, repr=False)
    figures: Mapped[JsonValue | None] = mapped_column(default=None)
    progress: Mapped[JsonValue | None] = mapped_column(default=None)
    followed_at: Mapped[datetime | None] = mapped_column(default=None)
    read_at: Mapped[datetime | None] = mapped_column(default=None)
    corrects_id: Mapped[Id | None] = mapped_column(
        ForeignKey("delivery.id", deferrable=True, initially="DEFERRED"), default=None, index=True
    )
    resend_reason: Mapped[str | None] = mapped_column(String(500), default=None)
    resends_id: Mapped[Id | None] = mapped_column(
        ForeignKey("delivery.id", deferrable=True, initially="DEFERRED"), default=None, index=True
    )
    send_key: Mapped[str | None] = mapped_column(String(64), default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    may_be_twice: Mapped[bool] = mapped_column(server_default="0", default=False)

    @property
    def channel_key(self) -> str:
        """The key under which the channel gets it."""
        return self.send_key or self.key


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


class ContentReturnedError(SidecarError):
    """It was not delivered, and is not needed any more: the report says again what the other side got before."""

    code = "content-returned"


class TooLargeError(SidecarError):
    """The report is {size}, and this channel takes {most} at most. Run it with smaller formats or another channel."""

    code = "report-too-large"


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


def derive_key(key: str, addition: str) -> str:
    """Return the key of a further sending of the same content: SHA-256 in hexadecimal."""
    return hashlib.sha256(f"{key}\n{addition}".encode()).hexdigest()


def needs_files(delivery: Delivery) -> bool:
    """Tell whether the files of a delivery must be made anew before it can go out: they are gone, or too large."""
    is_too_large = delivery.error_code == TooLargeError.code
    return delivery.state == "failed" and (delivery.files_removed_at is not None or is_too_large)


def find_by_key(db: Session, key: str) -> Delivery | None:
    """Return the delivery of this key, if there is one."""
    return db.scalar(select(Delivery).where(Delivery.key == key))


def is_known(db: Session, delivery_id: str) -> bool:
    """Tell whether there is a delivery of this id, whoever may see it."""
    return db.scalar(select(Delivery.id).where(Delivery.id == delivery_id)) is not None


def find_delivery(db: Session, viewer: Viewer, delivery_id: str) -> Delivery:
    """Return a delivery.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    delivery = db.get(Delivery, delivery_id)
    if delivery is None or not viewer.sees_municipality(delivery.municipality_id):
        raise NotFoundError(what="delivery", key=delivery_id)
    return delivery


def is_replaced() -> ColumnElement[bool]:
    """Return the condition that a delivery was sent again, or corrected by a newer one: that one counts.

    So does one that the other side got of the same, after it got nothing or said nothing of this one. One that is not
    needed any more takes nobody's place, and counts itself no longer.
    """
    newer = aliased(Delivery)
    counts = newer.error_code.is_distinct_from(ContentReturnedError.code)
    named = (select(column).where(column.is_not(None), counts) for column in (newer.resends_id, newer.corrects_id))
    is_needless = and_(Delivery.state == "failed", Delivery.error_code.is_not_distinct_from(ContentReturnedError.code))
    overtaken = exists().where(
        newer.definition == Delivery.definition,
        newer.municipality_id == Delivery.municipality_id,
        newer.connection_id == Delivery.connection_id,
        newer.period == Delivery.period,
        newer.state.in_(HANDED_OVER),
        newer.created_at > Delivery.created_at,
    )
    in_doubt = Delivery.state.in_(("failed", "sent"))
    return or_(*(Delivery.id.in_(each) for each in named), and_(in_doubt, overtaken), is_needless)


def add_delivery(db: Session, delivery: Delivery, items: Iterable[tuple[str, str]]) -> None:
    """Write a delivery and what stands in it.

    Args:
        items: (completion id, employment id), each pair once.
    """
    db.add(delivery)
    db.flush()
    left = iter(items)
    while batch := list(islice(left, ITEMS_A_TIME)):
        completions, employments = zip(*batch, strict=True)
        told = as_table(db, "told", {"completion_id": completions, "employment_id": employments})
        whole = select(literal(delivery.id), told.c.completion_id, told.c.employment_id)
        db.execute(insert(DeliveryItem).from_select(["delivery_id", "completion_id", "employment_id"], whole))


def claim(db: Session, delivery_id: str, now: datetime) -> Delivery | None:
    """Take a delivery to hand it over; None where it is not waiting, or another process has it."""
    claimed = (
        update(Delivery)
        .where(Delivery.id == delivery_id, or_(Delivery.state == "waiting", _is_left(now)))
        .values(
            state="delivering",
            claimed_until=now + LEASE,
            attempts=Delivery.attempts + 1,
            may_be_twice=_may_be_twice(),
        )
        .returning(Delivery)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return db.scalar(claimed)


def _may_be_twice() -> ColumnElement[bool]:
    """Return what `may_be_twice` becomes when a delivery is taken up: one that was left may have got through."""
    return or_(Delivery.may_be_twice, Delivery.state == "delivering")


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


def record_receipt(
    db: Session,
    delivery: Delivery,
    receipt: JsonValue,
    now: datetime,
    *,
    arrives_later: bool = False,
    is_once: bool = False,
) -> None:
    """Record that a claimed delivery was handed over; that holds even where it was given up meanwhile.

    Args:
        arrives_later: the other side will say whether it arrived.
        is_once: the channel was asked first what it has.
    """
    values: dict[str, JsonValue] = {
        "state": "sent" if arrives_later else "delivered",
        "receipt": receipt,
        "sent_at": now,
        "delivered_at": None if arrives_later else now,
        "claimed_until": None,
        "error_code": None,
        "error": None,
    }
    surely = {"may_be_twice": False} if is_once else {}
    db.execute(update(Delivery).where(_is_ours(delivery)).values(values | surely))


def record_failure(db: Session, delivery: Delivery, error: SidecarError, *, final: bool) -> None:
    """Record that a claimed delivery was not handed over, and whether it will be tried again by itself."""
    ours = _is_ours(delivery), Delivery.state == "delivering"
    state = "failed" if final else "waiting"
    db.execute(update(Delivery).where(*ours).values(state=state, claimed_until=None, **told(error)))


def note_returned(db: Session, delivery: Delivery) -> None:
    """Say of what failed after a delivery, and was to correct it, that the report is as delivered again."""
    newer = (
        Delivery.definition == delivery.definition,
        Delivery.municipality_id == delivery.municipality_id,
        Delivery.connection_id == delivery.connection_id,
        Delivery.period_start == delivery.period_start,
        Delivery.period_end == delivery.period_end,
        Delivery.created_at > delivery.created_at,
        Delivery.content_hash != delivery.content_hash,
    )
    db.execute(update(Delivery).where(*newer, Delivery.state == "failed").values(told(ContentReturnedError())))


def doubt(db: Session, delivery: Delivery) -> None:
    """Record that a claimed delivery may have got through though no answer came, and nobody can ask."""
    db.execute(update(Delivery).where(_is_ours(delivery)).values(may_be_twice=True))


def give_up(db: Session, delivery_id: str, code: str) -> None:
    """Say that a delivery will not be tried by itself any more, and why; one that has ended stays as it is.

    Args:
        code: of the last failure, whose own words are kept where they are known.
    """
    lives = Delivery.id == delivery_id, Delivery.state.in_(("waiting", "delivering"))
    ended = {"state": "failed", "claimed_until": None, "may_be_twice": _may_be_twice()}
    given_up = update(Delivery).where(*lives).values(ended).returning(Delivery.error_code)
    if (last := db.execute(given_up).one_or_none()) and last.error_code != code:
        values = told(GivenUpError(cause=code)) | {"error_code": code[:CODE_CHARACTERS]}
        db.execute(update(Delivery).where(Delivery.id == delivery_id).values(values))


def told(error: SidecarError) -> dict[str, JsonValue]:
    """Return the columns that keep an error, in English, for whoever reads it later."""
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
    if db.scalar(again.values(state="waiting", claimed_until=None, may_be_twice=_may_be_twice())) is None:
        raise NotRetryableError(state=delivery.state)
    db.refresh(delivery)
    if delivery.receipt:  # it was taken, and refused later: under the same key the channel would find just that
        delivery.send_key = derive_key(delivery.key, f"attempt {delivery.attempts}")
        delivery.receipt = delivery.sent_at = delivery.progress = delivery.followed_at = None
        db.flush()
