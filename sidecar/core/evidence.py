"""Keep evidence: each record, from wherever, that somebody completed a course; completions are reckoned from it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, Key, new_id

PLAYER: Final = "player"
LMS: Final = "lms"
FILE: Final = "file"
MANUAL: Final = "manual"
PATH: Final = "path"
SIGN_OFF: Final = "sign-off"
GATHERING: Final = "gathering"
SELF: Final = "self"
REGION: Final = "region"

VALID: Final = "valid"
WAITING: Final = "waiting"
REFUSED: Final = "refused"
WITHDRAWN: Final = "withdrawn"

NOTE_CHARACTERS: Final = 1000


class Evidence(Base, kw_only=True):
    """One record that somebody completed a course.

    Attributes:
        person_id: whom it counts for; None as long as nobody matches.
        identity_id: the account it was earned by, where there is one; what is earned here follows it to its person.
        origin: player, lms, file, manual; path (all its steps are done), sign-off (by a manager), gathering (was
            there), self (says so of a link that they followed) or region (another region tells it).
        source_id: the source it came from; `source_key`: what tells the source's records apart; of a path, the id of
            the version by which it was finished.
        lms_course_id: the course of the LMS that it is told of, where it is an LMS that tells.
        holder: what the source calls the person (an ID number), for as long as nobody matches.
        score: scaled 0..1, or None where the course has none.
        state: waiting (a second person must confirm it), valid, refused, withdrawn. Only what is valid counts.
        completion_id: the completion it belongs to; see `sidecar.core.settling`.
        note: what who entered it by hand says of it; `file_digest`: the document they added lies in the storage.
        municipality_id: whose staff entered it, by hand or from a file: only they look after it.
        basis: what shows it, where it was entered by hand: course, certificate, prior-learning; `place`: where it was.
        reason: why it was refused or withdrawn by hand.
        seen_in: the last full run of its source that told of it.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("source_id", "source_key"),
        Index("ix_evidence_lms_course_id_course_id", "lms_course_id", "course_id"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    person_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"), default=None, index=True)
    identity_id: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    version_id: Mapped[Id | None] = mapped_column(ForeignKey("course_version.id"), default=None)
    attempt_id: Mapped[Id | None] = mapped_column(ForeignKey("attempt.id"), unique=True, default=None)
    origin: Mapped[str] = mapped_column(String(20), default=PLAYER)
    source_id: Mapped[Id | None] = mapped_column(ForeignKey("source.id"), default=None)
    source_key: Mapped[str | None] = mapped_column(String(600), default=None)
    holder: Mapped[str | None] = mapped_column(String(320), default=None, index=True)
    score: Mapped[float | None] = mapped_column(default=None)
    completed_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default=VALID)
    completion_id: Mapped[Id | None] = mapped_column(ForeignKey("completion.id"), default=None, index=True)
    note: Mapped[str | None] = mapped_column(Text, default=None)
    file_digest: Mapped[str | None] = mapped_column(String(64), default=None)
    file_name: Mapped[str | None] = mapped_column(String(255), default=None)
    entered_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    decided_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None, index=True)
    basis: Mapped[str | None] = mapped_column(String(20), default=None)
    place: Mapped[str | None] = mapped_column(String(200), default=None)
    reason: Mapped[str | None] = mapped_column(String(1000), default=None)
    seen_in: Mapped[Id | None] = mapped_column(default=None)
    lms_course_id: Mapped[Id | None] = mapped_column(ForeignKey("lms_course.id"), default=None)
