"""Two schedulers and two workers at once: each thing is done once."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import cast

import pytest
from rq import Queue
from sqlalchemy import select

from sidecar import schedule
from sidecar.connectors.places import RECEIPTS
from sidecar.core import outbox
from sidecar.core.deliveries import Delivery
from sidecar.core.outbox import OutboxItem
from sidecar.core.report_runs import KIND, ReportDue, ReportRun
from sidecar.jobs import Handler, perform_item
from sidecar.runtime import Sidecar
from tests.durability.town import wait_for_plan
from tests.durability.worlds import World, Worlds, work
from tests.fakes.queue import FakeQueue


@pytest.fixture
def world(worlds: Worlds) -> World:
    return worlds.fresh()


def at_once(world: World, *runs: Callable[[Sidecar], object]) -> None:
    """Run each with an application of its own, all beginning in the same instant."""
    start, failed = threading.Barrier(len(runs)), list[BaseException]()

    def one(run: Callable[[Sidecar], object]) -> None:
        sidecar = Sidecar(world.settings, clock=world.clock)
        sidecar.queue = sidecar.patient_queue = sidecar.browser_queue = cast(Queue, FakeQueue())
        try:
            start.wait()
            run(sidecar)
        except BaseException as error:  # noqa: BLE001 (told by the test's own thread)
            failed.append(error)
        finally:
            sidecar.close()

    threads = [threading.Thread(target=one, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_two_schedulers_start_a_report_once(world: World) -> None:
    def tick(sidecar: Sidecar) -> None:
        assert schedule.tick(sidecar) == []

    wait_for_plan(world)
    at_once(world, *[tick] * 4)
    assert world.count(ReportDue) == world.count(ReportRun) == 1
    with world.sidecar.reading() as db:
        assert db.query(OutboxItem).where(OutboxItem.kind == KIND).count() == 1


def test_two_workers_do_each_item_once(world: World) -> None:
    done, lock = Counter[str](), threading.Lock()

    def perform(sidecar: Sidecar, subject: str) -> None:
        with lock:
            done[subject] += 1

    def take_all(sidecar: Sidecar) -> None:
        with sidecar.reading() as db:
            item_ids = db.scalars(select(OutboxItem.id).order_by(OutboxItem.key)).all()
        for item_id in item_ids:
            perform_item(sidecar, item_id, {"note": Handler(perform)})

    with world.sidecar.transaction() as db:
        for number in range(20):
            outbox.put(db, "note", str(number), key=f"note:{number:02}", now=world.clock())
    at_once(world, *[take_all] * 4)
    assert set(done.values()) == {1}
    assert len(done) == 20


def test_two_of_everything_deliver_a_report_once(world: World) -> None:
    wait_for_plan(world)
    at_once(world, work, work)
    world.go_on()
    delivery = world.only(Delivery)
    assert (delivery.state, world.count(ReportDue)) == ("delivered", 1)
    names = sorted(path.name for path in (world.root / "reports").iterdir())
    assert names == sorted([RECEIPTS, *(file["name"] for file in delivery.files)])
