"""Keep the one-time invitations by which an LMS may register itself."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, ForeignKey, String, and_, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.one_way import hash_secret
from sidecar.core.platforms import Platform
from sidecar.errors import InvalidInputError, NotFoundError, SidecarError

SECRET_BYTES: Final = 32
DAYS: Final = 7
MOST_DAYS: Final = 90
NOTE_CHARACTERS: Final = 200
KEPT: Final = timedelta(days=365)
"""How long an invitation that nobody used is remembered after its end."""

CLAIM_HOLDS: Final = timedelta(minutes=10)
"""How long a registration may take; one that is older counts as killed, and another may begin."""

InvitationState = Literal["open", "registering", "used", "expired", "revoked"]


class InvitationUnknownError(SidecarError):
    """This is no invitation of ours.

    Check that the whole address was copied, or ask for a new invitation at the regional competence office.
    """

    code = "invitation-unknown"


class InvitationUsedError(SidecarError):
    """This invitation has been used: an LMS has registered with it.

    Each invitation works once; ask for a new one at the regional competence office.
    """

    code = "invitation-used"


class InvitationExpiredError(SidecarError):
    """This invitation is too old. Ask for a new one at the regional competence office."""

    code = "invitation-expired"


class InvitationRevokedError(SidecarError):
    """This invitation was taken back. Ask for a new one at the regional competence office."""

    code = "invitation-revoked"


class InvitationBusyError(SidecarError):
    """An LMS is registering with this invitation just now.

    If it was interrupted, delete the half-made tool in the LMS, wait ten minutes and begin again there.
    """

    code = "invitation-busy"


class PlatformInvitation(Base, kw_only=True):
    """An address at which one LMS may register, once.

    `region_id`: whose RKK will look after the LMS. `renews_id`: the platform that is to register again, None for a new
    one. `claimed_at`: a registration is under way; `platform_id`: what came of it.
    """

    __tablename__ = "platform_invitation"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, repr=False)
    note: Mapped[str] = mapped_column(String(NOTE_CHARACTERS), default="")
    region_id: Mapped[Id | None] = mapped_column(ForeignKey("region.id"), default=None)
    renews_id: Mapped[Id | None] = mapped_column(ForeignKey("platform.id"), default=None)
    made_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None] = mapped_column(default=None)
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    platform_id: Mapped[Id | None] = mapped_column(ForeignKey("platform.id"), default=None)

    def state_at(self, now: datetime) -> InvitationState:
        """Return how it stands at a moment."""
        if self.used_at is not None:
            return "used"
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= now:
            return "expired"
        is_claimed = self.claimed_at is not None and self.claimed_at > now - CLAIM_HOLDS
        return "registering" if is_claimed else "open"


_PROBLEMS: Final[dict[InvitationState, type[SidecarError]]] = {
    "registering": InvitationBusyError,
    "used": InvitationUsedError,
    "expired": InvitationExpiredError,
    "revoked": InvitationRevokedError,
}


def new_secret() -> str:
    """Make the end of an address that nobody can guess."""
    return secrets.token_urlsafe(SECRET_BYTES)


def find_made_with(db: Session, secret: str) -> PlatformInvitation | None:
    """Return the invitation of a secret, however it stands, or None."""
    return db.scalar(select(PlatformInvitation).where(PlatformInvitation.secret_hash == hash_secret(secret)))


def invite(
    db: Session,
    *,
    note: str,
    region_id: str | None,
    renews_id: str | None,
    by: str | None,
    now: datetime,
    days: int = DAYS,
    secret: str | None = None,
) -> tuple[PlatformInvitation, str]:
    """Make an invitation; return it with its secret, the end of its address, which is kept nowhere.

    Args:
        note: what it is for; staff see it.
        region_id: whose RKK will look after the LMS; None: operators only.
        renews_id: the platform that is to register again, whose region is kept.
        by: the identity that invites; None at the command line.
        secret: one of `new_secret` that was made before; None makes one.

    Raises:
        InvalidInputError: the note is too long, or the days are too few or too many.
        NotFoundError: there is no such platform (any more).
    """
    if len(note) > NOTE_CHARACTERS:
        raise InvalidInputError(field="note", reason=f"it is longer than {NOTE_CHARACTERS} characters.")
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInputError(field="days", reason=f"it must be 1 to {MOST_DAYS}.")
    if renews_id is not None:
        region_id = _renewed(db, renews_id).region_id
    secret = secret or new_secret()
    invitation = PlatformInvitation(
        secret_hash=hash_secret(secret),
        note=note.strip(),
        region_id=region_id,
        renews_id=renews_id,
        made_by=by,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.add(invitation)
    audit.record(db, "invitation.made", invitation.id, at=now, identity_id=by, renews=renews_id or "")
    db.flush()
    return invitation, secret


def list_invitations(db: Session) -> Sequence[PlatformInvitation]:
    """Return all invitations, the newest first."""
    return db.scalars(select(PlatformInvitation).order_by(PlatformInvitation.created_at.desc())).all()


def revoke(db: Session, invitation_id: str, *, now: datetime, by: str | None) -> PlatformInvitation:
    """Take an invitation back; one that was used, or taken back before, stays as it is.

    Raises:
        NotFoundError: there is none of this id.
    """
    invitation = db.get(PlatformInvitation, invitation_id, with_for_update=True)
    if invitation is None:
        raise NotFoundError(what="invitation", key=invitation_id)
    if invitation.used_at is None and invitation.revoked_at is None:
        invitation.revoked_at = now
        audit.record(db, "invitation.revoked", invitation_id, at=now, identity_id=by)
        db.flush()
    return invitation


def revoke_those_of(db: Session, identity_id: str, *, but: frozenset[str], now: datetime, by: str | None) -> None:
    """Take back the invitations that somebody made and nobody has used.

    Args:
        but: ids of the regions for which they may invite still.
    """
    made = select(PlatformInvitation).where(PlatformInvitation.made_by == identity_id)
    unused = made.where(PlatformInvitation.used_at.is_(None), PlatformInvitation.revoked_at.is_(None))
    for each in db.scalars(unused.order_by(PlatformInvitation.id)).all():
        if each.region_id not in but:
            revoke(db, each.id, now=now, by=by)


def look(db: Session, secret: str, now: datetime) -> PlatformInvitation:
    """Return the invitation of this secret if an LMS may register with it now.

    Raises:
        SidecarError: it is unknown, used, too old, taken back, or another registration is under way.
    """
    invitation = db.scalar(select(PlatformInvitation).where(PlatformInvitation.secret_hash == hash_secret(secret)))
    if invitation is None:
        raise InvitationUnknownError
    problem = _PROBLEMS.get(invitation.state_at(now))
    if problem:
        raise problem
    return invitation


def claim(db: Session, secret: str, now: datetime) -> PlatformInvitation:
    """Keep everybody else from registering with this invitation till it is used, released, or ten minutes are over.

    Raises:
        SidecarError: as `look`.
    """
    is_free = or_(PlatformInvitation.claimed_at.is_(None), PlatformInvitation.claimed_at <= now - CLAIM_HOLDS)
    is_open = and_(
        PlatformInvitation.used_at.is_(None),
        PlatformInvitation.revoked_at.is_(None),
        PlatformInvitation.expires_at > now,
    )
    ours = update(PlatformInvitation).where(PlatformInvitation.secret_hash == hash_secret(secret), is_free, is_open)
    claimed = db.scalar(ours.values(claimed_at=now).returning(PlatformInvitation.id))
    if claimed is None:
        look(db, secret, now)
        raise InvitationBusyError
    return db.get_one(PlatformInvitation, claimed, populate_existing=True)


def release(db: Session, invitation_id: str, claimed_at: datetime) -> None:
    """Give a claim back: the LMS did not register, and may try again at once."""
    ours = _claimed(invitation_id, claimed_at)
    db.execute(update(PlatformInvitation).where(*ours).values(claimed_at=None))


def use(db: Session, invitation_id: str, claimed_at: datetime, platform_id: str, now: datetime) -> None:
    """Use an invitation up, under our claim.

    Raises:
        SidecarError: the claim has lapsed and somebody else was faster, or it was taken back meanwhile.
    """
    ours = _claimed(invitation_id, claimed_at)
    spent = update(PlatformInvitation).where(*ours).values(used_at=now, platform_id=platform_id)
    if db.scalar(spent.returning(PlatformInvitation.id)) is None:
        invitation = db.get_one(PlatformInvitation, invitation_id, populate_existing=True)
        raise _PROBLEMS.get(invitation.state_at(now), InvitationBusyError)


def _claimed(invitation_id: str, claimed_at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        PlatformInvitation.id == invitation_id,
        PlatformInvitation.claimed_at == claimed_at,
        PlatformInvitation.used_at.is_(None),
        PlatformInvitation.revoked_at.is_(None),
    )


def _renewed(db: Session, platform_id: str) -> Platform:
    platform = db.get(Platform, platform_id)
    if platform is None or platform.state not in ("active", "disabled"):
        raise NotFoundError(what="platform", key=platform.name if platform else platform_id)
    return platform
