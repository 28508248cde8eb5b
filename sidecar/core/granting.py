"""Let staff give and take roles: an operator all of them, an RKK those within its own municipalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from sidecar.core import audit, sign_ins, staff
from sidecar.core.access import Viewer, may_see_platform
from sidecar.core.audit import AuditEntry
from sidecar.core.granting_bounds import refuse_beyond_own
from sidecar.core.identity_lists import IdentityLine, find_identity, list_identities, may_see_grant
from sidecar.core.municipalities import Municipality, find_municipality
from sidecar.core.people import Employment, Identity
from sidecar.core.platforms import Platform
from sidecar.core.regions import Region
from sidecar.core.staff import Grant, Scope, holds
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError

PAGE_SIZE: Final = 100
RKK_GIVES: Final = frozenset({"contact", "manager", "content-developer"})
"""The roles that an RKK gives and takes within its own municipalities."""


class NameTakenError(SidecarError):
    """Somebody of this name signs in by links already. Search for them, or add the workplace to the name."""

    code = "name-taken"


class NotByLinkError(SidecarError):
    """This person signs in from an LMS, so no link is made for them. They open the staff pages there."""

    code = "not-by-link"


@dataclass(frozen=True)
class GrantLine:
    """A role with the names a person reads.

    Attributes:
        holder: who holds it.
        given_by: who gave it; None for the command line, and where the audit trail does not say any more.
        is_unit_known: somebody works in the unit it names, spelt exactly so; True where it names none.
        may_revoke: the viewer may take it back.
    """

    grant: Grant
    holder: IdentityLine
    municipality: str | None
    region: str | None
    given_by: IdentityLine | None
    is_unit_known: bool
    may_revoke: bool


@dataclass(frozen=True)
class GrantPage:
    """A page of roles; `total` counts all that match."""

    lines: Sequence[GrantLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE_SIZE))


def may_grant(viewer: Viewer, role: str, municipality_id: str | None) -> bool:
    """Tell whether a viewer may give and take a role there.

    Args:
        municipality_id: of its scope; None for none.
    """
    return viewer.everything or (role in RKK_GIVES and municipality_id in viewer.rkk_for)


def give(
    db: Session,
    viewer: Viewer,
    identity_id: str,
    role: str,
    scope: Scope,
    *,
    now: datetime,
    ends_at: datetime | None = None,
) -> Grant:
    """Give somebody a role.

    Raises:
        NotAllowedError: the role is not theirs to give.
        NotFoundError: no such identity, region, or municipality of theirs.
        InvalidInputError: see `staff.grant`.
        GrantToOneselfError, GrantTooLongError: see `refuse_beyond_own`.
    """
    where = find_municipality(db, scope.municipality).id if scope.municipality else None
    if not viewer.everything and where is not None and where not in viewer.rkk_for:
        raise NotFoundError(what="municipality", key=scope.municipality or "")
    if not may_grant(viewer, role, where):
        raise NotAllowedError
    if where is not None:
        refuse_beyond_own(db, viewer, identity_id, where, ends_at, now)
    return staff.grant(db, identity_id, role, scope, now=now, ends_at=ends_at, by=viewer.identity_id)


def take_back(db: Session, viewer: Viewer, grant_id: str, *, now: datetime) -> Grant:
    """Take a role back from now on; one revoked before stays as it is.

    Raises:
        NotFoundError: there is none that the viewer may see.
        NotAllowedError: it is not theirs to take.
        LastOperatorError: nobody would be operator any more.
    """
    found = db.scalar(select(Grant).where(Grant.id == grant_id, may_see_grant(viewer)))
    if found is None:
        raise NotFoundError(what="grant", key=grant_id)
    if not may_grant(viewer, found.role, found.municipality_id):
        raise NotAllowedError
    return staff.revoke(db, grant_id, now=now, by=viewer.identity_id)


def list_grants(db: Session, viewer: Viewer, now: datetime, *, identity_id: str | None = None) -> Sequence[GrantLine]:
    """Return the roles that hold now and that the viewer may see, oldest first.

    Args:
        identity_id: those of this one alone.
    """
    held = _held(viewer, now)
    return _lines(db, viewer, held.where(Grant.identity_id == identity_id) if identity_id else held)


def page_grants(db: Session, viewer: Viewer, now: datetime, *, role: str = "", number: int = 1) -> GrantPage:
    """Return a page of them, in the same order; the last one where there are fewer.

    Args:
        role: those of this role alone; "" for all.
    """
    held = _held(viewer, now)
    if role:
        held = held.where(Grant.role == role)
    total = db.scalar(select(func.count()).select_from(held.order_by(None).subquery())) or 0
    number = max(1, min(number, -(-total // PAGE_SIZE)))
    page = held.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return GrantPage(_lines(db, viewer, page), total, number)


def _held(viewer: Viewer, now: datetime) -> Select[Grant, str | None, str | None]:
    return (
        select(Grant, Municipality.name.label("municipality"), Region.name.label("region"))
        .outerjoin(Municipality, Grant.municipality_id == Municipality.id)
        .outerjoin(Region, Grant.region_id == Region.id)
        .where(holds(now), may_see_grant(viewer))
        .order_by(Grant.granted_at, Grant.id)
    )


def _lines(db: Session, viewer: Viewer, held: Select[Grant, str | None, str | None]) -> Sequence[GrantLine]:
    rows = db.execute(held).all()
    givers = _givers(db, [row.id for row, *_ in rows])
    people = list_identities(db, viewer, {*(row.identity_id for row, *_ in rows), *givers.values()})
    units = _known_units(db, viewer, [row for row, *_ in rows])
    return [
        GrantLine(
            grant=row,
            holder=people[row.identity_id],
            municipality=municipality,
            region=region,
            given_by=people.get(givers.get(row.id, "")),
            is_unit_known=row.unit is None or (row.municipality_id, row.unit) in units,
            may_revoke=may_grant(viewer, row.role, row.municipality_id),
        )
        for row, municipality, region in rows
    ]


def find_grant(db: Session, viewer: Viewer, grant_id: str, now: datetime) -> GrantLine:
    """Return a role that holds now.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    found = _lines(db, viewer, _held(viewer, now).where(Grant.id == grant_id))
    if not found:
        raise NotFoundError(what="grant", key=grant_id)
    return found[0]


def list_platforms(db: Session, viewer: Viewer) -> Sequence[str]:
    """Return the names of the LMSs whose users the viewer may name by their id there."""
    named = select(Platform).where(may_see_platform(viewer), Platform.removed_at.is_(None)).order_by(Platform.name)
    return [one.name for one in db.scalars(named) if viewer.may_run_platform(one.region_id)]


def name_user(db: Session, viewer: Viewer, platform: str, subject: str, now: datetime) -> str:
    """Return the id of the identity that an LMS calls so; who has not come yet is made, to be given a role.

    Raises:
        NotFoundError: the viewer looks after no LMS of that name.
    """
    if platform not in list_platforms(db, viewer):
        raise NotFoundError(what="platform", key=platform)
    return staff.identity_of(db, platform, subject, now=now).id


def name_newcomer(db: Session, name: str, now: datetime) -> str:
    """Return the id of a new identity for somebody who signs in by links only.

    Raises:
        NameTakenError: there is one of that name, who may be somebody else's.
    """
    local = Identity.platform_id.is_(None), Identity.subject == f"{staff.LOCAL_PREFIX}{name}"
    taken = db.scalar(select(Identity.id).where(*local))
    if taken is not None:
        raise NameTakenError
    return staff.identity_named(db, name, now=now).id


def make_link(db: Session, viewer: Viewer, identity_id: str, now: datetime, address: str = "") -> str:
    """Make a sign-in link for somebody who signs in by links only, and return its secret.

    Args:
        address: their e-mail address, which is kept; "" leaves what is known.

    Raises:
        AddressUnusableError: it is none.
        NotFoundError: there is nobody, or they hold no role.
        NotByLinkError: they sign in from an LMS.
    """
    line = find_identity(db, viewer, identity_id)
    if not staff.has_grant(db, identity_id, now):
        raise NotFoundError(what="identity", key=identity_id)
    if not line.is_link_only:
        raise NotByLinkError
    if address:
        staff.note_address(db, line.identity, address, by=viewer.identity_id, now=now)
    audit.record(db, "sign_in_link.made", identity_id, at=now, identity_id=viewer.identity_id)
    return sign_ins.make_link(db, identity_id, now)


def list_units(db: Session, viewer: Viewer) -> Sequence[str]:
    """Return the units of the municipalities whose roles the viewer gives, as the people files spell them."""
    here = [Employment.unit != "", Employment.erased_at.is_(None)]
    if not viewer.everything:
        here.append(Employment.municipality_id.in_(viewer.rkk_for))
    return db.scalars(select(Employment.unit).where(*here).distinct().order_by(Employment.unit).limit(1000)).all()


def _givers(db: Session, grant_ids: list[str]) -> dict[str, str]:
    """Return who gave each role, by its id, as far as the audit trail says."""
    query = select(AuditEntry.subject, AuditEntry.identity_id).where(
        AuditEntry.action == "staff.granted", AuditEntry.subject.in_(grant_ids), AuditEntry.identity_id.is_not(None)
    )
    return {grant_id: identity_id for grant_id, identity_id in db.execute(query) if identity_id}


def _known_units(db: Session, viewer: Viewer, grants: Sequence[Grant]) -> set[tuple[str, str]]:
    """Return the (municipality id, unit) of these roles in which somebody works."""
    wanted = {one.unit for one in grants if one.unit is not None}
    query = select(Employment.municipality_id, Employment.unit).where(
        Employment.unit.in_(wanted), Employment.erased_at.is_(None)
    )
    if not viewer.everything:
        query = query.where(Employment.municipality_id.in_(viewer.rkk_for))
    return {(municipality_id, unit) for municipality_id, unit in db.execute(query.distinct())}
