"""Keep the deployments: how often, and under which ids, our tool is installed in a platform."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.statements import run

PENDING_LIMIT = 20
"""How many unapproved deployments of one platform are kept."""


class Deployment(Base, kw_only=True):
    """A deployment of our tool in a platform; `pending` till an operator approves it."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(10), default="active")
    seen_at: Mapped[datetime]


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


def _find_deployment(db: Session, platform_id: str, deployment_id: str) -> Deployment | None:
    query = select(Deployment).where(Deployment.platform_id == platform_id, Deployment.deployment_id == deployment_id)
    return db.scalar(query)


def _count_pending(db: Session, platform_id: str) -> int:
    query = select(func.count()).where(Deployment.platform_id == platform_id, Deployment.state == "pending")
    return db.scalar(query) or 0
