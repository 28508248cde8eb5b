"""Keep courses and their versions: what a package holds and where its files lie."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id


class Course(Base, kw_only=True):
    """A course; its key is what the custom parameter `course` names."""

    __tablename__ = "course"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(500))
    language: Mapped[str | None] = mapped_column(String(20), default=None)
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None)
    created_at: Mapped[datetime]


class CourseVersion(Base, kw_only=True):
    """One checked and stored package of a course; the highest number is the one new attempts play.

    `manifest` and `findings` are the JSON of `scorm_packages`; `reviewed_at` says that a person of RKK or an
    operator let it play on a content host shared with other packages.
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
    size_bytes: Mapped[int]
    file_count: Mapped[int]
    uploaded_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    uploaded_at: Mapped[datetime]
    reviewed_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    reviewed_at: Mapped[datetime | None] = mapped_column(default=None)


class PackageFile(Base, kw_only=True):
    """A file of a course version; its bytes lie in the storage under their SHA-256."""

    __tablename__ = "package_file"

    version_id: Mapped[Key] = mapped_column(ForeignKey("course_version.id"))
    path: Mapped[str] = mapped_column(String(4000), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
