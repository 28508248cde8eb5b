"""Keep the LTI platforms: the LMSs that launch us, whom they speak for, what their links open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    inspect,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, JsonValue, Key, new_id
from sidecar.core.deployments import approve_deployment
from sidecar.core.statements import run
from sidecar.errors import ConflictError, NotFoundError, SidecarError

NAME_CHARACTERS = 200

PlatformState = Literal["pending", "active", "disabled", "removed"]


class PlatformInactiveError(SidecarError):
    """Your LMS may not open courses here just now. Ask your regional competence office."""

    code = "platform-inactive"

    def __init__(self, platform_id: str) -> None:
        """Say which platform it is, so that those who look after it find the refusal."""
        super().__init__()
        self.platform_id = platform_id


class PlatformPendingError(PlatformInactiveError):
    """Your LMS is registered here, but nobody has approved it yet. Tell your regional competence office."""

    code = "platform-pending"


class PlatformDisabledError(PlatformInactiveError):
    """Your LMS is switched off here, so that it opens no courses. Tell your regional competence office."""

    code = "platform-disabled"


class PlatformRemovedError(PlatformInactiveError):
    """Your LMS is no longer connected here. Tell the administrator of the LMS or your regional competence office."""

    code = "platform-removed"


_INACTIVE: Final[Mapping[PlatformState, type[PlatformInactiveError]]] = {
    "pending": PlatformPendingError,
    "disabled": PlatformDisabledError,
    "removed": PlatformRemovedError,
}


class Platform(Base, kw_only=True):
    """An LMS that launches us: one registration (issuer, client id).

    `region_id`: whose RKK looks after it; None means operators only. `is_pending`: it registered itself, and nobody has
    approved it yet. `proposal`: what a new registration would change, till somebody approves it. `makes_line_items`:
    an activity without a column in the gradebook gets one. `product`: the LMS's `product_family_code`. `frame_origins`:
    those of its pages, besides the ones of `issuer` and `auth_url`; a list of texts like `https://school.example.no`.
    """

    __tablename__ = "platform"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    name: Mapped[str] = mapped_column(String(NAME_CHARACTERS), unique=True)
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(255))
    auth_url: Mapped[str] = mapped_column(String(1000))
    token_url: Mapped[str] = mapped_column(String(1000))
    jwks_url: Mapped[str] = mapped_column(String(1000))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)
    removed_at: Mapped[datetime | None] = mapped_column(default=None)
    region_id: Mapped[Id | None] = mapped_column(ForeignKey("region.id"), default=None)
    is_pending: Mapped[bool] = mapped_column(server_default="0", default=False)
    proposal: Mapped[JsonValue | None] = mapped_column(default=None)
    makes_line_items: Mapped[bool] = mapped_column(server_default="0", default=False)
    product: Mapped[str | None] = mapped_column(String(60), default=None)
    frame_origins: Mapped[JsonValue] = mapped_column(server_default="[]", default_factory=list)

    @property
    def state(self) -> PlatformState:
        """Return how it stands: only an active platform may do anything."""
        if self.removed_at is not None:
            return "removed"
        if self.is_pending:
            return "pending"
        return "active" if self.disabled_at is None else "disabled"


@dataclass(frozen=True)
class PlatformFacts:
    """What a login and a launch have to know of a platform; each stands under its column's name."""

    id: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    frame_origins: Sequence[str]


FACTS: Final = tuple(getattr(Platform, one.name) for one in fields(PlatformFacts))
"""The columns of `PlatformFacts`, in its order."""


class PlatformMunicipality(Base, kw_only=True):
    """A municipality that a platform speaks for.

    `pattern`: a regular expression over `lis.person_sourcedid` with the group `employee_number`; None means the
    default of `sidecar.core.placing`.
    """

    __tablename__ = "platform_municipality"

    platform_id: Mapped[Key] = mapped_column(ForeignKey("platform.id"))
    municipality_id: Mapped[Key] = mapped_column(ForeignKey("municipality.id"))
    pattern: Mapped[str | None] = mapped_column(String(500), default=None)


class ResourceLink(Base, kw_only=True):
    """A link in an LMS course that staff bound to one of our courses."""

    __tablename__ = "resource_link"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id", "resource_link_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    resource_link_id: Mapped[str] = mapped_column(String(255))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    bound_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    bound_at: Mapped[datetime]


def add_platform(
    db: Session, platform: Platform, *, deployment_ids: Sequence[str], patterns: Mapping[str, str | None]
) -> Platform:
    """Add a platform with its deployments and the municipalities it speaks for; a removed one comes back.

    Args:
        patterns: pattern by municipality id; None means the default.

    Raises:
        ConflictError: this issuer and client id, or the name, is registered already.
    """
    known = lock_registration(db, platform.issuer, platform.client_id)
    if known is not None and known.state != "removed":
        raise ConflictError(what="platform", key=f"{platform.issuer} {platform.client_id}")
    key = known.id if known else platform.id
    if db.scalar(select(Platform.id).where(Platform.name == platform.name, Platform.id != key)):
        raise ConflictError(what="platform", key=platform.name)
    if known is None:
        db.add(platform)
    else:
        platform = _come_back(known, platform)
    db.flush()
    for deployment_id in dict.fromkeys(deployment_ids):
        approve_deployment(db, platform.id, deployment_id, platform.created_at)
    for municipality_id, pattern in patterns.items():
        db.add(PlatformMunicipality(platform_id=platform.id, municipality_id=municipality_id, pattern=pattern))
    db.flush()
    return platform


def _come_back(removed: Platform, said: Platform) -> Platform:
    """Let a removed platform be what an operator now says of it; its people know it by its id."""
    for name in set(inspect(Platform).columns.keys()) - {"id", "created_at"}:
        setattr(removed, name, getattr(said, name))
    return removed


def lock_registration(db: Session, issuer: str, client_id: str) -> Platform | None:
    """Return the platform of this registration, whatever its state, its row locked; or None."""
    same = Platform.issuer == issuer, Platform.client_id == client_id
    return db.scalar(select(Platform).where(*same).with_for_update())


def find_platform(db: Session, key: str) -> Platform:
    """Return the platform with this name or id.

    Raises:
        NotFoundError: there is none.
    """
    platform = db.scalar(select(Platform).where((Platform.name == key) | (Platform.id == key)))
    if platform is None:
        raise NotFoundError(what="platform", key=key)
    return platform


def find_registration(db: Session, issuer: str, client_id: str | None) -> PlatformFacts | None:
    """Return the active platform that a login speaks of, or None where we know of none.

    Args:
        client_id: where the platform leaves it out, the issuer must have exactly one registration.

    Raises:
        PlatformInactiveError: it awaits approval, or was disabled or removed.
    """
    named = {"issuer": issuer, "client_id": client_id}
    found = run(db, _registered(client_id is not None), **named).all()
    if not found:
        inactive = run(db, _registered(client_id is not None, active=False), **named).all()
        if len(inactive) == 1:
            platform_of_id(db, inactive[0].id)
    return PlatformFacts(*found[0]) if len(found) == 1 else None


def is_active() -> ColumnElement[bool]:
    """Return the condition that a platform may launch us, frame us and be called."""
    return and_(Platform.disabled_at.is_(None), Platform.removed_at.is_(None), Platform.is_pending.is_(False))


@cache
def _registered(of_client: bool, *, active: bool = True) -> Select[*tuple[Any, ...]]:
    query = select(*FACTS).where(Platform.issuer == bindparam("issuer"), is_active() if active else ~is_active())
    return (query.where(Platform.client_id == bindparam("client_id")) if of_client else query).limit(2)


def platform_of_id(db: Session, platform_id: str) -> Platform:
    """Return an active platform, as a copy.

    Raises:
        PlatformInactiveError: it awaits approval, or was disabled or removed.
    """
    platform = Platform(**run(db, _platform_of_id(), platform_id=platform_id).one()._mapping)
    if platform.state != "active":
        raise _INACTIVE[platform.state](platform.id)
    return platform


@cache
def _platform_of_id() -> Select[Platform]:
    return select(Platform).where(Platform.id == bindparam("platform_id"))


def list_platforms(db: Session) -> Sequence[Platform]:
    """Return all platforms by name, but for those that were removed."""
    return db.scalars(select(Platform).where(Platform.removed_at.is_(None)).order_by(Platform.name)).all()


def count_active(db: Session) -> int:
    """Return how many platforms may launch us."""
    return db.scalar(select(func.count(Platform.id)).where(is_active())) or 0


def municipalities_of(db: Session, platform_id: str) -> frozenset[str]:
    """Return the ids of the municipalities that a platform speaks for."""
    query = select(PlatformMunicipality.municipality_id).where(PlatformMunicipality.platform_id == platform_id)
    return frozenset(db.scalars(query))


def find_bound_course(db: Session, platform_id: str, deployment_id: str, resource_link_id: str) -> str | None:
    """Return the id of the course that staff bound this link to, or None."""
    where = {"platform_id": platform_id, "deployment_id": deployment_id, "resource_link_id": resource_link_id}
    course_id: str | None = run(db, _bound_course(), **where).scalar()
    return course_id


@cache
def _bound_course() -> Select[str]:
    return select(ResourceLink.course_id).where(*_is_link())


def bind_link(
    db: Session,
    platform_id: str,
    deployment_id: str,
    resource_link_id: str,
    *,
    course_id: str,
    bound_by: str,
    now: datetime,
) -> ResourceLink:
    """Bind a link of an LMS to a course; binding it again changes the course.

    Args:
        bound_by: the identity of the staff who did it.
    """
    link = _find_link(db, platform_id, deployment_id, resource_link_id)
    if link is None:
        link = ResourceLink(
            platform_id=platform_id,
            deployment_id=deployment_id,
            resource_link_id=resource_link_id,
            course_id=course_id,
            bound_at=now,
        )
        db.add(link)
    link.course_id, link.bound_by, link.bound_at = course_id, bound_by, now
    db.flush()
    return link


def _find_link(db: Session, platform_id: str, deployment_id: str, resource_link_id: str) -> ResourceLink | None:
    where = {"platform_id": platform_id, "deployment_id": deployment_id, "resource_link_id": resource_link_id}
    return db.scalar(select(ResourceLink).where(*_is_link()), where)


def _is_link() -> list[ColumnElement[bool]]:
    names = ("platform_id", "deployment_id", "resource_link_id")
    return [getattr(ResourceLink, name) == bindparam(name) for name in names]
