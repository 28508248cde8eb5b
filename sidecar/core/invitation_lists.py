"""List for staff the invitations by which LMSs may register, bound by whose region they are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session, aliased

from sidecar.core.access import Viewer
from sidecar.core.invitations import InvitationState, PlatformInvitation
from sidecar.core.platforms import Platform
from sidecar.core.regions import Region
from sidecar.errors import NotFoundError

MOST_SHOWN = 200


@dataclass(frozen=True)
class InvitationLine:
    """An invitation as the list shows it.

    Attributes:
        region: the name of the region whose office will look after the LMS; None means the operators.
        renews: the name of the LMS that was asked to register again.
        platform: the LMS that used it, unless it was removed since.
    """

    row: PlatformInvitation
    state: InvitationState
    region: str | None
    renews: str | None
    platform: Platform | None


def list_invitation_lines(db: Session, viewer: Viewer, now: datetime) -> Sequence[InvitationLine]:
    """Return the newest invitations that the viewer may see: an operator all, an office those of its region."""
    renewed = aliased(Platform)
    query = (
        select(PlatformInvitation, Region.name, renewed.name, Platform)
        .outerjoin(Region, PlatformInvitation.region_id == Region.id)
        .outerjoin(renewed, PlatformInvitation.renews_id == renewed.id)
        .outerjoin(Platform, (PlatformInvitation.platform_id == Platform.id) & Platform.removed_at.is_(None))
        .where(may_see_invitation(viewer))
        .order_by(PlatformInvitation.created_at.desc(), PlatformInvitation.id)
        .limit(MOST_SHOWN)
    )
    rows = db.execute(query)
    return [InvitationLine(row, row.state_at(now), region, renews, used_by) for row, region, renews, used_by in rows]


def find_invitation(db: Session, viewer: Viewer, invitation_id: str) -> PlatformInvitation:
    """Return an invitation that the viewer may see and take back.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    found = db.scalar(
        select(PlatformInvitation).where(PlatformInvitation.id == invitation_id, may_see_invitation(viewer))
    )
    if found is None:
        raise NotFoundError(what="invitation", key=invitation_id)
    return found


def may_see_invitation(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `PlatformInvitation` that bounds a query to those the viewer looks after."""
    return true() if viewer.everything else PlatformInvitation.region_id.in_(viewer.regions)
