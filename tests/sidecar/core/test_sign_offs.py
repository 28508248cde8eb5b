"""Who sees an employee signs off their tasks and takes it back; nobody else does, and nobody signs off their own."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from sidecar.core import own_steps, sign_offs
from sidecar.core.access import Viewer
from sidecar.core.completions import Completion
from sidecar.core.evidence import Evidence
from sidecar.core.manual_evidence import DayTooOldError, FutureDayError, ReasonMissingError
from sidecar.core.municipalities import Municipality
from sidecar.core.open_tasks import list_open, list_tasks
from sidecar.core.people import Employment
from sidecar.core.short_texts import TextTooLongError
from sidecar.core.sign_off_requests import SignOffRequest, count_asked
from sidecar.core.sign_offs import NobodyChosenError, OwnSignOffError, SignOff
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from tests.sidecar.walking import KEY, TASK_KEY, Walk, make_walk


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    walk = make_walk(sidecar, kongsberg, rollag)
    walk.finish("lenke")
    walk.finish("lenke", walk.rolf)
    return walk


def ask(walk: Walk) -> None:
    with walk.sidecar.transaction() as db:
        who = walk.account
        own_steps.ask_for_sign_off(db, walk.subject(who), KEY, "oppgave", identity_id=who, now=walk.sidecar.now())


def sign(
    walk: Walk, viewer: Viewer, *people: str, day: date | None = None, note: str = "", municipality_id: str = ""
) -> int:
    said, where = SignOff(day or walk.sidecar.today(), note), municipality_id or walk.kongsberg.id
    with walk.sidecar.transaction() as db:
        chosen = [walk.employment(one) for one in people]
        return sign_offs.sign_off(db, viewer, where, TASK_KEY, chosen, said, walk.sidecar.now())


def open_to(walk: Walk, viewer: Viewer, municipality_id: str = "") -> list[tuple[str, bool, bool]]:
    """Return who is listed as having the task open: their first name, whether they asked, whether it is one's own."""
    where = municipality_id or walk.kongsberg.id
    with walk.sidecar.reading() as db:
        page = list_open(db, viewer, where, TASK_KEY, walk.sidecar.today())
        return [(one.person.first_name, one.asked_at is not None, one.is_own) for one in page.lines]


def tasks_of(walk: Walk, viewer: Viewer) -> list[tuple[str, int]]:
    with walk.sidecar.reading() as db:
        return [(one.course.key, one.total) for one in list_tasks(db, viewer, walk.sidecar.today())]


def asked_of(walk: Walk, viewer: Viewer) -> int:
    with walk.sidecar.reading() as db:
        return count_asked(db, viewer, walk.sidecar.today())


@pytest.mark.parametrize("role", ["manager", "contact", "rkk"])
def test_who_sees_an_employee_signs_off_and_takes_it_back(walk: Walk, role: str) -> None:
    viewer = walk.viewer(role)
    ask(walk)
    assert (tasks_of(walk, viewer), asked_of(walk, viewer)) == ([(TASK_KEY, 1)], 1)
    assert open_to(walk, viewer) == [("Kari", True, False)]
    assert sign(walk, viewer, walk.kari, day=date(2026, 5, 4), note=" Sett\nselv ") == 1
    assert walk.states()["oppgave"] == "done"
    assert (open_to(walk, viewer), asked_of(walk, viewer), tasks_of(walk, viewer)) == ([], 0, [(TASK_KEY, 0)])
    with walk.sidecar.reading() as db:
        (line,) = sign_offs.list_signed(db, viewer, walk.kongsberg.id, TASK_KEY)
        one = line.evidence
        said = one.origin, one.note, one.entered_by, one.municipality_id
    assert said == ("sign-off", "Sett selv", viewer.identity_id, walk.kongsberg.id)
    with walk.sidecar.transaction() as db:
        sign_offs.take_back(db, viewer, one.id, "Feil person", walk.sidecar.now())
    assert walk.states()["oppgave"] == "open"
    with walk.sidecar.reading() as db:
        assert db.get_one(Evidence, one.id).reason == "Feil person"
        with pytest.raises(NotFoundError):
            sign_offs.find_signed(db, viewer, one.id)


def test_several_are_signed_off_at_once_and_who_is_done_is_left_as_they_are(walk: Walk) -> None:
    others = [walk.folk.person(walk.kongsberg.id, str(n), f"Person Nummer{n}") for n in range(2, 5)]
    for one in others:
        walk.finish("lenke", one)
    viewer = walk.viewer("manager")
    assert sign(walk, viewer, others[0]) == 1
    assert sign(walk, viewer, walk.kari, *others) == 3
    with walk.sidecar.reading() as db:
        assert len(db.scalars(select(Evidence.id).where(Evidence.origin == "sign-off")).all()) == 4


def test_who_is_not_there_yet_is_not_listed_and_nothing_is_signed(walk: Walk) -> None:
    fresh = walk.folk.person(walk.kongsberg.id, "9", "Fersk Fersken")
    viewer = walk.viewer("manager")
    assert open_to(walk, viewer) == [("Kari", False, False)]
    assert sign(walk, viewer, fresh) == 0
    with walk.sidecar.reading() as db:
        assert db.scalars(select(Completion.id).where(Completion.person_id == fresh)).all() == []


@pytest.mark.parametrize("role", ["manager", "contact"])
def test_nobody_of_another_municipality_is_seen_or_signed_off(walk: Walk, role: str) -> None:
    ask(walk)
    stranger, rollag = walk.viewer(role, walk.rollag), walk.rollag.id
    assert (open_to(walk, stranger), asked_of(walk, stranger)) == ([], 0)
    assert open_to(walk, stranger, rollag) == [("Rolf", False, False)]
    for where in (rollag, walk.kongsberg.id):
        with pytest.raises(NotFoundError):
            sign(walk, stranger, walk.rolf, walk.kari, municipality_id=where)
    assert walk.states()["oppgave"] == walk.states(walk.account_of_rolf)["oppgave"] == "open"
    sign(walk, walk.viewer("contact"), walk.kari)
    with walk.sidecar.transaction() as db:
        evidence_id = db.scalars(select(Evidence.id).where(Evidence.origin == "sign-off")).one()
        assert sign_offs.list_signed(db, stranger, walk.kongsberg.id, TASK_KEY) == []
        with pytest.raises(NotFoundError):
            sign_offs.take_back(db, stranger, evidence_id, "Fordi", walk.sidecar.now())


def test_a_manager_sees_their_own_unit_alone(walk: Walk) -> None:
    elsewhere = walk.folk.person(walk.kongsberg.id, "2", "Ola Annensteds")
    walk.finish("lenke", elsewhere)
    with walk.sidecar.transaction() as db:
        db.get_one(Employment, walk.employment(elsewhere)).unit = "Kirken"
    manager = walk.viewer("manager")
    assert open_to(walk, manager) == [("Kari", False, False)]
    with pytest.raises(NotFoundError):
        sign(walk, manager, elsewhere)


def test_what_an_employer_is_not_told_of_opens_no_task(walk: Walk) -> None:
    manager, today = walk.viewer("manager"), walk.sidecar.today()
    with walk.sidecar.transaction() as db:
        db.get_one(Employment, walk.employment(walk.kari)).started_on = today - timedelta(days=1)
        done = db.scalars(select(Completion).where(Completion.person_id == walk.kari)).one()
        done.completed_on = today - timedelta(days=9)
    assert open_to(walk, manager) == []
    assert sign(walk, manager, walk.kari) == 0
    with walk.sidecar.transaction() as db:
        db.get_one(Employment, walk.employment(walk.kari)).started_on = today - timedelta(days=9)
    assert open_to(walk, manager) == [("Kari", False, False)]
    assert sign(walk, manager, walk.kari) == 1


def test_nobody_signs_off_their_own(walk: Walk) -> None:
    ask(walk)
    manager = walk.viewer("manager", person_id=walk.kari)
    assert open_to(walk, manager) == [("Kari", True, True)]
    assert asked_of(walk, manager) == 0
    with pytest.raises(OwnSignOffError):
        sign(walk, manager, walk.kari)
    assert walk.states()["oppgave"] == "open"


def test_what_can_not_be_said_is_refused(walk: Walk) -> None:
    viewer, today = walk.viewer("contact"), walk.sidecar.today()
    with pytest.raises(NobodyChosenError):
        sign(walk, viewer)
    with pytest.raises(FutureDayError):
        sign(walk, viewer, walk.kari, day=today + timedelta(days=1))
    with pytest.raises(DayTooOldError):
        sign(walk, viewer, walk.kari, day=date(1900, 1, 1))
    with pytest.raises(TextTooLongError):
        sign(walk, viewer, walk.kari, note="x" * 1001)
    assert sign(walk, viewer, walk.kari) == 1
    with walk.sidecar.transaction() as db:
        (line,) = sign_offs.list_signed(db, viewer, walk.kongsberg.id, TASK_KEY)
        with pytest.raises(ReasonMissingError):
            sign_offs.take_back(db, viewer, line.evidence.id, " ", walk.sidecar.now())


def test_who_has_left_is_not_listed_nor_signed_off(walk: Walk) -> None:
    ask(walk)
    with walk.sidecar.transaction() as db:
        db.get_one(Employment, walk.employment(walk.kari)).ended_on = walk.sidecar.today() - timedelta(days=1)
    viewer = walk.viewer("contact")
    assert (open_to(walk, viewer), asked_of(walk, viewer)) == ([], 0)
    with pytest.raises(NotFoundError):
        sign(walk, viewer, walk.kari)
    with walk.sidecar.reading() as db:
        assert len(db.scalars(select(SignOffRequest)).all()) == 1
