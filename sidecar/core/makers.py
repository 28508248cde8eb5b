"""Say whether who made something for a municipality may make such things there still.

Tokens and contacts are made by the role of the RKK, or by operators. They outlive that role, as systems and people rely
on them: who takes the role away is shown what stays, and the lists mark it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from sidecar.core.periods import day_of
from sidecar.core.regions import RegionMembership, is_member_on
from sidecar.core.staff import Grant, holds


def has_lost_right(
    made_by: InstrumentedAttribute[str | None],
    municipality_id: InstrumentedAttribute[str],
    now: datetime,
    *,
    without: str = "",
) -> ColumnElement[bool]:
    """Return the condition that who made a row may make none for its municipality now; never so at the command line.

    Args:
        without: id of a role that is left out of account, as it is about to be taken away.
    """
    regions = select(RegionMembership.region_id).where(
        RegionMembership.municipality_id == municipality_id, is_member_on(day_of(now))
    )
    is_office = and_(Grant.role == "rkk", Grant.region_id.in_(regions))
    may = exists().where(
        Grant.identity_id == made_by, Grant.id != without, holds(now), or_(Grant.role == "operator", is_office)
    )
    return and_(made_by.is_not(None), not_(may))
