"""Keep which requests peers have made, for as long as each could be repeated, so that none is answered twice."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Key
from sidecar.core.statements import insert_if_new

ID_CHARACTERS: Final = 64


class SeenRequest(Base, kw_only=True):
    """A request that a peer made, by the id it gave it; after `expires_at` it is refused for its age alone."""

    __tablename__ = "seen_request"

    peer_id: Mapped[Key] = mapped_column(ForeignKey("peer.id"))
    request_id: Mapped[str] = mapped_column(String(ID_CHARACTERS), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


def is_first(db: Session, peer_id: str, request_id: str, expires_at: datetime) -> bool:
    """Note a request; tell whether it came for the first time."""
    row = SeenRequest(peer_id=peer_id, request_id=request_id, expires_at=expires_at)
    return insert_if_new(db, row, unique=("peer_id", "request_id"))


def is_old(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a request is too old to be repeated."""
    return SeenRequest.expires_at < now
