"""Keep attempts: a learner's run through one course version, and all that the package said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Executable, ForeignKey, Select, String, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.courses import Course, CourseRetiredError, CourseVersion, newest_version_id
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.people import Identity
from sidecar.core.results import Result, judge, scos_of
from sidecar.core.statements import insert_now, run, update_now
from sidecar.errors import NotFoundError, SidecarError


class Attempt(Base, kw_only=True):
    """An attempt; `state` is open, completed, failed or replaced; `seq` the last acknowledged commit.

    `starts_over`: the next launch replaces it by an attempt at the version that is published by then.
    `session` is the page that wrote last. A finished attempt takes more from that page only (a score often follows
    the status), till it says good-bye or another page opens: then `session` is None. From `trimmed_at` on what the
    package said is gone, as it was kept long enough.
    """

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("identity_id", "course_id", "number"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    version_id: Mapped[Id] = mapped_column(ForeignKey("course_version.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="open")
    seq: Mapped[int] = mapped_column(default=0)
    session: Mapped[str | None] = mapped_column(String(64), default=None)
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    trimmed_at: Mapped[datetime | None] = mapped_column(default=None)
    starts_over: Mapped[bool] = mapped_column(default=False, server_default="0")

    @property
    def is_first(self) -> bool:
        """Tell whether the learner has not ended any attempt at this course yet, so that nothing is completed."""
        return self.number == 1 and self.state == "open"


class ScoState(Base, kw_only=True):
    """What one SCO of an attempt has set: `{element: value}`, all strings, and `session`, whose page set it last."""

    __tablename__ = "sco_state"

    attempt_id: Mapped[Key] = mapped_column(ForeignKey("attempt.id"))
    sco_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    elements: Mapped[JsonValue]
    session: Mapped[str] = mapped_column(String(64), default="")
    saved_at: Mapped[datetime]


class Commit(Base, kw_only=True):
    """The trail: one acknowledged commit and what it changed, shortened where it is long; the oldest of very many go.

    `digest` is the SHA-256 of all that it said, so that its repetition is known; `flag` names what is implausible.
    """

    __tablename__ = "attempt_commit"

    attempt_id: Mapped[Key] = mapped_column(ForeignKey("attempt.id"))
    seq: Mapped[int] = mapped_column(primary_key=True)
    sco_id: Mapped[str] = mapped_column(String(255))
    changes: Mapped[JsonValue]
    digest: Mapped[str] = mapped_column(String(64))
    flag: Mapped[str | None] = mapped_column(String(40), default=None)
    received_at: Mapped[datetime]


class CommitPiece(Base, kw_only=True):
    """A part of a commit that was too large to leave a closing page in one request; gone once it is whole."""

    __tablename__ = "attempt_commit_piece"

    attempt_id: Mapped[Key] = mapped_column(ForeignKey("attempt.id"))
    session: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[JsonValue]


class NothingToRepeatError(SidecarError):
    """You have not finished this course yet, so there is nothing to start again. Go on where you were."""

    code = "nothing-to-repeat"


def begin(db: Session, *, identity_id: str, course: Course, now: datetime, reviewed_only: bool = False) -> Attempt:
    """Return the attempt that a launch plays: the open one, the completed one for review, or a new one.

    The identity's row is locked by the caller, so that two tabs share one attempt.

    Args:
        reviewed_only: the content host is shared, so new attempts prefer reviewed versions.

    Raises:
        NothingToPlayError: the course has no published version.
        CourseRetiredError: it is retired, and this learner is not in the middle of it.
    """
    attempts = list_attempts(db, identity_id, course.id)
    if attempts and attempts[0].state == "open":
        if not attempts[0].starts_over:
            return attempts[0]
        _replace(db, attempts[0], now)
        return _add(db, identity_id, course, attempts, now, reviewed_only)
    completed = next((attempt for attempt in attempts if attempt.state == "completed"), None)
    if completed is None:
        return _add(db, identity_id, course, attempts, now, reviewed_only)
    if completed.session is not None:
        completed.session = None
        update_now(db, completed)
    return completed


def start_again(db: Session, attempt: Attempt, *, now: datetime, reviewed_only: bool = False) -> Attempt:
    """Return a new attempt at the course of a finished or failed one; the open one where that exists already.

    Raises:
        NothingToRepeatError: the attempt is open and not failed.
        CourseRetiredError: the course is retired, and was completed before.
    """
    lock_learner(db, attempt.identity_id)
    attempts = list_attempts(db, attempt.identity_id, attempt.course_id)
    newest = attempts[0]
    if newest.state == "open":
        if newest.id != attempt.id:
            return newest
        if judge_attempt(db, newest).state != "failed":
            raise NothingToRepeatError
        newest.state, newest.finished_at = "failed", now
        update_now(db, newest)
    return _add(db, attempt.identity_id, db.get_one(Course, attempt.course_id), attempts, now, reviewed_only)


def current_attempt(db: Session, identity_id: str, course_id: str) -> Attempt:
    """Return the attempt that the player shows: what `begin` gave, or the newer one of "Start again".

    Raises:
        NotFoundError: nothing was begun.
    """
    attempts = list_attempts(db, identity_id, course_id)
    if not attempts:
        raise NotFoundError(what="attempt", key=course_id)
    if attempts[0].state == "failed":
        return next((attempt for attempt in attempts if attempt.state == "completed"), attempts[0])
    return attempts[0]


def lock_attempt(db: Session, attempt_id: str) -> Attempt:
    """Return an attempt that nobody else changes, nor its learner's grades, till the end of the transaction.

    The identity is locked before the attempt, as launches do: else of two each could wait for the other's row.

    Returns:
        A copy, to be written by `update_now`.

    Raises:
        NotFoundError: no such attempt.
    """
    if run(db, _learner_for_update(), attempt_id=attempt_id).one_or_none() is None:
        raise NotFoundError(what="attempt", key=attempt_id)
    return Attempt(**run(db, _attempt_for_update(), attempt_id=attempt_id).one()._mapping)


@cache
def _learner_for_update() -> Select[str]:
    learner = select(Attempt.identity_id).where(Attempt.id == bindparam("attempt_id")).scalar_subquery()
    return select(Identity.id).where(Identity.id == learner).with_for_update()


@cache
def _attempt_for_update() -> Executable:
    return select(Attempt).where(Attempt.id == bindparam("attempt_id")).with_for_update()


def list_attempts(db: Session, identity_id: str, course_id: str) -> Sequence[Attempt]:
    """Return an identity's attempts at a course as they stand now, the newest first: copies."""
    rows = run(db, _of_learner(), identity_id=identity_id, course_id=course_id)
    return [Attempt(**row._mapping) for row in rows]


@cache
def _of_learner() -> Executable:
    of_learner = Attempt.identity_id == bindparam("identity_id"), Attempt.course_id == bindparam("course_id")
    return select(Attempt).where(*of_learner).order_by(Attempt.number.desc())


def list_states(db: Session, attempt_id: str) -> dict[str, dict[str, str]]:
    """Return what was saved: the elements by SCO id."""
    return {sco_id: row.elements for sco_id, row in find_states(db, attempt_id).items()}


def find_states(db: Session, attempt_id: str) -> dict[str, ScoState]:
    """Return the rows of what was saved, by SCO id: copies, to be written by `update_now`."""
    rows = run(db, _states(), attempt_id=attempt_id)
    return {row.sco_id: ScoState(**row._mapping) for row in rows}


@cache
def _states() -> Executable:
    return select(ScoState).where(ScoState.attempt_id == bindparam("attempt_id"))


def last_sco_id(db: Session, attempt_id: str) -> str | None:
    """Return the part that was saved last: where the learner was."""
    sco_id: str | None = run(db, _last_sco_id(), attempt_id=attempt_id).scalar()
    return sco_id


@cache
def _last_sco_id() -> Executable:
    query = select(Commit.sco_id).where(Commit.attempt_id == bindparam("attempt_id"))
    return query.order_by(Commit.seq.desc()).limit(1)


def judge_attempt(db: Session, attempt: Attempt) -> Result:
    """Judge an attempt by what was saved, a trimmed one by how it ended."""
    if attempt.trimmed_at is not None:
        return Result(attempt.state)
    version = db.get_one(CourseVersion, attempt.version_id)
    return judge(version.standard, scos_of(version.manifest), list_states(db, attempt.id))


def _add(
    db: Session, identity_id: str, course: Course, earlier: Sequence[Attempt], now: datetime, reviewed_only: bool
) -> Attempt:
    if course.retired_at is not None and not _is_under_way(earlier):
        raise CourseRetiredError(key=course.key)
    attempt = Attempt(
        identity_id=identity_id,
        course_id=course.id,
        version_id=newest_version_id(db, course, reviewed_only=reviewed_only),
        number=earlier[0].number + 1 if earlier else 1,
        started_at=now,
    )
    insert_now(db, attempt)
    return attempt


def _is_under_way(attempts: Sequence[Attempt]) -> bool:
    """Tell whether a learner has begun a course and not completed it yet."""
    return bool(attempts) and all(attempt.state != "completed" for attempt in attempts)


def _replace(db: Session, attempt: Attempt, now: datetime) -> None:
    """End an attempt for a newer version; a page that still shows it saves nothing more."""
    attempt.state, attempt.finished_at, attempt.session = "replaced", now, None
    update_now(db, attempt)


def lock_learner(db: Session, identity_id: str) -> None:
    """Let one after the other begin attempts of a learner; `launches.welcome` locks the same row."""
    run(db, _identity_for_update(), identity_id=identity_id)


@cache
def _identity_for_update() -> Select[str]:
    return select(Identity.id).where(Identity.id == bindparam("identity_id")).with_for_update()
