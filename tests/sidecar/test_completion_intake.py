"""Completions from an LMS: only differences are written, nobody else's people found, and nothing lost half-way."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from sidecar.connectors.base import (
    UnreachableError,
)
from sidecar.core import lms_courses, lms_evidence, quarantine, sync_runs
from sidecar.core.completion_matching import place_holders
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.data_subjects import of_key
from sidecar.core.evidence import Evidence
from sidecar.core.lms_evidence import Missing, MissingPage
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.people_sources import DELTA, LmsCourse, SyncRun
from sidecar.core.sync_runs import Failure
from sidecar.privacy import erase
from sidecar.runtime import Sidecar
from sidecar.sync.completion_intake import WithdrawalRejectedError, take_in
from sidecar.sync.running import HeldError
from tests.fakes.clock import FakeClock
from tests.fakes.statements import counting
from tests.sidecar.telling import DONE_AT, EVERYTHING, World, employ, make_world, told


@pytest.fixture
def world(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> World:
    return make_world(sidecar, kongsberg, rollag)


def test_what_an_lms_tells_becomes_completions_of_whom_it_means(world: World) -> None:
    world.lms.rows.extend([told("3303-1001", score=0.8), told("3336-1001")])
    world.lms.rows.extend([told("3303-1001", "HMS"), told("3303-9999")])
    run = world.run()
    assert {(one.person_id, one.score) for one in world.completions if one.score} == {(world.kari, 0.8)}
    assert sorted(one.person_id for one in world.completions) == sorted([world.kari, world.kari, world.rolf])
    assert [one.holder for one in world.pieces if one.person_id is None] == ["3303-9999"]
    assert (run.counts["new"], run.counts["waiting"], run.rows_done) == (4, 1, 4)
    courses = {one.key: one for one in world.all(LmsCourse)}
    assert set(courses) == {"BRANN", "HMS"}
    kinds = {one.kind for one in world.all(Course)}
    assert kinds == {"lms"}


def test_a_holder_that_can_mean_two_people_means_nobody(world: World) -> None:
    world.lms.rows.append(told("1001"))
    world.run()
    assert [(one.person_id, one.holder) for one in world.pieces] == [(None, "1001")]


def test_an_unchanged_delta_writes_nothing_of_people_evidence_or_completions(world: World, clock: FakeClock) -> None:
    world.lms.rows.extend([told("3303-1001", at=world.sidecar.now()), told("3303-9999", at=world.sidecar.now())])
    world.run()
    clock.advance(hours=1)
    with counting(world.sidecar) as said:
        run = world.run(DELTA)
    writes = [one for one in said if one.split()[0] in ("INSERT", "UPDATE", "DELETE")]
    tables = {one.split()[2 if one.split()[0] != "UPDATE" else 1] for one in writes}
    assert tables <= {"sync_run", "source", "sync_change", "outbox"}
    assert run.counts["new"] == run.counts["changed"] == 0
    assert len(world.lms.asked) == 2
    assert world.lms.asked[1][0] is not None


def test_a_delta_never_withdraws_and_a_full_run_does(world: World, clock: FakeClock) -> None:
    world.lms.rows.extend([told("3303-1001"), told("3336-1001")])
    world.run()
    world.lms.rows[:] = [told("3303-1001", at=None)]
    world.run(DELTA)
    assert len(world.completions) == 2
    run = world.run()
    assert (run.counts["withdrawn"], world.completions) == (2, [])
    clock.advance(days=1)
    world.lms.rows[:] = [told("3303-1001")]
    assert world.run(DELTA, since=None).counts["restored"] == 1
    assert [one.person_id for one in world.completions] == [world.kari]
    assert len(world.all(Completion)) == 2, "the row that was delivered comes back"


def test_an_lms_that_tells_nothing_any_more_is_not_believed(world: World) -> None:
    world.lms.rows.extend([told("3303-1001", f"K{number}") for number in range(20)])
    world.run()
    world.lms.rows.clear()
    run_id = _held(world, 20)
    assert len(world.completions) == 20
    _decide(world, run_id, is_approved=True)
    assert world.run().counts["withdrawn"] == 20
    assert world.completions == []


def _held(world: World, count: int) -> str:
    """Run the source, which stops with so many completions missing; return the run."""
    context = world.begin()
    with pytest.raises(HeldError) as held:
        take_in(world.sidecar, context)
    assert (held.value.counts["would_withdraw"], held.value.counts["withdrawn"]) == (count, 0)
    with world.sidecar.transaction() as db:
        sync_runs.hold(db, context.run_id, held.value.counts, world.sidecar.now())
    return context.run_id


def _decide(world: World, run_id: str, *, is_approved: bool) -> None:
    """Say a word; the run that is asked for by it fails."""
    with world.sidecar.transaction() as db:
        quarantine.decide(db, run_id, world.sidecar.now(), decided_by=None, is_approved=is_approved)
        for one in db.scalars(select(SyncRun).where(SyncRun.state == "waiting")):
            sync_runs.fail(db, one.id, Failure("moodle-down", "", {}), world.sidecar.now())


def test_who_approved_some_has_not_approved_all(world: World, clock: FakeClock) -> None:
    rows = [told("3303-1001", f"K{number}") for number in range(40)]
    world.lms.rows.extend(rows)
    world.run()
    world.lms.rows[:] = rows[:20]
    clock.advance(hours=1)
    _decide(world, _held(world, 20), is_approved=True)
    world.lms.rows.clear()
    clock.advance(hours=1)
    _held(world, 40)
    assert len(world.completions) == 40
    world.lms.rows[:] = rows[:25]
    assert world.run().counts["withdrawn"] == 15
    world.lms.rows[:] = rows[:5]
    clock.advance(hours=1)
    _held(world, 20)


def test_what_was_rejected_is_not_asked_again_till_it_is_another_number(world: World, clock: FakeClock) -> None:
    rows = [told("3303-1001", f"K{number}") for number in range(20)]
    world.lms.rows.extend(rows)
    world.run()
    world.lms.rows.clear()
    clock.advance(hours=1)
    _decide(world, _held(world, 20), is_approved=False)
    clock.advance(hours=1)
    again = world.begin()
    with pytest.raises(WithdrawalRejectedError):
        take_in(world.sidecar, again)
    with world.sidecar.transaction() as db:
        sync_runs.fail(db, again.run_id, Failure(WithdrawalRejectedError.code, "", {}), world.sidecar.now())
    world.lms.rows[:] = rows[:2]
    _held(world, 18)
    assert len(world.completions) == 20


def test_what_would_go_is_told_by_course(world: World) -> None:
    world.lms.rows.extend([told(f"3303-{number}", "HMS") for number in range(12)] + [told("3303-1001")])
    world.run()
    world.lms.rows.clear()
    run_id = _held(world, 13)
    with world.sidecar.reading() as db:
        page = lms_evidence.list_missing(db, world.source_id, run_id, number=9)
    assert page == MissingPage([Missing("Kurs HMS", "HMS", 12), Missing("Kurs BRANN", "BRANN", 1)], 1, 1)


def test_what_an_lms_course_tells_is_counted_by_an_index_and_not_by_reading_all(world: World) -> None:
    world.lms.rows.extend([told("3303-1001"), told("3303-9999"), told("3303-1001", "HMS")])
    world.run()
    with world.sidecar.reading() as db, counting(world.sidecar) as said:
        lines = lms_courses.list_lms_courses(db, EVERYTHING).lines
        assert {line.lms_course.key: (line.told, line.moving) for line in lines} == {"BRANN": (2, 0), "HMS": (1, 0)}
        counts = next(one for one in said if "evidence" in one)
    assert "substr" not in counts
    assert "ix_evidence_lms_course_id_course_id" in {one.name for one in Evidence.__table__.indexes}  # type: ignore[attr-defined]


def test_a_run_that_is_cut_off_goes_on_and_still_knows_what_it_has_seen(world: World) -> None:
    world.lms.rows.extend([told("3303-1001", f"K{number}") for number in range(7)])
    world.lms.breaks_after.append(2)
    context = world.begin()
    with pytest.raises(UnreachableError):
        take_in(world.sidecar, context)
    with world.sidecar.reading() as db:
        kept = db.get_one(SyncRun, context.run_id)
        assert (kept.rows_done, kept.checkpoint) == (4, {"page": 2})
        counts = dict(kept.counts)
    again = replace(context, checkpoint={"page": 2}, rows_done=4, counts=counts)
    take_in(world.sidecar, again)
    assert (again.rows_done, again.counts["new"], again.counts["withdrawn"]) == (7, 7, 0)
    assert len(world.completions) == 7


def test_a_changed_time_or_score_is_taken_over(world: World) -> None:
    world.lms.rows.append(told("3303-1001", score=0.5))
    world.run()
    world.lms.rows[:] = [told("3303-1001", at=DONE_AT + timedelta(hours=2), score=0.9)]
    assert world.run().counts["changed"] == 1
    (one,) = world.completions
    assert (one.completed_at, one.score) == (DONE_AT + timedelta(hours=2), 0.9)
    world.lms.rows[:] = [told("3303-1001", at=DONE_AT + timedelta(hours=2))]
    assert world.run().counts["changed"] == 0, "an LMS that tells no score denies none"


def test_a_renewal_in_the_lms_begins_a_new_cycle_and_leaves_the_old_one(world: World) -> None:
    first = DONE_AT - timedelta(days=720)
    world.lms.rows.append(told("3303-1001", at=first))
    world.run()
    with world.sidecar.transaction() as db:
        course = db.scalars(select(Course)).one()
        course.validity_months = 12
        completion = db.scalars(select(Completion)).one()
        completion.validity_months, completion.valid_until = 12, date(2025, 5, 14)
    world.lms.rows[:] = [told("3303-1001")]
    world.run()
    world.run()
    assert sorted(one.completed_at for one in world.completions) == [first, DONE_AT]


def test_what_waits_is_placed_when_the_people_come(world: World, kongsberg: Municipality) -> None:
    world.lms.rows.extend([told("3303-1002"), told("3303-1002", "HMS")])
    world.run()
    assert world.completions == []
    employ(world.sidecar, kongsberg, "1002", "Ola")
    with world.sidecar.transaction() as db:
        assert place_holders(db, kongsberg.id, world.sidecar.now()) == 2
        assert place_holders(db, kongsberg.id, world.sidecar.now()) == 0
    assert len(world.completions) == 2
    assert {one.holder for one in world.pieces} == {None}


def test_what_was_completed_before_somebody_left_is_theirs_and_not_what_came_after(world: World) -> None:
    with world.sidecar.transaction() as db:
        mine = select(Employment).where(Employment.person_id == world.kari)
        db.scalars(mine).one().ended_on = DONE_AT.date()
    world.lms.rows.extend([told("3303-1001"), told("3303-1001", "HMS", DONE_AT + timedelta(days=2))])
    world.run()
    assert [(one.person_id, one.completed_at) for one in world.completions] == [(world.kari, DONE_AT)]


def test_an_account_that_was_handed_on_places_nobody(world: World) -> None:
    with world.sidecar.transaction() as db:
        now = world.sidecar.now()
        held = Identity(platform_id=world.platform_id, subject="u1", first_seen_at=now, last_seen_at=now)
        held.person_sourcedid, held.placed_at = "3303-1001", now
        db.add(held)
    world.lms.rows.append(told("3303-1001"))
    world.run()
    assert world.completions == []


def test_an_erased_person_is_never_brought_back(world: World, clock: FakeClock, kongsberg: Municipality) -> None:
    world.lms.rows.extend([told("3303-1001"), told("3336-1001")])
    world.run()
    with world.sidecar.reading() as db:
        subject = of_key(db, EVERYTHING, world.kari)
    erase(world.sidecar, EVERYTHING, subject)
    assert world.run().counts["erased"] == 1
    assert len(world.pieces) == 2
    assert len(world.completions) == 2, "counts stay true: what they had is not withdrawn"
    assert [one.holder for one in world.pieces] == [None, None]
    clock.advance(days=30)
    employ(world.sidecar, kongsberg, "1001", "Ny")
    world.lms.rows.append(told("3303-1001", "HMS", world.sidecar.now()))
    run = world.run()
    assert (run.counts["erased"], run.counts["new"]) == (1, 1)
    with world.sidecar.reading() as db:
        newcomer = db.scalars(select(Person.id).where(Person.first_name == "Ny")).one()
    assert [one.completed_at for one in world.completions if one.person_id == newcomer] == [world.sidecar.now()]


def test_what_waits_for_somebody_who_is_erased_goes(world: World) -> None:
    with world.sidecar.transaction() as db:
        mine = select(Employment).where(Employment.person_id == world.kari)
        db.scalars(mine).one().ended_on = date(2026, 1, 1)
    world.lms.rows.append(told("3303-1001"))
    world.run()
    assert [one.holder for one in world.pieces] == ["3303-1001"]
    with world.sidecar.reading() as db:
        subject = of_key(db, EVERYTHING, world.kari)
    erase(world.sidecar, EVERYTHING, subject)
    assert world.pieces == []
