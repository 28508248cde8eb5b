"""Find refused launches and registrations: by the reference on the page, or by LMS, kind and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, may_see_platform
from sidecar.core.invitation_lists import may_see_invitation
from sidecar.core.invitations import PlatformInvitation
from sidecar.core.launches import FailedLaunch
from sidecar.core.paging import count_pages
from sidecar.core.platforms import Platform
from sidecar.errors import SidecarError

PAGE_SIZE = 50
INVITATION = "invitation"
"""The fact of a refused registration that names its invitation: by that its office finds it."""

_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


class ReferenceUnknownError(SidecarError):
    """No refused launch with the reference "{reference}" is kept here.

    Check its letters and digits. References are kept for 90 days, at most 50 of the same kind an hour for each LMS.
    Logins, launches and the click that registers an LMS are kept; the reference of any other page stands in the log
    only: search there for it.
    """

    code = "reference-unknown"


@dataclass(frozen=True)
class Failure:
    """A refused launch, and the name of the LMS it came from; "" where that is not known."""

    row: FailedLaunch
    platform: str


@dataclass(frozen=True)
class Wanted:
    """Which refused launches to list; what is empty bounds nothing."""

    platform_id: str = ""
    code: str = ""
    since: datetime | None = None


@dataclass(frozen=True)
class FailurePage:
    """One page of refused launches, the newest first; `total` counts all that match."""

    lines: Sequence[Failure]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


def list_failures(db: Session, viewer: Viewer, wanted: Wanted | None = None, *, number: int = 1) -> FailurePage:
    """Return a page of the refused launches of the LMSs and invitations the viewer may see; an operator sees all.

    Args:
        number: of the page, from 1.
    """
    where = and_(_seen(viewer), _matches(wanted or Wanted()))
    joined = select(FailedLaunch, Platform.name).outerjoin(Platform, FailedLaunch.platform_id == Platform.id)
    query = joined.where(where).order_by(FailedLaunch.failed_at.desc(), FailedLaunch.reference)
    rows = db.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    counted = select(func.count()).select_from(FailedLaunch)
    total = db.scalar(counted.outerjoin(Platform, FailedLaunch.platform_id == Platform.id).where(where)) or 0
    return FailurePage([Failure(row, name or "") for row, name in rows], total, number)


def find_failure(db: Session, viewer: Viewer, reference: str) -> Failure:
    """Return the refused launch of a reference, as somebody reads it out or types it.

    Raises:
        ReferenceUnknownError: none is kept, or it is not the viewer's to see.
    """
    read = read_reference(reference)
    joined = select(FailedLaunch, Platform.name).outerjoin(Platform, FailedLaunch.platform_id == Platform.id)
    found = db.execute(joined.where(FailedLaunch.reference == read, _seen(viewer))).one_or_none()
    if found is None:
        raise ReferenceUnknownError(reference=read)
    return Failure(found[0], found[1] or "")


def read_reference(text: str) -> str:
    """Return a reference as we write it: small letters, spaces, and O for 0 do no harm."""
    return "".join(filter(str.isalnum, text)).upper().translate(_MISREAD)[:16]


def list_codes(db: Session, viewer: Viewer) -> Sequence[str]:
    """Return the kinds of refusals that there are to choose from."""
    query = select(FailedLaunch.code).outerjoin(Platform, FailedLaunch.platform_id == Platform.id)
    return db.scalars(query.where(_seen(viewer)).distinct().order_by(FailedLaunch.code)).all()


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.everything:
        return true()
    theirs = select(PlatformInvitation.id).where(may_see_invitation(viewer))
    return or_(
        and_(FailedLaunch.platform_id.is_not(None), may_see_platform(viewer)),
        and_(FailedLaunch.platform_id.is_(None), FailedLaunch.facts[INVITATION].as_string().in_(theirs)),
    )


def _matches(wanted: Wanted) -> ColumnElement[bool]:
    return and_(
        FailedLaunch.platform_id == wanted.platform_id if wanted.platform_id else true(),
        FailedLaunch.code == wanted.code if wanted.code else true(),
        FailedLaunch.failed_at >= wanted.since if wanted.since else true(),
    )
