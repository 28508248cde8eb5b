"""Keep the LTI platforms, whom they speak for, and our own signing keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id


class Platform(Base, kw_only=True):
    """An LMS that launches us: one registration (issuer, client id)."""

    __tablename__ = "platform"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(255))
    auth_url: Mapped[str] = mapped_column(String(1000))
    token_url: Mapped[str] = mapped_column(String(1000))
    jwks_url: Mapped[str] = mapped_column(String(1000))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)


class Deployment(Base, kw_only=True):
    """A deployment of our tool in a platform; `pending` till an operator approves it."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(10), default="active")
    seen_at: Mapped[datetime]


class PlatformMunicipality(Base, kw_only=True):
    """A municipality that a platform speaks for.

    `pattern`: a regular expression over `lis.person_sourcedid` with the group `employee_number`; None means the
    default of `sidecar.core.placing`.
    """

    __tablename__ = "platform_municipality"

    platform_id: Mapped[Key] = mapped_column(ForeignKey("platform.id"))
    municipality_id: Mapped[Key] = mapped_column(ForeignKey("municipality.id"))
    pattern: Mapped[str | None] = mapped_column(String(500), default=None)


class ResourceLink(Base, kw_only=True):
    """A link in an LMS course that staff bound to one of our courses."""

    __tablename__ = "resource_link"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id", "resource_link_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    resource_link_id: Mapped[str] = mapped_column(String(255))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    bound_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    bound_at: Mapped[datetime]


class SigningKey(Base, kw_only=True):
    """A signing key of the tool: `next`, `active` or `retired`; the private part is encrypted."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    private: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    public: Mapped[JsonValue] = mapped_column()
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None] = mapped_column(default=None)
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
