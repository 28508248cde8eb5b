"""Keep what a municipality's systems may fetch: each change of a completion that it is told of, numbered one by one.

The numbers of a municipality are given by whoever holds its `ChangeState`, in the transaction that writes the entries:
a later number is never seen before an earlier one, so that a cursor skips nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, String, delete, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, aliased, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.api_tokens import CHANGES, ApiToken
from sidecar.core.db import Base, Id, JsonValue, Key, Sealed, new_id
from sidecar.core.statements import insert_if_new
from sidecar.errors import NotFoundError, SidecarError

KIND: Final = "changes"
"""The kind of an outbox item that looks for changes; its subject is the id of a municipality."""

ADD: Final = "add"
MODIFY: Final = "modify"
DELETE: Final = "delete"

KEPT: Final = timedelta(days=90)
"""How long what has been superseded is kept, and all of it after the last token ended: who asks later begins anew."""

PULLS_KEPT: Final = timedelta(days=730)
"""How long it is known which system fetched what: as long as the access log."""

ERASED_FIELDS: Final = ("employee_ref", "person_pseudonym", "unit_id", "unit_path", "score", "completed_at")


class CursorAheadError(SidecarError):
    """There are no changes up to {after}; the last is {last}. The database was restored: begin anew with after=0."""

    code = "cursor-ahead"


class CursorTooOldError(SidecarError):
    """What was changed and deleted since {after} is no longer known in full. Begin anew with after=0."""

    code = "cursor-too-old"


class ChangeState(Base, kw_only=True):
    """How far the changes of a municipality are written.

    Attributes:
        last_seq: the number of the last entry.
        floor_seq: entries up to it were thinned out; a cursor above 0 and below it would miss deletions.
        pseudonym_key: by which people and records are named; sealed.
        written_at: when it was last compared with the tables.
    """

    __tablename__ = "change_state"

    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    floor_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    pseudonym_key: Mapped[Sealed] = mapped_column(repr=False)
    written_at: Mapped[datetime | None] = mapped_column(default=None)


class ChangeEntry(Base, kw_only=True):
    """One change.

    Attributes:
        record: what holds after it, see `sidecar.core.change_records`; None where nothing does any more.
        before_seq: the entry that said what held before; None for an addition.
    """

    __tablename__ = "change_entry"
    __table_args__ = (Index("ix_change_entry_municipality_id_before_seq", "municipality_id", "before_seq"),)

    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    change_type: Mapped[str] = mapped_column(String(6))
    changed_at: Mapped[datetime]
    employment_id: Mapped[Id] = mapped_column(ForeignKey("employment.id"), index=True)
    record: Mapped[JsonValue | None] = mapped_column(default=None)
    before_seq: Mapped[int | None] = mapped_column(BigInteger, default=None)


class ChangeKnown(Base, kw_only=True):
    """Which entry told a completion of an employment last, and by which digest it is known to be the same still."""

    __tablename__ = "change_known"

    employment_id: Mapped[Id] = mapped_column(ForeignKey("employment.id"), primary_key=True)
    completion_id: Mapped[Id] = mapped_column(ForeignKey("completion.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(32))


class ChangePull(Base, kw_only=True):
    """One time that a system fetched changes: from behind `after` up to and with `last_seq`."""

    __tablename__ = "change_pull"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    token_id: Mapped[Id] = mapped_column(ForeignKey("api_token.id"))
    at: Mapped[datetime]
    after: Mapped[int] = mapped_column(BigInteger)
    last_seq: Mapped[int] = mapped_column(BigInteger)


def find_state(db: Session, municipality_id: str) -> ChangeState | None:
    """Return how far a municipality's changes are written; None where nobody ever asked for them."""
    return db.get(ChangeState, municipality_id)


def hold_state(db: Session, municipality_id: str, new_key: bytes) -> ChangeState:
    """Return the state of a municipality's changes, held till the end of the transaction.

    Args:
        new_key: sealed; of one that is only now begun.
    """
    insert_if_new(db, ChangeState(municipality_id=municipality_id, pseudonym_key=new_key), unique=("municipality_id",))
    query = select(ChangeState).where(ChangeState.municipality_id == municipality_id).with_for_update()
    return db.scalars(query.execution_options(populate_existing=True)).one()


def change_key(db: Session, viewer: Viewer, municipality_id: str, new_key: bytes) -> None:
    """Let a municipality's people have other pseudonyms from the next writing on; every record changes by that.

    Raises:
        NotFoundError: the viewer does not see the municipality.
    """
    if not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    hold_state(db, municipality_id, new_key).pseudonym_key = new_key
    db.flush()


def forget_of(db: Session, employment_ids: list[str]) -> None:
    """Take out of the changes who somebody was; that their records are gone is told by the next writing."""
    for entry in db.scalars(select(ChangeEntry).where(ChangeEntry.employment_id.in_(employment_ids))).all():
        if entry.record:
            entry.record = {name: None if name in ERASED_FIELDS else value for name, value in entry.record.items()}
    db.flush()


def thin_out(db: Session, municipality_id: str, now: datetime, limit: int) -> int:
    """Remove entries that others have superseded for `KEPT`; return how many.

    What superseded one counts as an addition from then on; what deleted it goes with it.
    """
    state = db.scalar(select(ChangeState).where(ChangeState.municipality_id == municipality_id).with_for_update())
    later = aliased(ChangeEntry)
    same = later.municipality_id == ChangeEntry.municipality_id, later.before_seq == ChangeEntry.seq
    old = ChangeEntry.municipality_id == municipality_id, later.changed_at < now - KEPT
    query = select(ChangeEntry.seq, later.seq, later.change_type).join(later, (same[0]) & (same[1])).where(*old)
    found = db.execute(query.order_by(later.seq).limit(limit)).all()
    if not found or state is None:
        return 0
    gone = [before for before, _, _ in found] + [seq for _, seq, kind in found if kind == DELETE]
    kept = [seq for _, seq, kind in found if kind != DELETE]
    here = ChangeEntry.municipality_id == municipality_id
    anew = update(ChangeEntry).where(here, ChangeEntry.seq.in_(kept)).values(change_type=ADD, before_seq=None)
    db.execute(anew.execution_options(synchronize_session=False))
    db.execute(delete(ChangeEntry).where(here, ChangeEntry.seq.in_(gone)).execution_options(synchronize_session=False))
    state.floor_seq = max(state.floor_seq, found[-1][1])
    return len(gone)


def forget_unread(db: Session, now: datetime, new_key: bytes, limit: int) -> int:
    """Remove entries of a municipality whose last token ended `KEPT` ago; return how many, 0 where nothing is left.

    All of an employment goes at once. The numbers go on where they were, so that a cursor from before is refused.

    Args:
        new_key: sealed; nobody is called again what they were called before.
        limit: how many entries are looked at; all of their employments go.
    """
    unread = select(ChangeState).where(_is_unread(ChangeState.municipality_id, now), _has_entries())
    state = db.scalar(unread.order_by(ChangeState.municipality_id).limit(1).with_for_update())
    if state is None:
        return 0
    here = ChangeEntry.municipality_id == state.municipality_id
    some = set(db.scalars(select(ChangeEntry.employment_id).where(here).order_by(ChangeEntry.seq).limit(limit)))
    theirs = here, ChangeEntry.employment_id.in_(some)
    count = db.scalar(select(func.count()).select_from(ChangeEntry).where(*theirs)) or 0
    for gone in (
        delete(ChangeKnown).where(ChangeKnown.employment_id.in_(some)),
        delete(ChangeEntry).where(*theirs),
    ):
        db.execute(gone.execution_options(synchronize_session=False))
    state.last_seq += 1
    state.floor_seq, state.pseudonym_key = state.last_seq, new_key
    db.flush()
    return count


def count_unread(db: Session, now: datetime) -> int:
    """Return how many entries `forget_unread` would remove in all."""
    unread = _is_unread(ChangeEntry.municipality_id, now)
    return db.scalar(select(func.count()).select_from(ChangeEntry).where(unread)) or 0


def _is_unread(municipality_id: InstrumentedAttribute[str], now: datetime) -> ColumnElement[bool]:
    """Return the condition that no token has opened a municipality's changes for `KEPT`."""
    ends = ApiToken.expires_at >= now - KEPT, or_(ApiToken.revoked_at.is_(None), ApiToken.revoked_at >= now - KEPT)
    return ~exists().where(ApiToken.municipality_id == municipality_id, ApiToken.scope == CHANGES, *ends)


def _has_entries() -> ColumnElement[bool]:
    return exists().where(ChangeEntry.municipality_id == ChangeState.municipality_id)


def is_old_pull(now: datetime) -> ColumnElement[bool]:
    """Return the condition on `ChangePull` that it has been known long enough."""
    return ChangePull.at < now - PULLS_KEPT
