"""The night when the clocks change, and a clock that is set back: nothing twice, nothing waits for an hour."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from sidecar import schedule
from sidecar.core import deliveries, outbox
from sidecar.core.deliveries import Delivery
from sidecar.core.evidence import Evidence
from sidecar.core.grades import Grade
from sidecar.core.outbox import OutboxItem
from sidecar.core.report_definitions import ReportDefinition, ReportDefinitionVersion, ensure_default
from sidecar.core.report_runs import KIND, ReportDue, ReportRun
from sidecar.jobs import HANDLERS, Handler, perform_item
from sidecar.reports.scheduling import start_due
from sidecar.runtime import Sidecar
from tests.durability.town import (
    complete_course,
    launch_from_lms,
    open_player,
    pass_course,
    register_lms,
    send_commit,
    wait_for_plan,
)
from tests.durability.worlds import World, Worlds, work
from tests.fakes.clock import FakeClock
from tests.fakes.queue import FakeQueue

SPRING = datetime(2026, 3, 28, 22, tzinfo=UTC)
"""The evening before 02:00 becomes 03:00 in Oslo."""
AUTUMN = datetime(2026, 10, 24, 22, tzinfo=UTC)
"""The evening before 03:00 becomes 02:00 in Oslo."""


@pytest.fixture
def world(worlds: Worlds) -> World:
    return worlds.fresh()


@pytest.mark.parametrize(
    ("evening", "hour", "due_at"),
    [
        (SPRING, 1, datetime(2026, 3, 29, 0, tzinfo=UTC)),
        (SPRING, 2, datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (SPRING, 3, datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (AUTUMN, 2, datetime(2026, 10, 25, 0, tzinfo=UTC)),
        (AUTUMN, 3, datetime(2026, 10, 25, 2, tzinfo=UTC)),
    ],
)
def test_a_report_in_the_night_when_the_clocks_change_runs_once(
    sidecar: Sidecar, clock: FakeClock, evening: datetime, hour: int, due_at: datetime
) -> None:
    clock.set(evening)
    with sidecar.transaction() as db:
        ensure_default(db, clock())
        (version,) = db.scalars(select(ReportDefinitionVersion))
        version.spec = version.spec | {"schedule": f"0 {hour} {(evening + timedelta(hours=12)).day} * *"}
    while clock() < evening + timedelta(hours=8):
        start_due(sidecar)
        clock.advance(minutes=10)
    with sidecar.reading() as db:
        (due,) = db.scalars(select(ReportDue))
        assert (due.due_at, due.taken_at) == (due_at, due_at)
        assert db.query(ReportDefinition).count() == db.query(ReportRun).count() == 1


def claim_one(world: World) -> str:
    complete_course(world)
    with world.sidecar.transaction() as db:
        item_id = db.scalars(select(OutboxItem.id).where(OutboxItem.kind == "grade")).one()
        assert outbox.claim(db, item_id, world.clock())
    return item_id


def test_a_job_that_was_killed_before_the_clock_was_set_back_is_done_soon(world: World) -> None:
    claim_one(world)
    world.clock.advance(hours=-1)
    world.go_on()
    assert world.only(Grade).state == "sent"


def test_what_was_put_off_before_the_clock_was_set_back_is_done_soon(world: World) -> None:
    complete_course(world)
    with world.sidecar.transaction() as db:
        db.execute(update(OutboxItem).values(next_try_at=world.clock() + timedelta(seconds=15)))
    world.clock.advance(hours=-1)
    world.go_on()
    assert world.only(Grade).state == "sent"


def test_a_job_under_way_while_the_clock_is_set_back_is_not_done_beside_itself(
    sidecar: Sidecar, clock: FakeClock, queue: FakeQueue
) -> None:
    began = list[str]()
    with sidecar.transaction() as db:
        outbox.put(db, "slow", "s", key="slow:1", now=clock())
    (item_id,) = queue.enqueued

    def perform(sidecar: Sidecar, subject: str) -> None:
        began.append(subject)
        clock.advance(hours=-1)
        for _ in range(10):
            schedule.mend_clock(sidecar)
            perform_item(sidecar, item_id, handlers)
            with sidecar.transaction() as db:  # as its keepalive does meanwhile
                held = outbox.Claim(item_id, "slow", "s", 1)
                assert outbox.renew(db, held, clock())
            clock.advance(seconds=10)

    handlers = {"slow": Handler(perform)}
    perform_item(sidecar, item_id, handlers)
    assert began == ["s"]
    with sidecar.reading() as db:
        assert db.get_one(OutboxItem, item_id).state == "done"


def test_a_delivery_left_before_the_clock_was_set_back_is_handed_over_soon(world: World) -> None:
    wait_for_plan(world)
    plan_alone(world)
    with world.sidecar.transaction() as db:
        delivery_id = db.scalars(select(Delivery.id)).one()
        (item_id,) = (one.id for one in db.query(OutboxItem).where(OutboxItem.kind == "delivery"))
        assert outbox.claim(db, item_id, world.clock())
        assert deliveries.claim(db, delivery_id, world.clock())
    world.clock.advance(hours=-1)
    world.go_on()
    assert world.only(Delivery).state == "delivered"


def plan_alone(world: World) -> None:
    """Run the report that is due, and nothing that comes of it."""
    assert schedule.tick(world.sidecar) == []
    with world.sidecar.reading() as db:
        (run,) = db.query(OutboxItem).where(OutboxItem.kind == KIND)
    perform_item(world.sidecar, run.id, HANDLERS)


def test_a_report_is_not_sent_again_when_its_time_comes_round_again(world: World) -> None:
    wait_for_plan(world)
    world.go_on()
    world.clock.advance(hours=-1)
    for _ in range(12):
        work(world.sidecar)
        world.clock.advance(minutes=10)
    assert world.count(ReportDue) == world.count(ReportRun) == world.count(Delivery) == 1
    assert world.only(Delivery).attempts == 1


def test_a_better_score_after_the_clock_was_set_back_still_counts_as_newer(world: World) -> None:
    complete_course(world)
    world.go_on()
    world.clock.advance(hours=-1)
    with world.sidecar.transaction() as db:
        db.execute(update(Grade).values(score=0.9, state="waiting"))
        outbox.put(db, "grade", db.scalars(select(Grade.id)).one(), key="again", now=world.clock())
    world.go_on()
    assert [score["scoreGiven"] for score in world.platform.scores] == [80, 90]
    assert world.only(Grade).sent_score == 0.9


def test_a_player_that_was_open_while_the_clock_was_set_back_gets_a_new_token(world: World) -> None:
    open_player(world)
    claims = {name: world.facts[name] for name in ("attempt", "launch")}
    early = world.sidecar.secrets.token(claims, world.clock())
    world.clock.advance(hours=-1)
    assert send_commit(world, world.sidecar, pass_course(), token=early).status_code == 401
    assert send_commit(world, world.sidecar, pass_course()).status_code == 200
    assert world.count(Evidence) == 1


def test_a_launch_from_the_future_is_refused_and_works_when_the_clock_is_right(world: World) -> None:
    register_lms(world)
    world.platform.clock = lambda: world.clock() + timedelta(hours=1)
    assert launch_from_lms(world, world.sidecar).status_code == 400
    world.clock.advance(hours=1)
    world.platform.clock = world.clock
    assert launch_from_lms(world, world.sidecar).status_code == 303
