"""Keep what contacts report as wrong in a row of a report, and what the RKK answers; the words are sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, or_, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, Key, Sealed, new_id
from sidecar.core.deliveries import Delivery, DeliveryItem, find_delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment
from sidecar.errors import ConflictError, NotFoundError, SidecarError
from sidecar.secrets import SecretBox

KEPT: Final = timedelta(days=365)
"""How long an error is kept after its answer."""

MOST_CHARACTERS: Final = 2000
MOST_OPEN: Final = 200
"""How many errors of one delivery may wait for an answer: more than that is no row's, but the report's."""

LAST_ROW: Final = 1_000_000

Kind = Literal["not-ours", "missing", "wrong-course", "wrong-person", "other"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""Somebody who does not work there; somebody or something that is missing; a wrong course or day; a wrong name, number
or unit; anything else."""


class RowError(Base, kw_only=True):
    """One error that a contact reported; open until somebody answered."""

    __tablename__ = "row_error"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    delivery_id: Mapped[Id] = mapped_column(ForeignKey("delivery.id"), index=True)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    contact_id: Mapped[Id | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    row_number: Mapped[int | None] = mapped_column(default=None)
    words: Mapped[Sealed] = mapped_column(repr=False)
    created_at: Mapped[datetime]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": True}, default=None, repr=False)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    answered_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)


class RowErrorFormError(SidecarError):
    """It was not sent. Write the number of the row, or in words what is wrong; 2000 characters at most."""

    code = "row-error-form"


class RowErrorsFullError(SidecarError):
    """Many errors of this report wait for an answer already. Call the regional competence office: the whole report may be wrong."""  # noqa: E501

    code = "row-errors-full"


class RowAnswerError(SidecarError):
    """The answer is empty, or longer than 2000 characters. Write in short what was done."""

    code = "row-answer"


@dataclass(frozen=True)
class Told:
    """An error as pages show it, with its words opened."""

    row: RowError
    delivery: Delivery
    municipality: Municipality
    words: str
    answer: str


def report_error(
    db: Session,
    box: SecretBox,
    viewer: Viewer,
    delivery_id: str,
    *,
    kind: str,
    row_number: int | None,
    words: str,
    now: datetime,
) -> RowError:
    """Keep what a contact reports as wrong in a delivery.

    Raises:
        NotFoundError: there is no such delivery of their municipality.
        RowErrorFormError: it says nothing, or more than is kept.
        RowErrorsFullError: too many wait already.
    """
    delivery, said = find_delivery(db, viewer, delivery_id), words.strip()
    is_row = row_number is None or 1 <= row_number <= LAST_ROW
    if kind not in KINDS or len(said) > MOST_CHARACTERS or not is_row or not (said or row_number):
        raise RowErrorFormError
    waiting = select(RowError.id).where(RowError.delivery_id == delivery.id, RowError.answered_at.is_(None))
    if len(db.scalars(waiting.limit(MOST_OPEN)).all()) >= MOST_OPEN:
        raise RowErrorsFullError
    error = RowError(
        delivery_id=delivery.id,
        municipality_id=delivery.municipality_id,
        contact_id=viewer.contact_id,
        kind=kind,
        row_number=row_number,
        words=box.seal(said.encode()) if said else b"",
        created_at=now,
    )
    db.add(error)
    audit.record(db, "row_error.reported", delivery.id, at=now, actor="contact", kind=kind)
    db.flush()
    return error


def list_of_delivery(db: Session, box: SecretBox, viewer: Viewer, delivery_id: str) -> Sequence[Told]:
    """Return what was reported of a delivery, the newest first.

    Raises:
        NotFoundError: there is no such delivery that the viewer sees.
    """
    delivery = find_delivery(db, viewer, delivery_id)
    return _tell(db, box, RowError.delivery_id == delivery.id)


def list_errors(db: Session, box: SecretBox, viewer: Viewer, *, only_open: bool, limit: int = 200) -> Sequence[Told]:
    """Return what was reported to the RKK or an operator, what waits first, then the newest."""
    theirs = true() if viewer.everything else RowError.municipality_id.in_(viewer.rkk_for)
    wanted = theirs & RowError.answered_at.is_(None) if only_open else theirs
    return _tell(db, box, wanted, limit=limit)


def answer_error(db: Session, box: SecretBox, viewer: Viewer, error_id: str, text: str, now: datetime) -> None:
    """Keep what the RKK answers; the contact reads it on the report's page.

    Raises:
        NotFoundError: there is none that the viewer may answer.
        RowAnswerError: the answer is empty or too long.
        ConflictError: somebody has answered it.
    """
    theirs = true() if viewer.everything else RowError.municipality_id.in_(viewer.rkk_for)
    error = db.scalar(select(RowError).where(RowError.id == error_id, theirs))
    if error is None:
        raise NotFoundError(what="row error", key=error_id)
    said = text.strip()
    if not 0 < len(said) <= MOST_CHARACTERS:
        raise RowAnswerError
    values = {"answer": box.seal(said.encode()), "answered_at": now, "answered_by": viewer.identity_id}
    open_one = RowError.id == error.id, RowError.answered_at.is_(None)
    if db.scalar(update(RowError).where(*open_one).values(values).returning(RowError.id)) is None:
        raise ConflictError(what="row error", key=error_id)
    about = error.delivery_id
    audit.record(db, "row_error.answered", about, at=now, identity_id=viewer.identity_id, kind=error.kind)


def forget_words(db: Session, employment_ids: Sequence[str]) -> None:
    """Take the words away that may name somebody who is erased: about reports they stand in, and all answered ones.

    A report may also name people of whom it tells that they have completed nothing; so those of their municipality
    that are answered go likewise.
    """
    stands = select(DeliveryItem.delivery_id).where(DeliveryItem.employment_id.in_(employment_ids))
    works = select(Employment.municipality_id).where(Employment.id.in_(employment_ids))
    answered = RowError.municipality_id.in_(works) & RowError.answered_at.is_not(None)
    may_name = or_(RowError.delivery_id.in_(stands), answered)
    db.execute(update(RowError).where(may_name).values(words=b"", answer=None))


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an error was answered so long ago that it is kept no longer."""
    return RowError.answered_at < now - KEPT


def _tell(db: Session, box: SecretBox, which: ColumnElement[bool], *, limit: int = 200) -> Sequence[Told]:
    query = select(RowError, Delivery, Municipality).join(Delivery, Delivery.id == RowError.delivery_id)
    query = query.join(Municipality, Municipality.id == RowError.municipality_id).where(which)
    waiting_first = RowError.answered_at.is_not(None), RowError.created_at.desc(), RowError.id
    return [
        Told(row, delivery, of, _open(box, row.words), _open(box, row.answer))
        for row, delivery, of in db.execute(query.order_by(*waiting_first).limit(limit))
    ]


def _open(box: SecretBox, sealed: bytes | None) -> str:
    return box.open(sealed).decode() if sealed else ""
