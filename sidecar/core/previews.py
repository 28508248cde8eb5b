"""Keep previews: somebody plays a course version in the real player, and nothing of it counts.

A preview is no attempt: its one row holds all that the package said. So nothing that reads attempts, completions or
grades can meet it, and after a day nothing of it is left.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, String, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer, may_see_course
from sidecar.core.commits import (
    JOINED_CHARACTERS,
    PIECES_KEPT,
    Acknowledged,
    Piece,
    Said,
    course_of,
    has_ended,
    refuse_late,
    settle_part,
)
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.elements import TooMuchDataError, check_changes
from sidecar.core.one_way import hash_secret
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform, is_active
from sidecar.core.results import Result, judge, judge_sco
from sidecar.core.sign_ins import NotSignedInError
from sidecar.errors import NotFoundError, SidecarError

KEPT: Final = timedelta(days=1)
OPENED_WITHIN: Final = timedelta(minutes=15)
"""How long the secret of a new preview opens it, once."""

MOST_OF_ONE: Final = 10
"""How many previews one person has; the oldest gives way to a new one."""

SECRET_BYTES: Final = 32
PICKER, STAFF, COMMAND = "picker", "staff", "command"
"""Where previews are asked for."""


class PreviewEndedError(SidecarError):
    """This preview has ended, or belongs to another browser. Start a new one where you started it."""

    code = "preview-ended"


class PreviewSpentError(SidecarError):
    """This address has been used or is too old. Each opens a preview once, within 15 minutes. Start a new one."""

    code = "preview-spent"


class PreviewNotReviewedError(SidecarError):
    """This version has not been approved yet, and before that no course plays here. Ask your regional competence office to approve it."""  # noqa: E501

    code = "preview-not-reviewed"


class Preview(Base, kw_only=True):
    """A preview under way; `identity_id` is None where somebody asked for it at the command line.

    `secret_hash`: of what opens it, once; from `opened_at` on of its cookie. `parts`: by SCO id the `elements` it has
    set, all strings, and the `session` that set them last. `pieces`: of commits that are not whole yet. `state`, `seq`
    and `session` are an attempt's; `digest` is that of the last commit, so that its repetition is known.
    """

    __tablename__ = "preview"
    __table_args__ = (Index("ix_preview_identity_id_created_at", "identity_id", "created_at"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    identity_id: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    version_id: Mapped[Id] = mapped_column(ForeignKey("course_version.id"), index=True)
    origin: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(2), default="nb")
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    created_at: Mapped[datetime]
    opened_at: Mapped[datetime | None] = mapped_column(default=None)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(10), default="open")
    seq: Mapped[int] = mapped_column(default=0)
    session: Mapped[str | None] = mapped_column(String(64), default=None)
    digest: Mapped[str] = mapped_column(String(64), default="")
    parts: Mapped[JsonValue] = mapped_column(default_factory=dict, repr=False)
    last_part: Mapped[str | None] = mapped_column(String(255), default=None)
    pieces: Mapped[JsonValue] = mapped_column(default_factory=list, repr=False)
    saved_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def states(self) -> dict[str, dict[str, str]]:
        """What was saved: the elements by SCO id."""
        return {sco_id: part["elements"] for sco_id, part in self.parts.items()}


@dataclass(frozen=True)
class Started:
    """A new preview, and the secret that opens it once."""

    preview_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class PartResult:
    """How a part of the course went."""

    title: str
    result: Result


def start(
    db: Session,
    *,
    version_id: str,
    identity_id: str | None,
    origin: str,
    now: datetime,
    language: str = "nb",
    reviewed_only: bool,
) -> Started:
    """Start a preview of a course version; whether somebody may see the version is the caller's to ask.

    Args:
        identity_id: whose it is; None at the command line.
        origin: PICKER, STAFF or COMMAND.
        reviewed_only: the content host is shared, so that only reviewed versions play.

    Raises:
        NotFoundError: there is no such version.
        PreviewNotReviewedError: it does not play here yet.
    """
    version = db.execute(select(CourseVersion.reviewed_at).where(CourseVersion.id == version_id)).one_or_none()
    if version is None:
        raise NotFoundError(what="version", key=version_id)
    if reviewed_only and version.reviewed_at is None:
        raise PreviewNotReviewedError
    mine = select(Preview.id).where(Preview.identity_id == identity_id)
    too_many = mine.order_by(Preview.created_at.desc(), Preview.id).offset(MOST_OF_ONE - 1)
    db.execute(delete(Preview).where(Preview.id.in_(db.scalars(too_many).all())))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    preview = Preview(
        identity_id=identity_id,
        version_id=version_id,
        origin=origin,
        language=language,
        secret_hash=hash_secret(secret),
        created_at=now,
        expires_at=now + KEPT,
    )
    db.add(preview)
    db.flush()
    return Started(preview.id, secret)


def find_version_id(db: Session, viewer: Viewer, key: str, number: int) -> str:
    """Return the id of a version of a course that the viewer looks after, whatever its state.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    this = Course.key == key, CourseVersion.number == number, may_see_course(viewer)
    version_id = db.scalar(select(CourseVersion.id).join(Course, Course.id == CourseVersion.course_id).where(*this))
    if version_id is None:
        raise NotFoundError(what="version", key=str(number))
    return version_id


def open_once(db: Session, secret: str, now: datetime) -> Started:
    """Open a preview by its secret, which opens nothing more; return the one that the browser keeps instead.

    Raises:
        PreviewSpentError: the secret is unknown, used or too old.
    """
    kept = secrets.token_urlsafe(SECRET_BYTES)
    unused = Preview.secret_hash == hash_secret(secret), Preview.opened_at.is_(None)
    claim = update(Preview).where(*unused, Preview.created_at > now - OPENED_WITHIN)
    preview_id = db.scalar(claim.values(opened_at=now, secret_hash=hash_secret(kept)).returning(Preview.id))
    if preview_id is None:
        raise PreviewSpentError
    return Started(preview_id, kept)


def find(db: Session, preview_id: str, secret: str, now: datetime) -> Preview:
    """Return the preview that a cookie belongs to.

    Raises:
        NotSignedInError: there is no cookie.
        PreviewEndedError: it belongs to none, it has ended, or its LMS may not use us any more.
    """
    if not secret:
        raise NotSignedInError
    query = select(Preview).outerjoin(Identity, Identity.id == Preview.identity_id)
    query = query.outerjoin(Platform, Platform.id == Identity.platform_id)
    mine = Preview.id == preview_id, Preview.secret_hash == hash_secret(secret), Preview.opened_at.is_not(None)
    preview = db.scalar(query.where(*mine, Preview.expires_at > now, or_(Platform.id.is_(None), is_active())))
    if preview is None:
        raise PreviewEndedError
    return preview


def find_living(db: Session, kept: Collection[str], now: datetime) -> set[str]:
    """Return which of the secrets that a browser keeps still belong to a preview."""
    hashes = {hash_secret(secret): secret for secret in kept}
    query = select(Preview.secret_hash).where(Preview.secret_hash.in_(hashes), Preview.expires_at > now)
    return {hashes[found] for found in db.scalars(query)}


def start_again(db: Session, preview_id: str, now: datetime) -> None:
    """Forget what the package said; a page that still shows it saves nothing more, as the numbers go on.

    Raises:
        PreviewEndedError: there is no such preview any more.
    """
    preview = _lock(db, preview_id, now)
    preview.state, preview.seq, preview.session, preview.digest = "open", preview.seq + 1, None, ""
    preview.parts, preview.pieces, preview.last_part, preview.saved_at = {}, [], None, None
    db.flush()


def commit(db: Session, preview_id: str, said: Said, *, now: datetime) -> Acknowledged:
    """Save a commit by the rules of attempts; nothing follows from it.

    Raises:
        PreviewEndedError: there is no such preview any more.
        SidecarError: as `core.commits.commit`.
    """
    preview = _lock(db, preview_id, now)
    course, digest = course_of(db, preview.version_id), said.digest()
    if (said.seq, digest) != (preview.seq, preview.digest):
        refuse_late(said, seq=preview.seq, session=preview.session, state=preview.state)
        check_changes(course.standard, said.changes)
        before: Mapping[str, Any] = preview.parts.get(said.sco_id, {"elements": {}, "session": None})
        elements = settle_part(course, said, before["elements"], before["session"])
        preview.parts = preview.parts | {said.sco_id: {"elements": elements, "session": said.session}}
        preview.seq, preview.session, preview.digest = said.seq, said.session, digest
        preview.last_part, preview.saved_at = said.sco_id, now
        _conclude(preview, said, elements, judge_preview(db, preview))
        db.flush()
    return Acknowledged(said.seq, judge_preview(db, preview))


def _conclude(preview: Preview, said: Said, elements: Mapping[str, str], result: Result) -> None:
    if preview.state == "open" and has_ended(said, elements, result):
        preview.state = result.state
    if preview.state != "open" and said.is_final:
        preview.session = None


def add_piece(db: Session, preview_id: str, piece: Piece, *, now: datetime) -> str | None:
    """Keep a piece of a commit, as `core.commits.add_piece` does; return the whole text once every piece has come.

    Raises:
        PreviewEndedError: there is no such preview any more.
        TooMuchDataError: the pieces of this commit are over a million characters.
    """
    preview = _lock(db, preview_id, now)
    place = piece.session, piece.seq, piece.number
    kept = [one for one in preview.pieces if (one["session"], one["seq"], one["number"]) != place]
    kept = [one for one in [*kept, asdict(piece)] if one["session"] == piece.session]
    mine = sorted((one["number"], one["text"]) for one in kept if one["seq"] == piece.seq)
    if sum(len(text) for _, text in mine) > JOINED_CHARACTERS:
        raise TooMuchDataError(limit=JOINED_CHARACTERS)
    is_whole = len(mine) >= piece.of
    if is_whole:
        kept = [one for one in kept if one["seq"] != piece.seq]
    elif len(kept) > PIECES_KEPT or sum(len(one["text"]) for one in kept) > JOINED_CHARACTERS:
        kept = [one for one in kept if one["seq"] == piece.seq]
    preview.pieces = kept
    db.flush()
    return "".join(text for _, text in mine) if is_whole else None


def judge_preview(db: Session, preview: Preview) -> Result:
    """Judge a preview as an attempt would be."""
    course = course_of(db, preview.version_id)
    return judge(course.standard, course.scos, preview.states)


def list_results(db: Session, preview: Preview) -> Sequence[PartResult]:
    """Return how each part of the course went that tells results."""
    course, states = course_of(db, preview.version_id), preview.states
    told = [sco for sco in course.scos if not sco.is_asset]
    return [PartResult(sco.title, judge_sco(course.standard, states.get(sco.id, {}))) for sco in told]


def forget_of_version(db: Session, version_id: str) -> None:
    """End the previews of a version that goes."""
    db.execute(delete(Preview).where(Preview.version_id == version_id))


def _lock(db: Session, preview_id: str, now: datetime) -> Preview:
    query = select(Preview).where(Preview.id == preview_id, Preview.expires_at > now)
    preview = db.scalar(query.with_for_update().execution_options(populate_existing=True))
    if preview is None:
        raise PreviewEndedError
    return preview


def show_version(db: Session, preview_id: str, version_id: str) -> None:
    """Let a preview go on in another version of its course, as its author goes on writing; what was saved stays.

    Raises:
        PreviewEndedError: there is no such preview any more.
    """
    query = update(Preview).where(Preview.id == preview_id).values(version_id=version_id, state="open", session=None)
    if db.scalar(query.returning(Preview.id)) is None:
        raise PreviewEndedError
