"""Keep the audit trail: who did what when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id


class AuditEntry(Base, kw_only=True):
    """One act. `actor` is `cli`, `identity`, or `lms` for one that registered itself.

    `facts` holds primitives, never personal data.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_identity_id_at", "identity_id", "at"),
        Index("ix_audit_entry_action_at", "action", "at"),
        Index("ix_audit_entry_subject_at", "subject", "at"),
    )

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(20))
    identity_id: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(64))
    facts: Mapped[JsonValue] = mapped_column(default_factory=dict)


def record(
    db: Session,
    action: str,
    subject: str,
    *,
    at: datetime,
    identity_id: str | None = None,
    actor: str = "cli",
    **facts: str | int,
) -> None:
    """Record an act in the transaction that does it.

    Args:
        action: static `noun.verb_past`.
        identity_id: who did it; None means `actor`.
    """
    actor = "identity" if identity_id else actor
    db.add(AuditEntry(at=at, actor=actor, identity_id=identity_id, action=action, subject=subject, facts=facts))
