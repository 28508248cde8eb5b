"""Keep the roles that an operator granted; no LTI role gives sight of other people's data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, Key, new_id

ROLES = ("content-developer", "manager", "contact", "rkk", "operator")
"""Every role that is granted; a learner needs no grant."""


class Grant(Base, kw_only=True):
    """A role given to an identity, with its scope and end.

    Scope by role: manager = municipality and unit; contact and content-developer = municipality; rkk = region;
    operator = everything.
    """

    __tablename__ = "staff_grant"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None)
    region_id: Mapped[Id | None] = mapped_column(ForeignKey("region.id"), default=None)
    unit: Mapped[str | None] = mapped_column(String(200), default=None)
    granted_at: Mapped[datetime]
    ends_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
