"""Keep the LTI platforms: the LMSs that launch us, their deployments, whom they speak for, what their links open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.statements import run
from sidecar.errors import ConflictError, NotFoundError

PENDING_LIMIT = 20
"""How many unapproved deployments of one platform are kept."""


class Platform(Base, kw_only=True):
    """An LMS that launches us: one registration (issuer, client id)."""

    __tablename__ = "platform"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(255))
    auth_url: Mapped[str] = mapped_column(String(1000))
    token_url: Mapped[str] = mapped_column(String(1000))
    jwks_url: Mapped[str] = mapped_column(String(1000))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)


class Deployment(Base, kw_only=True):
    """A deployment of our tool in a platform; `pending` till an operator approves it."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(10), default="active")
    seen_at: Mapped[datetime]


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
    """Add a platform with its deployments and the municipalities it speaks for.

    Args:
        patterns: pattern by municipality id; None means the default.

    Raises:
        ConflictError: this issuer and client id, or the name, is registered already.
    """
    same = Platform.issuer == platform.issuer, Platform.client_id == platform.client_id
    if db.scalar(select(Platform.id).where(*same)):
        raise ConflictError(what="platform", key=f"{platform.issuer} {platform.client_id}")
    if db.scalar(select(Platform.id).where(Platform.name == platform.name)):
        raise ConflictError(what="platform", key=platform.name)
    db.add(platform)
    db.flush()
    for deployment_id in dict.fromkeys(deployment_ids):
        approve_deployment(db, platform.id, deployment_id, platform.created_at)
    for municipality_id, pattern in patterns.items():
        db.add(PlatformMunicipality(platform_id=platform.id, municipality_id=municipality_id, pattern=pattern))
    db.flush()
    return platform


def find_platform(db: Session, key: str) -> Platform:
    """Return the platform with this name or id.

    Raises:
        NotFoundError: there is none.
    """
    platform = db.scalar(select(Platform).where((Platform.name == key) | (Platform.id == key)))
    if platform is None:
        raise NotFoundError(what="platform", key=key)
    return platform


def find_registration(db: Session, issuer: str, client_id: str | None) -> Platform | None:
    """Return the enabled platform that a login speaks of, or None.

    Args:
        client_id: where the platform leaves it out, the issuer must have exactly one registration.
    """
    found = db.scalars(_enabled(client_id is not None), {"issuer": issuer, "client_id": client_id}).all()
    return found[0] if len(found) == 1 else None


@cache
def _enabled(of_client: bool) -> Select[Platform]:
    query = select(Platform).where(Platform.issuer == bindparam("issuer"), Platform.disabled_at.is_(None))
    return (query.where(Platform.client_id == bindparam("client_id")) if of_client else query).limit(2)


def platform_of_id(db: Session, platform_id: str) -> Platform:
    """Return the platform of a row that names it."""
    return db.scalars(_platform_of_id(), {"platform_id": platform_id}).one()


@cache
def _platform_of_id() -> Select[Platform]:
    return select(Platform).where(Platform.id == bindparam("platform_id"))


def list_platforms(db: Session) -> Sequence[Platform]:
    """Return all platforms by name."""
    return db.scalars(select(Platform).order_by(Platform.name)).all()


def active_deployments(db: Session, platform_id: str) -> frozenset[str]:
    """Return the deployment ids of a platform that may launch."""
    return frozenset(run(db, _active_deployments(), platform_id=platform_id).scalars())


@cache
def _active_deployments() -> Select[str]:
    active = Deployment.platform_id == bindparam("platform_id"), Deployment.state == "active"
    return select(Deployment.deployment_id).where(*active)


def list_deployments(db: Session, platform_id: str) -> Sequence[Deployment]:
    """Return the deployments of a platform, also those that await approval."""
    query = select(Deployment).where(Deployment.platform_id == platform_id)
    return db.scalars(query.order_by(Deployment.seen_at, Deployment.deployment_id)).all()


def approve_deployment(db: Session, platform_id: str, deployment_id: str, now: datetime) -> Deployment:
    """Let a deployment launch, whether a launch has shown it before or not."""
    deployment = _find_deployment(db, platform_id, deployment_id)
    if deployment is None:
        deployment = Deployment(platform_id=platform_id, deployment_id=deployment_id, seen_at=now)
        db.add(deployment)
    deployment.state = "active"
    db.flush()
    return deployment


def note_deployment(db: Session, platform_id: str, deployment_id: str, now: datetime) -> None:
    """Keep a deployment that a signed launch named, so that the operator sees what awaits approval.

    Beyond `PENDING_LIMIT` a platform's further ones are not kept.
    """
    known = _find_deployment(db, platform_id, deployment_id)
    if known is not None:
        known.seen_at = now
    elif _count_pending(db, platform_id) < PENDING_LIMIT:
        new = Deployment(platform_id=platform_id, deployment_id=deployment_id, state="pending", seen_at=now)
        db.add(new)
    db.flush()


def municipalities_of(db: Session, platform_id: str) -> frozenset[str]:
    """Return the ids of the municipalities that a platform speaks for."""
    query = select(PlatformMunicipality.municipality_id).where(PlatformMunicipality.platform_id == platform_id)
    return frozenset(db.scalars(query))


def find_bound_course(db: Session, platform_id: str, deployment_id: str, resource_link_id: str) -> str | None:
    """Return the id of the course that staff bound this link to, or None."""
    link = _find_link(db, platform_id, deployment_id, resource_link_id)
    return link.course_id if link else None


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
    query = select(ResourceLink).where(
        ResourceLink.platform_id == platform_id,
        ResourceLink.deployment_id == deployment_id,
        ResourceLink.resource_link_id == resource_link_id,
    )
    return db.scalar(query)


def _find_deployment(db: Session, platform_id: str, deployment_id: str) -> Deployment | None:
    query = select(Deployment).where(Deployment.platform_id == platform_id, Deployment.deployment_id == deployment_id)
    return db.scalar(query)


def _count_pending(db: Session, platform_id: str) -> int:
    query = select(func.count()).where(Deployment.platform_id == platform_id, Deployment.state == "pending")
    return db.scalar(query) or 0
