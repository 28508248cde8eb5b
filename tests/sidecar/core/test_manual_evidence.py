"""What is entered by hand counts once a second person has confirmed it; only its own municipality looks after it."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from sidecar.core import manual_evidence
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.evidence import Evidence
from sidecar.core.manual_evidence import Entry
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Person
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.statements import counting
from tests.sidecar.training import Training, make_training

ENTRY = Entry("brannvern", date(2026, 5, 4), "certificate", "Norsk brannskole", "Sett på original")


@pytest.fixture
def world(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Training:
    return make_training(sidecar, kongsberg, rollag)


def enter(world: Training, viewer: Viewer, entry: Entry = ENTRY) -> str:
    with world.sidecar.transaction() as db:
        now = world.sidecar.now()
        return manual_evidence.enter(db, viewer, world.kongsberg.id, world.kari[1], entry, now).id


def confirm(world: Training, viewer: Viewer, evidence_id: str) -> None:
    with world.sidecar.transaction() as db:
        manual_evidence.confirm(db, viewer, evidence_id, world.sidecar.now())


def test_it_counts_once_a_second_person_has_confirmed_it(world: Training) -> None:
    first, second = world.contact(world.kongsberg), world.contact(world.kongsberg)
    entered = enter(world, first)
    assert world.completions() == []
    with world.sidecar.reading() as db:
        assert manual_evidence.count_waiting(db, first) == 0
        assert manual_evidence.count_waiting(db, second) == 1
        assert [line.may_decide for line in manual_evidence.list_waiting(db, first).lines] == [False]
    confirm(world, second, entered)
    (done,) = world.completions()
    assert (done.person_id, done.origin, done.completed_on) == (world.kari[0], "manual", date(2026, 5, 4))
    with pytest.raises(manual_evidence.NotWaitingError):
        confirm(world, second, entered)


def test_a_longer_list_asks_the_database_no_more(world: Training) -> None:
    asked = []
    for first, last in ((1, 2), (3, 9)):
        for day in range(first, last + 1):
            enter(world, world.contact(world.kongsberg), replace(ENTRY, completed_on=date(2026, 5, day)))
        with counting(world.sidecar) as said, world.sidecar.reading() as db:
            page = manual_evidence.list_waiting(db, world.contact(world.kongsberg))
        assert {(line.employment_id, line.may_decide) for line in page.lines} == {(world.kari[1], True)}
        assert len(page.lines) == last
        asked.append(len([one for one in said if one.startswith("SELECT")]))
    assert asked[0] == asked[1]


def test_one_person_is_not_two_whatever_accounts_they_have(world: Training) -> None:
    with world.sidecar.transaction() as db:
        siri = Person(first_name="Siri", last_name="Vik", email="siri.vik@example.no")
        db.add(siri)
    first = world.contact(world.kongsberg, person_id=siri.id)
    entered = enter(world, first)
    others = [
        first,
        world.contact(world.kongsberg, person_id=siri.id),
        world.contact(world.kongsberg, email=" Siri.Vik@example.no"),
        world.contact(world.kongsberg, person_id=world.kari[0]),
    ]
    for each in others:
        with pytest.raises(manual_evidence.SecondPersonError):
            confirm(world, each, entered)
    assert world.completions() == []


def test_who_may_be_anybody_is_no_second_person(world: Training) -> None:
    with world.sidecar.transaction() as db:
        db.get_one(Person, world.kari[0]).email = "kari@example.no"
    entered = enter(world, world.contact(world.kongsberg))
    by_nobody = enter(world, world.contact(world.kongsberg, email=""), replace(ENTRY, completed_on=date(2026, 5, 5)))
    pairs = [
        (world.contact(world.kongsberg, email=""), entered),
        (world.contact(world.kongsberg, email="KARI@example.no"), entered),
        (world.contact(world.kongsberg), by_nobody),
    ]
    for viewer, evidence_id in pairs:
        with pytest.raises(manual_evidence.SecondPersonError):
            confirm(world, viewer, evidence_id)
    assert world.completions() == []


def test_the_console_does_not_confirm_what_the_console_entered(world: Training) -> None:
    console = operator_at_the_console()
    entered = enter(world, console)
    with pytest.raises(manual_evidence.SecondPersonError):
        confirm(world, console, entered)
    confirm(world, world.contact(world.kongsberg), entered)
    assert len(world.completions()) == 1


def test_another_municipality_neither_sees_nor_decides_it(world: Training) -> None:
    entered = enter(world, world.contact(world.kongsberg))
    stranger = world.contact(world.rollag)
    with world.sidecar.transaction() as db:
        assert manual_evidence.list_waiting(db, stranger).total == manual_evidence.count_waiting(db, stranger) == 0
        with pytest.raises(NotFoundError):
            manual_evidence.find(db, stranger, entered)
        with pytest.raises(NotFoundError):
            manual_evidence.confirm(db, stranger, entered, world.sidecar.now())
        with pytest.raises(NotFoundError):
            manual_evidence.enter(db, stranger, world.kongsberg.id, world.kari[1], ENTRY, world.sidecar.now())
        with pytest.raises(NotFoundError):
            manual_evidence.enter(db, stranger, world.rollag.id, world.kari[1], ENTRY, world.sidecar.now())


def test_what_is_refused_never_counts_and_says_why(world: Training) -> None:
    entered = enter(world, world.contact(world.kongsberg))
    second = world.contact(world.kongsberg)
    with world.sidecar.transaction() as db, pytest.raises(manual_evidence.ReasonMissingError):
        manual_evidence.refuse(db, second, entered, "  ", world.sidecar.now())
    with world.sidecar.transaction() as db:
        found = manual_evidence.refuse(db, second, entered, "Feil kurs", world.sidecar.now())
        assert (found.state, found.reason) == ("refused", "Feil kurs")
    assert world.completions() == []
    enter(world, second)  # it may be entered anew


def test_what_is_withdrawn_leaves_other_evidence(world: Training) -> None:
    first, second = world.contact(world.kongsberg), world.contact(world.kongsberg)
    one = enter(world, first)
    other = enter(world, first, replace(ENTRY, completed_on=date(2026, 6, 1)))
    confirm(world, second, one)
    confirm(world, second, other)
    with world.sidecar.transaction() as db:
        manual_evidence.withdraw(db, first, one, "Feil dag", world.sidecar.now())
    (left,) = world.completions()
    assert left.completed_on == date(2026, 6, 1)
    with world.sidecar.transaction() as db, pytest.raises(manual_evidence.NotToWithdrawError):
        manual_evidence.withdraw(db, first, one, "Igjen", world.sidecar.now())


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        (replace(ENTRY, completed_on=date(2026, 9, 16)), manual_evidence.FutureDayError),
        (replace(ENTRY, completed_on=date(1949, 1, 1)), manual_evidence.DayTooOldError),
        (replace(ENTRY, basis="hearsay"), manual_evidence.BasisUnknownError),
        (replace(ENTRY, course_key="finnes-ikke"), NotFoundError),
    ],
)
def test_what_can_not_be_is_not_entered(world: Training, entry: Entry, error: type[Exception]) -> None:
    with pytest.raises(error):
        enter(world, world.contact(world.kongsberg), entry)


def test_the_same_is_not_entered_twice(world: Training) -> None:
    viewer = world.contact(world.kongsberg)
    enter(world, viewer)
    with pytest.raises(manual_evidence.SameEvidenceError):
        enter(world, viewer)


def test_what_was_completed_today_is_not_in_the_future(world: Training) -> None:
    entered = enter(world, world.contact(world.kongsberg), replace(ENTRY, completed_on=world.sidecar.today()))
    with world.sidecar.reading() as db:
        moment = db.scalar(select(Evidence.completed_at).where(Evidence.id == entered))
    assert moment == world.sidecar.now()
