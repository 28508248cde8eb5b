"""Keep the keys of hashes that must stay the same for good, however often the keys of secrets change."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Sealed

NATIONAL_ID: Final = "national-id"


class HashKey(Base, kw_only=True):
    """A key, sealed; `name` says what is hashed with it."""

    __tablename__ = "hash_key"

    name: Mapped[str] = mapped_column(String(30), primary_key=True)
    key: Mapped[Sealed] = mapped_column(repr=False)
    created_at: Mapped[datetime]
