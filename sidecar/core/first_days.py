"""Say which first day a newcomer has of whom nobody tells one.

An employer is told what was completed since the first day, and an unknown one counts as long ago. So it stays unknown
only for those who were there already when the employer's people first came in.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from sidecar.core.connections import Connection
from sidecar.core.people import PeopleImport
from sidecar.core.people_sources import PEOPLE, Source
from sidecar.core.periods import first_moment

PUSHES = "scim"
"""The connector of what is pushed one by one, and never as a whole."""

ALL_PUSHED: Final = timedelta(days=7)
"""How long after its source was set up a client may push those who were there already."""


def first_day_of(db: Session, municipality_id: str, source_id: str | None, today: date) -> date | None:
    """Return the first day of newcomers of whom none is told: today, or None while all the people come in at first.

    Args:
        source_id: who tells; None for somebody by hand.
    """
    theirs = Source.municipality_id == municipality_id, Source.kind == PEOPLE
    joined = select(Source.id).join(Connection, Connection.id == Source.connection_id)
    if source_id is not None:
        is_in = Source.created_at < first_moment(today - ALL_PUSHED)
        is_known = and_(Connection.connector == PUSHES, is_in) | Source.last_full_at.is_not(None)
        return today if db.scalar(joined.where(Source.id == source_id, is_known)) else None
    before = db.scalar(select(PeopleImport.id).where(PeopleImport.municipality_id == municipality_id).limit(1))
    told = db.scalar(select(Source.id).where(*theirs, Source.last_full_at.is_not(None)).limit(1))
    return today if before or told else None
