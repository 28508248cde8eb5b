"""Keep the municipalities: the employers that completions are reported to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Key, new_id
from sidecar.errors import ConflictError, NotFoundError


class Municipality(Base, kw_only=True):
    """A municipality, keyed by its organisation number, which survives reforms.

    `most_bytes` and `most_packages`: how much its courses may take; None is the installation's own measure.
    """

    __tablename__ = "municipality"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    org_number: Mapped[str] = mapped_column(String(9), unique=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    number: Mapped[str | None] = mapped_column(String(4), default=None)
    language: Mapped[str] = mapped_column(String(2), default="nb")
    most_bytes: Mapped[int | None] = mapped_column(BigInteger, default=None)
    most_packages: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[datetime]


def find_municipality(db: Session, key: str) -> Municipality:
    """Return a municipality by organisation number or slug.

    Raises:
        NotFoundError: there is none.
    """
    query = select(Municipality).where(or_(Municipality.org_number == key, Municipality.slug == key))
    municipality = db.scalar(query)
    if municipality is None:
        raise NotFoundError(what="municipality", key=key)
    return municipality


def list_municipalities(db: Session) -> Sequence[Municipality]:
    """Return all municipalities by name."""
    return db.scalars(select(Municipality).order_by(Municipality.name)).all()


def hold(db: Session, municipality_id: str) -> None:
    """Let nobody else write a municipality's people, or look who they are to place something, until the end.

    First of all in a transaction: who holds it locks the people themselves afterwards. Learners go on meanwhile.
    """
    query = select(Municipality.id).where(Municipality.id == municipality_id)
    db.execute(query.with_for_update(key_share=True))


def add_municipality(db: Session, municipality: Municipality) -> Municipality:
    """Add a municipality.

    Raises:
        ConflictError: the organisation number or the slug is taken.
    """
    for key in (municipality.org_number, municipality.slug):
        if db.scalar(select(Municipality.id).where(or_(Municipality.org_number == key, Municipality.slug == key))):
            raise ConflictError(what="municipality", key=key)
    db.add(municipality)
    db.flush()
    return municipality
