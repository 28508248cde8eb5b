"""Say which completions a region tells another of an employer's people, and what it says of each.

A region speaks only for what was earned at itself: in its player, in an LMS that tells it, at its gatherings, signed
off by its managers, or recognised by its own municipalities (entered by hand and confirmed). What came from another
region, from a file of what was completed elsewhere, or is the learner's own word is never told on; nor is a learning
path of which a step is such, nor what belongs to another region of the same installation. Of an employment that we
hold, what that employer may know is told (`employer_sight`); of one that the person named, what was still valid when
they did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, union
from sqlalchemy.orm import Session, aliased

from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.crossing_courses import is_of_region, list_origins, origin_of_course
from sidecar.core.crossing_records import COMPLETED, Record, plain_day
from sidecar.core.crossing_sent import CrossingSent
from sidecar.core.employer_sight import is_told
from sidecar.core.evidence import (
    FILE,
    GATHERING,
    LMS,
    MANUAL,
    PATH,
    PLAYER,
    REGION,
    SELF,
    SIGN_OFF,
    VALID,
    Evidence,
)
from sidecar.core.municipalities import Municipality
from sidecar.core.named_employers import NamedEmployer
from sidecar.core.paths import LearningPathStep
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.periods import day_of
from sidecar.core.platforms import Platform
from sidecar.core.regions import RegionMembership, is_of_another
from sidecar.core.short_texts import one_line

OWN_ORIGINS: Final = (PLAYER, LMS, MANUAL, GATHERING, SIGN_OFF, PATH)
"""What is earned at the region itself; the origin of what is not is file, region or self."""

ELSEWHERE: Final = (FILE, REGION, SELF)
"""What nobody here can vouch for: no path is told of which such is a step."""

SESSIONS: Final = (GATHERING, SIGN_OFF)


@dataclass(frozen=True)
class Route:
    """Who tells whom about which employer's people.

    Attributes:
        region_id: whose region of ours tells; `address`: its exchange address.
        to: the exchange address of the peer.
        is_open: an agreement holds; else only what was told before is corrected and withdrawn.
    """

    region_id: str
    address: str
    peer_id: str
    to: str
    org_number: str
    is_open: bool = True


class Subject(NamedTuple):
    """A completion, and the employee that it is told about."""

    completion_id: str
    employee_ref: str


class Shown(NamedTuple):
    """A completion that would be told, as its person reads it."""

    course: str
    completed_on: date
    score: float | None


class _Done(NamedTuple):
    """A completion with its course."""

    completion_id: str
    valid_until: date | None
    course_id: str
    key: str
    kind: str
    title: str
    language: str | None
    minutes: int | None
    months: int | None
    window: str | None
    renewal_days: int
    provider: str | None


class _Earned(NamedTuple):
    """What the evidence that was earned here says of a completion: the earliest counts, with the best score."""

    completion_id: str | None
    completed_at: datetime
    origin: str
    basis: str | None
    version: int | None
    lms: str | None
    score: float | None

    @property
    def kind(self) -> str:
        """The kind of evidence: a course or gathering is a session, what else was recognised prior learning."""
        if self.origin in SESSIONS or (self.origin == MANUAL and self.basis == "course"):
            return "session"
        return "prior-learning" if self.origin == MANUAL else "e-learning"


def list_told(db: Session, route: Route, person_ids: Sequence[str], today: date) -> dict[Subject, Record]:
    """Return what is told of these people to an employer's region, by completion and employee.

    Who sees it is the route's to say: its agreement names the region for this employer.

    Args:
        today: the day in Europe/Oslo.
    """
    subjects = _held(db, route, person_ids, today) | _named(db, route, person_ids, today)
    ids = sorted({one.completion_id for one in subjects})
    earned, done = _list_earned(db, route.region_id, ids), _list_done(db, ids)
    origins = list_origins(db, route.region_id, {one.course_id for one in done.values()})
    return {
        one: _record(route, one, done[one.completion_id], earned[one.completion_id], origins)
        for one in sorted(subjects)
        if one.completion_id in earned
    }


def list_to_show(db: Session, region_id: str, person_id: str, today: date) -> list[Shown]:
    """Return what a region would tell of somebody if they named an employer today, for themselves; newest first.

    Args:
        today: the day in Europe/Oslo.
    """
    query = (
        select(Completion.id, Course.title)
        .join(Course, Course.id == Completion.course_id)
        .where(Completion.person_id == person_id, Completion.withdrawn_at.is_(None), _is_ours(region_id, today))
        .where(or_(Completion.valid_until.is_(None), Completion.valid_until >= today))
    )
    titles = {row.id: row.title for row in db.execute(query)}
    earned = _list_earned(db, region_id, list(titles))
    found = [Shown(titles[key], day_of(one.completed_at), one.score) for key, one in earned.items()]
    return sorted(found, key=lambda one: (-one.completed_on.toordinal(), one.course))


def list_people(db: Session, route: Route) -> list[str]:
    """Return the ids of all people of whom something may have to be told, or was, in their order."""
    here = select(Municipality.id).where(Municipality.org_number == route.org_number)
    about = CrossingSent.peer_id == route.peer_id, CrossingSent.org_number == route.org_number
    named = select(_whoever_it_is()).join(NamedEmployer, NamedEmployer.person_id == Person.id)
    known = select(Completion.person_id).join(CrossingSent, CrossingSent.completion_id == Completion.id)
    everybody = union(
        select(Employment.person_id).where(Employment.municipality_id.in_(here)),
        named.where(NamedEmployer.org_number == route.org_number),
        known.where(*about),
    )
    return sorted(db.scalars(everybody))


def _held(db: Session, route: Route, person_ids: Sequence[str], today: date) -> set[Subject]:
    """Return what an employer may know by employments that we hold."""
    query = (
        select(Completion.id, Employment.employee_number)
        .join(Course, Course.id == Completion.course_id)
        .join(Employment, Employment.person_id == Completion.person_id)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(Completion.person_id.in_(person_ids), Employment.erased_at.is_(None))
        .where(Municipality.org_number == route.org_number, is_told(today), _is_ours(route.region_id, today))
        .where(~is_of_another(Municipality.id, route.region_id, today))
    )
    return {Subject(*row) for row in db.execute(query)}


def _named(db: Session, route: Route, person_ids: Sequence[str], today: date) -> set[Subject]:
    """Return what people let us tell an employer that they named."""
    query = (
        select(Completion.id, NamedEmployer.employee_ref, Completion.valid_until, NamedEmployer.given_at)
        .select_from(NamedEmployer)
        .join(Person, Person.id == NamedEmployer.person_id)
        .join(Completion, Completion.person_id == _whoever_it_is())
        .where(_whoever_it_is().in_(person_ids), Completion.withdrawn_at.is_(None))
        .where(NamedEmployer.org_number == route.org_number, NamedEmployer.withdrawn_at.is_(None))
        .where(_is_ours(route.region_id, today))
    )
    return {
        Subject(key, ref) for key, ref, until, given_at in db.execute(query) if not until or until >= day_of(given_at)
    }


def _whoever_it_is() -> ColumnElement[str]:
    """Return the id of the person that a `Person` is, or turned out to be."""
    return func.coalesce(Person.merged_into_id, Person.id)


def _is_ours(region_id: str, today: date) -> ColumnElement[bool]:
    """Return the condition on `Completion`: its person works, or worked till then, in a municipality of the region."""
    work, member = aliased(Employment), aliased(RegionMembership)
    return exists().where(
        work.person_id == Completion.person_id,
        work.erased_at.is_(None),
        member.municipality_id == work.municipality_id,
        member.region_id == region_id,
        member.joined_on <= today,
        or_(member.left_on.is_(None), member.left_on > Completion.completed_on),
    )


def _list_done(db: Session, ids: Sequence[str]) -> Mapping[str, _Done]:
    rule = Completion.validity_months, Completion.validity_window, Completion.renewal_days
    about = Course.id, Course.key, Course.kind, Course.title, Course.language, Course.duration_minutes
    query = (
        select(Completion.id, Completion.valid_until, *about, *rule, Municipality.org_number)
        .join(Course, Course.id == Completion.course_id)
        .outerjoin(Municipality, Municipality.id == Course.municipality_id)
        .where(Completion.id.in_(ids))
    )
    return {done.completion_id: done for done in map(_Done._make, db.execute(query))}


def _list_earned(db: Session, region_id: str, ids: Collection[str]) -> Mapping[str, _Earned]:
    """Return what was earned here of these completions; of those that were earned elsewhere alone nothing."""
    ours = select(RegionMembership.municipality_id).where(RegionMembership.region_id == region_id)
    query = (
        select(
            Evidence.completion_id,
            Evidence.completed_at,
            Evidence.origin,
            Evidence.basis,
            CourseVersion.number,
            Platform.name,
            Evidence.score,
        )
        .join(Course, Course.id == Evidence.course_id)
        .outerjoin(CourseVersion, CourseVersion.id == Evidence.version_id)
        .outerjoin(Identity, Identity.id == Evidence.identity_id)
        .outerjoin(Platform, Platform.id == Identity.platform_id)
        .where(Evidence.completion_id.in_(ids), Evidence.state == VALID, Evidence.origin.in_(OWN_ORIGINS))
        .where(or_(Evidence.origin != MANUAL, Evidence.municipality_id.in_(ours)))
        .where(is_of_region(region_id), or_(Platform.region_id.is_(None), Platform.region_id == region_id))
        .where(~and_(Evidence.origin == PATH, _has_step_from_elsewhere()))
        .order_by(Evidence.completed_at, Evidence.id)
    )
    pieces = defaultdict[str, list[_Earned]](list)
    for piece in map(_Earned._make, db.execute(query)):
        pieces[piece.completion_id or ""].append(piece)
    return {key: _first_with_best(some) for key, some in pieces.items()}


def _has_step_from_elsewhere() -> ColumnElement[bool]:
    """Return the condition on the `Evidence` of a path that somebody did one of its steps elsewhere."""
    step, version = aliased(Completion), LearningPathStep.version_id == Evidence.source_key
    done = step.course_id == LearningPathStep.course_id, step.person_id == Evidence.person_id
    return exists().where(version, *done, step.withdrawn_at.is_(None), step.origin.in_(ELSEWHERE))


def _first_with_best(pieces: Iterable[_Earned]) -> _Earned:
    first, *others = pieces
    scores = [one.score for one in (first, *others) if one.score is not None]
    return first._replace(score=max(scores, default=None))


def _record(route: Route, subject: Subject, done: _Done, earned: _Earned, origins: Mapping[str, str]) -> Record:
    origin = origins.get(done.course_id) or origin_of_course(route.address, done.key, done.kind)
    said: dict[str, Any] = {
        "status": COMPLETED,
        "municipality_orgnr": route.org_number,
        "employee_ref": subject.employee_ref,
        "course_id": origin,
        "course_version": earned.version,
        "path_id": origin if done.kind == PATH else None,
        "completed_at": earned.completed_at.isoformat().replace("+00:00", "Z"),
        "score": earned.score,
        "hours": None if done.minutes is None else round(done.minutes / 60, 2),
        "valid_until": plain_day(done.valid_until),
        "evidence_kind": earned.kind,
        "source_lms": earned.lms,
        "provider": route.address,
        "provider_orgnr": done.provider,
        "course": {
            "title": one_line(done.title) or "–",
            "language": done.language or None,
            "minutes": done.minutes,
            "validity_months": done.months,
            "validity_window": done.window,
            "renewal_days": done.renewal_days,
        },
    }
    nothing = ("report_id", "period_from", "period_to", "unit_id", "unit_path", "person_pseudonym", "requirement_id")
    return said | dict.fromkeys(nothing)
