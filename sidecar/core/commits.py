"""Take commits: what a package in the browser wants saved, in order, once, and only what its standard allows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sidecar.core import earning, grades
from sidecar.core.attempts import Attempt, Commit, CommitPiece, ScoState, find_states, lock_attempt
from sidecar.core.courses import CourseVersion
from sidecar.core.durations import read_seconds, write_12, write_2004
from sidecar.core.elements import TooMuchDataError, check_changes, check_size, is_scorm_12
from sidecar.core.launches import Launch
from sidecar.core.results import Result, Sco, judge, scos_of, settle
from sidecar.core.statements import insert_now, update_now
from sidecar.errors import SidecarError

SHOWN_CHARACTERS = 1_000
SHOWN_TOGETHER_CHARACTERS = 32_000
"""How much of a commit the trail shows; a package may say a million characters each time, and without end."""

TRAIL_STEP = 1_000
TRAIL_STEPS_KEPT = 10
"""Of an attempt the newest 10,000 commits are kept, and up to a step more: a day and more of one each ten seconds."""

JOINED_CHARACTERS = 1024 * 1024
"""How much the pieces of a commit may be together, and how much is kept of an attempt's commits in the making."""

PIECES_KEPT = 64
EXITS = ("cmi.core.exit", "cmi.exit")
"""How a package will leave; it holds for one session, as the standards have it."""

COURSES_KNOWN = 500
TOO_FAST = timedelta(seconds=3)
SCORE_MAY_FOLLOW = timedelta(seconds=15)
"""How long the grade of a package that goes on after it is complete waits: some set the status before the score."""


class OutOfOrderError(SidecarError):
    """What you just did was not saved here, as this course is open in another window too. Load the page again."""

    code = "out-of-order"


class AttemptFinishedError(SidecarError):
    """This attempt is finished, so nothing more is saved in it. Choose "Start again" to take the course once more."""

    code = "attempt-finished"


class UnknownScoError(SidecarError):
    """The course has no part "{sco}"."""

    code = "unknown-sco"


@dataclass(frozen=True)
class Said:
    """What one commit says.

    Attributes:
        seq: its number, rising within an attempt.
        after: the acknowledged commit it builds on; it holds all changes since.
        session: an id that the page made for itself; "" where it made none.
        is_final: the package has said good-bye (Terminate).
    """

    seq: int
    after: int
    sco_id: str
    changes: Mapping[str, str] = field(repr=False)
    session: str = ""
    is_final: bool = False

    def digest(self) -> str:
        """Return the SHA-256 of all that it says."""
        said = [self.sco_id, sorted(self.changes.items()), self.session, self.is_final]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True)
class Piece:
    """A piece of a commit's JSON: number `number`, from 0, of `of`."""

    seq: int
    session: str
    number: int
    of: int
    text: str = field(repr=False)


@dataclass(frozen=True)
class Acknowledged:
    """What was saved: the commit's number, and how the attempt stands now."""

    seq: int
    result: Result


@dataclass(frozen=True)
class KnownCourse:
    """What commits need of a course version."""

    standard: str
    scos: list[Sco]

    def sco(self, sco_id: str) -> Sco:
        """Return a part of the course.

        Raises:
            UnknownScoError: it has no such part.
        """
        found = next((sco for sco in self.scos if sco.id == sco_id), None)
        if found is None:
            raise UnknownScoError(sco=sco_id[:200])
        return found


def commit(db: Session, attempt_id: str, said: Said, *, launch_id: str, now: datetime) -> Acknowledged:
    """Save a commit and all that follows from it: state, trail, completion, grade.

    Raises:
        NotFoundError: no such attempt.
        OutOfOrderError: it does not follow the last commit (fact `expected`).
        AttemptFinishedError: the attempt takes nothing more.
        UnknownScoError: the course has no such part.
        UnknownElementError, BadValueError, TooMuchDataError: what it wants to set isn't allowed.
    """
    attempt = lock_attempt(db, attempt_id)
    course, states = course_of(db, attempt.version_id), find_states(db, attempt_id)
    if _is_repeated(db, attempt, said):
        return Acknowledged(said.seq, _judge(course, states))
    refuse_late(said, seq=attempt.seq, session=attempt.session, state=attempt.state)
    check_changes(course.standard, said.changes)
    _save_state(db, attempt_id, states, course, said, now)
    is_a_step = said.seq // TRAIL_STEP > attempt.seq // TRAIL_STEP
    attempt.seq, attempt.session, attempt.saved_at = said.seq, said.session, now
    result = _judge(course, states)
    _note(db, attempt, said, result, now)
    if is_a_step:
        _bound_trail(db, attempt_id)
    _conclude(db, attempt, said, states[said.sco_id].elements, result, launch_id, now)
    update_now(db, attempt)
    return Acknowledged(said.seq, result)


def add_piece(db: Session, attempt_id: str, piece: Piece) -> str | None:
    """Keep a piece of a commit; return the whole text once every piece has come, in whatever order.

    Only the page that writes now has pieces here: those of an earlier one that never became whole are dropped. A
    closing page may send several commits side by side, one a part of the course, so the newest alone is not enough.

    Raises:
        NotFoundError: no such attempt.
        AttemptFinishedError: what it said is gone, because it was kept long enough or its learner was erased.
        TooMuchDataError: the pieces of this commit are over a million characters.
    """
    if lock_attempt(db, attempt_id).trimmed_at is not None:
        raise AttemptFinishedError
    of_attempt = CommitPiece.attempt_id == attempt_id
    db.execute(delete(CommitPiece).where(of_attempt, CommitPiece.session != piece.session))
    row = CommitPiece(attempt_id=attempt_id, session=piece.session, seq=piece.seq, number=piece.number, text=piece.text)
    db.merge(row)
    db.flush()
    kept = db.scalars(select(CommitPiece).where(of_attempt).order_by(CommitPiece.number)).all()
    mine = [each.text for each in kept if each.seq == piece.seq]
    if sum(map(len, mine)) > JOINED_CHARACTERS:
        raise TooMuchDataError(limit=JOINED_CHARACTERS)
    if len(mine) >= piece.of:
        db.execute(delete(CommitPiece).where(of_attempt, CommitPiece.seq == piece.seq))
        return "".join(mine)
    if len(kept) > PIECES_KEPT or sum(len(each.text) for each in kept) > JOINED_CHARACTERS:
        db.execute(delete(CommitPiece).where(of_attempt, CommitPiece.seq != piece.seq))
    return None


_KNOWN: dict[str, KnownCourse] = {}
"""What commits need of course versions, by id: versions never change, and a manifest may be large."""


def course_of(db: Session, version_id: str) -> KnownCourse:
    """Return what commits need of a course version."""
    if version_id not in _KNOWN:
        version = db.get_one(CourseVersion, version_id)
        course = KnownCourse(version.standard, scos_of(version.manifest))
        if len(_KNOWN) >= COURSES_KNOWN:
            _KNOWN.clear()
        _KNOWN[version_id] = course
        return course
    return _KNOWN[version_id]


def _judge(course: KnownCourse, states: Mapping[str, ScoState]) -> Result:
    return judge(course.standard, course.scos, {sco_id: row.elements for sco_id, row in states.items()})


def _is_repeated(db: Session, attempt: Attempt, said: Said) -> bool:
    if said.seq > attempt.seq:
        return False
    earlier = db.get(Commit, (attempt.id, said.seq))
    return earlier is not None and earlier.digest == said.digest()


def refuse_late(said: Said, *, seq: int, session: str | None, state: str) -> None:
    """Refuse a commit that does not follow what was saved.

    Args:
        seq: the last acknowledged commit.
        session: the page that wrote it, as long as that one may go on.
        state: of the attempt.

    Raises:
        OutOfOrderError, AttemptFinishedError: as `commit`.
    """
    if state != "open" and (session is None or session != said.session):
        raise AttemptFinishedError
    # A page that heard no answer sends everything anew under a higher number: right whether or not it had arrived.
    own = bool(said.session) and said.session == session
    follows = said.after == seq or (own and said.after < seq)
    if not follows or said.seq <= seq:
        raise OutOfOrderError(expected=seq + 1)


def _save_state(
    db: Session, attempt_id: str, states: dict[str, ScoState], course: KnownCourse, said: Said, now: datetime
) -> None:
    before = states.get(said.sco_id)
    elements = settle_part(course, said, before.elements if before else {}, before.session if before else None)
    row = ScoState(attempt_id=attempt_id, sco_id=said.sco_id, elements=elements, session=said.session, saved_at=now)
    (update_now if before else insert_now)(db, row)
    states[said.sco_id] = row


def settle_part(
    course: KnownCourse, said: Said, before: Mapping[str, str], session_before: str | None
) -> dict[str, str]:
    """Return all elements of a part of the course as they stand after a commit.

    Args:
        before: what was saved of it.
        session_before: whose page saved that; None where nothing was saved.

    Raises:
        UnknownScoError, TooMuchDataError: as `commit`.
    """
    sco, elements = course.sco(said.sco_id), dict(before)
    if session_before is not None and session_before != said.session:
        elements = with_session_added(course.standard, elements)
        elements = {name: value for name, value in elements.items() if name not in EXITS}
    elements = settle(course.standard, sco, {**elements, **said.changes}, finished=said.is_final)
    if said.is_final:
        elements = with_session_added(course.standard, elements)
    check_size(elements)
    return elements


def with_session_added(standard: str, elements: Mapping[str, str]) -> dict[str, str]:
    """Return the elements with the time of the last session added to the total, and taken out."""
    prefix, write = ("cmi.core", write_12) if is_scorm_12(standard) else ("cmi", write_2004)
    added = dict(elements)
    session_time = added.pop(f"{prefix}.session_time", None)
    if session_time is not None:
        total = read_seconds(added.get(f"{prefix}.total_time", ""))
        added[f"{prefix}.total_time"] = write(total + read_seconds(session_time))
    return added


def _note(db: Session, attempt: Attempt, said: Said, result: Result, now: datetime) -> None:
    is_fast = attempt.state == "open" and result.state == "completed" and now - attempt.started_at < TOO_FAST
    row = Commit(
        attempt_id=attempt.id,
        seq=said.seq,
        sco_id=said.sco_id,
        changes=_show(said.changes),
        digest=said.digest(),
        flag="completed-too-fast" if is_fast else None,
        received_at=now,
    )
    insert_now(db, row)


def _bound_trail(db: Session, attempt_id: str) -> None:
    """Drop the oldest commits but what is flagged, so that no package and no learner fills the database of all."""
    mine = select(Commit.seq).where(Commit.attempt_id == attempt_id).order_by(Commit.seq.desc())
    oldest = db.scalar(mine.offset(TRAIL_STEP * TRAIL_STEPS_KEPT - 1).limit(1))
    if oldest is not None:
        of_attempt = Commit.attempt_id == attempt_id
        db.execute(delete(Commit).where(of_attempt, Commit.seq < oldest, Commit.flag.is_(None)))


def _show(changes: Mapping[str, str]) -> dict[str, str]:
    """Return what the trail keeps of changes; of too many the first, and how many there were."""
    shown: dict[str, str] = {}
    room = SHOWN_TOGETHER_CHARACTERS
    for name, value in changes.items():
        short = _shorten(value)
        room -= len(name) + len(short)
        if room < 0:
            return {**shown, "…": f"({len(changes)} changes)"}
        shown[name] = short
    return shown


def _shorten(value: str) -> str:
    if len(value) <= SHOWN_CHARACTERS:
        return value
    return f"{value[:SHOWN_CHARACTERS]}… ({len(value)} characters)"


def _conclude(
    db: Session,
    attempt: Attempt,
    said: Said,
    elements: Mapping[str, str],
    result: Result,
    launch_id: str,
    now: datetime,
) -> None:
    """Finish the attempt where its rules say so; what is complete stays complete."""
    if result.state == "completed":
        evidence = earning.record(db, attempt, result.score, now)
        send_at = now if said.is_final else now + SCORE_MAY_FOLLOW
        grades.ask(db, evidence, db.get_one(Launch, launch_id), send_at)
    if attempt.state == "open" and has_ended(said, elements, result):
        attempt.state, attempt.finished_at = result.state, now
    if attempt.state != "open" and said.is_final:
        attempt.session = None


def has_ended(said: Said, elements: Mapping[str, str], result: Result) -> bool:
    """Tell whether an attempt ends with a commit: it is complete, or failed and not put aside for another try.

    Args:
        elements: of the part, as they stand after the commit: many packages say at once how they will leave.
    """
    is_put_aside = "suspend" in (elements.get(name) for name in EXITS)
    return result.state == "completed" or (result.state == "failed" and said.is_final and not is_put_aside)
