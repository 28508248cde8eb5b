"""Keep the regions: municipalities that train their staff together, from a date to a date."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, ForeignKey, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key, new_id
from sidecar.errors import NotFoundError


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
    """Make a municipality a member of a region from a day on; the region is made when first mentioned."""
    region = db.scalar(select(Region).where(Region.slug == slug))
    if region is None:
        region = Region(slug=slug, name=slug.replace("-", " ").capitalize())
        db.add(region)
        db.flush()
    if municipality_id not in members_of(db, region.id, day):
        db.add(RegionMembership(region_id=region.id, municipality_id=municipality_id, joined_on=day))
        db.flush()
    return region


def is_member_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a membership holds on a day (Europe/Oslo)."""
    return (RegionMembership.joined_on <= day) & or_(RegionMembership.left_on.is_(None), RegionMembership.left_on > day)


def members_of(db: Session, region_id: str, day: date) -> frozenset[str]:
    """Return the ids of the municipalities that are members of a region on a day."""
    query = select(RegionMembership.municipality_id).where(RegionMembership.region_id == region_id, is_member_on(day))
    return frozenset(db.scalars(query))
