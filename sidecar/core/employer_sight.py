"""Say which employer a completion is told to, and from which day on.

It is told to an employer whose employment covers the day of completion; and to one whose employment begins later, while
the completion is valid, where the course is marked transferable (statutory courses are, unless somebody said no) or
where the learner agreed. A day of beginning that no source knows is taken for long ago; that is so only for whom the
municipality's first import brought in: of who comes later, or over SCIM, or back after an end, the first day is the one
that is told, else the day on which we heard of it (`first_days`). Who leaves is told of up to
the last day: what they complete later is not the employer's to know, what they completed before stays.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, case, exists, func, not_, or_, true

from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Employment


def is_told(today: date | None = None) -> ColumnElement[bool]:
    """Return the condition on `Completion`, its `Course`, and an `Employment` of its person.

    Args:
        today: the day in Europe/Oslo; an employment that begins later is told nothing yet. None: whenever it begins.
    """
    later = and_(_begins_later(today), _is_valid_then(), _goes_along())
    return and_(Completion.withdrawn_at.is_(None), _lasts(), or_(_covers(), later))


def told_on() -> ColumnElement[date]:
    """Return the day from which on a completion is told to an employment for which `is_told` holds (Europe/Oslo)."""
    return case((_covers(), Completion.completed_on), else_=Employment.started_on)


def is_told_within(first: date, last: date) -> ColumnElement[bool]:
    """Return the condition that `told_on` is one of these days, both included, as databases can reckon how many it has.

    Of a `case` between two days PostgreSQL expects one row in two hundred, whatever stands in the tables.
    """
    covered = and_(_covers(), Completion.completed_on.between(first, last))
    return or_(covered, and_(not_(_covers()), Employment.started_on.between(first, last)))


def needs_leave() -> ColumnElement[bool]:
    """Return the condition that an employment is told a completion where the learner agrees, and not else."""
    ours_to_ask = _begins_later(None), _is_valid_then(), not_(is_transferable())
    return and_(Completion.withdrawn_at.is_(None), _lasts(), *ours_to_ask)


def is_transferable() -> ColumnElement[bool]:
    """Return the condition that a `Course` counts at a later employer too."""
    return func.coalesce(Course.is_transferable, is_transferable_by_default())


def is_transferable_by_default() -> ColumnElement[bool]:
    """Return the condition that a `Course` counts at a later employer where nobody said anything of it."""
    return Course.is_statutory.is_(True)


def _lasts() -> ColumnElement[bool]:
    return or_(Employment.ended_on.is_(None), Employment.ended_on >= Completion.completed_on)


def _begins_later(today: date | None) -> ColumnElement[bool]:
    """Return the condition that an employment begins after the completion, and does begin."""
    begins = Employment.ended_on.is_(None) | (Employment.ended_on >= Employment.started_on)
    has_begun = true() if today is None else Employment.started_on <= today
    return and_(Employment.started_on > Completion.completed_on, begins, has_begun)


def _covers() -> ColumnElement[bool]:
    return or_(Employment.started_on.is_(None), Employment.started_on <= Completion.completed_on)


def _is_valid_then() -> ColumnElement[bool]:
    return or_(Completion.valid_until.is_(None), Employment.started_on <= Completion.valid_until)


def _goes_along() -> ColumnElement[bool]:
    agreed = exists().where(
        SharingConsent.person_id == Completion.person_id,
        SharingConsent.municipality_id == Employment.municipality_id,
        SharingConsent.course_id == Completion.course_id,
        SharingConsent.withdrawn_at.is_(None),
    )
    return or_(is_transferable(), agreed)
