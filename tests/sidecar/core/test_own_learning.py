"""What somebody is told of their own learning, what they may let an employer see, and the papers that prove it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from sidecar.core import consents, employer_sight, merging
from sidecar.core.access import Viewer, for_municipality, operator_at_the_console
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.data_subjects import DataSubject, of_identity
from sidecar.core.db import Base
from sidecar.core.evidence import REFUSED, WAITING, Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.own_learning import Learning, find_learning
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.proofs import (
    ReferenceUnknownError,
    ReferenceUnreadableError,
    check_reference,
    find_papers,
    read_reference,
    reference_of,
)
from sidecar.core.regions import join
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from tests.sidecar.core.folk import Folk

TODAY = date(2026, 9, 15)
BEFORE = date(2026, 3, 10)


@dataclass
class Self:
    """Kari of Kongsberg, who began at Rollag after she completed a course."""

    sidecar: Sidecar
    folk: Folk
    person_id: str
    account: str
    course_id: str
    kongsberg: Municipality
    rollag: Municipality

    def subject(self, account: str = "") -> DataSubject:
        with self.sidecar.reading() as db:
            return of_identity(db, account or self.account)

    def learning(self, account: str = "") -> Learning:
        with self.sidecar.reading() as db:
            return find_learning(db, of_identity(db, account or self.account), TODAY)

    def change(self, table: type[Base], key: str, **values: object) -> None:
        with self.sidecar.transaction() as db:
            row = db.get_one(table, key)
            for name, value in values.items():
                setattr(row, name, value)

    def share(self, *, agree: bool, course_id: str = "", municipality_id: str = "") -> None:
        with self.sidecar.transaction() as db:
            subject = of_identity(db, self.account)
            where = municipality_id or self.rollag.id, course_id or self.course_id
            question = consents.find_question(db, subject, *where)
            decide = consents.agree if agree else consents.take_back
            decide(db, subject, question, identity_id=self.account, now=self.sidecar.now())

    def sees(self) -> dict[str, bool]:
        """Return which employers are told of the only completion."""
        (course,) = self.learning().courses
        return {one.municipality: one.told_on is not None for one in course.newest.employers}


@pytest.fixture
def kari(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Self:
    folk = Folk(sidecar)
    person_id = folk.person(kongsberg.id, "1")
    account = folk.account(person_id, "kari")
    with sidecar.transaction() as db:
        course = Course(key="brann", title="Brann", created_at=sidecar.now(), validity_months=12)
        db.add(course)
        later = folk.employ(db, person_id, rollag.id, "7")
        later.started_on = TODAY - timedelta(days=10)
        db.flush()
    folk.earn(person_id, course.id, BEFORE, account)
    return Self(sidecar, folk, person_id, account, course.id, kongsberg, rollag)


def test_what_is_valid_until_when_and_from_when_it_may_be_renewed(kari: Self) -> None:
    (course,) = kari.learning().courses
    one = course.newest
    assert (one.course, one.completed_on, one.valid_until) == ("Brann", BEFORE, date(2027, 3, 10))
    assert one.renewable_from == date(2027, 3, 10) - timedelta(days=90)
    assert one.is_valid_on(date(2027, 3, 10))
    assert not one.is_valid_on(date(2027, 3, 11))
    assert [piece.state for piece in one.pieces] == ["valid"]
    assert kari.learning().expiring() == [one]


def test_the_newest_cycle_comes_first_and_older_ones_stay(kari: Self) -> None:
    kari.folk.earn(kari.person_id, kari.course_id, date(2024, 1, 5), kari.account)
    (course,) = kari.learning().courses
    assert course.newest.completed_on == BEFORE
    assert [old.completed_on for old in course.older] == [date(2024, 1, 5)]


def test_records_that_do_not_count_are_told_with_the_reason(kari: Self) -> None:
    for state, reason in ((WAITING, None), (REFUSED, "Ikke lesbart")):
        with kari.sidecar.transaction() as db:
            at = datetime(2026, 8, 1, tzinfo=UTC)
            piece = Evidence(person_id=kari.person_id, course_id=kari.course_id, completed_at=at, recorded_at=at)
            piece.origin, piece.state, piece.reason = "manual", state, reason
            db.add(piece)
    found = {(piece.state, piece.reason) for piece in kari.learning().uncounted}
    assert found == {("waiting", ""), ("refused", "Ikke lesbart")}


def test_an_account_that_is_not_placed_sees_what_it_earned_and_nobody_else_s(kari: Self) -> None:
    now = kari.sidecar.now()
    with kari.sidecar.transaction() as db:
        alone = Identity(platform_id=kari.folk.platform_id, subject="alone", first_seen_at=now, last_seen_at=now)
        db.add(alone)
        db.flush()
        at = datetime(2026, 8, 1, tzinfo=UTC)
        db.add(Evidence(identity_id=alone.id, course_id=kari.course_id, completed_at=at, recorded_at=at))
    learning = kari.learning(alone.id)
    assert learning.courses == []
    assert [(piece.course, piece.state, piece.origin) for piece in learning.uncounted] == [("Brann", "valid", "player")]
    with kari.sidecar.reading() as db:
        assert find_papers(db, of_identity(db, alone.id), TODAY).proofs == []


def test_a_held_account_does_not_see_the_person_it_was_taken_from(kari: Self) -> None:
    kari.change(Identity, kari.account, person_id=None, employment_id=None)
    assert kari.learning().courses == []
    assert kari.learning().uncounted == []


def test_a_merged_person_has_the_learning_of_both(kari: Self) -> None:
    other = kari.folk.person(kari.kongsberg.id, "2", "Kari N")
    account = kari.folk.account(other, "kari-2")
    with kari.sidecar.transaction() as db:
        merging.merge(db, other, kari.person_id, rule="manual", by=None, now=kari.sidecar.now())
    for each in (account, kari.account):
        assert [one.newest.course for one in kari.learning(each).courses] == ["Brann"]


def test_a_later_employer_sees_it_with_leave_only(kari: Self) -> None:
    assert kari.sees() == {"Kongsberg kommune": True, "Rollag kommune": False}
    kari.share(agree=True)
    kari.share(agree=True)
    assert kari.sees() == {"Kongsberg kommune": True, "Rollag kommune": True}
    kari.share(agree=False)
    assert kari.sees() == {"Kongsberg kommune": True, "Rollag kommune": False}
    kari.share(agree=True)
    with kari.sidecar.reading() as db:
        (given,) = db.scalars(select(SharingConsent)).all()
    assert given.withdrawn_at is None


@pytest.mark.parametrize("case", ["told anyway", "transferable", "expired", "no employer", "not completed"])
def test_there_is_nothing_to_agree_to(kari: Self, case: str) -> None:
    where = {"municipality_id": kari.rollag.id, "course_id": kari.course_id}
    if case == "told anyway":
        where["municipality_id"] = kari.kongsberg.id
    elif case == "transferable":
        kari.change(Course, kari.course_id, is_transferable=True)
    elif case == "expired":
        (one,) = kari.learning().courses
        kari.change(Completion, one.newest.id, valid_until=BEFORE + timedelta(days=1))
    elif case == "no employer":
        where["municipality_id"] = "0" * 32
    else:
        where["course_id"] = "0" * 32
    with pytest.raises(NotFoundError):
        kari.share(agree=True, **where)


def test_needs_leave_is_what_leave_changes(kari: Self) -> None:
    """The question is asked exactly where the answer makes a difference."""
    query = (
        select(Employment.municipality_id, employer_sight.is_told(), employer_sight.needs_leave())
        .select_from(Completion)
        .join(Course, Course.id == Completion.course_id)
        .join(Employment, Employment.person_id == Completion.person_id)
    )
    with kari.sidecar.transaction() as db:
        before = {key: told for key, told, _ in db.execute(query)}
        asked = {key: bool(needs) for key, _, needs in db.execute(query)}
        for municipality_id in before:
            db.add(
                SharingConsent(
                    person_id=kari.person_id,
                    municipality_id=municipality_id,
                    course_id=kari.course_id,
                    given_at=kari.sidecar.now(),
                )
            )
        db.flush()
        after = {key: told for key, told, _ in db.execute(query)}
    assert {key for key in before if before[key] != after[key]} == {key for key, needs in asked.items() if needs}
    assert any(asked.values())


def test_a_paper_names_the_employer_of_the_day_and_whose_office_stands_behind_it(kari: Self) -> None:
    with kari.sidecar.transaction() as db:
        join(db, "kongsbergregionen", kari.kongsberg.id, TODAY)
    with kari.sidecar.reading() as db:
        papers = find_papers(db, kari.subject(), TODAY)
    (proof,) = papers.proofs
    assert (papers.name, proof.employers, papers.offices) == (
        "Kari Nordmann",
        ["Kongsberg kommune"],
        ["Kongsbergregionen"],
    )


def test_a_paper_is_for_oneself_alone(kari: Self) -> None:
    other = kari.folk.person(kari.kongsberg.id, "3", "Ola Hansen")
    account = kari.folk.account(other, "ola")
    (course,) = kari.learning().courses
    with kari.sidecar.reading() as db, pytest.raises(NotFoundError):
        find_papers(db, kari.subject(account), TODAY, course.newest.id)


def test_a_reference_is_read_however_it_is_typed() -> None:
    key = "0123456789abcdef0123456789abcdef"
    reference = reference_of(key)
    assert [len(group) for group in reference.split("-")] == [4, 4, 4, 4]
    for typed in (reference, reference.lower(), reference.replace("-", " "), f" {reference.replace('0', 'o')} "):
        assert read_reference(typed) == key[:20]


@pytest.mark.parametrize(
    "typed", ["", "7K3M", "7K3M-9QXA-04FT-B2W", "7K3M-9QXA-04FT-B2WZ7", "7K3M-9QXA-04FT-B2Wé", "%" * 16]
)
def test_what_is_no_reference_is_refused(typed: str) -> None:
    with pytest.raises(ReferenceUnreadableError):
        read_reference(typed)


def test_staff_check_a_paper_of_people_they_may_see(kari: Self) -> None:
    (course,) = kari.learning().courses
    reference = reference_of(course.newest.id)
    with kari.sidecar.reading() as db:
        for viewer in (operator_at_the_console(), for_municipality(kari.kongsberg.id)):
            found = check_reference(db, viewer, reference, TODAY)
            assert (found.name, found.course, found.withdrawn_on) == ("Kari Nordmann", "Brann", None)
        for stranger in (Viewer(), for_municipality("0" * 32)):
            with pytest.raises(ReferenceUnknownError):
                check_reference(db, stranger, reference, TODAY)
        with pytest.raises(ReferenceUnknownError):
            check_reference(db, operator_at_the_console(), reference_of("f" * 32), TODAY)


def test_a_withdrawn_paper_says_so_and_an_erased_person_s_is_unknown(kari: Self) -> None:
    (course,) = kari.learning().courses
    reference = reference_of(course.newest.id)
    kari.change(Completion, course.newest.id, withdrawn_at=kari.sidecar.now())
    with kari.sidecar.reading() as db:
        found = check_reference(db, operator_at_the_console(), reference, TODAY)
        assert (found.withdrawn_on, found.holding) == (kari.sidecar.today(), [])
        with pytest.raises(NotFoundError):
            find_papers(db, kari.subject(), TODAY, course.newest.id)
    kari.change(Person, kari.person_id, erased_at=kari.sidecar.now())
    with kari.sidecar.reading() as db, pytest.raises(ReferenceUnknownError):
        check_reference(db, operator_at_the_console(), reference, TODAY)


def test_a_withdrawn_paper_tells_no_more_than_the_employer_is_told(kari: Self) -> None:
    (course,) = kari.learning().courses
    kari.folk.earn(kari.person_id, kari.course_id, date(2024, 1, 5))
    (other,) = kari.learning().courses[0].older
    kari.change(Completion, other.id, withdrawn_at=kari.sidecar.now())
    days = {}
    for name, viewer in {
        "operator": operator_at_the_console(),
        "then": for_municipality(kari.kongsberg.id),
        "later": for_municipality(kari.rollag.id),
    }.items():
        with kari.sidecar.reading() as db:
            days[name] = check_reference(db, viewer, reference_of(other.id), TODAY).holding
    assert days == {"operator": [BEFORE], "then": [BEFORE], "later": []}
    kari.share(agree=True)
    with kari.sidecar.reading() as db:
        found = check_reference(db, for_municipality(kari.rollag.id), reference_of(other.id), TODAY)
    assert found.holding == [course.newest.completed_on]
