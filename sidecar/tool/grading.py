"""Send grades: read what is to be said, say it outside any transaction, record how it went.

Outcomes: 2xx sent · 409 the LMS has a newer grade: ours goes again only if it is higher · 401 a new token, once ·
401, 403, 429, 5xx, redirects and silence later again · 404 the column is gone · any other 4xx (the learner is gone)
never again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import update

from lti.errors import ScoreSuperseded, ServiceError, ServiceRejected
from lti.grades import DEFAULT_MAXIMUM, SCOPE_SCORE, completed_score, post_score, rising_timestamp
from lti.login import Registration
from lti.results import SCOPE_RESULT_READ, read_results
from sidecar.core import grades, resuming
from sidecar.core.grades import Grade, worth
from sidecar.core.outbox import GiveUp
from sidecar.core.people import Identity
from sidecar.core.platform_life import refuse_inactive
from sidecar.core.platforms import Platform
from sidecar.runtime import Sidecar
from sidecar.tool.line_items import ensure_line_item
from sidecar.tool.service import later, lti_fetch, registration_of, with_token

log = structlog.get_logger()


@dataclass(frozen=True)
class _Task:
    """One score to say: whose, where, how much, as of when."""

    grade_id: str
    registration: Registration
    subject: str = field(repr=False)
    lineitem_url: str
    worth: float
    timestamp: datetime


def send_grade(sidecar: Sidecar, grade_id: str) -> None:
    """Send a grade if the LMS should have a higher one than it was sent (the outbox calls this).

    Raises:
        TryLater: the LMS can't take it now.
        GiveUp: the LMS refuses it for good.
    """
    try:
        ensure_line_item(sidecar, grade_id)
        task = _read_task(sidecar, grade_id)
        if task is not None:
            _say(sidecar, task)
    except ServiceRejected as error:
        _record_failure(sidecar, grade_id, error)
        raise GiveUp(error.code) from error
    except ServiceError as error:
        _record_failure(sidecar, grade_id, error)
        raise later(error) from error


def resume_grades(sidecar: Sidecar, platform_id: str) -> None:
    """Let the grades go that a platform missed while it was not active (the outbox calls this)."""
    count, resumed = 0, resuming.BATCH
    while resumed == resuming.BATCH:
        with sidecar.transaction() as db:
            resumed = resuming.resume_some(db, platform_id, sidecar.now())
        count += resumed
    log.info("grades.resumed", platform=platform_id, grades=count)


def _say(sidecar: Sidecar, task: _Task) -> None:
    try:
        _post(sidecar, task)
    except ScoreSuperseded as error:
        _settle_superseded(sidecar, task, error)
    else:
        _record_sent(sidecar, task, task.worth)


def _read_task(sidecar: Sidecar, grade_id: str) -> _Task | None:
    """Return what is to be sent, or None where nothing is (any more)."""
    with sidecar.reading() as db:
        grade = db.get(Grade, grade_id)
        if grade is None or grade.state == "not-asked-for" or grade.lineitem_url is None:
            return None
        if grade.sent_score is not None and worth(grade.score) <= grade.sent_score:
            return None
        refuse_inactive(db, grade.platform_id, grade.deployment_id)
        return _Task(
            grade_id=grade.id,
            registration=registration_of(db, db.get_one(Platform, grade.platform_id)),
            subject=db.get_one(Identity, grade.identity_id).subject,
            lineitem_url=grade.lineitem_url,
            worth=worth(grade.score),
            timestamp=rising_timestamp(grades.last_sent_at(db, grade), sidecar.now()),
        )


def _post(sidecar: Sidecar, task: _Task) -> None:
    score = completed_score(task.subject, task.timestamp, round(task.worth * DEFAULT_MAXIMUM, 6))
    fetch = lti_fetch(sidecar)
    url = task.lineitem_url
    with_token(sidecar, task.registration, SCOPE_SCORE, url, lambda token: post_score(fetch, token, url, score))


def _settle_superseded(sidecar: Sidecar, task: _Task, error: ScoreSuperseded) -> None:
    """Decide after a 409 whether ours is the higher one.

    Where the LMS doesn't let us read, its newer grade stands, unless it was a lower one that we sent ourselves.
    """
    held = _read_held(sidecar, task)
    ours_is_higher = _sent_lower_just_now(sidecar, task) if held is None else task.worth > held
    if ours_is_higher:
        raise error
    _record_sent(sidecar, task, task.worth, code=error.code)


def _read_held(sidecar: Sidecar, task: _Task) -> float | None:
    """Return what the LMS holds, scaled 0..1 (0 for no grade), or None where we may not or cannot read it."""
    fetch = lti_fetch(sidecar)
    try:
        results = with_token(
            sidecar,
            task.registration,
            SCOPE_RESULT_READ,
            task.lineitem_url,
            lambda token: list(read_results(fetch, token, task.lineitem_url, task.subject)),
        )
    except ServiceError:
        return None
    held = [r.score / (r.maximum or DEFAULT_MAXIMUM) for r in results if r.user_id == task.subject and r.score]
    return max(held, default=0.0)


def _sent_lower_just_now(sidecar: Sidecar, task: _Task) -> bool:
    """Tell whether another of our own jobs was faster with a lower result."""
    with sidecar.reading() as db:
        grade = db.get_one(Grade, task.grade_id)
        faster = grade.sent_at is not None and int(grade.sent_at.timestamp()) >= int(task.timestamp.timestamp())
        return faster and (grade.sent_score or 0) < task.worth


def _record_sent(sidecar: Sidecar, task: _Task, sent: float, code: str | None = None) -> None:
    with sidecar.transaction() as db:
        grade = db.get_one(Grade, task.grade_id, with_for_update=True)  # a launch may ask for more just now
        if grade.lineitem_url == task.lineitem_url:
            grade.sent_score, grade.sent_at, grade.error_code = sent, task.timestamp, code
            grade.state = "sent" if worth(grade.score) <= sent else "waiting"
    log.info("grade.sent", grade=task.grade_id, code=code or "")


def _record_failure(sidecar: Sidecar, grade_id: str, error: ServiceError) -> None:
    with sidecar.transaction() as db:
        db.execute(update(Grade).where(Grade.id == grade_id).values(error_code=error.code))
    log.warning("grade.not_sent", grade=grade_id, code=error.code, host=error.host)
