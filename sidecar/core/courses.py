"""Keep courses and their versions: what a package holds and where its files lie."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from itertools import chain, count
from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    ForeignKey,
    Integer,
    Select,
    String,
    Subquery,
    UniqueConstraint,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.statements import run
from sidecar.core.validity import RENEWAL_DAYS, Rule
from sidecar.errors import InvalidInputError, NotFoundError, SidecarError

KEY = re.compile(r"[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?", re.ASCII)
KEY_CHARACTERS = 80
SUMMARY_CHARACTERS = 1000
NOTE_CHARACTERS = 1000
SUBJECT_CHARACTERS = 200
AUDIENCE_CHARACTERS = 300
LICENCE_CHARACTERS = 100
OWNER_CHARACTERS = 200
RESERVED = ("new", "offered", "received")
"""What the staff pages call something else: a course of this key would have no page."""

OWN: Final = "own"
LMS_ONLY: Final = "lms"
PATH: Final = "path"
TASK: Final = "task"
GATHERING: Final = "gathering"
LINK: Final = "link"
REGION_ONLY: Final = "region"

DRAFT: Final = "draft"
IN_REVIEW: Final = "in-review"
PUBLISHED: Final = "published"

_LETTERS = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "ß": "ss", "ð": "d", "þ": "th", "đ": "d", "ŋ": "n", "ŧ": "t"})

SIZE: Final = BigInteger().with_variant(Integer, "sqlite")
"""Bytes of a package or a file, which may be more than 2 GiB; any integer of SQLite holds them."""


class Course(Base, kw_only=True):
    """A course; its key is what the custom parameter `course` names, `summary` what a teacher reads who picks it.

    `subject`: one or several, separated by commas. `review_by`: the day from which it is due to be looked at again.
    `statutory_basis`: texts by kind, such as `{"laws": […]}`; `is_statutory`: whether there is any, which who writes
    the one says with it (`sidecar.core.course_facts`). A retired course is begun by nobody; who is under way may
    finish. `kind`: own; lms, which only an LMS has and tells completions of; path, of which learning paths there are;
    task, gathering or link, which are steps of such; region, which another region tells completions of. How long it
    is valid (`validity_months`, `validity_window`, `renewal_days`): see `sidecar.core.validity`. `is_transferable`:
    whether it counts at a later employer; None: where it is statutory.
    """

    __tablename__ = "course"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    key: Mapped[str] = mapped_column(String(KEY_CHARACTERS), unique=True)
    title: Mapped[str] = mapped_column(String(500))
    language: Mapped[str | None] = mapped_column(String(20), default=None)
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None)
    summary: Mapped[str | None] = mapped_column(String(SUMMARY_CHARACTERS), default=None)
    created_at: Mapped[datetime]
    subject: Mapped[str | None] = mapped_column(String(SUBJECT_CHARACTERS), default=None)
    audience: Mapped[str | None] = mapped_column(String(AUDIENCE_CHARACTERS), default=None)
    licence: Mapped[str | None] = mapped_column(String(LICENCE_CHARACTERS), default=None)
    owner: Mapped[str | None] = mapped_column(String(OWNER_CHARACTERS), default=None)
    duration_minutes: Mapped[int | None] = mapped_column(default=None)
    review_by: Mapped[date | None] = mapped_column(default=None)
    statutory_basis: Mapped[JsonValue] = mapped_column(default_factory=dict, server_default="{}")
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    retired_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    kind: Mapped[str] = mapped_column(String(10), default=OWN, server_default=OWN)
    validity_months: Mapped[int | None] = mapped_column(default=None)
    validity_window: Mapped[str | None] = mapped_column(String(5), default=None)
    renewal_days: Mapped[int] = mapped_column(default=RENEWAL_DAYS, server_default=str(RENEWAL_DAYS))
    is_transferable: Mapped[bool | None] = mapped_column(default=None)
    is_statutory: Mapped[bool] = mapped_column(default=False, server_default="0")

    @property
    def rule(self) -> Rule:
        """How long it counts once it is completed."""
        return Rule(self.validity_months, self.validity_window, self.renewal_days)


class CourseVersion(Base, kw_only=True):
    """One checked and stored package of a course; new attempts play the one that was published last.

    Attributes:
        manifest: the JSON of `scorm_packages`, as are `findings`.
        reviewed_at: since when it may play on a content host shared with other packages.
        state: draft, in-review, published.
        title: what the course is called from its publishing on; None leaves it.
        note: what its author says is new; `reply`: what a reviewer answered who sent it back.
        changes: against the version before, the number of files `added`, `removed`, `changed`.
        publishing: the number, among the course's publishings from 1, of the last one of this version; 0 for one from
            before there were drafts, which may be published and not reviewed.
        is_own_review: who uploaded it went through the checklist, as nobody else could.
        accessibility: what keeps people out: `{"static": […]}` as `package check --json` prints it, and `browser`, see
            `sidecar.browser_checks`; None where it was not looked at.
    """

    __tablename__ = "course_version"
    __table_args__ = (UniqueConstraint("course_id", "number"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    number: Mapped[int]
    standard: Mapped[str] = mapped_column(String(20))
    manifest: Mapped[JsonValue]
    findings: Mapped[JsonValue]
    package_digest: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(SIZE)
    file_count: Mapped[int]
    uploaded_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    uploaded_at: Mapped[datetime]
    reviewed_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    reviewed_at: Mapped[datetime | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(String(10), default=PUBLISHED, server_default=PUBLISHED)
    title: Mapped[str | None] = mapped_column(String(500), default=None)
    note: Mapped[str | None] = mapped_column(String(NOTE_CHARACTERS), default=None)
    reply: Mapped[str | None] = mapped_column(String(NOTE_CHARACTERS), default=None)
    changes: Mapped[JsonValue | None] = mapped_column(default=None)
    sent_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    publishing: Mapped[int] = mapped_column(default=0, server_default="0")
    published_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    published_at: Mapped[datetime | None] = mapped_column(default=None)
    is_own_review: Mapped[bool] = mapped_column(default=False, server_default="0")
    accessibility: Mapped[JsonValue | None] = mapped_column(default=None)
    links_checked_at: Mapped[datetime | None] = mapped_column(default=None)
    links_count: Mapped[int | None] = mapped_column(default=None)


class PackageFile(Base, kw_only=True):
    """A file of a course version; its bytes lie in the storage under their SHA-256."""

    __tablename__ = "package_file"

    version_id: Mapped[Key] = mapped_column(ForeignKey("course_version.id"))
    path: Mapped[str] = mapped_column(String(4000), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(SIZE)


class NothingToPlayError(SidecarError):
    """The course "{key}" has nothing to play yet. Ask your regional competence office."""

    code = "nothing-to-play"


class CourseRetiredError(SidecarError):
    """The course "{key}" has been retired, so nobody can begin it. Ask your regional competence office what to take."""

    code = "course-retired"


def check_key(key: str) -> str:
    """Return a course key that may be used.

    Raises:
        InvalidInputError: it is not 1 to 80 of a-z, 0-9 and "-", with a letter or digit at both ends; or is reserved.
    """
    if not KEY.fullmatch(key) or key in RESERVED:
        raise InvalidInputError(field="key", reason='use 1 to 80 of a-z, 0-9 and "-", like "brannvern-2026".')
    return key


def suggest_key(title: str) -> str:
    """Return a course key made from a title, "course" where nothing of it can be used."""
    plain = unicodedata.normalize("NFKD", title.lower().translate(_LETTERS))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    key = "-".join(words)[:KEY_CHARACTERS].strip("-")
    return "course" if key in ("", *RESERVED) else key


def free_key(db: Session, wished: str) -> str:
    """Return the key that is wished for, or one with a number behind it where that is another course's."""
    begin = wished[: KEY_CHARACTERS - 5].rstrip("-")
    alike = or_(Course.key == wished, Course.key.startswith(f"{begin}-", autoescape=True))
    taken = {*RESERVED, *db.scalars(select(Course.key).where(alike))}
    numbered = (f"{begin}-{number}" for number in count(2))
    return next(key for key in chain([wished], numbered) if key not in taken)


def list_versions(db: Session, course_id: str) -> Sequence[CourseVersion]:
    """Return the versions of a course, the newest first."""
    query = select(CourseVersion).where(CourseVersion.course_id == course_id)
    return db.scalars(query.order_by(CourseVersion.number.desc())).all()


def find_version(db: Session, course: Course, number: int, *, to_change: bool = False) -> CourseVersion:
    """Return a version of a course.

    Args:
        to_change: nobody else changes it till the end of the transaction.

    Raises:
        NotFoundError: there is none of this number.
    """
    query = select(CourseVersion).where(CourseVersion.course_id == course.id, CourseVersion.number == number)
    found = db.scalar(query.with_for_update() if to_change else query)
    if found is None:
        raise NotFoundError(what="version", key=str(number))
    return found


def newest_version_id(db: Session, course: Course, *, reviewed_only: bool = False) -> str:
    """Return the id of the version that a new attempt plays: of those published, the one that was so last.

    Args:
        reviewed_only: prefer the newest one that may play on a shared content host.

    Raises:
        NothingToPlayError: the course has no published version.
    """
    version_id: str | None = run(db, _newest(reviewed_only), course_id=course.id).scalar()
    if version_id is None:
        raise NothingToPlayError(key=course.key)
    return version_id


@cache
def _newest(reviewed_only: bool) -> Select[str]:
    published = CourseVersion.course_id == bindparam("course_id"), CourseVersion.state == PUBLISHED
    query = select(CourseVersion.id).where(*published)
    if reviewed_only:
        query = query.order_by(CourseVersion.reviewed_at.is_(None))
    return query.order_by(*_last_published_first()).limit(1)


def _last_published_first() -> tuple[ColumnElement[int], ColumnElement[int]]:
    return CourseVersion.publishing.desc(), CourseVersion.number.desc()


def playing_versions(*conditions: ColumnElement[bool]) -> Subquery:
    """Return a query of `course_id` and `version_id`: what new attempts at each course play.

    Args:
        conditions: on `CourseVersion`, beside that it is published.
    """
    place = func.row_number().over(partition_by=CourseVersion.course_id, order_by=_last_published_first())
    published = select(CourseVersion.course_id, CourseVersion.id.label("version_id"), place.label("place"))
    ranked = published.where(CourseVersion.state == PUBLISHED, *conditions).subquery()
    return select(ranked.c.course_id, ranked.c.version_id).where(ranked.c.place == 1).subquery()


def playing_version_id(db: Session, course_id: str) -> str | None:
    """Return the id of the version that was published last; None where none is."""
    playing = playing_versions(CourseVersion.course_id == course_id)
    return db.scalar(select(playing.c.version_id))


def find_version_of(db: Session, course_id: str, package_digest: str) -> CourseVersion | None:
    """Return the newest version of a course if it is this very package, so that it isn't added twice."""
    newest = select(func.max(CourseVersion.number)).where(CourseVersion.course_id == course_id).scalar_subquery()
    query = select(CourseVersion).where(
        CourseVersion.course_id == course_id,
        CourseVersion.package_digest == package_digest,
        CourseVersion.number == newest,
    )
    return db.scalar(query)


def next_number(db: Session, course_id: str) -> int:
    """Return the number of a course's next version, from 1."""
    newest = db.scalar(select(func.max(CourseVersion.number)).where(CourseVersion.course_id == course_id))
    return (newest or 0) + 1


def is_reviewed(db: Session, version_id: str) -> bool:
    """Tell whether a course version may play on a content host shared with other packages."""
    return run(db, _reviewed(), version_id=version_id).one_or_none() is not None


@cache
def _reviewed() -> Executable:
    reviewed = CourseVersion.id == bindparam("version_id"), CourseVersion.reviewed_at.is_not(None)
    return select(CourseVersion.id).where(*reviewed)


def find_file(db: Session, version_id: str, path: str) -> PackageFile | None:
    """Return a file of a course version by its exact path."""
    row = run(db, _file(), version_id=version_id, path=path).one_or_none()
    return PackageFile(**row._mapping) if row else None


@cache
def _file() -> Executable:
    here = PackageFile.version_id == bindparam("version_id"), PackageFile.path == bindparam("path")
    return select(PackageFile).where(*here)
