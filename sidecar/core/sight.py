"""Tell why somebody may, or may not, see something: the verdict is the rule's own, the reasons come from each grant.

The verdict asks `viewer_of` and the conditions of `core.access`, as every page does. Each grant, also one that has
ended, is then made a viewer of its own and asked the same: access is additive, so the grants that say yes alone are
those that give it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from sidecar.core.access import (
    Viewer,
    may_see_course,
    may_see_employment,
    may_see_municipality,
    viewer_by,
    viewer_of,
)
from sidecar.core.courses import Course
from sidecar.core.deliveries import Delivery
from sidecar.core.identity_lists import IdentityLine, may_see_grant
from sidecar.core.municipalities import Municipality, find_municipality
from sidecar.core.people import Employment
from sidecar.core.periods import day_of, last_day
from sidecar.core.platforms import Platform
from sidecar.core.pointers import Pointer
from sidecar.core.regions import Region, RegionMembership
from sidecar.core.sight_reasons import ROLE_NAMES, TEXTS, Answer, Reason
from sidecar.core.sign_ins import SignIn
from sidecar.core.sign_ins import holds as sign_in_holds
from sidecar.core.staff import Grant, holds
from sidecar.core.units import reach_of
from sidecar.errors import InvalidInputError, NotFoundError

ROLES: Final = Pointer("roles")
NEW_ROLE: Final = Pointer("new-role")


@dataclass(frozen=True)
class Sought:
    """What somebody would like to see: one of these.

    Attributes:
        municipality: its list of people.
        employments: the page of an employee, in at least one of their employments.
        course: the course's page.
        reports_of: the reports of this municipality.
    """

    municipality: Municipality | None = None
    employments: Sequence[Employment] = ()
    course: Course | None = None
    reports_of: Municipality | None = None

    @property
    def municipality_ids(self) -> frozenset[str]:
        """The municipalities it belongs to; none for a course of no single one."""
        owners = [one.id for one in (self.municipality, self.reports_of) if one]
        courses = [self.course.municipality_id] if self.course and self.course.municipality_id else []
        return frozenset([*owners, *courses, *(one.municipality_id for one in self.employments)])


@dataclass(frozen=True)
class _Held:
    grant: Grant
    where: str
    is_hidden: bool
    holds: bool


def may_see(db: Session, viewer: Viewer, sought: Sought) -> bool:
    """Tell whether a viewer may see something, by the rule that its page keeps."""
    if sought.reports_of:
        return viewer.sees_municipality(sought.reports_of.id)
    return db.execute(_visible(viewer, sought)).first() is not None


def _visible(viewer: Viewer, sought: Sought) -> Select[str]:
    if sought.municipality:
        return select(Municipality.id).where(may_see_municipality(viewer), Municipality.id == sought.municipality.id)
    if sought.course:
        return select(Course.id).where(may_see_course(viewer), Course.id == sought.course.id)
    these = Employment.id.in_([one.id for one in sought.employments]), Employment.erased_at.is_(None)
    return select(Employment.id).where(may_see_employment(viewer), *these)


def explain(db: Session, viewer: Viewer, who: IdentityLine, sought: Sought, *, now: datetime, today: date) -> Answer:
    """Say whether somebody may see something, and why.

    Args:
        viewer: who asks; of roles that they may not see they are told no more than that there is one.
        today: the day in Europe/Oslo.
    """
    verdict = may_see(db, viewer_of(db, who.identity.id, now=now, today=today), sought)
    held = _list_held(db, viewer, who.identity.id, now)
    giving = [one for one in held if one.holds and _would_give(db, one.grant, sought, today)]
    reasons = list(_given(db, giving, sought, today)) if verdict else list(_missing(db, who, held, sought, today))
    if any(one.holds for one in held):
        reasons.append(_coming_in(db, who, now))
    return Answer(verdict, tuple(reasons))


def _would_give(db: Session, grant: Grant, sought: Sought, day: date) -> bool:
    return may_see(db, viewer_by(db, grant.identity_id, [grant], day), sought)


def _list_held(db: Session, viewer: Viewer, identity_id: str, now: datetime) -> Sequence[_Held]:
    """Return every grant that an identity has or had, the newest first; `is_hidden` where the viewer may not see it."""
    seen = set(db.scalars(select(Grant.id).where(Grant.identity_id == identity_id, may_see_grant(viewer))))
    query = (
        select(Grant, Municipality.name, Region.name, holds(now))
        .outerjoin(Municipality, Grant.municipality_id == Municipality.id)
        .outerjoin(Region, Grant.region_id == Region.id)
        .where(Grant.identity_id == identity_id)
        .order_by(Grant.granted_at.desc(), Grant.id)
    )
    is_own = identity_id == viewer.identity_id
    return [
        _Held(grant, municipality or region or "", not is_own and grant.id not in seen, held_now)
        for grant, municipality, region, held_now in db.execute(query)
    ]


def _given(db: Session, giving: Sequence[_Held], sought: Sought, today: date) -> Iterator[Reason]:
    for one in sorted(giving, key=lambda each: each.is_hidden):
        if one.is_hidden:
            yield Reason("given-elsewhere")
            return
        yield _reason("given", one, ROLES)
        if one.grant.unit is not None and sought.municipality:
            yield Reason("unit-only", {"unit": one.grant.unit})
        elif one.grant.unit is not None and one.grant.unit not in {each.unit for each in sought.employments}:
            yield _through_tree(db, one.grant.unit, one.grant, sought, today)


def _through_tree(db: Session, unit: str, grant: Grant, sought: Sought, today: date) -> Reason:
    """Say how a unit gives sight of who does not have it as their main one: from above, or by another position."""
    reach = reach_of(db, [(grant.municipality_id or "", unit)], today)
    below = [one.unit for one in sought.employments if one.unit_id in reach]
    if below:
        return Reason("through-unit-above", {"unit": unit, "other": below[0]})
    return Reason("through-position", {"unit": unit})


def _missing(db: Session, who: IdentityLine, held: Sequence[_Held], sought: Sought, today: date) -> Iterator[Reason]:
    if sought.employments and all(one.erased_at for one in sought.employments):
        yield Reason("erased-person")
        return
    if not any(one.holds for one in held):
        yield Reason("no-role", {"name": who.name}, NEW_ROLE)
    for one in held:
        if not one.is_hidden:
            yield from _why_not(db, one, sought, today)
    if any(one.is_hidden for one in held):
        yield Reason("hidden-roles")


def _why_not(db: Session, one: _Held, sought: Sought, today: date) -> Iterator[Reason]:
    """Say what keeps one grant from giving it; of those that do not hold any more, only what they would have given."""
    grant = one.grant
    if not one.holds:
        if _would_give(db, grant, sought, today):
            yield _over(one)
    elif (day := _day_of_membership(db, grant, sought, today)) is not None:
        yield _reason("member-later" if day > today else "member-before", one, day=day)
    elif grant.unit is not None and grant.municipality_id in sought.municipality_ids:
        yield from _other_unit(one, sought)
    elif grant.role == "content-developer" or not sought.municipality_ids - {grant.municipality_id}:
        yield _reason("other-kind", one)
    else:
        yield _reason("other-place", one)


def _over(one: _Held) -> Reason:
    if one.grant.revoked_at is not None:
        return _reason("role-revoked", one, NEW_ROLE, day=day_of(one.grant.revoked_at))
    return _reason("role-ended", one, NEW_ROLE, day=last_day(one.grant.ends_at) or "")


def _other_unit(one: _Held, sought: Sought) -> Iterator[Reason]:
    here = [each.unit for each in sought.employments if each.municipality_id == one.grant.municipality_id]
    if not here:
        yield _reason("other-kind", one)
    for other in here:
        is_same = _plainly(one.grant.unit or "") == _plainly(other)
        yield _reason("unit-misspelt" if is_same else "other-unit", one, ROLES, unit=one.grant.unit or "", other=other)


def _plainly(unit: str) -> str:
    """Return a unit's name without what people overlook: capitals, spaces, punctuation."""
    return "".join(sign for sign in unit.casefold() if sign.isalnum())


def _day_of_membership(db: Session, grant: Grant, sought: Sought, today: date) -> date | None:
    """Return the nearest day on which the grant would give it, as its region's members change; None for none."""
    query = select(RegionMembership).where(
        RegionMembership.region_id == grant.region_id, RegionMembership.municipality_id.in_(sought.municipality_ids)
    )
    members = db.scalars(query).all()
    days = [(one.joined_on, one.joined_on) for one in members]
    days += [(one.left_on - timedelta(days=1), one.left_on) for one in members if one.left_on]
    told = [(abs(day - today), said) for day, said in days if _would_give(db, grant, sought, day)]
    return min(told)[1] if told else None


def _coming_in(db: Session, who: IdentityLine, now: datetime) -> Reason:
    """Say what keeps somebody from signing in, whatever they may see; or that they are signed in."""
    platform = db.get(Platform, who.identity.platform_id) if who.identity.platform_id else None
    if platform is not None and platform.state != "active":
        return Reason(f"platform-{platform.state}", {"platform": platform.name}, Pointer("platform", platform.id))
    query = select(SignIn.id).outerjoin(Platform, SignIn.platform_id == Platform.id)
    mine = SignIn.identity_id == who.identity.id, SignIn.launch_id.is_(None), sign_in_holds(now)
    if db.scalar(query.where(*mine).limit(1)) is not None:
        return Reason("signed-in")
    return Reason("signed-out-link", shown=ROLES) if who.is_link_only else Reason("signed-out")


def _reason(code: str, one: _Held, shown: Pointer | None = None, **facts: str | date) -> Reason:
    """Return a reason about a role; one that names no place has a text of its own."""
    where = f"{one.where} ({one.grant.unit})" if one.grant.unit else one.where
    about: dict[str, str | date] = {"what": ROLE_NAMES.get(one.grant.role, one.grant.role), "where": where}
    return Reason(code if where or f"{code}-anywhere" not in TEXTS else f"{code}-anywhere", about | facts, shown)


def find_sought(
    db: Session, viewer: Viewer, *, municipality: str = "", employee: str = "", course: str = "", reports_of: str = ""
) -> Sought:
    """Return what one of these names, as far as the viewer, who asks, may see it.

    Args:
        municipality: organisation number or slug.
        employee: the id of a person or an employment, or a municipality's key, a slash and the employee number.
        course: its key.
        reports_of: organisation number or slug of a municipality, or the id of a delivery.

    Raises:
        InvalidInputError: no municipality is named where one must be.
        NotFoundError: there is none that the viewer may see.
    """
    if employee:
        return Sought(employments=_find_employments(db, viewer, employee))
    if course:
        found = db.scalar(select(Course).where(Course.key == course, may_see_course(viewer)))
        if found is None:
            raise NotFoundError(what="course", key=course[:80])
        return Sought(course=found)
    if reports_of:
        delivery = db.get(Delivery, reports_of)
        owner = db.get_one(Municipality, delivery.municipality_id).slug if delivery else reports_of
        return Sought(reports_of=find_seen(db, viewer, owner))
    return Sought(municipality=find_seen(db, viewer, municipality))


def find_seen(db: Session, viewer: Viewer, key: str) -> Municipality:
    """Return a municipality by organisation number or slug.

    Raises:
        InvalidInputError: none is named.
        NotFoundError: there is none all of which the viewer sees.
    """
    if not key.strip():
        raise InvalidInputError(field="municipality", reason="it is missing.")
    found = find_municipality(db, key)
    if not viewer.sees_municipality(found.id):
        raise NotFoundError(what="municipality", key=key)
    return found


def _find_employments(db: Session, viewer: Viewer, key: str) -> Sequence[Employment]:
    municipality, slash, number = key.partition("/")
    which = or_(Employment.person_id == key, Employment.id == key)
    if slash:
        here = Employment.municipality_id == find_seen(db, viewer, municipality).id
        which = and_(here, Employment.employee_number == number.strip())
    found = db.scalars(select(Employment).where(which, may_see_employment(viewer)).order_by(Employment.id)).all()
    if not found:
        raise NotFoundError(what="person", key=key[:80])
    return found
