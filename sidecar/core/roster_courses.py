"""Know which of our courses the LMS courses launch that the people of a municipality take part in."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CTE, Select, String, column, exists, select, values
from sqlalchemy.orm import Session

from sidecar.core.courses import Course
from sidecar.core.launches import Launch
from sidecar.core.people import Employment, Identity
from sidecar.core.rosters import Roster, RosterMember


def list_launched(db: Session, municipality_id: str) -> Sequence[tuple[str, str]]:
    """Return (roster id, course id) of all that were launched from LMS courses in which employees take part.

    One short query for each roster: in one for all, PostgreSQL reads every launch there ever was.
    """
    taking_part = select(RosterMember.roster_id).join(Identity, Identity.id == RosterMember.identity_id)
    here = taking_part.join(Employment, Employment.person_id == Identity.person_id)
    rosters = select(Roster).where(Roster.id.in_(here.where(Employment.municipality_id == municipality_id)))
    found = ((one.id, course_id) for one in db.scalars(rosters) for course_id in db.scalars(_launched_from(one)))
    return list(found)


def _launched_from(roster: Roster) -> Select[str]:
    launched = exists().where(
        Launch.platform_id == roster.platform_id,
        Launch.deployment_id == roster.deployment_id,
        Launch.context_id == roster.context_id,
        Launch.course_id == Course.id,
    )
    return select(Course.id).where(launched)


def as_table(launched: Sequence[tuple[str, str]]) -> CTE:
    """Return what `list_launched` found as a table of a query: `roster_id`, `course_id`."""
    columns = column("roster_id", String(32)), column("course_id", String(32))
    return values(*columns, name="launched").data(list(launched) or [("", "")]).cte("launched")
