"""Keep the one-time invitations by which another region begins to share with one of ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import ForeignKey, String, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.short_texts import tidy
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError

HOLDS: Final = timedelta(days=7)
KEPT: Final = timedelta(days=365)
"""How long an invitation that nobody used is remembered after its end."""

NOTE_CHARACTERS: Final = 200

PeerInvitationState = Literal["open", "used", "expired", "revoked"]


class PeerInvitationEndedError(SidecarError):
    """This invitation was used already, taken back, or is too old. Ask the other region for a new one."""

    code = "peer-invitation-ended"


class PeerInvitation(Base, kw_only=True):
    """An invitation to one region; `id` stands in what is signed, `note` says for whom it is."""

    __tablename__ = "peer_invitation"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"), index=True)
    note: Mapped[str] = mapped_column(String(NOTE_CHARACTERS))
    made_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None, index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    peer_id: Mapped[Id | None] = mapped_column(ForeignKey("peer.id"), default=None)

    def state_at(self, now: datetime) -> PeerInvitationState:
        """Return how it stands at a moment."""
        if self.used_at is not None:
            return "used"
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "open"


def add_invitation(db: Session, viewer: Viewer, region_id: str, note: str, now: datetime) -> PeerInvitation:
    """Make an invitation to a region of ours.

    Raises:
        NotAllowedError: the region is not the viewer's.
        TextTooLongError: the note is too long.
    """
    if not viewer.may_run_platform(region_id):
        raise NotAllowedError
    by = viewer.identity_id
    invitation = PeerInvitation(
        region_id=region_id, note=tidy(note, NOTE_CHARACTERS), made_by=by, created_at=now, expires_at=now + HOLDS
    )
    db.add(invitation)
    audit.record(db, "peer_invitation.made", invitation.id, at=now, identity_id=by)
    db.flush()
    return invitation


def list_invitations(db: Session, viewer: Viewer) -> Sequence[PeerInvitation]:
    """Return the invitations of the viewer's regions, the newest first."""
    mine = true() if viewer.everything else PeerInvitation.region_id.in_(viewer.regions)
    return db.scalars(select(PeerInvitation).where(mine).order_by(PeerInvitation.created_at.desc())).all()


def revoke(db: Session, viewer: Viewer, invitation_id: str, now: datetime) -> None:
    """Take an invitation back that nobody has used; one that has ended stays as it is.

    Raises:
        NotFoundError: the viewer's regions have none of this id.
    """
    found = next((one for one in list_invitations(db, viewer) if one.id == invitation_id), None)
    if found is None:
        raise NotFoundError(what="invitation", key=invitation_id)
    if found.state_at(now) == "open":
        found.revoked_at = now
        audit.record(db, "peer_invitation.revoked", found.id, at=now, identity_id=viewer.identity_id)
        db.flush()


def use(db: Session, region_id: str, invitation_id: str, now: datetime) -> PeerInvitation:
    """Use an invitation up; the caller names the peer that came of it.

    Raises:
        PeerInvitationEndedError: it is not open, or none of this region's.
    """
    is_open = (
        PeerInvitation.used_at.is_(None),
        PeerInvitation.revoked_at.is_(None),
        PeerInvitation.expires_at > now,
    )
    ours = update(PeerInvitation).where(
        PeerInvitation.id == invitation_id, PeerInvitation.region_id == region_id, *is_open
    )
    used = db.scalar(ours.values(used_at=now).returning(PeerInvitation.id))
    if used is None:
        raise PeerInvitationEndedError
    return db.get_one(PeerInvitation, used, populate_existing=True)
