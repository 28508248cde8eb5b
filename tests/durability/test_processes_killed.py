"""kill -9 of real processes while the main job runs: all comes through, once."""

import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sidecar.broker import FOLDER
from sidecar.settings import Settings
from tests.durability.house import House, running_house, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


@pytest.fixture
def house(settings: Settings, tmp_path: Path) -> Iterator[House]:
    with running_house(settings, tmp_path) as running:
        yield running


def test_kill_9_of_each_process_in_turn_while_the_main_job_runs(house: House) -> None:
    parts = ("web", "schedule", "worker", "horse")
    for part, visit in zip(parts, house.visits(), strict=False):
        house.take_course(visit, partial(house.kill, part))
        wait_for(house.answers, f"the web after the {part} was killed")
    house.deliver_report()
    house.assert_told_once(len(parts))


def test_a_queue_that_is_killed_and_one_that_lost_everything(house: House) -> None:
    def kill_and_empty() -> None:
        house.kill("server")
        shutil.rmtree(house.sidecar.settings.data / FOLDER / "appendonlydir", ignore_errors=True)

    first, second, *_ = house.visits()
    house.take_course(first, partial(house.kill, "server"))
    house.take_course(second, kill_and_empty)
    wait_for(lambda: house.has("worker"), "the worker")
    house.deliver_report()
    house.assert_told_once(2)
