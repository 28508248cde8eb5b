"""Keep sign-ins: server-side sessions, and one-time links that make one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, Key, new_id


class SignIn(Base, kw_only=True):
    """A signed-in session; the cookie holds a secret whose SHA-256 stands here."""

    __tablename__ = "sign_in"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    launch_id: Mapped[Id | None] = mapped_column(ForeignKey("launch.id"), default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class SignInLink(Base, kw_only=True):
    """A one-time link: 15 minutes, one use; the secret stands in the URL's fragment and is sent by POST."""

    __tablename__ = "sign_in_link"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
