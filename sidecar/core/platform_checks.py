"""Keep the outcome of the last test of each connection to an LMS, and who asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit, outbox
from sidecar.core.audit import AuditEntry
from sidecar.core.db import Base, Id, JsonValue, Key

KIND = "platform-check"


class PlatformCheck(Base, kw_only=True):
    """The last test of a platform; `steps` is a list of {`code`, `outcome`, `facts`}."""

    __tablename__ = "platform_check"

    platform_id: Mapped[Key] = mapped_column(ForeignKey("platform.id"))
    checked_at: Mapped[datetime]
    checked_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    steps: Mapped[JsonValue] = mapped_column(default_factory=list)


def ask_for(db: Session, platform_id: str, *, by: str, now: datetime) -> None:
    """Let a worker test a connection; while one is under way nothing more happens.

    Args:
        by: the identity of who asks.
    """
    if is_under_way(db, platform_id):
        return
    outbox.put(db, KIND, platform_id, key=f"{KIND}:{platform_id}:{now.isoformat()}", now=now)
    audit.record(db, "platform.check_requested", platform_id, at=now, identity_id=by)


def is_under_way(db: Session, platform_id: str) -> bool:
    """Tell whether a test waits or is being made."""
    return outbox.is_under_way(db, KIND, platform_id)


def asked_by(db: Session, platform_id: str) -> str | None:
    """Return the identity of who asked last, or None."""
    asked = AuditEntry.action == "platform.check_requested", AuditEntry.subject == platform_id
    return db.scalar(select(AuditEntry.identity_id).where(*asked).order_by(AuditEntry.at.desc()).limit(1))


def keep(
    db: Session, platform_id: str, steps: Sequence[Mapping[str, Any]], *, by: str | None, now: datetime
) -> PlatformCheck:
    """Keep what a test found in the place of the one before.

    Args:
        by: the identity of who asked for it; None means the command line.
    """
    row = PlatformCheck(platform_id=platform_id, checked_at=now, checked_by=by, steps=[dict(each) for each in steps])
    kept = db.merge(row)
    db.flush()
    return kept
