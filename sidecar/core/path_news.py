"""Tell learners under way what the newest version of their learning path changed, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.own_paths import OwnPath
from sidecar.core.path_contents import Content, content_of
from sidecar.core.paths import LearningPath, list_versions

SHOWN: Final = timedelta(days=90)
"""For how long a change is told."""


@dataclass(frozen=True)
class News:
    """What a version changed; `note`: what its maker says of it."""

    since: datetime
    note: str
    before: Content
    after: Content


def find_news(db: Session, own: OwnPath, now: datetime) -> News | None:
    """Return what has changed of a path while somebody is on it; None where there is nothing to tell them.

    Who had done nothing of it before it changed, or is finished with it, need not know.
    """
    path_id = db.scalar(select(LearningPath.id).where(LearningPath.course_id == own.path.course.id))
    newest, *earlier = list_versions(db, path_id or "")[:2]
    if not earlier or own.is_over or newest.published_at < now - SHOWN:
        return None
    done = [one.done for part in own.progress.parts for one in part.steps if one.done]
    if not any(one.completed_at < newest.published_at for one in done):
        return None
    return News(newest.published_at, newest.note or "", content_of(earlier[0].content), content_of(newest.content))
