"""Keep who gives roles within their own: none to oneself, and none that outlasts the role it is given by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.people import Identity
from sidecar.core.periods import day_of, last_day
from sidecar.core.regions import RegionMembership
from sidecar.core.staff import Grant, holds
from sidecar.errors import SidecarError


class GrantToOneselfError(SidecarError):
    """You can't give a role to yourself. Ask an operator, or somebody else in your regional competence office."""

    code = "grant-to-oneself"


class GrantTooLongError(SidecarError):
    """Your own role ends on {last_day}, and no role that you give lasts longer. Choose that day or an earlier one."""

    code = "grant-too-long"


def refuse_beyond_own(
    db: Session, viewer: Viewer, identity_id: str, municipality_id: str, ends_at: datetime | None, now: datetime
) -> None:
    """Refuse a role that an RKK may not give there; operators and the command line may give any.

    Raises:
        GrantToOneselfError: it is for the viewer, or another identity of the same person.
        GrantTooLongError: it would outlast the viewer's own role.
    """
    if viewer.everything:
        return
    if identity_id in _own_identities(db, viewer):
        raise GrantToOneselfError
    ends = _ends_of_own(db, viewer, municipality_id, now)
    own_end = None if None in ends else max(filter(None, ends))
    if own_end is not None and (ends_at is None or ends_at > own_end):
        raise GrantTooLongError(last_day=str(last_day(own_end)))


def _own_identities(db: Session, viewer: Viewer) -> set[str | None]:
    person = select(Identity.person_id).where(Identity.id == viewer.identity_id, Identity.person_id.is_not(None))
    same = db.scalars(select(Identity.id).where(Identity.person_id.in_(person))).all()
    return {viewer.identity_id, *same}


def _ends_of_own(db: Session, viewer: Viewer, municipality_id: str, now: datetime) -> set[datetime | None]:
    """Return when the viewer's roles of RKK end that reach a municipality; now where there is none any more."""
    today = day_of(now)
    member = select(RegionMembership.region_id).where(
        RegionMembership.municipality_id == municipality_id,
        RegionMembership.joined_on <= today,
        or_(RegionMembership.left_on.is_(None), RegionMembership.left_on > today),
    )
    own = Grant.identity_id == viewer.identity_id, Grant.role == "rkk", Grant.region_id.in_(member)
    return set(db.scalars(select(Grant.ends_at).where(*own, holds(now)))) or {now}
