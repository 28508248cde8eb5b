"""Which employer a completion is told to, and from which day on."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from sidecar.core import employer_sight
from sidecar.core.access import operator_at_the_console
from sidecar.core.completions import Completion
from sidecar.core.course_facts import Facts, change_facts
from sidecar.core.courses import Course
from sidecar.core.db import Base
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Employment, Person
from sidecar.runtime import Sidecar

DONE = date(2026, 5, 10)
BEFORE, AFTER = DONE - timedelta(days=1), DONE + timedelta(days=1)
STATUTORY = {"laws": ["arbeidsmiljøloven § 3-2"]}


@dataclass
class Case:
    """One completion and one employment of its person."""

    sidecar: Sidecar
    completion_id: str
    course_id: str
    employment_id: str
    person_id: str
    municipality_id: str

    def change(self, **changes: object) -> None:
        """Change what is given: of the completion (`valid_until`, …), the course or the employment."""
        rows: list[tuple[type[Base], str]] = [
            (Completion, self.completion_id),
            (Course, self.course_id),
            (Employment, self.employment_id),
        ]
        with self.sidecar.transaction() as db:
            for table, key in rows:
                for name in changes.keys() & table.__table__.columns.keys():
                    setattr(db.get_one(table, key), name, changes[name])

    def agree(self, *, withdrawn: bool = False, municipality_id: str = "") -> None:
        now = self.sidecar.now()
        with self.sidecar.transaction() as db:
            leave = SharingConsent(
                person_id=self.person_id,
                municipality_id=municipality_id or self.municipality_id,
                course_id=self.course_id,
                given_at=now,
                withdrawn_at=now if withdrawn else None,
            )
            db.add(leave)

    def told_on(self, today: date | None = None) -> date | None:
        """Return from which day on the employer is told it, or None."""
        query = (
            select(employer_sight.told_on())
            .select_from(Completion)
            .join(Course, Course.id == Completion.course_id)
            .join(Employment, Employment.person_id == Completion.person_id)
        )
        with self.sidecar.reading() as db:
            return db.scalars(query.where(employer_sight.is_told(today))).one_or_none()


@pytest.fixture
def case(sidecar: Sidecar, kongsberg: Municipality) -> Case:
    now = sidecar.now()
    with sidecar.transaction() as db:
        person, course = Person(first_name="Kari", last_name="Nordmann"), Course(key="k", title="K", created_at=now)
        db.add_all([person, course])
        db.flush()
        employment = Employment(person_id=person.id, municipality_id=kongsberg.id, employee_number="1", imported_at=now)
        completion = Completion(
            person_id=person.id,
            course_id=course.id,
            origin="lms",
            completed_at=datetime.combine(DONE, time(10), UTC),
            completed_on=DONE,
            recorded_at=now,
        )
        db.add_all([employment, completion])
        db.flush()
        return Case(sidecar, completion.id, course.id, employment.id, person.id, kongsberg.id)


@pytest.mark.parametrize(
    ("started_on", "ended_on", "told_on"),
    [
        (None, None, DONE),
        (DONE, None, DONE),
        (BEFORE, None, DONE),
        (BEFORE, DONE, DONE),
        (None, DONE, DONE),
        (DONE, DONE, DONE),
        (BEFORE, BEFORE, None),
        (None, BEFORE, None),
        (AFTER, None, None),
        (AFTER, AFTER, None),
    ],
)
def test_who_employed_them_on_the_day_is_told(
    case: Case, started_on: date | None, ended_on: date | None, told_on: date | None
) -> None:
    case.change(started_on=started_on, ended_on=ended_on)
    assert case.told_on() == told_on


@pytest.mark.parametrize(
    ("marked", "basis", "is_told"),
    [
        (None, {}, False),
        (None, {"laws": []}, False),
        (None, STATUTORY, True),
        (None, {"laws": ["§"], "other": []}, True),
        (None, {"laws": [], "other": []}, False),
        (None, {"other": []}, False),
        (True, {}, True),
        (False, STATUTORY, False),
        (False, {}, False),
    ],
)
def test_a_later_employer_is_told_of_what_is_transferable_as_statutory_courses_are(
    case: Case, marked: bool | None, basis: dict[str, list[str]], is_told: bool
) -> None:
    with case.sidecar.transaction() as db:
        course = db.get_one(Course, case.course_id)
        course.statutory_basis = {name: laws for name, laws in basis.items() if name != "laws"}
        change_facts(db, operator_at_the_console(), "k", Facts(laws=tuple(basis.get("laws", ()))), case.sidecar.now())
    case.change(started_on=AFTER, is_transferable=marked)
    assert case.told_on() == (AFTER if is_told else None)


@pytest.mark.parametrize(
    ("valid_until", "told_on"), [(None, AFTER), (AFTER, AFTER), (AFTER + timedelta(days=9), AFTER), (DONE, None)]
)
def test_a_later_employer_is_told_while_it_is_valid_on_the_first_day(
    case: Case, valid_until: date | None, told_on: date | None
) -> None:
    case.change(started_on=AFTER, is_transferable=True, valid_until=valid_until)
    assert case.told_on() == told_on


def test_who_employed_them_on_the_day_is_told_whether_it_is_valid_or_transferable(case: Case) -> None:
    case.change(started_on=BEFORE, is_transferable=False, valid_until=DONE)
    assert case.told_on() == DONE


def test_a_later_employer_is_told_where_the_learner_agreed(case: Case, rollag: Municipality) -> None:
    case.change(started_on=AFTER, is_transferable=False)
    case.agree(municipality_id=rollag.id)
    assert case.told_on() is None
    case.agree()
    assert case.told_on() == AFTER
    case.change(valid_until=DONE)
    assert case.told_on() is None


def test_leave_that_was_taken_back_is_none(case: Case) -> None:
    case.change(started_on=AFTER)
    case.agree(withdrawn=True)
    assert case.told_on() is None


def test_an_employer_is_told_nothing_before_the_first_day(case: Case) -> None:
    case.change(started_on=AFTER, is_transferable=True)
    assert (case.told_on(DONE), case.told_on(AFTER)) == (None, AFTER)
    case.change(started_on=BEFORE)
    assert case.told_on(DONE) == DONE


def test_who_never_began_is_told_of_to_nobody(case: Case) -> None:
    case.change(started_on=AFTER + timedelta(days=1), ended_on=AFTER, is_transferable=True)
    assert case.told_on() is None


def test_what_is_withdrawn_is_told_to_nobody(case: Case) -> None:
    case.change(withdrawn_at=case.sidecar.now())
    assert case.told_on() is None
