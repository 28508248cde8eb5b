"""Save what packages say: in order, once, only what is allowed, and finish the attempt by the rules."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sidecar.core import attempts, commits, grades
from sidecar.core.attempts import Attempt, Commit, CommitPiece, NothingToRepeatError
from sidecar.core.commits import (
    JOINED_CHARACTERS,
    PIECES_KEPT,
    SHOWN_TOGETHER_CHARACTERS,
    Acknowledged,
    AttemptFinishedError,
    OutOfOrderError,
    Piece,
    Said,
    UnknownScoError,
    add_piece,
    commit,
)
from sidecar.core.courses import Course
from sidecar.core.earning import find_evidence
from sidecar.core.elements import BadValueError, TooMuchDataError, UnknownElementError
from sidecar.core.evidence import Evidence
from sidecar.core.grades import Grade
from sidecar.core.launches import Launch
from sidecar.core.outbox import OutboxItem
from sidecar.errors import NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.learner import Learner, add_identity, add_platform, bring_learner, launch
from tests.fakes.lms import add_completion
from tests.fakes.package import make_package
from tests.fakes.statements import counting

PASSED = {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "90"}
Save = Callable[..., Acknowledged]


@pytest.fixture
def learner(sidecar: Sidecar, tmp_path: Path) -> Learner:
    pages = {"a": "<title>A</title>"}
    return bring_learner(sidecar, make_package(tmp_path / "p.zip", pages=pages))[0]


@pytest.fixture
def save(sidecar: Sidecar, learner: Learner) -> Save:
    def run(
        seq: int,
        changes: dict[str, str],
        *,
        who: Learner = learner,
        after: int | None = None,
        sco: str = "a",
        session: str = "",
        final: bool = False,
    ) -> Acknowledged:
        said = Said(seq, seq - 1 if after is None else after, sco, changes, session, final)
        with sidecar.transaction() as db:
            return commit(db, who.attempt_id, said, launch_id=who.launch_id, now=sidecar.now())

    return run


def states(sidecar: Sidecar, learner: Learner) -> dict[str, dict[str, str]]:
    with sidecar.reading() as db:
        return attempts.list_states(db, learner.attempt_id)


def attempt_of(sidecar: Sidecar, learner: Learner) -> Attempt:
    with sidecar.reading() as db:
        return db.get_one(Attempt, learner.attempt_id)


def list_grade_jobs(db: Session) -> Sequence[OutboxItem]:
    return db.scalars(select(OutboxItem).where(OutboxItem.kind == grades.KIND)).all()


def evidence_of(sidecar: Sidecar, learner: Learner) -> Evidence | None:
    with sidecar.reading() as db:
        return find_evidence(db, learner.attempt_id)


def test_changes_add_up(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.core.lesson_location": "1", "cmi.suspend_data": "x"})
    save(2, {"cmi.core.lesson_location": "2"})
    assert states(sidecar, learner) == {"a": {"cmi.core.lesson_location": "2", "cmi.suspend_data": "x"}}
    assert (attempt_of(sidecar, learner).seq, attempt_of(sidecar, learner).state) == (2, "open")


def test_a_repeated_commit_is_acknowledged_and_saved_once(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    first = save(1, PASSED, final=True)
    assert save(1, PASSED, final=True) == first
    with sidecar.reading() as db:
        assert len(db.scalars(select(Commit)).all()) == len(list_grade_jobs(db)) == 1


@pytest.mark.parametrize("seq", [1, 4])
def test_what_is_out_of_order_is_refused_with_what_was_expected(
    sidecar: Sidecar, learner: Learner, save: Save, seq: int
) -> None:
    save(1, {"cmi.core.lesson_location": "1"})
    save(2, {"cmi.core.lesson_location": "2"})
    with pytest.raises(OutOfOrderError) as error:
        save(seq, {"cmi.core.lesson_location": "other"})
    assert error.value.facts == {"expected": 3}
    assert states(sidecar, learner)["a"] == {"cmi.core.lesson_location": "2"}


def test_a_page_that_heard_no_answer_may_send_all_anew(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.core.lesson_location": "1"}, session="page")
    save(2, {"cmi.core.lesson_location": "2"}, session="page")  # its answer is lost
    save(4, {"cmi.core.lesson_location": "2", "cmi.suspend_data": "x"}, after=1, session="page")
    assert states(sidecar, learner)["a"] == {"cmi.core.lesson_location": "2", "cmi.suspend_data": "x"}


def test_another_page_may_not(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.core.lesson_location": "1"}, session="page")
    save(2, {"cmi.core.lesson_location": "2"}, session="page")
    with pytest.raises(OutOfOrderError):
        save(9, {"cmi.core.lesson_location": "9"}, after=1, session="other tab")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"cmi.core.lesson_location": "1", "cmi.core.student_id": "x"}, UnknownElementError),
        ({"cmi.core.lesson_location": "1", "cmi.core.lesson_status": "done"}, BadValueError),
    ],
)
def test_a_bad_commit_changes_nothing(
    sidecar: Sidecar, learner: Learner, save: Save, changes: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        save(1, changes)
    assert states(sidecar, learner) == {}
    assert attempt_of(sidecar, learner).seq == 0


def test_an_unknown_part_or_attempt_is_refused(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    with pytest.raises(UnknownScoError):
        save(1, {}, sco="b")
    with pytest.raises(NotFoundError):
        save(1, {}, who=Learner("", "", "", "0" * 32))


def test_a_completion_is_recorded_with_its_grade(
    sidecar: Sidecar, learner: Learner, save: Save, clock: FakeClock
) -> None:
    clock.advance(minutes=10)
    acknowledged = save(1, PASSED, final=True)
    assert (acknowledged.result.state, acknowledged.result.score) == ("completed", 0.9)
    evidence = evidence_of(sidecar, learner)
    assert evidence is not None
    assert (evidence.score, evidence.completed_at) == (0.9, clock())
    with sidecar.reading() as db:
        grade = db.scalars(select(Grade)).one()
        assert (grade.state, grade.score, grade.evidence_id) == ("waiting", 0.9, evidence.id)
        assert [job.next_try_at for job in list_grade_jobs(db)] == [clock()]
        assert db.scalars(select(Commit.flag)).one() is None


def test_a_commit_that_completes_nothing_does_not_ask_what_was_completed(
    sidecar: Sidecar, learner: Learner, save: Save
) -> None:
    with counting(sidecar) as said:
        save(1, {"cmi.core.lesson_location": "1"})
    assert said
    assert not [each for each in said if "evidence" in each or "completion" in each]


def test_a_completed_attempt_takes_nothing_more(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, PASSED, final=True)
    with pytest.raises(AttemptFinishedError):
        save(2, {"cmi.core.score.raw": "100"})
    assert states(sidecar, learner)["a"]["cmi.core.score.raw"] == "90"


def test_the_page_that_completed_it_may_add_the_score(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.core.lesson_status": "completed"}, session="page")
    with pytest.raises(AttemptFinishedError):
        save(2, {"cmi.core.score.raw": "70"}, session="other tab")
    save(2, {"cmi.core.score.raw": "70"}, session="page", final=True)
    evidence = evidence_of(sidecar, learner)
    assert evidence is not None
    assert evidence.score == 0.7
    with pytest.raises(AttemptFinishedError):
        save(3, {"cmi.core.score.raw": "100"}, session="page")


def test_a_new_launch_closes_the_completed_attempt(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, PASSED, session="page")
    again = launch(sidecar, learner.identity_id, attempt_of(sidecar, learner).course_id)
    assert again.attempt_id == learner.attempt_id
    with pytest.raises(AttemptFinishedError):
        save(2, {"cmi.core.score.raw": "100"}, session="page")


def test_what_is_complete_stays_complete(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, PASSED, session="page")
    save(2, {"cmi.core.lesson_status": "failed", "cmi.core.score.raw": "10"}, session="page", final=True)
    evidence = evidence_of(sidecar, learner)
    assert evidence is not None
    assert evidence.score == 0.9
    assert attempt_of(sidecar, learner).state == "completed"


def test_a_result_that_came_too_fast_is_flagged(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, PASSED)
    with sidecar.reading() as db:
        assert db.scalars(select(Commit.flag)).one() == "completed-too-fast"


@pytest.mark.parametrize("status", ["failed", "browsed", "incomplete"])
def test_other_results_complete_nothing(sidecar: Sidecar, learner: Learner, save: Save, status: str) -> None:
    save(1, {"cmi.core.lesson_status": status, "cmi.core.score.raw": "99"}, final=True)
    assert evidence_of(sidecar, learner) is None
    with sidecar.reading() as db:
        assert db.scalars(select(Grade)).all() == []


def test_a_failed_attempt_is_followed_by_a_new_one(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.core.lesson_status": "failed"}, final=True)
    assert attempt_of(sidecar, learner).state == "failed"
    again = launch(sidecar, learner.identity_id, attempt_of(sidecar, learner).course_id)
    assert again.attempt_id != learner.attempt_id


def test_a_failed_attempt_that_is_put_aside_goes_on(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.core.lesson_status": "failed", "cmi.core.exit": "suspend"}, final=True)
    again = launch(sidecar, learner.identity_id, attempt_of(sidecar, learner).course_id)
    assert again.attempt_id == learner.attempt_id
    save(2, PASSED, final=True)
    assert attempt_of(sidecar, learner).state == "completed"


def test_what_was_said_of_leaving_holds_for_its_own_session(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.core.exit": "suspend"}, session="one")
    save(2, {"cmi.core.lesson_status": "failed"}, session="one", final=True)
    assert attempt_of(sidecar, learner).state == "open"
    save(3, {"cmi.core.session_time": "00:01:00"}, session="two", final=True)
    assert attempt_of(sidecar, learner).state == "failed"


def test_session_times_add_up(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.core.session_time": "00:01:00"}, session="one")
    save(2, {"cmi.core.session_time": "00:02:00"}, session="one")
    save(3, {"cmi.core.session_time": "00:10:00"}, session="two", final=True)
    assert states(sidecar, learner)["a"] == {"cmi.core.total_time": "0000:12:00.00"}


def test_the_trail_keeps_long_values_short(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.suspend_data": "æ" * 60_000})
    assert states(sidecar, learner)["a"]["cmi.suspend_data"] == "æ" * 60_000
    with sidecar.reading() as db:
        assert len(db.scalars(select(Commit.changes)).one()["cmi.suspend_data"]) < 1_100


def test_the_trail_of_a_commit_is_bounded(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    many = {f"cmi.interactions.{number}.id": "x" * 250 for number in range(1000)}
    save(1, many)
    with sidecar.reading() as db:
        kept = db.scalars(select(Commit.changes)).one()
    assert sum(map(len, [*kept, *kept.values()])) <= SHOWN_TOGETHER_CHARACTERS + 100
    assert kept["…"] == "(1000 changes)"
    assert len(states(sidecar, learner)["a"]) >= 1000


def test_the_trail_of_an_attempt_is_bounded_whatever_numbers_it_uses(
    sidecar: Sidecar, learner: Learner, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "TRAIL_STEP", 4)
    monkeypatch.setattr(commits, "TRAIL_STEPS_KEPT", 2)
    save(1, PASSED, session="p")
    for seq in (2, 5, 9, 13, 14, 15, 17, 18, 19, 21, 25, 29, 33):
        save(seq, {"cmi.core.lesson_location": str(seq)}, after=1 if seq > 2 else None, session="p")
    with sidecar.reading() as db:
        kept = db.scalars(select(Commit.seq).order_by(Commit.seq)).all()
        assert db.get_one(Commit, (learner.attempt_id, 1)).flag == "completed-too-fast"
    assert kept == [1, 15, 17, 18, 19, 21, 25, 29, 33]


def test_pieces_make_a_whole_in_any_order(sidecar: Sidecar, learner: Learner) -> None:
    first, second = Piece(1, "s", 0, 2, "hello "), Piece(1, "s", 1, 2, "world")
    with sidecar.transaction() as db:
        assert add_piece(db, learner.attempt_id, second) is None
        assert add_piece(db, learner.attempt_id, second) is None
        assert add_piece(db, learner.attempt_id, first) == "hello world"
    with sidecar.transaction() as db:
        assert add_piece(db, learner.attempt_id, first) is None


def test_pieces_of_an_earlier_page_are_dropped(sidecar: Sidecar, learner: Learner) -> None:
    with sidecar.transaction() as db:
        assert add_piece(db, learner.attempt_id, Piece(1, "old", 0, 2, "x")) is None
        assert add_piece(db, learner.attempt_id, Piece(1, "new", 1, 2, "y")) is None


def test_the_pieces_of_two_commits_may_come_mixed(sidecar: Sidecar, learner: Learner) -> None:
    with sidecar.transaction() as db:
        assert add_piece(db, learner.attempt_id, Piece(1, "s", 0, 2, "a")) is None
        assert add_piece(db, learner.attempt_id, Piece(2, "s", 0, 2, "c")) is None
        assert add_piece(db, learner.attempt_id, Piece(1, "s", 1, 2, "b")) == "ab"
        assert add_piece(db, learner.attempt_id, Piece(2, "s", 1, 2, "d")) == "cd"


@pytest.mark.parametrize(("count", "text"), [(300, ""), (10, "x" * 400_000)], ids=["many", "large"])
def test_what_is_kept_of_commits_that_never_become_whole_is_bounded(
    sidecar: Sidecar, learner: Learner, count: int, text: str
) -> None:
    for seq in range(1, count + 1):
        with sidecar.transaction() as db:
            assert add_piece(db, learner.attempt_id, Piece(seq, "s", 0, 2, text)) is None
    with sidecar.reading() as db:
        kept = db.scalars(select(CommitPiece.text).order_by(CommitPiece.seq)).all()
    assert 1 <= len(kept) <= PIECES_KEPT
    assert sum(map(len, kept)) <= JOINED_CHARACTERS
    with sidecar.transaction() as db:
        assert add_piece(db, learner.attempt_id, Piece(count, "s", 1, 2, "!")) == text + "!"


def test_a_commit_whose_pieces_are_too_much_is_refused(sidecar: Sidecar, learner: Learner) -> None:
    for number in (0, 1):
        with sidecar.transaction() as db:
            add_piece(db, learner.attempt_id, Piece(1, "s", number, 3, "x" * (JOINED_CHARACTERS // 2)))
    with pytest.raises(TooMuchDataError), sidecar.transaction() as db:
        add_piece(db, learner.attempt_id, Piece(1, "s", 2, 3, "x"))


@pytest.mark.parametrize("has_completed", [False, True], ids=["the same attempt", "the same grade"])
def test_a_launch_and_a_commit_of_one_learner_wait_for_one_another(
    sidecar: Sidecar, learner: Learner, save: Save, has_completed: bool
) -> None:
    course_id = attempt_of(sidecar, learner).course_id
    if has_completed:
        add_completion(sidecar, learner.identity_id, course_id, 0.5)
    has_begun = Event()

    def launch_slowly() -> None:
        with sidecar.transaction() as db:
            row = db.get_one(Launch, learner.launch_id)
            attempts.begin(db, identity_id=learner.identity_id, course=db.get_one(Course, course_id), now=sidecar.now())
            grades.ask_for_launch(db, row, sidecar.now())
            has_begun.set()
            time.sleep(0.3)
            db.execute(update(Attempt).values(session=None))

    with ThreadPoolExecutor(2) as pool:
        launched = pool.submit(launch_slowly)
        assert has_begun.wait(10)
        assert save(1, PASSED, final=True).result.state == "completed"
        launched.result()
    with sidecar.reading() as db:
        assert db.scalars(select(Grade.score)).one() == 0.9


def test_learners_finish_the_version_they_began(sidecar: Sidecar, learner: Learner, save: Save, tmp_path: Path) -> None:
    from sidecar.catalogue import add_package

    began = attempt_of(sidecar, learner)
    newer = make_package(tmp_path / "newer.zip", pages={"b": "<title>B</title>"})
    added = add_package(sidecar, newer, key="kurs", is_published=True)
    assert launch(sidecar, learner.identity_id, began.course_id).attempt_id == learner.attempt_id
    save(1, PASSED, final=True)
    with sidecar.transaction() as db:
        attempt = db.get_one(Attempt, learner.attempt_id)
        assert attempt.version_id == began.version_id != added.version_id
        again = attempts.start_again(db, attempt, now=sidecar.now())
        assert (again.version_id, again.number) == (added.version_id, 2)
        assert attempts.start_again(db, attempt, now=sidecar.now()).id == again.id


def test_an_open_attempt_is_not_started_again(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, {"cmi.core.lesson_status": "incomplete"})
    with pytest.raises(NothingToRepeatError), sidecar.transaction() as db:
        attempts.start_again(db, db.get_one(Attempt, learner.attempt_id), now=sidecar.now())


def test_after_a_failed_second_try_the_first_is_reviewed(sidecar: Sidecar, learner: Learner, save: Save) -> None:
    save(1, PASSED, final=True)
    with sidecar.transaction() as db:
        second = attempts.start_again(db, db.get_one(Attempt, learner.attempt_id), now=sidecar.now())
        other = Learner(learner.identity_id, learner.launch_id, "", second.id)
    save(1, {"cmi.core.lesson_status": "failed"}, who=other, final=True)
    again = launch(sidecar, learner.identity_id, attempt_of(sidecar, learner).course_id)
    assert again.attempt_id == learner.attempt_id


def test_learners_do_not_share_attempts(sidecar: Sidecar, learner: Learner) -> None:
    course_id = attempt_of(sidecar, learner).course_id
    other = launch(sidecar, add_identity(sidecar, add_platform(sidecar, "https://b.example"), "ola"), course_id)
    assert other.attempt_id != learner.attempt_id
