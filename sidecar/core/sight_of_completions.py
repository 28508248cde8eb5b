"""Tell why what a learner completed does, or does not, count at a municipality: the verdict is the reports' rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer, for_municipality, may_see_employment
from sidecar.core.attempts import Attempt
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.deliveries import Delivery, DeliveryItem
from sidecar.core.employer_sight import is_told
from sidecar.core.evidence import VALID, Evidence
from sidecar.core.identity_lists import IdentityLine
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity
from sidecar.core.people_lists import why_unplaced
from sidecar.core.periods import Period, day_of
from sidecar.core.placing import rules_of
from sidecar.core.pointers import Pointer
from sidecar.core.sight_reasons import Answer, Reason

MOST_TOLD = 20


@dataclass(frozen=True)
class _Done:
    completion_id: str
    employment_id: str
    course: str
    completed_at: datetime


def explain_completions(
    db: Session, who: IdentityLine, municipality: Municipality, course: Course | None, *, today: date
) -> Answer:
    """Say whether what somebody completed counts at a municipality, and why.

    Args:
        who: the account; its viewer has found it.
        course: this one alone; None for all.
        today: the day in Europe/Oslo.
    """
    viewer = for_municipality(municipality.id)
    done = list_counted(db, viewer, who.identity.id, municipality.id, course, today)
    reasons = [*_standing(db, done)] if done else [*_missing(db, viewer, who, municipality, course, today)]
    if done:
        reasons.insert(0, Reason("appears", {"count": len(done), "municipality": municipality.name}))
    return Answer(bool(done), tuple(reasons))


def list_counted(
    db: Session, viewer: Viewer, identity_id: str, municipality_id: str, course: Course | None, today: date
) -> Sequence[_Done]:
    """Return what an account completed that counts at a municipality, the newest first."""
    query = (
        select(Completion.id, Employment.id, Course.title, Completion.completed_at)
        .join(Identity, Identity.person_id == Completion.person_id)
        .join(Employment, Employment.person_id == Completion.person_id)
        .join(Course, Course.id == Completion.course_id)
        .where(Identity.id == identity_id, Employment.municipality_id == municipality_id, may_see_employment(viewer))
        .where(is_told(today))
        .order_by(Completion.completed_at.desc(), Completion.id)
    )
    rows = db.execute(query.where(Course.id == course.id) if course else query)
    return [_Done(*row) for row in rows]


def _standing(db: Session, done: Sequence[_Done]) -> Iterator[Reason]:
    """Say in which reports the newest completions stand."""
    for one in done[:MOST_TOLD]:
        query = (
            select(Delivery.period_start, Delivery.period_end, Delivery.id)
            .join(DeliveryItem, DeliveryItem.delivery_id == Delivery.id)
            .where(DeliveryItem.completion_id == one.completion_id, DeliveryItem.employment_id == one.employment_id)
            .where(Delivery.state == "delivered")
            .order_by(Delivery.delivered_at)
        )
        facts: dict[str, str | date] = {"course": one.course, "day": day_of(one.completed_at)}
        told = db.execute(query.limit(1)).first()
        if told:
            start, end, delivery_id = told
            yield Reason("stands-in", facts | {"period": Period(start, end).name}, Pointer("report", delivery_id))
        else:
            yield Reason("stands-in-none", facts)


def _missing(
    db: Session, viewer: Viewer, who: IdentityLine, municipality: Municipality, course: Course | None, today: date
) -> Iterator[Reason]:
    if who.is_erased:
        yield Reason("erased-person")
    elif who.is_link_only:
        yield Reason("by-link")
    elif who.identity.person_id is None:
        yield from _unplaced(db, who, municipality, today)
    else:
        yield from _not_employed(db, viewer, who, municipality, course)
    if not who.is_link_only:
        yield from _not_completed(db, who, course)


def _unplaced(db: Session, who: IdentityLine, municipality: Municipality, today: date) -> Iterator[Reason]:
    about = {"municipality": municipality.name, "platform": who.platform or ""}
    platform = Pointer("platform", who.identity.platform_id or "")
    rules = {one.municipality_id: one for one in rules_of(db, who.identity.platform_id or "")}
    rule = rules.get(municipality.id)
    if rule is None:
        yield Reason("not-spoken-for", about, platform)
    elif rule.pattern and who.identity.person_sourcedid and not rule.numbers(who.identity.person_sourcedid):
        yield Reason("pattern-differs", about, platform)
    yield Reason(why_unplaced(db, who.identity, today), {}, Pointer("not-placed", municipality.slug))


def _not_employed(
    db: Session, viewer: Viewer, who: IdentityLine, municipality: Municipality, course: Course | None
) -> Iterator[Reason]:
    here = Employment.person_id == who.identity.person_id, Employment.municipality_id == municipality.id
    ends = db.scalars(select(Employment.ended_on).where(*here, may_see_employment(viewer))).all()
    people = Pointer("people", municipality.slug)
    if not ends:
        yield Reason("not-employed", {"municipality": municipality.name}, people)
    elif all(ends) and _completed(db, who, course):
        last = max(day for day in ends if day)
        yield Reason("left-before", {"municipality": municipality.name, "day": last}, people)


def _not_completed(db: Session, who: IdentityLine, course: Course | None) -> Iterator[Reason]:
    if _completed(db, who, course):
        return
    yield Reason("course-not-completed", {"course": course.title}) if course else Reason("nothing-completed")
    query = select(Course.title, Attempt.started_at).join(Course, Attempt.course_id == Course.id)
    begun = query.where(Attempt.identity_id == who.identity.id).order_by(Attempt.started_at.desc())
    for title, at in db.execute(begun.where(Course.id == course.id) if course else begun.limit(MOST_TOLD)):
        yield Reason("course-begun", {"course": title, "day": day_of(at)})


def _completed(db: Session, who: IdentityLine, course: Course | None) -> bool:
    mine = or_(Evidence.identity_id == who.identity.id, Evidence.person_id == who.identity.person_id)
    query = select(Evidence.id).where(mine, Evidence.state == VALID)
    return db.scalar((query.where(Evidence.course_id == course.id) if course else query).limit(1)) is not None
