"""What the outbox holds is done once, tried again, or given up, and never lost."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from threading import Thread

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, InternalError, OperationalError
from sqlalchemy.orm import Session

from sidecar import schedule
from sidecar.core import outbox
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import DELAYS, LEASE, MAX_ATTEMPTS, GiveUp, OutboxItem, TryLater
from sidecar.jobs import Handler, OutOfTimeError, perform_item
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.queue import FakeQueue
from tests.fakes.waiting import start_and_let_wait


def put(sidecar: Sidecar, key: str = "note:1") -> str:
    with sidecar.transaction() as db:
        outbox.put(db, "note", "subject-1", key=key, now=sidecar.now())
    return item(sidecar, key).id


def item(sidecar: Sidecar, key: str = "note:1") -> OutboxItem:
    with sidecar.reading() as db:
        return db.scalars(select(OutboxItem).where(OutboxItem.key == key)).one()


@pytest.mark.postgresql
def test_two_that_put_the_same_in_the_same_instant_put_it_once(sidecar: Sidecar) -> None:
    broken: list[Exception] = []

    def put_too() -> None:
        try:
            put(sidecar)
        except Exception as error:  # noqa: BLE001 (the thread's failure is the test's)
            broken.append(error)

    other = Thread(target=put_too)
    with sidecar.transaction() as db:
        outbox.put(db, "note", "subject-1", key="note:1", now=sidecar.now())
        start_and_let_wait(sidecar, other)
    other.join()
    with sidecar.reading() as db:
        assert (broken, len(db.scalars(select(OutboxItem)).all())) == ([], 1)


class Recorder:
    """A handler that remembers what it was asked and answers as it is told."""

    def __init__(self, *answers: Exception | None) -> None:
        self.asked: list[str] = []
        self.answers = list(answers)

    def __call__(self, sidecar: Sidecar, subject: str) -> None:
        self.asked.append(subject)
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer


def run(
    sidecar: Sidecar,
    item_id: str,
    handler: Callable[[Sidecar, str], None],
    give_up: Callable[[Session, str, str], None] | None = None,
) -> None:
    perform_item(sidecar, item_id, {"note": Handler(handler, give_up)})


def test_a_written_item_is_nudged_after_the_commit(sidecar: Sidecar, queue: FakeQueue) -> None:
    with sidecar.transaction() as db:
        outbox.put(db, "note", "s", key="k", now=sidecar.now())
        assert queue.enqueued == []
    assert queue.enqueued == [item(sidecar, "k").id]


def put_and_break_off(sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        outbox.put(db, "note", "s", key="k", now=sidecar.now())
        raise ZeroDivisionError


def test_what_is_rolled_back_is_neither_kept_nor_nudged(sidecar: Sidecar, queue: FakeQueue) -> None:
    with pytest.raises(ZeroDivisionError):
        put_and_break_off(sidecar)
    assert queue.enqueued == []
    with sidecar.reading() as db:
        assert db.scalars(select(OutboxItem)).all() == []


def test_the_same_key_is_put_once(sidecar: Sidecar, queue: FakeQueue) -> None:
    put(sidecar)
    put(sidecar)
    assert len(queue.enqueued) == 1


def test_done_once_however_often_it_is_called(sidecar: Sidecar) -> None:
    item_id, handler = put(sidecar), Recorder()
    for _ in range(3):
        run(sidecar, item_id, handler)
    assert handler.asked == ["subject-1"]
    assert item(sidecar).state == "done"
    assert item(sidecar).ended_at == sidecar.now()


def test_an_item_in_work_is_left_alone(sidecar: Sidecar) -> None:
    item_id, inner = put(sidecar), Recorder()

    def handler(sidecar: Sidecar, subject: str) -> None:
        run(sidecar, item_id, inner)

    run(sidecar, item_id, handler)
    assert inner.asked == []
    assert item(sidecar).state == "done"


def test_tried_again_after_longer_and_longer_delays_and_then_failed(sidecar: Sidecar, clock: FakeClock) -> None:
    item_id = put(sidecar)
    handler = Recorder(*[TryLater("unreachable")] * 20)
    waited = []
    while item(sidecar).state == "waiting":
        waited.append(item(sidecar).next_try_at - clock())
        clock.set(item(sidecar).next_try_at)
        run(sidecar, item_id, handler)
    assert waited == [timedelta(0), *DELAYS, *[timedelta(hours=12)] * (MAX_ATTEMPTS - 1 - len(DELAYS))]
    assert len(handler.asked) == MAX_ATTEMPTS
    assert (item(sidecar).state, item(sidecar).error_code) == ("failed", "unreachable")


def test_not_tried_before_its_time(sidecar: Sidecar, clock: FakeClock) -> None:
    item_id, handler = put(sidecar), Recorder(TryLater("unreachable"))
    run(sidecar, item_id, handler)
    clock.advance(seconds=59)
    run(sidecar, item_id, handler)
    assert len(handler.asked) == 1
    clock.advance(seconds=1)
    run(sidecar, item_id, handler)
    assert item(sidecar).state == "done"


def test_given_up_is_final_until_somebody_asks_again(sidecar: Sidecar, queue: FakeQueue) -> None:
    item_id, handler = put(sidecar), Recorder(GiveUp("rejected"))
    run(sidecar, item_id, handler)
    run(sidecar, item_id, handler)
    assert (item(sidecar).state, item(sidecar).error_code, len(handler.asked)) == ("failed", "rejected", 1)
    with sidecar.transaction() as db:
        assert outbox.put_again(db, "note", "subject-1", now=sidecar.now()) == 1
    assert queue.enqueued == [item_id, item_id]
    run(sidecar, item_id, handler)
    assert item(sidecar).state == "done"
    with sidecar.transaction() as db:
        assert outbox.put_again(db, "note", "subject-1", now=sidecar.now()) == 0


def test_what_was_put_off_is_brought_forward_but_no_wait_after_a_failure(
    sidecar: Sidecar, clock: FakeClock, queue: FakeQueue
) -> None:
    with sidecar.transaction() as db:
        outbox.put(db, "note", "subject-1", key="note:1", now=clock() + timedelta(seconds=15))
    item_id, handler = item(sidecar).id, Recorder(TryLater("unreachable"))
    for _ in range(2):
        with sidecar.transaction() as db:
            outbox.bring_forward(db, "note", "subject-1", now=clock())
        run(sidecar, item_id, handler)
    assert (len(handler.asked), queue.enqueued) == (1, [item_id, item_id])


def test_a_defect_is_recorded_by_its_class_and_tried_again(sidecar: Sidecar) -> None:
    item_id = put(sidecar)
    run(sidecar, item_id, Recorder(KeyError("kari.nordmann@example.no")))
    assert (item(sidecar).state, item(sidecar).error_code) == ("waiting", "KeyError")


def test_a_job_that_was_cut_off_is_tried_again(sidecar: Sidecar) -> None:
    def hang(sidecar: Sidecar, subject: str) -> None:
        raise OutOfTimeError

    item_id = put(sidecar)
    run(sidecar, item_id, hang)
    assert (item(sidecar).state, item(sidecar).error_code) == ("waiting", "out-of-time")


def test_an_unknown_kind_is_given_up(sidecar: Sidecar) -> None:
    perform_item(sidecar, put(sidecar), {})
    assert (item(sidecar).state, item(sidecar).error_code) == ("failed", "unknown-kind")


def test_a_killed_attempt_is_taken_up_when_its_claim_has_run_out(
    sidecar: Sidecar, clock: FakeClock, queue: FakeQueue
) -> None:
    item_id = put(sidecar)
    with sidecar.transaction() as db:
        assert outbox.claim(db, item_id, clock())  # and then the worker is killed
    queue.enqueued.clear()
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert schedule.enqueue_due(sidecar) == 0
    clock.advance(seconds=1)
    assert schedule.enqueue_due(sidecar) == 1
    handler = Recorder()
    run(sidecar, queue.enqueued[0], handler)
    assert (item(sidecar).state, item(sidecar).attempts, handler.asked) == ("done", 2, ["subject-1"])


def test_an_attempt_that_outlived_its_claim_decides_nothing(sidecar: Sidecar, clock: FakeClock) -> None:
    item_id = put(sidecar)
    with sidecar.transaction() as db:
        old = outbox.claim(db, item_id, clock())
    clock.advance(minutes=11)
    with sidecar.transaction() as db:
        assert outbox.claim(db, item_id, clock())
    assert old
    with sidecar.transaction() as db:
        outbox.record_failed(db, old, "late", clock())
    assert item(sidecar).state == "claimed"


def test_what_kills_every_worker_is_given_up(sidecar: Sidecar, clock: FakeClock) -> None:
    item_id, handler = put(sidecar), Recorder()
    for _ in range(MAX_ATTEMPTS):
        with sidecar.transaction() as db:
            assert outbox.claim(db, item_id, clock())
        clock.advance(minutes=11)
    run(sidecar, item_id, handler)
    assert (item(sidecar).state, item(sidecar).error_code) == ("failed", "abandoned")
    assert handler.asked == []


@pytest.mark.parametrize(
    ("attempts", "answer", "code"),
    [
        (0, GiveUp("rejected"), "rejected"),
        (MAX_ATTEMPTS - 1, TryLater("unreachable"), "unreachable"),
        (MAX_ATTEMPTS - 1, KeyError("Kari"), "KeyError"),
        (MAX_ATTEMPTS, None, "abandoned"),
    ],
)
def test_what_is_given_up_leaves_its_subject_in_a_final_state(
    sidecar: Sidecar, attempts: int, answer: Exception | None, code: str
) -> None:
    item_id = put(sidecar)
    with sidecar.transaction() as db:
        db.execute(update(OutboxItem).values(attempts=attempts))
    told: list[tuple[str, str]] = []
    run(sidecar, item_id, Recorder(answer), lambda _db, subject, why: told.append((subject, why)))
    assert told == [("subject-1", code)]
    assert (item(sidecar).state, item(sidecar).error_code) == ("failed", code)


def test_what_is_tried_again_or_done_is_not_given_up(sidecar: Sidecar, clock: FakeClock) -> None:
    item_id, told = put(sidecar), list[str]()
    for answer in (TryLater("unreachable"), KeyError("x"), None):
        run(sidecar, item_id, Recorder(answer), lambda _db, subject, _why: told.append(subject))
        clock.advance(minutes=5)
    assert (item(sidecar).state, told) == ("done", [])


def test_enqueueing_twice_does_no_harm(sidecar: Sidecar, queue: FakeQueue) -> None:
    put(sidecar)
    schedule.enqueue_due(sidecar)
    schedule.enqueue_due(sidecar)
    handler = Recorder()
    for item_id in queue.enqueued:
        run(sidecar, item_id, handler)
    assert len(handler.asked) == 1


def test_reading_cannot_write(sidecar: Sidecar) -> None:
    new = OutboxItem(kind="k", subject="s", key="k", next_try_at=sidecar.now(), created_at=sidecar.now())
    with sidecar.reading() as db:
        db.add(new)
        with pytest.raises((OperationalError, InternalError)):
            db.flush()
    put(sidecar)  # and the connection it gave back can


def test_an_error_of_the_database_does_not_tell_the_values(sidecar: Sidecar, kongsberg: Municipality) -> None:
    twin = Municipality(org_number="1", slug="kongsberg", name="Kari Nordmann", created_at=sidecar.now())
    with pytest.raises(IntegrityError) as caught, sidecar.transaction() as db:
        db.add(twin)
    assert "Kari" not in str(caught.value)


def test_a_defect_leaves_its_place_in_the_log_but_not_its_message(sidecar: Sidecar, log_lines: StringIO) -> None:
    run(sidecar, put(sidecar), Recorder(KeyError("Kari Nordmann")))
    broke_off = json.loads(log_lines.getvalue().splitlines()[0])
    assert broke_off["error"] == "KeyError"
    assert "test_outbox_and_jobs.py" in broke_off["frames"][-1]
    assert "Kari" not in log_lines.getvalue()
