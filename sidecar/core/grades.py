"""Keep grades: what each line item of an LMS was told of a learner's result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import cache

from sqlalchemy import ForeignKey, Select, String, Text, UniqueConstraint, and_, bindparam, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import line_items, outbox
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.evidence import VALID, Evidence
from sidecar.core.launches import Launch
from sidecar.core.line_items import MadeLineItem, Place
from sidecar.core.platforms import Platform
from sidecar.core.statements import run

KIND = "grade"
LINE_ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
CODE_CHARACTERS = 60
MAXIMUM = 1.0
"""What a completion without a score counts as: the LMS gets the maximum."""


class Grade(Base, kw_only=True):
    """The grade of one identity on one link of an LMS.

    `state`: not-asked-for (no line item), waiting (without a line item: for us to make one), sent, failed. `score` is
    the best result, scaled 0..1, or None where the course has no score (the maximum is sent); `sent_score` what the
    LMS has acknowledged, scaled too; `sent_at` the timestamp it was sent with.
    """

    __tablename__ = "grade"
    __table_args__ = (UniqueConstraint("platform_id", "resource_link_id", "deployment_id", "identity_id"),)

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    identity_id: Mapped[Id] = mapped_column(ForeignKey("identity.id"), index=True)
    platform_id: Mapped[Id] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    resource_link_id: Mapped[str] = mapped_column(String(255))
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"))
    evidence_id: Mapped[Id] = mapped_column(ForeignKey("evidence.id"))
    lineitem_url: Mapped[str | None] = mapped_column(Text, default=None)
    score: Mapped[float | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(String(20))
    sent_score: Mapped[float | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(String(CODE_CHARACTERS), default=None)


def worth(score: float | None) -> float:
    """Return what a result counts when results are compared."""
    return MAXIMUM if score is None else score


def ask(db: Session, evidence: Evidence, launch: Launch, now: datetime) -> Grade:
    """Ask for the grade of a completed attempt, on this launch's link and on every other link to the same course.

    The identity's row is locked by the caller, so that nobody else makes the same grades.

    Returns:
        The grade on the launch's own link; `not-asked-for` where the LMS gave no line item, or no leave to score.
    """
    for other in _latest_launches(db, launch.identity_id, evidence.course_id):
        if _link(other) != _link(launch):
            _ask_one(db, evidence, other, now)
    return _ask_one(db, evidence, launch, now)


def ask_for_launch(db: Session, launch: Launch, now: datetime) -> Grade | None:
    """Ask for the grade of what was completed before, through this link or another, so nobody takes a course twice.

    The identity's row is locked by the caller, so that nobody else makes the same grade.

    Returns:
        None where the learner has not completed the launch's course.
    """
    best = _best_evidence(db, launch)
    return _ask_one(db, best, launch, now) if best else None


def find_grade(db: Session, launch_id: str) -> Grade | None:
    """Return the grade on a launch's link, or None where nothing was completed yet."""
    return db.scalar(_grade_of_launch(), {"launch_id": launch_id})


@cache
def _grade_of_launch() -> Select[Grade]:
    shared = (Grade.platform_id, Grade.deployment_id, Grade.resource_link_id, Grade.identity_id)
    same = (column == getattr(Launch, column.key) for column in shared)
    return select(Grade).join(Launch, and_(*same)).where(Launch.id == bindparam("launch_id"))


def _on_link_of(launch: Launch) -> Select[Grade]:
    return select(Grade).where(
        Grade.platform_id == launch.platform_id,
        Grade.deployment_id == launch.deployment_id,
        Grade.resource_link_id == launch.resource_link_id,
        Grade.identity_id == launch.identity_id,
    )


def place_of(grade: Grade) -> Place:
    """Return where a column for this grade belongs."""
    return Place(grade.platform_id, grade.deployment_id, grade.resource_link_id, grade.course_id)


def find_line_items_url(db: Session, grade: Grade) -> str | None:
    """Return where the LMS, at the learner's newest launch, let us make a column for this grade; or None."""
    query = select(Launch).where(
        Launch.platform_id == grade.platform_id,
        Launch.deployment_id == grade.deployment_id,
        Launch.resource_link_id == grade.resource_link_id,
        Launch.identity_id == grade.identity_id,
    )
    launch = db.scalar(query.order_by(Launch.launched_at.desc(), Launch.id.desc()).limit(1))
    return launch.lineitems_url if launch and LINE_ITEM_SCOPE in launch.ags_scopes else None


def follow_made(db: Session, place: Place, url: str) -> None:
    """Let every grade that waits for a column go to the one that was made."""
    same = (getattr(Grade, name) == value for name, value in asdict(place).items())
    waits = Grade.lineitem_url.is_(None), Grade.state == "waiting"
    db.execute(update(Grade).where(*same, *waits).values(lineitem_url=url))


def forget_made(db: Session, platform_id: str, deployment_id: str | None = None) -> None:
    """Forget the columns we made in a platform, or through one deployment of it, as they go with its registration.

    A grade that was still to be sent there waits for a column again; one that was sent follows at the next launch.
    """
    there, goes = MadeLineItem.platform_id == platform_id, Grade.platform_id == platform_id
    if deployment_id is not None:
        there, goes = (
            and_(there, MadeLineItem.deployment_id == deployment_id),
            and_(goes, Grade.deployment_id == deployment_id),
        )
    made = Grade.lineitem_url.in_(select(MadeLineItem.url).where(there, MadeLineItem.url.is_not(None)))
    db.execute(update(Grade).where(goes, made, Grade.state != "sent").values(lineitem_url=None, sent_score=None))
    db.execute(delete(MadeLineItem).where(there))


def count_waiting(db: Session) -> int:
    """Return how many grades are still to be sent."""
    return db.scalar(select(func.count(Grade.id)).where(Grade.state == "waiting")) or 0


def last_sent_at(db: Session, grade: Grade) -> datetime | None:
    """Return the timestamp of the last score this line item got of this learner, through any link."""
    query = select(func.max(Grade.sent_at)).where(
        Grade.identity_id == grade.identity_id, Grade.lineitem_url == grade.lineitem_url
    )
    return db.scalar(query)


def give_up(db: Session, grade_id: str, code: str) -> None:
    """Say that a grade which waits will not be sent by itself any more, and why."""
    waits = Grade.id == grade_id, Grade.state == "waiting"
    db.execute(update(Grade).where(*waits).values(state="failed", error_code=code[:CODE_CHARACTERS]))


def _ask_one(db: Session, evidence: Evidence, launch: Launch, now: datetime) -> Grade:
    found = _on_link_of(launch).with_for_update()  # the worker may just be recording what it sent
    grade = db.scalar(found.execution_options(populate_existing=True))
    if grade is None:
        grade = _new_grade(evidence, launch)
        db.add(grade)
    before = _job(grade)
    if grade.course_id != evidence.course_id:
        _start_over(grade, evidence)
    elif evidence.id == grade.evidence_id:
        _correct(grade, evidence)
    elif worth(evidence.score) > worth(grade.score):
        grade.score, grade.evidence_id = evidence.score, evidence.id
    _follow_line_item(db, grade, launch)
    db.flush()
    is_news = _job(grade) != before or not outbox.is_under_way(db, KIND, grade.id)
    if grade.state == "waiting" and is_news:
        key = f"{KIND}:{grade.id}:{grade.evidence_id}:{launch.id}:{worth(grade.score):.6f}"
        outbox.put(db, KIND, grade.id, key=key, now=now)
    outbox.bring_forward(db, KIND, grade.id, now=now)
    return grade


def _job(grade: Grade) -> tuple[str, str | None, str, float | None]:
    """Return what there is to do: another one is another row of the outbox."""
    return grade.state, grade.lineitem_url, grade.evidence_id, grade.score


def _new_grade(evidence: Evidence, launch: Launch) -> Grade:
    return Grade(
        identity_id=launch.identity_id,
        platform_id=launch.platform_id,
        deployment_id=launch.deployment_id,
        resource_link_id=launch.resource_link_id,
        course_id=evidence.course_id,
        evidence_id=evidence.id,
        score=evidence.score,
        state="not-asked-for",
    )


def _correct(grade: Grade, evidence: Evidence) -> None:
    """Take over the score that a package gave only after its status; the maximum sent for none was no result."""
    if grade.score != evidence.score:
        grade.score = evidence.score
        grade.sent_score = None if worth(evidence.score) < (grade.sent_score or 0) else grade.sent_score


def _start_over(grade: Grade, evidence: Evidence) -> None:
    """Let a link that was bound to another course grade that course."""
    grade.course_id, grade.evidence_id, grade.score = evidence.course_id, evidence.id, evidence.score
    grade.sent_score, grade.state = None, "not-asked-for"


def _follow_line_item(db: Session, grade: Grade, launch: Launch) -> None:
    """Take over where the LMS now wants the grade, and say whether something is to be sent there.

    Where it names no column, one of our own takes its place; it may be still to make, which the job does.
    """
    may_send = SCORE_SCOPE in launch.ags_scopes
    may_make = may_send and LINE_ITEM_SCOPE in launch.ags_scopes and launch.lineitems_url is not None
    url = launch.lineitem_url if may_send else None
    if url is None and may_make:
        url = line_items.find_url(db, place_of(grade))
    if url != grade.lineitem_url:
        grade.lineitem_url, grade.sent_score = url, None
    if url is None and not (may_make and db.get_one(Platform, launch.platform_id).makes_line_items):
        grade.state = "not-asked-for"
    elif grade.sent_score is None or worth(grade.score) > grade.sent_score:
        grade.state = "waiting"


def _link(launch: Launch) -> tuple[str, str, str]:
    return launch.platform_id, launch.deployment_id, launch.resource_link_id


def _latest_launches(db: Session, identity_id: str, course_id: str) -> Iterable[Launch]:
    """Return the newest launch of each link through which an identity came to a course."""
    query = select(Launch).where(Launch.identity_id == identity_id, Launch.course_id == course_id)
    newest = {_link(launch): launch for launch in db.scalars(query.order_by(Launch.launched_at, Launch.id))}
    return newest.values()


def _best_evidence(db: Session, launch: Launch) -> Evidence | None:
    row = run(db, _evidence_of(), identity_id=launch.identity_id, course_id=launch.course_id).one_or_none()
    return Evidence(**row._mapping) if row else None


@cache
def _evidence_of() -> Select[Evidence]:
    of_learner = Evidence.attempt_id.is_not(None), Evidence.identity_id == bindparam("identity_id")
    best_first = func.coalesce(Evidence.score, MAXIMUM).desc(), Evidence.completed_at
    of_course = Evidence.course_id == bindparam("course_id"), Evidence.state == VALID
    return select(Evidence).where(*of_learner, *of_course).order_by(*best_first).limit(1)
