"""Find the accounts in an LMS of those who are expected to take a learning path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from sidecar.core import course_audiences
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, is_employed


@dataclass(frozen=True)
class Employee:
    """An employee by what the municipality calls them."""

    municipality: str
    employee_number: str


def list_expected_accounts(
    db: Session, viewer: Viewer, course_id: str, platform_id: str, today: date
) -> Mapping[str, Sequence[str]]:
    """Return the accounts in an LMS of each person who works today and is expected to take a course, by the person.

    An account is what the LMS calls its user; the one that was seen last comes first. Who has none has none here.
    """
    named = course_audiences.named_for(today, [course_id]).subquery()
    theirs = and_(Identity.person_id == Employment.person_id, Identity.platform_id == platform_id)
    query = (
        select(Employment.person_id, Identity.subject)
        .join(named, named.c.employment_id == Employment.id)
        .outerjoin(Identity, theirs)
        .where(may_see_employment(viewer), is_employed(today))
        .order_by(Employment.person_id, Identity.last_seen_at.desc())
    )
    found = defaultdict[str, list[str]](list)
    for person_id, subject in db.execute(query):
        found[person_id] += [subject] if subject and subject not in found[person_id] else []
    return found


def list_employees(db: Session, viewer: Viewer, platform_id: str, today: date) -> Mapping[str, Employee]:
    """Return who works today and has an account in an LMS, by the account; of several employments one."""
    query = (
        select(Identity.subject, Municipality.name, Employment.employee_number)
        .join(Employment, Employment.person_id == Identity.person_id)
        .join(Municipality, Municipality.id == Employment.municipality_id)
        .where(Identity.platform_id == platform_id, may_see_employment(viewer), is_employed(today))
        .order_by(Municipality.name, Employment.employee_number)
    )
    return {subject: Employee(municipality, number) for subject, municipality, number in db.execute(query)}
