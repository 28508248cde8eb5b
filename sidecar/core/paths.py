"""Keep learning paths: courses of kind "path", each with a draft that is changed and versions that never are.

A path is looked after by the RKK of its region; one of no region by operators. Its validity, statutory basis and
audience are those of its course.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Select,
    String,
    Subquery,
    UniqueConstraint,
    func,
    select,
    true,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.courses import KEY_CHARACTERS, NOTE_CHARACTERS, PATH, Course, check_key, free_key, suggest_key
from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.path_contents import (
    Content,
    check_content,
    content_of,
    digest_of,
    document_of,
    named,
)
from sidecar.core.regions import Region
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError

KIND: Final = "path-finishing"
"""The kind of an outbox item that looks who has finished a path whose version is new; its subject is the version."""


class LearningPath(Base, kw_only=True):
    """A learning path.

    Attributes:
        region_id: whose RKK looks after it; None: the operators.
        draft: the content that is being worked on, `sidecar.core.path_contents.Content` as JSON.
        draft_number: grows with each change, so that of two who change it at once the second is told.
    """

    __tablename__ = "learning_path"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"), unique=True)
    region_id: Mapped[Id | None] = mapped_column(ForeignKey("region.id"), default=None, index=True)
    draft: Mapped[JsonValue]
    draft_number: Mapped[int] = mapped_column(default=1)
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    created_at: Mapped[datetime]


class LearningPathVersion(Base, kw_only=True):
    """What a path held from a moment on; never changed.

    Attributes:
        content: `sidecar.core.path_contents.Content` as JSON, `digest`: of it, every step naming its course.
        note: what is new, for those who follow the path.
        looked_through: the last person of whom it was looked whether they have finished; None once all were looked at.
    """

    __tablename__ = "learning_path_version"
    __table_args__ = (UniqueConstraint("path_id", "number"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    path_id: Mapped[Id] = mapped_column(ForeignKey("learning_path.id"))
    number: Mapped[int]
    content: Mapped[JsonValue]
    digest: Mapped[str] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(NOTE_CHARACTERS), default=None)
    published_at: Mapped[datetime]
    published_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    looked_through: Mapped[Id | None] = mapped_column(default="")


class LearningPathStep(Base, kw_only=True):
    """Which course a step of a version is about, so that the database finds the paths of a course."""

    __tablename__ = "learning_path_step"

    version_id: Mapped[Key] = mapped_column(ForeignKey("learning_path_version.id"))
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"), index=True)


class PathKeyTakenError(SidecarError):
    """The key "{key}" belongs to a course or learning path already. Choose another key."""

    code = "path-key-taken"


class DraftChangedError(SidecarError):
    """Somebody else has changed this learning path meanwhile. Reload the page, then make your change once more."""

    code = "path-draft-changed"


class PathRetiredError(SidecarError):
    """This learning path is retired. Bring it back before you change it."""

    code = "path-retired"


@dataclass(frozen=True)
class PathLine:
    """A path as a list shows it; `region` is "" for the operators', `newest` None where none was published."""

    path: LearningPath
    course: Course
    region: str
    newest: LearningPathVersion | None

    @property
    def draft(self) -> Content:
        """What is being worked on."""
        return content_of(self.path.draft)

    @property
    def content(self) -> Content:
        """What holds now; the draft where nothing was published."""
        return content_of(self.newest.content) if self.newest else self.draft

    @property
    def is_changed(self) -> bool:
        """Tell whether the draft differs from what was published last."""
        return self.newest is None or digest_of(named(self.draft, self.course.key)) != self.newest.digest

    def status(self) -> str:
        """Return how it stands: draft, published, changed (published, and the draft differs), retired."""
        if self.course.retired_at:
            return "retired"
        if self.newest is None:
            return "draft"
        return "changed" if self.is_changed else "published"


def may_see_path(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `LearningPath` that bounds a query to the paths the viewer looks after."""
    return true() if viewer.everything else LearningPath.region_id.in_(viewer.regions)


def may_make_path(viewer: Viewer, region_id: str | None) -> bool:
    """Tell whether the viewer may make paths of a region; None: of the operators."""
    return viewer.everything or region_id in viewer.regions


def list_paths(db: Session, viewer: Viewer) -> Sequence[PathLine]:
    """Return the paths the viewer looks after, by title; the retired come last."""
    query = _lines().where(may_see_path(viewer))
    rows = db.execute(query.order_by(Course.retired_at.is_not(None), func.lower(Course.title), Course.key))
    return [PathLine(path, course, region or "", newest) for path, course, region, newest in rows]


def find_path(db: Session, viewer: Viewer, key: str, *, to_change: bool = False) -> PathLine:
    """Return a path the viewer looks after.

    Args:
        to_change: nobody else changes it till the end of the transaction.

    Raises:
        NotFoundError: there is none, or it is not theirs.
        PathRetiredError: it is to be changed, and is out of use.
    """
    if to_change:
        own = select(LearningPath.id).join(Course, Course.id == LearningPath.course_id).where(Course.key == key)
        db.execute(own.with_for_update(of=LearningPath)).all()
    row = db.execute(_lines().where(Course.key == key, may_see_path(viewer))).one_or_none()
    if row is None:
        raise NotFoundError(what="learning path", key=key[:KEY_CHARACTERS])
    path, course, region, newest = row
    if to_change and course.retired_at:
        raise PathRetiredError
    return PathLine(path, course, region or "", newest)


def _lines() -> Select[*tuple[Any, ...]]:
    newest = newest_versions()
    return (
        select(LearningPath, Course, Region.name, LearningPathVersion)
        .join(Course, Course.id == LearningPath.course_id)
        .outerjoin(Region, Region.id == LearningPath.region_id)
        .outerjoin(newest, newest.c.path_id == LearningPath.id)
        .outerjoin(LearningPathVersion, LearningPathVersion.id == newest.c.version_id)
        .execution_options(populate_existing=True)
    )


def newest_versions() -> Subquery:
    """Return a query of `path_id` and `version_id`: what of each path holds now."""
    place = func.row_number().over(partition_by=LearningPathVersion.path_id, order_by=LearningPathVersion.number.desc())
    ranked = select(LearningPathVersion.path_id, LearningPathVersion.id.label("version_id"), place.label("place"))
    rows = ranked.subquery()
    return select(rows.c.path_id, rows.c.version_id).where(rows.c.place == 1).subquery()


def list_versions(db: Session, path_id: str) -> Sequence[LearningPathVersion]:
    """Return the versions of a path, the newest first."""
    query = select(LearningPathVersion).where(LearningPathVersion.path_id == path_id)
    return db.scalars(query.order_by(LearningPathVersion.number.desc())).all()


def list_used_keys(db: Session, path_id: str) -> set[str]:
    """Return the keys of all parts and steps that the draft and the versions of a path have or had."""
    drafts = select(LearningPath.draft).where(LearningPath.id == path_id)
    contents = [*db.scalars(drafts), *(one.content for one in list_versions(db, path_id))]
    parts = [part for content in contents for part in content_of(content).parts]
    return {part.key for part in parts} | {step.key for part in parts for step in part.steps}


def find_path_version(db: Session, path_id: str, number: int) -> LearningPathVersion:
    """Return a version of a path.

    Raises:
        NotFoundError: there is none of this number.
    """
    here = LearningPathVersion.path_id == path_id, LearningPathVersion.number == number
    found = db.scalar(select(LearningPathVersion).where(*here))
    if found is None:
        raise NotFoundError(what="version", key=str(number))
    return found


def add_path(
    db: Session, viewer: Viewer, content: Content, now: datetime, *, region_id: str | None = None, key: str = ""
) -> PathLine:
    """Begin a path as a draft; its course shows nothing until it is published.

    Args:
        region_id: whose it shall be; None: the operators'.
        key: of its course; "" makes one of the title that is free.

    Raises:
        NotAllowedError: the viewer makes no paths there.
        PathKeyTakenError: the key is another's.
        InvalidInputError: the key can't be used.
        SidecarError: as `check_content`.
    """
    if not may_make_path(viewer, region_id):
        raise NotAllowedError
    check_content(content)
    key = check_key(key) if key else free_key(db, suggest_key(content.title))
    if db.scalar(select(Course.id).where(Course.key == key)):
        raise PathKeyTakenError(key=key)
    course = Course(key=key, title=content.title, kind=PATH, created_at=now)
    describe(course, content)
    db.add(course)
    db.flush()
    by = viewer.identity_id
    path = LearningPath(
        course_id=course.id,
        region_id=region_id,
        draft=document_of(content),
        drafted_at=now,
        drafted_by=by,
        created_at=now,
    )
    db.add(path)
    db.flush()
    audit.record(db, "learning_path.begun", path.id, at=now, identity_id=by, course=key)
    return find_path(db, viewer, key)


def save_draft(db: Session, viewer: Viewer, key: str, content: Content, draft_number: int, now: datetime) -> PathLine:
    """Keep what is being worked on.

    Args:
        draft_number: of the draft that was changed.

    Raises:
        NotFoundError, PathRetiredError: as `find_path`.
        DraftChangedError: it is not the present one any more.
        SidecarError: as `check_content`.
    """
    line = find_path(db, viewer, key, to_change=True)
    check_content(content)
    by = viewer.identity_id
    claim = (
        update(LearningPath)
        .where(LearningPath.id == line.path.id, LearningPath.draft_number == draft_number)
        .values(draft=document_of(content), draft_number=draft_number + 1, drafted_at=now, drafted_by=by)
        .returning(LearningPath.id)
    )
    if db.scalar(claim) is None:
        raise DraftChangedError
    audit.record(db, "learning_path.changed", line.path.id, at=now, identity_id=by, course=key)
    return find_path(db, viewer, key)


def describe(course: Course, content: Content) -> None:
    """Let a path's course be called and described as the path is."""
    course.title, course.summary, course.language = content.title, content.summary or None, content.language or None
