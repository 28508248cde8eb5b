"""A claim is renewed while its work goes on, and the work is cut off once it is lost."""

import threading
import time
from collections.abc import Callable

import pytest

from sidecar import keepalive
from sidecar.keepalive import kept


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepalive, "EVERY_S", 0.01)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_claim_is_renewed_for_as_long_as_the_work_takes() -> None:
    renewed, lost = list[float](), threading.Event()

    def renew() -> bool:
        renewed.append(time.monotonic())
        return True

    with kept(renew, lease_s=5, on_lost=lost.set):
        wait_for(lambda: len(renewed) >= 3)
    assert not lost.is_set()


def test_a_claim_that_another_has_is_lost_at_once() -> None:
    lost = list[float]()
    with kept(lambda: False, lease_s=30, on_lost=lambda: lost.append(1)):
        wait_for(lambda: bool(lost))
        time.sleep(0.05)
    assert lost == [1]


def test_a_claim_that_cannot_be_renewed_is_lost_when_its_lease_ends() -> None:
    def fail() -> bool:
        raise ConnectionError

    began, lost = time.monotonic(), list[float]()
    with kept(fail, lease_s=0.2, on_lost=lambda: lost.append(time.monotonic())):
        wait_for(lambda: bool(lost))
    assert lost[0] - began >= 0.2


def test_a_claim_whose_renewal_hangs_is_lost_when_its_lease_ends() -> None:
    hang, lost = threading.Event(), threading.Event()
    with kept(hang.wait, lease_s=0.2, on_lost=lost.set):
        assert lost.wait(10)
    hang.set()


def test_nothing_is_lost_once_the_work_has_ended() -> None:
    lost, answering = threading.Event(), threading.Event()

    def renew() -> bool:
        answering.set()
        time.sleep(0.05)
        return False

    with kept(renew, lease_s=0.1, on_lost=lost.set):
        assert answering.wait(10)
    assert not lost.wait(0.3)
