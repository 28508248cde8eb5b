"""Keep the access log: who has seen a person's data, in which capacity, what, and when; the person can read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final, Literal

from sqlalchemy import String, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.access import Viewer
from sidecar.core.db import Base, Key
from sidecar.core.periods import day_of

CONSOLE: Final = "console"
"""Stands for whoever runs the command line on the server."""

What = Literal[
    "people-list",
    "person-page",
    "not-placed",
    "report-preview",
    "report-file",
    "export",
    "erasure",
    "sign-ins",
    "roles",
    "audit",
    "why",
    "dry-launch",
    "completions-entered",
    "document",
    "roster",
    "matching",
    "proof",
    "erasure-requests",
    "source-changes",
    "sign-offs",
    "gathering",
]
"""What was looked at."""


class Look(Base, kw_only=True):
    """One viewer's looks at one person's data on one day (Europe/Oslo), of one kind.

    `subject_id` is a person's id, or the id of an identity that was not placed then. `municipality_id` is whose
    people were looked through, "" for none; `role` is what let the viewer. `viewer_id` is of an identity, or of a
    municipality's contact who has none.
    """

    __tablename__ = "access_log"

    subject_id: Mapped[Key]
    day: Mapped[date] = mapped_column(primary_key=True, index=True)
    viewer_id: Mapped[Key] = mapped_column(index=True)
    municipality_id: Mapped[Key]
    what: Mapped[str] = mapped_column(String(20), primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    looks: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


def record(
    db: Session, viewer: Viewer, what: What, subject_ids: Iterable[str], *, municipality_id: str, now: datetime
) -> None:
    """Record that a viewer has seen these people, in one statement; a further look the same day is counted.

    Args:
        subject_ids: of people, or of identities that are not placed.
        municipality_id: whose people they are seen as; "" for none.
    """
    same = {
        "day": day_of(now),
        "viewer_id": viewer.identity_id or viewer.contact_id or CONSOLE,
        "municipality_id": municipality_id,
        "what": what,
        "role": viewer.role_in(municipality_id),
        "looks": 1,
        "first_at": now,
        "last_at": now,
    }
    # In one order, so that two pages of one viewer never wait for each other's rows.
    rows = [{"subject_id": subject_id} | same for subject_id in sorted(set(subject_ids))]
    if not rows:
        return
    new = postgresql.insert(Look) if db.get_bind().dialect.name == "postgresql" else sqlite.insert(Look)
    again = {"looks": Look.looks + 1, "last_at": new.excluded.last_at, "role": new.excluded.role}
    key = [column.name for column in Look.__table__.primary_key]
    db.execute(new.on_conflict_do_update(index_elements=key, set_=again), rows)


def forget(db: Session, subject_ids: Sequence[str]) -> None:
    """Remove who has looked at a person that is erased."""
    db.execute(delete(Look).where(Look.subject_id.in_(subject_ids)))
