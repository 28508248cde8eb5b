"""Completions follow their evidence: in the tables, beside others, and with what was delivered of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import permutations
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from sidecar.core import placing, settling
from sidecar.core.access import operator_at_the_console
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.deliveries import DeliveryItem
from sidecar.core.evidence import FILE, LMS, MANUAL, PLAYER, VALID, WAITING, WITHDRAWN, Evidence
from sidecar.core.launches import Learner, welcome
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity, Person
from sidecar.core.periods import read_period
from sidecar.core.platforms import PlatformMunicipality
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.lms import add_completion
from tests.fakes.waiting import start_and_let_wait
from tests.sidecar.reports.listing import list_report
from tests.sidecar.reports.world import World

EVERYTHING = operator_at_the_console()


def at(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(10), UTC)


@dataclass
class Desk:
    """One person, one course, and whoever brings evidence."""

    sidecar: Sidecar
    course_id: str
    person_id: str

    def rule(self, months: int | None, window: str | None = None, renewal_days: int = 90) -> None:
        with self.sidecar.transaction() as db:
            course = db.get_one(Course, self.course_id)
            course.validity_months, course.validity_window, course.renewal_days = months, window, renewal_days

    def bring(
        self, day: str, *, origin: str = LMS, score: float | None = None, state: str = VALID, person_id: str = ""
    ) -> str:
        """Add evidence that comes from elsewhere; return its id."""
        with self.sidecar.transaction() as db:
            new = self.evidence(day, origin=origin, score=score, state=state, person_id=person_id)
            db.add(new)
            db.flush()
            settling.settle(db, {(person_id or self.person_id, self.course_id)}, self.sidecar.now())
            return new.id

    def evidence(
        self, day: str, *, origin: str = LMS, score: float | None = None, state: str = VALID, person_id: str = ""
    ) -> Evidence:
        return Evidence(
            person_id=person_id or self.person_id,
            course_id=self.course_id,
            origin=origin,
            score=score,
            state=state,
            completed_at=at(day),
            recorded_at=self.sidecar.now(),
        )

    def turn(self, state: str, *evidence_ids: str) -> None:
        with self.sidecar.transaction() as db:
            for one in evidence_ids:
                db.get_one(Evidence, one).state = state
            db.flush()
            settling.settle(db, {(self.person_id, self.course_id)}, self.sidecar.now())

    def all(self, person_id: str = "") -> Sequence[Completion]:
        with self.sidecar.reading() as db:
            mine = Completion.person_id == (person_id or self.person_id)
            return db.scalars(select(Completion).where(mine).order_by(Completion.completed_at)).all()

    def live(self, person_id: str = "") -> list[tuple[str, str]]:
        """Return the days of completion and the last valid ones, "" for good."""
        standing = [one for one in self.all(person_id) if one.withdrawn_at is None]
        return [(str(one.completed_on), str(one.valid_until or "")) for one in standing]

    def only(self) -> Completion:
        [one] = [one for one in self.all() if one.withdrawn_at is None]
        return one


@pytest.fixture
def world(sidecar: Sidecar) -> World:
    return World(sidecar)


@pytest.fixture
def fire(world: World) -> CourseVersion:
    return world.course("brann", "Brannvern")


@pytest.fixture
def desk(sidecar: Sidecar, world: World, kongsberg: Municipality, fire: CourseVersion) -> Desk:
    return Desk(sidecar, fire.course_id, world.employ(kongsberg, "1001", "Kari Nordmann").person_id)


def test_records_from_everywhere_are_one_completion_of_the_earliest_with_the_best_score(desk: Desk) -> None:
    ids = {desk.bring("2026-03-02", origin=LMS, score=0.7)}
    key = desk.only().id
    ids |= {desk.bring("2026-03-01", origin=FILE), desk.bring("2026-03-03", origin=MANUAL, score=0.9)}
    one = desk.only()
    assert (one.id, one.completed_at, one.origin, one.score) == (key, at("2026-03-01"), FILE, 0.9)
    with desk.sidecar.reading() as db:
        assert set(db.scalars(select(Evidence.id).where(Evidence.completion_id == key))) == ids


def test_what_waits_for_a_second_person_does_not_count_till_it_is_confirmed(desk: Desk) -> None:
    waiting = desk.bring("2026-03-01", origin=MANUAL, state=WAITING)
    assert desk.all() == []
    desk.turn(VALID, waiting)
    assert desk.live() == [("2026-03-01", "")]


def test_withdrawing_the_leading_one_leaves_the_others(desk: Desk) -> None:
    desk.rule(12)
    first = desk.bring("2026-03-01", score=1.0)
    desk.bring("2026-04-01", origin=FILE, score=0.5)
    key = desk.only().id
    desk.turn(WITHDRAWN, first)
    one = desk.only()
    assert (one.id, one.origin, one.score) == (key, FILE, 0.5)
    assert desk.live() == [("2026-04-01", "2027-04-01")]


def test_without_valid_evidence_it_is_withdrawn_and_comes_back_as_the_same(desk: Desk, clock: FakeClock) -> None:
    ids = [desk.bring("2026-03-01"), desk.bring("2026-03-05")]
    key = desk.only().id
    clock.advance(hours=1)
    desk.turn(WITHDRAWN, *ids)
    assert [(one.id, one.withdrawn_at) for one in desk.all()] == [(key, clock())]
    withdrawn_at = clock()
    clock.advance(hours=1)
    desk.turn(WITHDRAWN, *ids)
    assert desk.all()[0].withdrawn_at == withdrawn_at
    desk.turn(VALID, ids[1])
    assert desk.only().id == key
    assert desk.live() == [("2026-03-05", "")]


def test_a_renewal_is_a_cycle_of_its_own_and_the_old_one_stays(desk: Desk) -> None:
    desk.rule(12)
    desk.bring("2025-03-01")
    before = desk.only()
    desk.bring("2025-12-15")
    desk.bring("2026-02-01")
    assert desk.live() == [("2025-03-01", "2026-03-01"), ("2025-12-15", "2026-12-15")]
    assert desk.all()[0] == before


def test_a_rule_that_changes_leaves_what_is_there_till_it_is_applied(desk: Desk, clock: FakeClock) -> None:
    desk.rule(12)
    for day in ("2024-01-01", "2025-01-15", "2025-12-01"):
        desk.bring(day)
    was = [("2024-01-01", "2025-01-01"), ("2025-01-15", "2026-01-15"), ("2025-12-01", "2026-12-01")]
    clock.set(at("2026-01-10"))
    desk.rule(36, renewal_days=30)
    desk.turn(VALID)
    assert desk.live() == was
    with desk.sidecar.transaction() as db:
        settling.apply_rule(db, desk.course_id, [desk.person_id], clock())
    assert desk.live() == [("2024-01-01", "2025-01-01"), ("2025-01-15", "2028-01-15")]


def test_a_shorter_rule_that_is_applied_parts_what_was_one(desk: Desk, clock: FakeClock) -> None:
    for day in ("2024-03-01", "2026-03-01"):
        desk.bring(day)
    assert desk.live() == [("2024-03-01", "")]
    clock.set(at("2026-04-01"))
    desk.rule(12)
    with desk.sidecar.transaction() as db:
        settling.apply_rule(db, desk.course_id, [desk.person_id], clock())
    assert desk.live() == [("2024-03-01", "2025-03-01"), ("2026-03-01", "2027-03-01")]


def test_what_comes_after_a_changed_rule_follows_it(desk: Desk) -> None:
    desk.rule(12)
    desk.bring("2024-01-01")
    desk.rule(12, "07-01")
    desk.bring("2026-01-01")
    assert desk.live() == [("2024-01-01", "2025-01-01"), ("2026-01-01", "2026-06-30")]


def test_every_order_of_arrival_gives_the_same_completions(desk: Desk, world: World, kongsberg: Municipality) -> None:
    desk.rule(12)
    days = ["2024-01-01", "2024-09-01", "2025-05-01", "2025-08-01"]
    found = set()
    for number, order in enumerate(permutations(days)):
        who = world.employ(kongsberg, f"x{number}", "Ola Hansen").person_id
        for day in order:
            desk.bring(day, person_id=who)
        found.add(tuple(desk.live(who)))
    assert found == {(("2024-01-01", "2025-01-01"), ("2025-05-01", "2026-05-01"))}


def test_to_settle_again_writes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.rule(12)
    for day in ("2024-01-01", "2024-09-01", "2025-05-01"):
        desk.bring(day, score=0.123456789)
    written: list[object] = []
    with desk.sidecar.transaction() as db:
        execute = db.execute

        def note(statement: object, *more: object, **options: object) -> object:
            written.extend([statement] if "select" not in type(statement).__name__.lower() else [])
            return execute(statement, *more, **options)  # type: ignore[call-overload]

        monkeypatch.setattr(db, "execute", note)
        settling.settle(db, {(desk.person_id, desk.course_id)}, desk.sidecar.now())
    assert written == []


def test_a_corrected_day_moves_the_completion(desk: Desk) -> None:
    evidence_id = desk.bring("2026-03-01")
    key = desk.only().id
    with desk.sidecar.transaction() as db:
        db.get_one(Evidence, evidence_id).completed_at = at("2026-02-01")
        db.flush()
        settling.settle(db, {(desk.person_id, desk.course_id)}, desk.sidecar.now())
    assert (desk.only().id, desk.live()) == (key, [("2026-02-01", "")])


def test_what_the_session_knows_is_told_what_was_written(desk: Desk) -> None:
    desk.rule(12)
    with desk.sidecar.transaction() as db:
        now = desk.sidecar.now()
        late = desk.evidence("2026-03-01")
        db.add(late)
        db.flush()
        settling.settle(db, {(desk.person_id, desk.course_id)}, now)
        completion = db.get_one(Completion, late.completion_id)
        assert late.completion_id is not None
        db.add(desk.evidence("2026-02-01"))
        db.flush()
        settling.settle(db, {(desk.person_id, desk.course_id)}, now)
        assert (completion.completed_on, completion.valid_until) == (date(2026, 2, 1), date(2027, 2, 1))


def test_nobody_elses_and_no_other_course_is_touched(
    desk: Desk, world: World, kongsberg: Municipality, sidecar: Sidecar
) -> None:
    other = world.employ(kongsberg, "1002", "Ola Hansen").person_id
    aid = Desk(sidecar, world.course("hjelp", "Førstehjelp").course_id, desk.person_id)
    aid.bring("2026-01-01")
    desk.bring("2026-01-02", person_id=other)
    before = [*aid.all(), *desk.all(other)]
    desk.bring("2026-01-03")
    standing = {one.id: one for one in [*desk.all(), *desk.all(other)]}
    assert all(standing[one.id] == one for one in before)
    assert len(standing) == 3


@pytest.fixture
def account(world: World, desk: Desk, kongsberg: Municipality) -> Identity:
    """An account in an LMS that speaks for Kongsberg; it says nothing of whose it is yet."""
    with world.sidecar.transaction() as db:
        db.add(PlatformMunicipality(platform_id=world.platform_id, municipality_id=kongsberg.id, pattern=None))
        return welcome(db, world.platform_id, Learner("7"), world.sidecar.now())


def say(world: World, number: str) -> Identity:
    with world.sidecar.transaction() as db:
        return welcome(db, world.platform_id, Learner("7", None, None, number), world.sidecar.now())


def test_what_was_earned_follows_the_account_to_its_person(desk: Desk, world: World, account: Identity) -> None:
    add_completion(desk.sidecar, account.id, desk.course_id, 0.8)
    assert desk.all() == []
    assert say(world, "1001").person_id == desk.person_id
    assert (desk.only().origin, desk.only().score, desk.only().identity_id) == (PLAYER, 0.8, account.id)


def test_what_was_earned_leaves_with_an_account_that_is_held_and_comes_with_its_release(
    desk: Desk, world: World, account: Identity, kongsberg: Municipality
) -> None:
    say(world, "1001")
    add_completion(desk.sidecar, account.id, desk.course_id, 0.8)
    key = desk.only().id
    other = world.employ(kongsberg, "1002", "Ola Hansen").person_id
    assert say(world, "1002").person_id is None
    assert [(one.id, one.withdrawn_at is None) for one in desk.all()] == [(key, False)]
    with desk.sidecar.transaction() as db:
        assert placing.release(db, db.get_one(Identity, account.id), desk.sidecar.now())
    assert (desk.live(), len(desk.live(other))) == ([], 1)
    say(world, "1001")
    with desk.sidecar.transaction() as db:
        assert placing.release(db, db.get_one(Identity, account.id), desk.sidecar.now())
    assert (desk.only().id, desk.live(other)) == (key, [])


def test_what_comes_from_elsewhere_stays_with_the_person_when_the_account_leaves(
    desk: Desk, world: World, account: Identity
) -> None:
    say(world, "1001")
    add_completion(desk.sidecar, account.id, desk.course_id, 0.8)
    desk.bring("2026-09-20", origin=FILE)
    say(world, "9999")
    assert (desk.only().origin, desk.live()) == (FILE, [("2026-09-20", "")])


def test_what_was_delivered_of_one_counts_as_delivered_of_the_one_it_went_into(
    desk: Desk, world: World, kongsberg: Municipality, tmp_path: Path, clock: FakeClock
) -> None:
    clock.set(at("2026-12-15"))
    connection_id = world.folder(kongsberg, tmp_path / "reports").id
    desk.rule(12)
    first = desk.bring("2025-10-01")
    desk.bring("2026-09-01")
    assert desk.live() == [("2025-10-01", "2026-10-01"), ("2026-09-01", "2027-09-01")]
    [delivery] = asking.request(desk.sidecar, kongsberg.id, read_period("2026-09"))
    deliver.hand_over(desk.sidecar, delivery.id)
    with desk.sidecar.transaction() as db:
        db.get_one(Evidence, first).completed_at = at("2026-01-01")
        db.flush()
        settling.settle(db, {(desk.person_id, desk.course_id)}, clock())
    assert desk.live() == [("2026-01-01", "2027-01-01")]
    with desk.sidecar.reading() as db:
        items = db.scalars(select(DeliveryItem.completion_id).where(DeliveryItem.delivery_id == delivery.id)).all()
        assert set(items) == {one.id for one in desk.all()}
        october = list_report(db, EVERYTHING, kongsberg, read_period("2026-10"), connection_id, date(2026, 12, 15))
    assert october.rows == []


def test_two_who_bring_evidence_at_once_make_one_completion(desk: Desk) -> None:
    """Both have written theirs before either settles: on PostgreSQL neither sees the other's, nor waits for ever."""
    is_one_after_the_other = desk.sidecar.engine.dialect.name == "sqlite"
    both, errors = Barrier(2), list[Exception]()

    def bring(day: str) -> None:
        try:
            with desk.sidecar.transaction() as db:
                now = desk.sidecar.now()
                db.add(desk.evidence(day))
                db.flush()
                if not is_one_after_the_other:
                    both.wait(timeout=20)
                settling.settle(db, {(desk.person_id, desk.course_id)}, now)
        except Exception as error:  # noqa: BLE001 (a thread's error is nobody's unless it is carried out)
            errors.append(error)

    threads = [Thread(target=bring, args=(day,)) for day in ("2026-03-01", "2026-02-01")]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=30)
    assert errors == []
    assert desk.live() == [("2026-02-01", "")]
    assert len(desk.all()) == 1
    with desk.sidecar.reading() as db:
        assert db.scalar(select(func.count(Evidence.completion_id.distinct()))) == 1


def test_who_settles_while_another_does_waits_and_sees_it(desk: Desk) -> None:
    other = Thread(target=desk.bring, args=("2026-02-01",))
    with desk.sidecar.transaction() as db:
        now = desk.sidecar.now()
        db.add(desk.evidence("2026-03-01"))
        db.flush()
        settling.settle(db, {(desk.person_id, desk.course_id)}, now)
        start_and_let_wait(desk.sidecar, other)
    other.join(timeout=30)
    assert desk.live() == [("2026-02-01", "")]


def test_many_people_are_settled_in_pieces(desk: Desk, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "PAIRS_A_TIME", 3)
    with sidecar.transaction() as db:
        people = [Person(first_name="A", last_name=str(number)) for number in range(10)]
        db.add_all(people)
        db.flush()
        for person in people:
            db.add(desk.evidence("2026-03-01", person_id=person.id))
        db.flush()
        settling.settle(db, [(person.id, desk.course_id) for person in people] * 2, sidecar.now())
        assert db.scalar(select(func.count(Completion.id))) == 10
