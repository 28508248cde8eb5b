"""Keep the regions: municipalities that train their staff together, from a date to a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, ForeignKey, SQLColumnExpression, String, and_, exists, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.statements import insert_if_new
from sidecar.errors import NotFoundError, SidecarError


class Region(Base, kw_only=True):
    """A region with a regional competence office (RKK)."""

    __tablename__ = "region"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))


class RegionMembership(Base, kw_only=True):
    """A municipality's time in a region."""

    __tablename__ = "region_membership"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    region_id: Mapped[Id] = mapped_column(ForeignKey("region.id"), index=True)
    municipality_id: Mapped[Id] = mapped_column(ForeignKey("municipality.id"), index=True)
    joined_on: Mapped[date]
    left_on: Mapped[date | None] = mapped_column(default=None)


class MembershipOverlapsError(SidecarError):
    """The municipality is a member of that region from {joined_on} already. End that membership first."""

    code = "membership-overlaps"


class NotMemberError(SidecarError):
    """The municipality is no member of that region on {day}. Look at its memberships, and choose a day within one."""

    code = "not-member"


@dataclass(frozen=True)
class Membership:
    """A municipality's time in a region; `left_on` is the first day on which it is no member."""

    slug: str
    region: str
    joined_on: date
    left_on: date | None

    def holds_on(self, day: date) -> bool:
        """Tell whether the municipality is a member on a day."""
        return self.joined_on <= day and (self.left_on is None or day < self.left_on)


def find_region(db: Session, slug: str) -> Region:
    """Return the region with this slug.

    Raises:
        NotFoundError: there is none.
    """
    region = db.scalar(select(Region).where(Region.slug == slug))
    if region is None:
        raise NotFoundError(what="region", key=slug)
    return region


def join(db: Session, slug: str, municipality_id: str, day: date) -> Region:
    """Make a municipality a member of a region from a day on; the region is made when first mentioned.

    One that is a member on that day stays so as it is.

    Raises:
        MembershipOverlapsError: it becomes a member of that region on a later day.
    """
    insert_if_new(db, Region(slug=slug, name=slug.replace("-", " ").capitalize()), unique=("slug",))
    region = db.scalars(select(Region).where(Region.slug == slug).with_for_update()).one()
    if municipality_id not in members_of(db, region.id, day):
        _refuse_later(db, region.id, municipality_id, day)
        db.add(RegionMembership(region_id=region.id, municipality_id=municipality_id, joined_on=day))
        db.flush()
    return region


def leave(db: Session, slug: str, municipality_id: str, day: date) -> Region:
    """End a municipality's membership in a region: on `day` it is no member any more, before that it was.

    One that ends on the day on which it began is taken away.

    Raises:
        NotFoundError: there is no such region.
        NotMemberError: it is no member on that day.
    """
    region = find_region(db, slug)
    db.scalar(select(Region.id).where(Region.id == region.id).with_for_update())
    theirs = RegionMembership.region_id == region.id, RegionMembership.municipality_id == municipality_id
    found = db.scalar(select(RegionMembership).where(*theirs, is_member_on(day)))
    if found is None:
        raise NotMemberError(day=str(day))
    if found.joined_on == day:
        db.delete(found)
    else:
        found.left_on = day
    db.flush()
    return region


def list_memberships(db: Session, municipality_id: str) -> Sequence[Membership]:
    """Return a municipality's memberships, also those that are over or to come, by the day on which they begin."""
    query = (
        select(Region.slug, Region.name, RegionMembership.joined_on, RegionMembership.left_on)
        .join(Region, Region.id == RegionMembership.region_id)
        .where(RegionMembership.municipality_id == municipality_id)
        .order_by(RegionMembership.joined_on, Region.name)
    )
    return [Membership(*row) for row in db.execute(query)]


def list_regions(db: Session) -> Sequence[Region]:
    """Return all regions by name."""
    return db.scalars(select(Region).order_by(Region.name)).all()


def _refuse_later(db: Session, region_id: str, municipality_id: str, day: date) -> None:
    theirs = RegionMembership.region_id == region_id, RegionMembership.municipality_id == municipality_id
    later = db.scalar(select(RegionMembership.joined_on).where(*theirs, RegionMembership.joined_on > day).limit(1))
    if later is not None:
        raise MembershipOverlapsError(joined_on=str(later))


def is_member_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a membership holds on a day (Europe/Oslo)."""
    return (RegionMembership.joined_on <= day) & or_(RegionMembership.left_on.is_(None), RegionMembership.left_on > day)


def members_of(db: Session, region_id: str, day: date) -> frozenset[str]:
    """Return the ids of the municipalities that are members of a region on a day."""
    query = select(RegionMembership.municipality_id).where(RegionMembership.region_id == region_id, is_member_on(day))
    return frozenset(db.scalars(query))


def is_of_another(municipality_id: SQLColumnExpression[str], region_id: str, day: date) -> ColumnElement[bool]:
    """Return the condition that a municipality is, or becomes, a member of other regions, and not of this one."""
    lasts = or_(RegionMembership.left_on.is_(None), RegionMembership.left_on > day)
    theirs = RegionMembership.municipality_id == municipality_id, lasts
    is_of_this = exists().where(*theirs, RegionMembership.region_id == region_id)
    return and_(exists().where(*theirs), ~is_of_this)


def list_alliances(db: Session, day: date) -> list[frozenset[str]]:
    """Return, for each region that has members on a day, the ids of those municipalities."""
    members: dict[str, set[str]] = {}
    query = select(RegionMembership.region_id, RegionMembership.municipality_id).where(is_member_on(day))
    for region_id, municipality_id in db.execute(query):
        members.setdefault(region_id, set()).add(municipality_id)
    return [frozenset(some) for some in members.values()]
