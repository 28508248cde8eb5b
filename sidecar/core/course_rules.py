"""Say how long a course is valid and whether it counts at a later employer, and let that hold for what is current.

A changed rule holds for what is completed from then on. Where staff say so it shall hold for current completions too:
then a run goes through their people, some at a time, in the order of their ids; what is over stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ForeignKey, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from sidecar.core import audit, employer_sight, outbox, settling
from sidecar.core.access import Viewer
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.db import Base, Id, Key, new_id
from sidecar.core.staff_courses import find_course_of, may_change_rule
from sidecar.core.validity import LONGEST_MONTHS, LONGEST_RENEWAL_DAYS, Rule, check_rule
from sidecar.errors import InvalidInputError, NotAllowedError, SidecarError

KIND: Final = "course-rule"
"""The kind of an outbox item that does a part of a run; its subject is the run's id."""

PEOPLE_A_TIME: Final = 1_000


class RuleUnusableError(SidecarError):
    """This can't be used.

    Write 1 to {months} months, 0 to {days} days, and the window's first day as MM-DD, up to 28.
    """

    code = "course-rule-unusable"


class RuleRun(Base, kw_only=True):
    """One run that lets a course's rule hold for its current completions; `last_person_id`: how far it has come."""

    __tablename__ = "course_rule_run"

    id: Mapped[Key] = mapped_column(default_factory=new_id)
    course_id: Mapped[Id] = mapped_column(ForeignKey("course.id"), index=True)
    asked_by: Mapped[Id | None] = mapped_column(ForeignKey("identity.id"), default=None)
    asked_at: Mapped[datetime]
    people_total: Mapped[int] = mapped_column(default=0)
    people_done: Mapped[int] = mapped_column(default=0)
    last_person_id: Mapped[Id] = mapped_column(default="")
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True)
class CourseRule:
    """What holds for a course; `is_transferable`: None where the statutory basis decides."""

    rule: Rule
    is_transferable: bool | None = None


def rule_of(course: Course) -> CourseRule:
    """Return what holds for a course."""
    return CourseRule(course.rule, course.is_transferable)


def is_transferable_by_default(db: Session, course_id: str) -> bool:
    """Tell whether a course counts at a later employer where nobody said anything: a statutory one does."""
    said = select(employer_sight.is_transferable_by_default()).where(Course.id == course_id)
    return bool(db.scalar(said))


def change(db: Session, viewer: Viewer, key: str, wanted: CourseRule, now: datetime, *, apply: bool = False) -> Course:
    """Say what holds for a course from now on, and with `apply` for its current completions too.

    Raises:
        NotFoundError: there is no such course, or it is not theirs.
        NotAllowedError: the viewer may not decide it: see `may_change_rule`.
        RuleUnusableError: the rule can't be kept.
    """
    course = find_course_of(db, viewer, key)
    if not may_change_rule(db, viewer, course):
        raise NotAllowedError
    rule = _checked(wanted.rule)
    if wanted != rule_of(course):
        course.validity_months, course.validity_window = rule.months, rule.window_from
        course.renewal_days, course.is_transferable = rule.renewal_days, wanted.is_transferable
        by = viewer.identity_id
        audit.record(db, "course.rule_changed", course.id, at=now, identity_id=by, course=course.key, **_facts(course))
        db.flush()
    if apply:
        _ask_to_apply(db, viewer, course, now)
    return course


def _checked(rule: Rule) -> Rule:
    try:
        return check_rule(rule)
    except InvalidInputError:
        raise RuleUnusableError(months=LONGEST_MONTHS, days=LONGEST_RENEWAL_DAYS) from None


def _facts(course: Course) -> dict[str, str]:
    sharing = {None: "default", True: "yes", False: "no"}[course.is_transferable]
    months, window = str(course.validity_months or ""), course.validity_window or ""
    return {"months": months, "window": window, "transferable": sharing}


def _ask_to_apply(db: Session, viewer: Viewer, course: Course, now: datetime) -> None:
    people = select(func.count(Completion.person_id.distinct())).where(Completion.course_id == course.id)
    total = db.scalar(people.where(Completion.withdrawn_at.is_(None))) or 0
    by = viewer.identity_id
    asked = RuleRun(course_id=course.id, asked_by=by, asked_at=now, people_total=total)
    db.add(asked)
    db.flush()
    put(db, asked.id, 1, now)
    audit.record(db, "course.rule_applied", course.id, at=now, identity_id=by, course=course.key, count=total)


def put(db: Session, run_id: str, part: int, now: datetime) -> None:
    """Put a part of a run into the outbox."""
    outbox.put(db, KIND, run_id, key=f"{KIND}:{run_id}:{part}", now=now)


def count_current(db: Session, viewer: Viewer, key: str, today: date) -> int:
    """Return how many completions of a course are valid on a day; no more is said of them than their number."""
    course = find_course_of(db, viewer, key)
    lasts = or_(Completion.valid_until.is_(None), Completion.valid_until >= today)
    query = select(func.count(Completion.id)).where(Completion.course_id == course.id)
    return db.scalar(query.where(Completion.withdrawn_at.is_(None), lasts)) or 0


def last_run(db: Session, course_id: str) -> RuleRun | None:
    """Return the run of a course's rule that was asked for last."""
    query = select(RuleRun).where(RuleRun.course_id == course_id)
    return db.scalar(query.order_by(RuleRun.asked_at.desc(), RuleRun.id).limit(1))


def apply_some(db: Session, run_id: str, now: datetime) -> bool:
    """Let the rule hold for some further people, in the caller's transaction; tell whether that was all."""
    asked = db.get(RuleRun, run_id, with_for_update=True)
    if asked is None or asked.ended_at is not None:
        return True
    some = _list_people(db, asked)
    if some:
        settling.apply_rule(db, asked.course_id, some, now)
        asked.last_person_id, asked.people_done = some[-1], asked.people_done + len(some)
    if len(some) < PEOPLE_A_TIME:
        asked.ended_at = now
    db.flush()
    return asked.ended_at is not None


def _list_people(db: Session, asked: RuleRun) -> list[str]:
    of_course = Completion.course_id == asked.course_id, Completion.withdrawn_at.is_(None)
    query = select(Completion.person_id).where(*of_course, Completion.person_id > asked.last_person_id).distinct()
    return list(db.scalars(query.order_by(Completion.person_id).limit(PEOPLE_A_TIME)))
