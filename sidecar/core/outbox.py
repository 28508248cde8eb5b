"""Keep the outbox: what must happen later, written in the transaction of its cause."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, String, and_, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column
from structlog.contextvars import get_contextvars

from sidecar.core.db import Base, Key, new_id
from sidecar.core.statements import insert_if_new

LEASE: Final = timedelta(seconds=45)
"""How long a claim holds after it was made or renewed; then whoever claimed counts as killed, and another may."""

CLOCKS_DIFFER: Final = timedelta(seconds=45)
"""How far the clocks of two machines may be apart before we say that one was set back."""

MAX_ATTEMPTS: Final = 10

DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
"""How long to wait after the first, second, … failed attempt; after the last of them every `LONGEST_DELAY`."""

LONGEST_DELAY: Final = timedelta(hours=12)

ABANDONED: Final = "abandoned"
"""The code of an item whose every attempt was cut off before it could say how it went."""


class OutboxItem(Base, kw_only=True):
    """One thing to do: `kind` names the job, `subject` the row it is about, `key` makes it happen once.

    `state`: waiting, claimed (till `claimed_until`), done, failed. `request_id`: of the request or tick that asked.
    """

    __tablename__ = "outbox"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting", index=True)
    next_try_at: Mapped[datetime] = mapped_column(index=True)
    claimed_until: Mapped[datetime | None] = mapped_column(default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None] = mapped_column(String(60), default=None)
    request_id: Mapped[str | None] = mapped_column(String(32), default=None)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class TryLater(Exception):  # noqa: N818 (a wish of the job, not an error of ours)
    """Do this again later; `code` says why, `wait` how long at least."""

    def __init__(self, code: str, *, wait: timedelta = timedelta()) -> None:
        """Keep the stable code that staff see."""
        super().__init__(code)
        self.code = code
        self.wait = wait


class GiveUp(Exception):  # noqa: N818
    """Never do this again by itself; `code` says why."""

    def __init__(self, code: str) -> None:
        """Keep the stable code that staff see."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Claim:
    """The right to do an item, once: `attempt` counts from 1, `request_id` is of the request that asked for it."""

    item_id: str
    kind: str
    subject: str
    attempt: int
    request_id: str | None = None

    @property
    def is_last(self) -> bool:
        """Tell whether a further attempt will not be made."""
        return self.attempt >= MAX_ATTEMPTS


_WRITTEN = "outbox.written"


def current_request() -> str | None:
    """Return the id of the request or tick that is being served, as the log has it; None outside of any."""
    found = get_contextvars().get("request_id")
    return str(found) if found else None


def put(db: Session, kind: str, subject: str, *, key: str, now: datetime) -> None:
    """Write down what must happen later; a key that exists already changes nothing."""
    _put(db, kind, subject, key, due=now, now=now)


def put_at(db: Session, kind: str, subject: str, *, key: str, due: datetime, now: datetime) -> None:
    """Write down what must happen at a time to come; a key that exists already changes nothing."""
    _put(db, kind, subject, key, due=due, now=now)


def put_soon(db: Session, kind: str, subject: str, *, now: datetime) -> None:
    """Write down what must happen when the next minute begins, once for all who ask for it till then.

    Whoever asks holds the lock that the job takes too: else it could be done while they have not committed yet.
    """
    due = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    key = f"{kind}:{subject}:{due.isoformat(timespec='minutes')}"
    _put(db, kind, subject, key, due=due, now=now)


def _put(db: Session, kind: str, subject: str, key: str, *, due: datetime, now: datetime) -> None:
    """Put an item unless its key exists, also where another puts it in the same instant."""
    if db.scalar(select(OutboxItem.id).where(OutboxItem.key == key)):
        return
    asked_by = current_request()
    item = OutboxItem(kind=kind, subject=subject, key=key, request_id=asked_by, next_try_at=due, created_at=now)
    if insert_if_new(db, item, unique=("key",)):
        _note(db, item.id, kind)


def put_part(db: Session, kind: str, day: date, part: int = 1, *, now: datetime) -> None:
    """Put a part of what is done once for a day, as the subject `<day>:<part>`; one that exists already stays.

    Args:
        part: from 1; work that is cut off puts the next one.
    """
    subject = f"{day.isoformat()}:{part}"
    put(db, kind, subject, key=f"{kind}:{subject}", now=now)


def is_begun(db: Session, kind: str, day: date) -> bool:
    """Tell whether the first part of what is done once for a day was ever put and is still kept."""
    return db.scalar(select(OutboxItem.id).where(OutboxItem.key == f"{kind}:{day.isoformat()}:1")) is not None


def read_part(subject: str) -> tuple[date, int]:
    """Return the day and the number of a part, of its subject."""
    day, part = subject.split(":")
    return date.fromisoformat(day), int(part)


def put_again(db: Session, kind: str, subject: str, *, now: datetime) -> int:
    """Make the failed and waiting items about a subject due now, with all attempts before them.

    Returns:
        How many there were; an item that is done or being done is left alone.
    """
    stale = and_(OutboxItem.kind == kind, OutboxItem.subject == subject, OutboxItem.state.in_(("waiting", "failed")))
    query = update(OutboxItem).where(stale).returning(OutboxItem.id)
    asked_by = func.coalesce(current_request(), OutboxItem.request_id)
    values = {"state": "waiting", "next_try_at": now, "attempts": 0, "ended_at": None, "request_id": asked_by}
    again = db.scalars(query.values(values)).all()
    for item_id in again:
        _note(db, item_id, kind)
    return len(again)


def bring_forward(db: Session, kind: str, subject: str, *, now: datetime) -> None:
    """Let what was put off about a subject happen now; what failed before keeps its wait."""
    put_off = OutboxItem.state == "waiting", OutboxItem.attempts == 0, OutboxItem.next_try_at > now
    query = update(OutboxItem).where(OutboxItem.kind == kind, OutboxItem.subject == subject, *put_off)
    for item_id in db.scalars(query.values(next_try_at=now).returning(OutboxItem.id)).all():
        _note(db, item_id, kind)


def hasten(db: Session, kind: str, subject: str, *, now: datetime) -> None:
    """Let what waits about a subject happen now, with all attempts before it, though it failed before."""
    waits = OutboxItem.kind == kind, OutboxItem.subject == subject, OutboxItem.state == "waiting"
    values = {"next_try_at": now, "attempts": 0}
    for item_id in db.scalars(update(OutboxItem).where(*waits).values(values).returning(OutboxItem.id)).all():
        _note(db, item_id, kind)


def is_under_way(db: Session, kind: str, subject: str) -> bool:
    """Tell whether an item about a subject waits or is being done."""
    alive = OutboxItem.kind == kind, OutboxItem.subject == subject, OutboxItem.state.in_(("waiting", "claimed"))
    return db.scalar(select(OutboxItem.id).where(*alive).limit(1)) is not None


def _note(db: Session, item_id: str, kind: str) -> None:
    db.info.setdefault(_WRITTEN, {})[item_id] = kind


def take_written(db: Session) -> dict[str, str]:
    """Return, once, the items this session wrote: the kind of each by its id."""
    written: dict[str, str] = db.info.pop(_WRITTEN, {})
    return written


def kinds_of_due(
    db: Session,
    now: datetime,
    *,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
    limit: int = 1000,
) -> dict[str, str]:
    """Return the kind of each item that waits and is due or whose claim has run out by its id, the oldest first.

    Args:
        only: of these kinds; None is all.
        without: but not of these.
    """
    query = select(OutboxItem.id, OutboxItem.kind).where(_is_due(now), OutboxItem.kind.not_in(without))
    query = query if only is None else query.where(OutboxItem.kind.in_(only))
    return {row.id: row.kind for row in db.execute(query.order_by(OutboxItem.next_try_at).limit(limit))}


def list_due(db: Session, now: datetime, *, kind: str | None = None, limit: int = 1000) -> Sequence[str]:
    """Return the ids of items, of one kind or all, that wait and are due or whose claim has run out, oldest first."""
    query = select(OutboxItem.id).where(_is_due(now)).order_by(OutboxItem.next_try_at).limit(limit)
    return db.scalars(query.where(OutboxItem.kind == kind) if kind else query).all()


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(
        and_(OutboxItem.state == "waiting", OutboxItem.next_try_at <= now),
        and_(OutboxItem.state == "claimed", OutboxItem.claimed_until <= now),
    )


def claim(db: Session, item_id: str, now: datetime) -> Claim | None:
    """Claim an item that is due; None when another has it, it is not yet time, or it has ended."""
    query = (
        update(OutboxItem)
        .where(OutboxItem.id == item_id, _is_due(now))
        .values(state="claimed", claimed_until=now + LEASE, attempts=OutboxItem.attempts + 1)
        .returning(OutboxItem.id, OutboxItem.kind, OutboxItem.subject, OutboxItem.attempts, OutboxItem.request_id)
    )
    row = db.execute(query).one_or_none()
    return Claim(*row) if row else None


def renew(db: Session, claim: Claim, now: datetime) -> bool:
    """Let a claim hold on; tell whether it is still ours."""
    kept = update(OutboxItem).where(_is_ours(claim)).values(claimed_until=now + LEASE).returning(OutboxItem.id)
    return db.scalar(kept) is not None


def _is_ours(claim: Claim) -> ColumnElement[bool]:
    """Return the condition that nobody else has claimed since."""
    return and_(OutboxItem.id == claim.item_id, OutboxItem.state == "claimed", OutboxItem.attempts == claim.attempt)


def forget_the_future(db: Session, now: datetime) -> int:
    """Let what was written before the clock was set back happen as if it were written now; return how many items.

    A claim that nobody renews runs out from now on, and what would wait till the old time comes round is due.
    """
    ahead = _is_ahead(now)
    shortened = update(OutboxItem).where(OutboxItem.state == "claimed", ahead)
    hastened = update(OutboxItem).where(OutboxItem.state == "waiting", ahead)
    held = db.scalars(shortened.values(claimed_until=now + LEASE).returning(OutboxItem.id)).all()
    waiting = db.scalars(hastened.values(next_try_at=now, created_at=now).returning(OutboxItem.id)).all()
    return len(held) + len(waiting)


def is_clock_set_back(db: Session, now: datetime) -> bool:
    """Tell whether something is claimed or was written by a clock that is well ahead of ours."""
    return db.scalar(select(OutboxItem.id).where(_is_ahead(now)).limit(1)) is not None


def _is_ahead(now: datetime) -> ColumnElement[bool]:
    """Return the condition that only a clock that has been set back since can have written an item."""
    return or_(
        and_(OutboxItem.state == "claimed", OutboxItem.claimed_until > now + LEASE + CLOCKS_DIFFER),
        and_(OutboxItem.state == "waiting", OutboxItem.created_at > now + CLOCKS_DIFFER),
    )


def record_done(db: Session, claim: Claim, now: datetime) -> None:
    """Record that it was done."""
    _record(db, claim, state="done", ended_at=now, error_code=None)


def record_failed(db: Session, claim: Claim, code: str, now: datetime) -> None:
    """Record that it will not be tried again by itself."""
    _record(db, claim, state="failed", ended_at=now, error_code=code[:60])


def record_retry(db: Session, claim: Claim, code: str, now: datetime, *, wait: timedelta = timedelta()) -> None:
    """Record that it is to be tried again after the delay of this attempt, or after `wait` where that is longer."""
    delay = max(wait, DELAYS[claim.attempt - 1] if claim.attempt <= len(DELAYS) else LONGEST_DELAY)
    _record(db, claim, state="waiting", next_try_at=now + delay, error_code=code[:60])


def _record(db: Session, claim: Claim, **values: str | datetime | None) -> None:
    """Write the outcome, unless the claim ran out and another attempt has begun: then that one decides."""
    db.execute(update(OutboxItem).where(_is_ours(claim)).values(claimed_until=None, **values))
