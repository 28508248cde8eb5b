"""List the sign-ins on staff pages that somebody may see, and find the one to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform
from sidecar.core.sign_ins import SignIn, holds
from sidecar.errors import NotFoundError


@dataclass(frozen=True)
class SignInLine:
    """A sign-in with the names a person reads.

    Attributes:
        platform: the LMS it came through; None for a sign-in link.
    """

    row: SignIn
    identity_name: str
    platform: str | None

    @property
    def last_seen_at(self) -> datetime:
        """When it was last used, to about five minutes."""
        return self.row.last_seen_at or self.row.created_at


def list_sign_ins(db: Session, viewer: Viewer, now: datetime) -> Sequence[SignInLine]:
    """Return the staff sign-ins that hold now, the newest first: one's own; an operator sees everybody's."""
    query = (
        select(SignIn, Identity, Platform.name)
        .join(Identity, SignIn.identity_id == Identity.id)
        .outerjoin(Platform, SignIn.platform_id == Platform.id)
        .where(_may_see(viewer), SignIn.launch_id.is_(None), holds(now))
        .order_by(SignIn.created_at.desc(), SignIn.id)
    )
    return [SignInLine(row, who.name or who.subject, platform) for row, who, platform in db.execute(query)]


def find_sign_in(db: Session, viewer: Viewer, sign_in_id: str, now: datetime) -> SignInLine:
    """Return a staff sign-in that holds now.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    for line in list_sign_ins(db, viewer, now):
        if line.row.id == sign_in_id:
            return line
    raise NotFoundError(what="sign-in", key=sign_in_id)


def _may_see(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.everything else SignIn.identity_id == viewer.identity_id
