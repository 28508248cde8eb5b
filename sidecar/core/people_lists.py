"""List a municipality's people for staff: who is placed with what they completed, and who is not placed and why."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from sidecar.core import employer_sight
from sidecar.core.access import Viewer, may_see_employment, sees_all_spoken_for
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deliveries import Delivery, DeliveryItem
from sidecar.core.paging import count_pages
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.placing import Rule, is_held, rules_of
from sidecar.core.platforms import Platform, PlatformMunicipality
from sidecar.errors import NotFoundError

PAGE_SIZE = 100
UNPLACED_LIMIT = 500


@dataclass(frozen=True)
class PersonLine:
    """An employee as a list shows it."""

    person_id: str
    employment_id: str
    first_name: str
    last_name: str
    employee_number: str
    unit: str
    completed: int
    last_completed_at: datetime | None


@dataclass(frozen=True)
class PeoplePage:
    """One page of a list; `total` counts all that match."""

    lines: Sequence[PersonLine]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return count_pages(self.total, PAGE_SIZE)


@dataclass(frozen=True)
class Unplaced:
    """An identity that no employment matches.

    Attributes:
        reason: `held`, `no-number` (the LMS sends none), `unknown-number` or `several`.
    """

    identity: Identity
    platform: str
    reason: str


@dataclass(frozen=True)
class Done:
    """A course a person has completed.

    Attributes:
        origin: player, lms, file or manual.
        valid_until: the last day on which it is valid; None: for good.
    """

    course: str
    version: int | None
    completed_at: datetime
    score: float | None
    origin: str
    valid_until: date | None


def list_people(
    db: Session, viewer: Viewer, municipality_id: str, today: date, *, search: str = "", unit: str = "", number: int = 1
) -> PeoplePage:
    """Return a page of the people the viewer may see in a municipality, by name.

    Args:
        today: the day in Europe/Oslo; who has left before it is left out.
        search: a part of a name or the whole employee number.
        number: of the page, from 1.
    """
    where = _seen(viewer, municipality_id, today) & _matches(search, unit)
    everybody = select(func.count()).select_from(Employment)
    total = db.scalar((everybody.join(Person) if search.split() else everybody).where(where)) or 0
    query = (
        select(Employment, Person)
        .join(Person, Employment.person_id == Person.id)
        .where(where)
        .order_by(func.lower(Person.last_name), func.lower(Person.first_name), Employment.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    rows = db.execute(query).all()
    done = _count_told(db, viewer, [employment.id for employment, _ in rows], today)
    lines = [
        PersonLine(p.id, e.id, p.first_name, p.last_name, e.employee_number, e.unit, *done.get(e.id, (0, None)))
        for e, p in rows
    ]
    return PeoplePage(lines, total, number)


def _count_told(
    db: Session, viewer: Viewer, employment_ids: Sequence[str], today: date
) -> dict[str, tuple[int, datetime]]:
    """Return, by employment, how many completions the employer is told of, and when the last one was."""
    query = (
        select(Employment.id, func.count(Completion.id), func.max(Completion.completed_at))
        .join(Completion, Completion.person_id == Employment.person_id)
        .join(Course, Course.id == Completion.course_id)
        .where(Employment.id.in_(employment_ids), may_see_employment(viewer), employer_sight.is_told(today))
        .group_by(Employment.id)
    )
    return {employment_id: (count, last) for employment_id, count, last in db.execute(query)}


def list_units(db: Session, viewer: Viewer, municipality_id: str, today: date) -> Sequence[str]:
    """Return the units of the people the viewer may see."""
    query = select(Employment.unit).where(_seen(viewer, municipality_id, today), Employment.unit != "").distinct()
    return db.scalars(query.order_by(Employment.unit)).all()


def find_person(db: Session, viewer: Viewer, municipality_id: str, employment_id: str) -> tuple[Person, Employment]:
    """Return an employee the viewer may see.

    Raises:
        NotFoundError: there is none, or it is not theirs to see.
    """
    query = (
        select(Person, Employment)
        .join(Employment, Employment.person_id == Person.id)
        .where(Employment.id == employment_id, Employment.municipality_id == municipality_id)
        .where(may_see_employment(viewer), Employment.erased_at.is_(None))
    )
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(what="person", key=employment_id)
    return row


def list_completed(
    db: Session, viewer: Viewer, municipality_id: str, employment_id: str, today: date
) -> Sequence[Done]:
    """Return what an employee the viewer may see has completed, as far as the employer is told, newest first.

    Args:
        today: the day in Europe/Oslo.
    """
    find_person(db, viewer, municipality_id, employment_id)
    query = (
        select(
            Course.title,
            CourseVersion.number,
            Completion.completed_at,
            Completion.score,
            Completion.origin,
            Completion.valid_until,
        )
        .join(Employment, Employment.person_id == Completion.person_id)
        .join(Course, Completion.course_id == Course.id)
        .outerjoin(CourseVersion, Completion.version_id == CourseVersion.id)
        .where(Employment.id == employment_id, employer_sight.is_told(today))
        .order_by(Completion.completed_at.desc())
    )
    return [Done(*row) for row in db.execute(query)]


def list_people_in(db: Session, viewer: Viewer, delivery: Delivery) -> Sequence[str]:
    """Return the ids of the people that a delivery's files name and the viewer may see."""
    query = (
        select(Employment.person_id)
        .join(DeliveryItem, DeliveryItem.employment_id == Employment.id)
        .where(DeliveryItem.delivery_id == delivery.id, may_see_employment(viewer), Employment.erased_at.is_(None))
    )
    return db.scalars(query.distinct()).all()


def list_unplaced(db: Session, viewer: Viewer, municipality_id: str, today: date) -> Sequence[Unplaced]:
    """Return the identities that are not placed and concern the municipality.

    One is shown to who sees all of the municipality, and only when what the LMS sent names this municipality, or
    when the viewer sees every municipality that LMS speaks for: else it may be another's employee.
    """
    if not viewer.sees_municipality(municipality_id):
        return []
    query = (
        select(Platform)
        .join(PlatformMunicipality, PlatformMunicipality.platform_id == Platform.id)
        .where(PlatformMunicipality.municipality_id == municipality_id)
        .order_by(Platform.name)
    )
    found = [
        each
        for platform in db.scalars(query).all()
        for each in _unplaced_of(db, viewer, platform, municipality_id, today)
    ]
    return found[:UNPLACED_LIMIT]


def count_unplaced(db: Session, viewer: Viewer) -> int:
    """Return how many identities are not placed on the platforms all of whose municipalities the viewer sees."""
    speaking = Identity.platform_id.in_(select(PlatformMunicipality.platform_id))
    theirs = speaking, sees_all_spoken_for(viewer, Identity.platform_id), _came_unplaced()
    return db.scalar(select(func.count(Identity.id)).where(*theirs)) or 0


def why_unplaced(db: Session, identity: Identity, today: date) -> str:
    """Return why an identity of an LMS is not placed: a reason of `Unplaced`, or `placeable` where nothing is wrong."""
    rules = rules_of(db, identity.platform_id or "")
    known = _known_numbers(db, rules, [identity], today)
    reason = _reason(rules, known, identity)
    return "placeable" if reason == "unknown-number" and _meant(rules, identity) & known else reason


def _unplaced_of(db: Session, viewer: Viewer, platform: Platform, municipality_id: str, today: date) -> list[Unplaced]:
    rules = rules_of(db, platform.id)
    query = (
        select(Identity, sees_all_spoken_for(viewer, Identity.platform_id))
        .where(Identity.platform_id == platform.id, _came_unplaced())
        .order_by(Identity.last_seen_at.desc())
    )
    with closing(db.execute(query.execution_options(yield_per=UNPLACED_LIMIT))) as found:
        here = {municipality_id}
        concerned = (one for one, sees_all in found if sees_all or _named(rules, one.person_sourcedid) == here)
        mine = list(islice(concerned, UNPLACED_LIMIT))
    known = _known_numbers(db, rules, mine, today)
    return [Unplaced(identity, platform.name, _reason(rules, known, identity)) for identity in mine]


def _came_unplaced() -> ColumnElement[bool]:
    """Return the condition of who has come and is not placed; who stands in a roster only has time to be."""
    return and_(Identity.person_id.is_(None), Identity.is_only_listed.is_(False))


def _named(rules: list[Rule], value: str | None) -> set[str]:
    """Return the municipalities that a value names by its prefix or by their own pattern."""
    least = {rule.municipality_id: 1 if rule.pattern else 2 for rule in rules}
    return {rule.municipality_id for rule in rules if len(rule.numbers(value or "")) >= least[rule.municipality_id]}


def _known_numbers(db: Session, rules: list[Rule], identities: list[Identity], today: date) -> set[tuple[str, str]]:
    """Return which (municipality id, employee number) that these identities can mean exist."""
    numbers = {number for each in identities for rule in rules for number in rule.numbers(each.person_sourcedid or "")}
    query = select(Employment.municipality_id, Employment.employee_number).where(
        Employment.municipality_id.in_([rule.municipality_id for rule in rules]),
        Employment.employee_number.in_(numbers),
        _lasts(today),
    )
    return {(municipality_id, number) for municipality_id, number in db.execute(query)}


def _reason(rules: list[Rule], known: set[tuple[str, str]], identity: Identity) -> str:
    if is_held(identity):
        return "held"
    if not identity.person_sourcedid:
        return "no-number"
    return "several" if len(_meant(rules, identity) & known) > 1 else "unknown-number"


def _meant(rules: list[Rule], identity: Identity) -> set[tuple[str, str]]:
    """Return the (municipality id, employee number) that what the LMS sent can mean."""
    return {(rule.municipality_id, n) for rule in rules for n in rule.numbers(identity.person_sourcedid or "")}


def _lasts(today: date) -> ColumnElement[bool]:
    return and_(Employment.erased_at.is_(None), or_(Employment.ended_on.is_(None), Employment.ended_on >= today))


def _seen(viewer: Viewer, municipality_id: str, today: date) -> ColumnElement[bool]:
    return and_(Employment.municipality_id == municipality_id, may_see_employment(viewer), _lasts(today))


def _matches(search: str, unit: str) -> ColumnElement[bool]:
    full_name = func.lower(Person.first_name + " " + Person.last_name)
    conditions = [
        or_(full_name.contains(word.lower(), autoescape=True), Employment.employee_number == word)
        for word in search.split()
    ]
    return and_(Employment.unit == unit if unit else Employment.id.is_not(None), *conditions)
