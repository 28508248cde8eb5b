"""Record what is earned in our own player: an attempt that is complete is evidence."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import settling
from sidecar.core.attempts import Attempt
from sidecar.core.evidence import Evidence
from sidecar.core.people import Identity


def record(db: Session, attempt: Attempt, score: float | None, now: datetime) -> Evidence:
    """Record that an attempt is complete; a second time only a better score changes it, never the time.

    Args:
        score: scaled 0..1, or None where the course gave none (yet).
        now: the server's clock; it becomes `completed_at`.
    """
    found = find_evidence(db, attempt.id)
    if found is None:
        found = Evidence(
            person_id=db.get_one(Identity, attempt.identity_id).person_id,
            identity_id=attempt.identity_id,
            course_id=attempt.course_id,
            version_id=attempt.version_id,
            attempt_id=attempt.id,
            score=score,
            completed_at=now,
            recorded_at=now,
        )
        db.add(found)
    elif score is not None and (found.score is None or score > found.score):
        found.score = score
    else:
        return found
    db.flush()
    if found.person_id is not None:
        settling.settle(db, {(found.person_id, found.course_id)}, now)
    return found


def find_evidence(db: Session, attempt_id: str) -> Evidence | None:
    """Return the evidence that an attempt gave, or None while it is not complete."""
    return db.scalar(select(Evidence).where(Evidence.attempt_id == attempt_id))
