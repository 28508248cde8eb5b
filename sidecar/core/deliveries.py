"""Keep the ledger: what was delivered to whom, when, over which channel, with which receipt."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id


class Delivery(Base, kw_only=True):
    """One report handed, or to be handed, to one channel of one municipality.

    `key` = SHA-256 of definition × municipality × period × channel × `content_hash`: the same content is never
    delivered twice. `state`: waiting, delivering, delivered, failed. `files`: [{name, digest, size_bytes,
    media_type}]; the bytes lie in the storage. `period_end` is the last day, inclusive.
    """

    __tablename__ = "delivery"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    definition: Mapped[str] = mapped_column(String(40), default="completions")
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    connection_id: Mapped[Id] = mapped_column(ForeignKey("connection.id"))
    period: Mapped[str] = mapped_column(String(40))
    period_start: Mapped[date]
    period_end: Mapped[date]
    content_hash: Mapped[str] = mapped_column(String(64))
    row_count: Mapped[int]
    late_count: Mapped[int] = mapped_column(default=0)
    files: Mapped[JsonValue]
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    receipt: Mapped[JsonValue | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(String(60), default=None)
    error_text: Mapped[str | None] = mapped_column(String(500), default=None)
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)


class DeliveryItem(Base, kw_only=True):
    """A completion that stands in a delivery, for one employment."""

    __tablename__ = "delivery_item"

    delivery_id: Mapped[Key] = mapped_column(ForeignKey("delivery.id"))
    completion_id: Mapped[Key] = mapped_column(ForeignKey("completion.id"))
    employment_id: Mapped[Key] = mapped_column(ForeignKey("employment.id"))
