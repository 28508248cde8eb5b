"""Keep the roles that an operator granted; no LTI role gives sight of other people's data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, ForeignKey, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit, invitations, sign_ins
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.municipalities import find_municipality
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform
from sidecar.core.regions import find_region
from sidecar.core.short_texts import one_line
from sidecar.errors import InvalidInputError, NotFoundError, SidecarError

ROLES = ("content-developer", "manager", "contact", "rkk", "operator")
"""Every role that is granted; a learner needs no grant."""

NEEDS = {
    "content-developer": frozenset[str](),
    "manager": frozenset({"municipality", "unit"}),
    "contact": frozenset({"municipality"}),
    "rkk": frozenset({"region"}),
    "operator": frozenset[str](),
}
"""The scope each role must name; a content developer without a municipality works on shared courses."""

TAKES = NEEDS | {"content-developer": frozenset({"municipality"})}
"""The scope each role may name."""

INVITES = frozenset({"rkk", "operator"})
"""The roles that may invite an LMS to register itself."""

LOCAL_SUBJECT = "local:first-operator"
LOCAL_PREFIX = "local:"
"""How the subject of an identity begins that signs in by links only; its name follows."""

ADDRESS_CHARACTERS: Final = 320
_ADDRESS: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")


class AddressUnusableError(SidecarError):
    """This is no e-mail address. Write one like name@kommune.no."""

    code = "address-unusable"


class LastOperatorError(SidecarError):
    """Nobody would be operator for good any more.

    Make somebody else operator first, without a last day; then this role can be revoked.
    """

    code = "last-operator"


class Grant(Base, kw_only=True):
    """A role given to an identity, with its scope and end.

    Scope by role: manager = municipality and unit; contact = municipality; content-developer = municipality, or
    none for shared courses; rkk = region; operator = everything.
    """

    __tablename__ = "staff_grant"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    municipality_id: Mapped[Id | None] = mapped_column(ForeignKey("municipality.id"), default=None)
    region_id: Mapped[Id | None] = mapped_column(ForeignKey("region.id"), default=None)
    unit: Mapped[str | None] = mapped_column(String(200), default=None)
    granted_at: Mapped[datetime]
    ends_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True)
class Scope:
    """How far a role reaches: a municipality's key, a region's slug, a unit's name."""

    municipality: str | None = None
    region: str | None = None
    unit: str | None = None

    def named(self) -> frozenset[str]:
        """Return which parts are given."""
        return frozenset(name for name, value in vars(self).items() if value)


def holds(now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition that a grant holds at a moment."""
    return Grant.revoked_at.is_(None) & or_(Grant.ends_at.is_(None), Grant.ends_at > now)


def grant(
    db: Session,
    identity_id: str,
    role: str,
    scope: Scope,
    *,
    now: datetime,
    ends_at: datetime | None = None,
    by: str | None = None,
) -> Grant:
    """Give an identity a role.

    Args:
        by: the identity that grants it; None at the command line.

    Raises:
        InvalidInputError: the role is unknown, its scope lacks something or names too much, or its end is past.
        NotFoundError: no such identity, municipality or region.
    """
    _refuse_wrong_scope(role, scope)
    if ends_at and ends_at <= now:
        raise InvalidInputError(field="until", reason="that day is past.")
    if db.get(Identity, identity_id) is None:
        raise NotFoundError(what="identity", key=identity_id)
    new = Grant(
        identity_id=identity_id,
        role=role,
        municipality_id=find_municipality(db, scope.municipality).id if scope.municipality else None,
        region_id=find_region(db, scope.region).id if scope.region else None,
        unit=scope.unit or None,
        granted_at=now,
        ends_at=ends_at,
    )
    db.add(new)
    audit.record(db, "staff.granted", new.id, at=now, identity_id=by, role=role)
    db.flush()
    return new


def revoke(db: Session, grant_id: str, *, now: datetime, by: str | None = None) -> Grant:
    """Take a role back from now on; with the last one staff sign-ins end. One revoked before stays as it is.

    The open invitations that they may not make any more end too.

    Raises:
        NotFoundError: no such grant.
        LastOperatorError: nobody would be operator any more.
    """
    found = db.get(Grant, grant_id)
    if found is None:
        raise NotFoundError(what="grant", key=grant_id)
    if found.role == "operator":
        _refuse_last_operator(db, found, now)
    if found.revoked_at is None:
        found.revoked_at = now
        audit.record(db, "staff.revoked", found.id, at=now, identity_id=by, role=found.role)
        db.flush()
        if found.role in INVITES:
            _end_invitations(db, found.identity_id, now, by)
        if not has_grant(db, found.identity_id, now):
            sign_ins.end_staff_ones(db, found.identity_id, now)
    return found


def _end_invitations(db: Session, identity_id: str, now: datetime, by: str | None) -> None:
    """Take back the open invitations of LMSs that somebody made and may not make any more."""
    held = db.scalars(select(Grant).where(Grant.identity_id == identity_id, Grant.role.in_(INVITES), holds(now))).all()
    if not any(each.role == "operator" for each in held):
        regions = frozenset(each.region_id for each in held if each.region_id)
        invitations.revoke_those_of(db, identity_id, but=regions, now=now, by=by)


def has_grant(db: Session, identity_id: str, now: datetime) -> bool:
    """Tell whether an identity holds any role now: then a launch may lead it to the staff pages."""
    return db.scalar(select(Grant.id).where(Grant.identity_id == identity_id, holds(now)).limit(1)) is not None


def identity_of(db: Session, platform: str, subject: str, *, now: datetime) -> Identity:
    """Return the identity of a subject of a platform; one that has not launched yet is made, to be granted a role.

    Raises:
        NotFoundError: there is no platform of that name.
    """
    platform_id = db.scalar(select(Platform.id).where(Platform.name == platform))
    if platform_id is None:
        raise NotFoundError(what="platform", key=platform)
    found = db.scalar(select(Identity).where(Identity.platform_id == platform_id, Identity.subject == subject))
    return found or _add_identity(db, platform_id, subject, None, now)


def identity_named(db: Session, name: str, *, now: datetime) -> Identity:
    """Return the local identity of a name, made where there is none."""
    subject = f"{LOCAL_PREFIX}{name}"
    found = db.scalar(select(Identity).where(Identity.platform_id.is_(None), Identity.subject == subject))
    return found or _add_identity(db, None, subject, name, now)


def note_address(db: Session, identity: Identity, address: str, *, by: str | None, now: datetime) -> None:
    """Write down the e-mail address of somebody who signs in by links: mails go there, and it tells two people apart.

    Raises:
        AddressUnusableError: it is none.
    """
    found = one_line(address)
    if len(found) > ADDRESS_CHARACTERS or not _ADDRESS.fullmatch(found):
        raise AddressUnusableError
    identity.email = found
    audit.record(db, "identity.address_noted", identity.id, at=now, identity_id=by)


def first_operator(db: Session, *, now: datetime) -> Identity:
    """Return the first operator's local identity; on a fresh installation make it, with its grant.

    Raises:
        NotFoundError: others are operators and that identity is none (any more): say whose link it shall be.
    """
    local = (Identity.platform_id.is_(None)) & (Identity.subject == LOCAL_SUBJECT)
    found = db.scalar(select(Identity).where(local))
    if found is not None and has_grant(db, found.id, now):
        return found
    if db.scalar(select(Grant.id).where(Grant.role == "operator").limit(1)) is not None:
        raise NotFoundError(what="first operator", key="operator")
    found = found or _add_identity(db, None, LOCAL_SUBJECT, "Operator", now)
    grant(db, found.id, "operator", Scope(), now=now)
    return found


def _add_identity(db: Session, platform_id: str | None, subject: str, name: str | None, now: datetime) -> Identity:
    identity = Identity(platform_id=platform_id, subject=subject, name=name, first_seen_at=now, last_seen_at=now)
    db.add(identity)
    db.flush()
    return identity


def _refuse_last_operator(db: Session, leaving: Grant, now: datetime) -> None:
    """Refuse to take the role from the last operator, or from the last whose role has no end; of two at once one."""
    query = select(Grant).where(Grant.role == "operator", Grant.revoked_at.is_(None)).order_by(Grant.id)
    held = db.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
    holding = {one.id for one in held if one.ends_at is None or one.ends_at > now}
    lasting = {one.id for one in held if one.ends_at is None}
    if {leaving.id} in (holding, lasting):
        raise LastOperatorError


def _refuse_wrong_scope(role: str, scope: Scope) -> None:
    if role not in ROLES:
        raise InvalidInputError(field="role", reason=", ".join(ROLES))
    missing, extra = NEEDS[role] - scope.named(), scope.named() - TAKES[role]
    if missing:
        raise InvalidInputError(field="role", reason=f"{role} needs {' and '.join(sorted(missing))}.")
    if extra:
        raise InvalidInputError(field="role", reason=f"{role} takes no {' or '.join(sorted(extra))}.")
