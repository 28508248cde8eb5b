"""Let the grades go that were not sent while a platform, or their deployment, was not active: a few at a time.

There may be thousands after a month. What makes a platform active again only asks for it; a job does it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from sidecar.core import grades, outbox
from sidecar.core.db import new_id
from sidecar.core.deployments import active_deployments
from sidecar.core.grades import Grade
from sidecar.core.platforms import Platform, is_active

KIND: Final = "resume"
BATCH: Final = 100
"""How many one transaction lets go: others want to write too."""

RESUMED: Final = frozenset({"platform-disabled", "platform-removed", "platform-pending", "deployment-removed"})
"""Why a grade was not sent; when the platform and the deployment are active again, it is."""


def ask(db: Session, platform_id: str, now: datetime) -> None:
    """Ask for the grades of a platform that were not sent meanwhile, if there are any."""
    if db.scalar(select(Grade.id).where(_stopped(db, platform_id)).limit(1)):
        outbox.put(db, KIND, platform_id, key=f"{KIND}:{platform_id}:{new_id()}", now=now)


def resume_some(db: Session, platform_id: str, now: datetime) -> int:
    """Let at most `BATCH` grades of a platform go; none while it is not active.

    Returns:
        How many.
    """
    if db.scalar(select(Platform.id).where(Platform.id == platform_id, is_active())) is None:
        return 0
    some = select(Grade.id).where(_stopped(db, platform_id)).order_by(Grade.id).limit(BATCH)
    # the state is asked again: another job may have let one of them go, and sent it, since `some` was read
    again = update(Grade).where(Grade.id.in_(some), Grade.state == "failed").values(state="waiting", error_code=None)
    resumed = db.scalars(again.returning(Grade.id)).all()
    for grade_id in resumed:
        if not outbox.put_again(db, grades.KIND, grade_id, now=now):
            outbox.put(db, grades.KIND, grade_id, key=f"{grades.KIND}:{grade_id}:again:{now.isoformat()}", now=now)
    return len(resumed)


def _stopped(db: Session, platform_id: str) -> ColumnElement[bool]:
    """Return the condition on `Grade`: not sent, and its deployment may launch again."""
    stopped = Grade.platform_id == platform_id, Grade.state == "failed", Grade.error_code.in_(RESUMED)
    return and_(*stopped, Grade.deployment_id.in_(active_deployments(db, platform_id)))
