"""A consent stays whose it is when two are taken for one and apart again, and what was taken back stays so."""

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select

from sidecar import privacy
from sidecar.core import consents, merging
from sidecar.core.access import for_municipality, operator_at_the_console
from sidecar.core.data_subjects import of_identity, of_key
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import SharingConsent
from sidecar.core.people import Identity
from sidecar.core.people_lists import list_completed
from sidecar.core.person_matches import PersonMatch
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.lms import add_course
from tests.sidecar.core.folk import Folk


@dataclass
class Two:
    """Two people who completed a course before they came to Rollag; `people` and `accounts` in the same order."""

    sidecar: Sidecar
    clock: FakeClock
    rollag: str
    course: str
    people: list[str]
    accounts: list[str]
    employments: list[str]

    def agree(self, which: int, *, take_back: bool = False) -> None:
        self.clock.advance(minutes=1)
        with self.sidecar.transaction() as db:
            subject = of_identity(db, self.accounts[which])
            question = consents.find_question(db, subject, self.rollag, self.course)
            act = consents.take_back if take_back else consents.agree
            act(db, subject, question, identity_id=self.accounts[which], now=self.sidecar.now())

    def merge(self) -> str:
        self.clock.advance(minutes=1)
        with self.sidecar.transaction() as db:
            return merging.merge(db, *self.people, rule="email", by=None, now=self.sidecar.now()).id

    def take_apart(self, match_id: str) -> None:
        self.clock.advance(minutes=1)
        with self.sidecar.transaction() as db:
            merging.unmerge(db, db.get_one(PersonMatch, match_id), by=None, now=self.sidecar.now())

    def seen(self) -> list[bool]:
        """Return of which of the two Rollag sees the course."""
        viewer, today = for_municipality(self.rollag), self.sidecar.today()
        with self.sidecar.reading() as db:
            return [bool(list_completed(db, viewer, self.rollag, one, today)) for one in self.employments]


@pytest.fixture
def two(sidecar: Sidecar, clock: FakeClock, kongsberg: Municipality, rollag: Municipality) -> Two:
    folk, course = Folk(sidecar), add_course(sidecar, "frivillig", "Frivillig")
    people = [folk.person(kongsberg.id, number) for number in ("1", "2")]
    accounts = [folk.account(person, f"u{person}") for person in people]
    with sidecar.transaction() as db:
        works = [folk.employ(db, person, rollag.id, f"9{place}") for place, person in enumerate(people)]
        for one in works:
            one.started_on = date(2026, 6, 1)
    for place, (person, account) in enumerate(zip(people, accounts, strict=True)):
        folk.earn(person, course, date(2026, 3, 1 + place), account)
    return Two(sidecar, clock, rollag.id, course, people, accounts, [one.id for one in works])


@pytest.mark.parametrize("which", [0, 1])
def test_what_was_agreed_while_they_were_one_is_whose_account_agreed(two: Two, which: int) -> None:
    match_id = two.merge()
    two.agree(which)
    two.take_apart(match_id)
    assert two.seen() == [which == 0, which == 1]


@pytest.mark.parametrize("which", [0, 1])
def test_what_was_taken_back_while_they_were_one_does_not_come_back(two: Two, which: int) -> None:
    two.agree(0)
    two.agree(1)
    match_id = two.merge()
    two.agree(which, take_back=True)
    two.take_apart(match_id)
    assert two.seen() == [False, False]


@pytest.mark.parametrize("which", [0, 1])
def test_what_was_agreed_anew_is_the_last_word_of_one_alone(two: Two, which: int) -> None:
    two.agree(0)
    two.agree(1)
    match_id = two.merge()
    two.agree(1 - which, take_back=True)
    two.agree(which)
    two.take_apart(match_id)
    assert two.seen() == [which == 0, which == 1]


def test_what_was_agreed_before_is_each_one_s_own_again(two: Two) -> None:
    two.agree(1)
    match_id = two.merge()
    two.take_apart(match_id)
    assert two.seen() == [False, True]


def test_what_an_account_of_neither_agreed_to_ends(two: Two) -> None:
    match_id = two.merge()
    two.agree(1)
    with two.sidecar.transaction() as db:
        account = db.get_one(Identity, two.accounts[1])
        account.person_id = account.employment_id = None
        for one in db.scalars(select(PersonMatch)):
            one.moved = {**(one.moved or {}), "identity": []}
    two.take_apart(match_id)
    assert two.seen() == [False, False]


def test_the_erased_leave_no_consent_of_whom_they_turned_out_to_be(two: Two) -> None:
    two.agree(0)
    two.agree(1)
    two.merge()
    with two.sidecar.reading() as db:
        subject = of_key(db, operator_at_the_console(), two.people[0])
    privacy.erase(two.sidecar, operator_at_the_console(), subject)
    with two.sidecar.reading() as db:
        assert db.scalars(select(SharingConsent)).all() == []
