"""Prove on paper that somebody completed a course: what the paper says, and its reference, which staff can look up.

A reference is the beginning of the completion's id, written so that people can read it out and type it. It says nothing
by itself, nobody can guess one, and whoever looks one up must be allowed to see the person.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import exists, select, true
from sqlalchemy.orm import Session

from sidecar.core import employer_sight
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.data_subjects import DataSubject
from sidecar.core.municipalities import Municipality
from sidecar.core.own_learning import Learned, list_learned
from sidecar.core.people import Employment, Person
from sidecar.core.periods import day_of
from sidecar.core.regions import Region, RegionMembership, is_member_on
from sidecar.errors import NotFoundError, SidecarError

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without the letters that look like digits."""

MISREAD: Final = str.maketrans("OIL", "011")
GROUP: Final = 4
GROUPS: Final = 4
HEX_DIGITS: Final = GROUP * GROUPS * 5 // 4
ID_DIGITS: Final = 32


class ReferenceUnreadableError(SidecarError):
    """A reference is {count} letters and digits, such as {example}. Type it as it stands on the paper."""

    code = "proof-unreadable"


class ReferenceUnknownError(SidecarError):
    """Nobody you may see has a proof with the reference {reference}. Compare it with the paper, sign by sign."""

    code = "proof-unknown"


@dataclass(frozen=True)
class Proof:
    """What a paper says of one completion.

    Attributes:
        employers: who employed the person on the day.
    """

    reference: str
    learned: Learned
    employers: Sequence[str]


@dataclass(frozen=True)
class Papers:
    """The papers of one person; `offices`: the regions of their employers, whose office stands behind them."""

    name: str
    proofs: Sequence[Proof]
    offices: Sequence[str]


@dataclass(frozen=True)
class Checked:
    """What holds today of the completion that a reference stands for.

    Attributes:
        withdrawn_on: since when it holds no more; None while it holds.
        holding: the days on which the person completed the course, of what holds and the viewer's employer is told.
        municipality_ids: of the employments by which the viewer sees the person.
    """

    person_id: str
    name: str
    course: str
    completed_on: date
    valid_until: date | None
    withdrawn_on: date | None
    holding: Sequence[date]
    municipality_ids: Collection[str]


def reference_of(completion_id: str) -> str:
    """Return the reference of a completion, e.g. `7K3M-9QXA-04FT-B2WZ`."""
    number = int(completion_id[:HEX_DIGITS], 16)
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(GROUP * GROUPS)))
    return "-".join(letters[start : start + GROUP] for start in range(0, len(letters), GROUP))


def read_reference(text: str) -> str:
    """Return how the id begins that a typed reference stands for.

    Raises:
        ReferenceUnreadableError: it is none.
    """
    letters = "".join(text.upper().split()).replace("-", "").translate(MISREAD)
    if len(letters) != GROUP * GROUPS or not set(letters) <= set(ALPHABET):
        raise ReferenceUnreadableError(count=GROUP * GROUPS, example=reference_of("3" * ID_DIGITS))
    number = 0
    for letter in letters:
        number = number << 5 | ALPHABET.index(letter)
    return f"{number:0{HEX_DIGITS}x}"


def find_papers(db: Session, subject: DataSubject, today: date, completion_id: str = "") -> Papers:
    """Return the papers of somebody who asks for their own.

    Args:
        completion_id: this one alone; "" for the newest cycle of each course.

    Raises:
        NotFoundError: it is none of theirs, or does not hold.
    """
    learned = list_learned(db, subject, today)
    if completion_id:
        learned = [one for one in learned if one.id == completion_id]
        if not learned:
            raise NotFoundError(what="completion", key=completion_id)
    else:
        learned = list({one.course_id: one for one in reversed(learned)}.values())[::-1]
    person = db.get(Person, subject.person_id) if subject.person_id else None
    return Papers(
        name=f"{person.first_name} {person.last_name}".strip() if person else "",
        proofs=[Proof(reference_of(one.id), one, _employers_on(one)) for one in learned],
        offices=_list_offices(db, subject, today),
    )


def _employers_on(one: Learned) -> list[str]:
    return [each.municipality for each in one.employers if each.begins_on is None and each.told_on is not None]


def _list_offices(db: Session, subject: DataSubject, today: date) -> Sequence[str]:
    query = select(Region.name).join(RegionMembership, RegionMembership.region_id == Region.id)
    ours = RegionMembership.municipality_id.in_(subject.municipality_ids), is_member_on(today)
    return db.scalars(query.where(*ours).distinct().order_by(Region.name)).all()


def check_reference(db: Session, viewer: Viewer, reference: str, today: date) -> Checked:
    """Return what holds of the completion on a paper, to whoever may see the person.

    Raises:
        ReferenceUnreadableError: it is no reference.
        ReferenceUnknownError: no completion has it, or its person is not the viewer's to see.
    """
    beginning = read_reference(reference)
    rest = ID_DIGITS - HEX_DIGITS
    theirs = exists().where(Employment.person_id == Completion.person_id, may_see_employment(viewer))
    query = (
        select(Completion, Course.title, Person)
        .join(Course, Course.id == Completion.course_id)
        .join(Person, Person.id == Completion.person_id)
        .where(Completion.id.between(beginning + "0" * rest, beginning + "f" * rest))
        .where(Person.erased_at.is_(None), theirs)
    )
    found = db.execute(query.limit(1)).one_or_none()
    if found is None:
        raise ReferenceUnknownError(reference=reference_of(beginning))
    completion, course, person = found
    return Checked(
        person_id=person.id,
        name=f"{person.first_name} {person.last_name}".strip(),
        course=course,
        completed_on=completion.completed_on,
        valid_until=completion.valid_until,
        withdrawn_on=day_of(completion.withdrawn_at) if completion.withdrawn_at else None,
        holding=_list_holding(db, viewer, completion, today),
        municipality_ids=_seen_by(db, viewer, person.id),
    )


def _list_holding(db: Session, viewer: Viewer, completion: Completion, today: date) -> Sequence[date]:
    """Return the days; the paper itself was shown by the person, what else they have is told by its own rules."""
    seen = Employment.person_id == Completion.person_id, may_see_employment(viewer)
    told = true() if viewer.everything else exists().where(*seen, employer_sight.is_told(today))
    same = Completion.person_id == completion.person_id, Completion.course_id == completion.course_id
    query = select(Completion.completed_on).join(Course, Course.id == Completion.course_id)
    query = query.where(*same, Completion.withdrawn_at.is_(None), told)
    return db.scalars(query.order_by(Completion.completed_on)).all()


def _seen_by(db: Session, viewer: Viewer, person_id: str) -> frozenset[str]:
    seen = Employment.person_id == person_id, may_see_employment(viewer)
    query = select(Municipality.id).join(Employment, Employment.municipality_id == Municipality.id)
    return frozenset(db.scalars(query.where(*seen)))
