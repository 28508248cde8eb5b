"""Keep connections: a municipality's channels, with settings that are opaque and encrypted here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, Key, new_id


class Connection(Base, kw_only=True):
    """One connector set up for one municipality."""

    __tablename__ = "connection"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    connector: Mapped[str] = mapped_column(String(40))
    settings: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None] = mapped_column(default=None)
    tested_at: Mapped[datetime | None] = mapped_column(default=None)
    test_error_code: Mapped[str | None] = mapped_column(String(60), default=None)
