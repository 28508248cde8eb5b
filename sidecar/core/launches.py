"""Keep launches: logins under way, launches that succeeded, and launches that failed with a reference."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id


class LoginRecord(Base, kw_only=True):
    """A third-party-initiated login under way (10 minutes); the only store of nonces, consumed once."""

    __tablename__ = "login_record"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    nonce: Mapped[str] = mapped_column(String(64), repr=False)
    browser_secret_hash: Mapped[str] = mapped_column(String(64), repr=False)
    target_link_uri: Mapped[str] = mapped_column(String(1000))
    deployment_hint: Mapped[str | None] = mapped_column(String(255), default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    consumed_at: Mapped[datetime | None] = mapped_column(default=None)


class Launch(Base, kw_only=True):
    """A launch that was let in: who, from where, to which course, and how to send the grade back."""

    __tablename__ = "launch"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    resource_link_id: Mapped[str] = mapped_column(String(255))
    context_id: Mapped[str | None] = mapped_column(String(255), default=None)
    course_id: Mapped[Id | None] = mapped_column(ForeignKey("course.id"), default=None)
    lineitem_url: Mapped[str | None] = mapped_column(Text, default=None)
    ags_scopes: Mapped[JsonValue] = mapped_column(default_factory=list)
    return_url: Mapped[str | None] = mapped_column(Text, default=None)
    language: Mapped[str] = mapped_column(String(2), default="nb")
    launched_at: Mapped[datetime] = mapped_column(index=True)


class FailedLaunch(Base, kw_only=True):
    """A launch that was refused; the page shows the reference, staff find the reason by it."""

    __tablename__ = "failed_launch"

    reference: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(60))
    facts: Mapped[JsonValue] = mapped_column(default_factory=dict)
    platform_id: Mapped[Id | None] = mapped_column(ForeignKey("platform.id"), default=None)
    failed_at: Mapped[datetime] = mapped_column(index=True)
