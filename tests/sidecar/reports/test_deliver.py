"""Test that each report is handed over once, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from sidecar.connecting import remove_connection
from sidecar.connectors.base import Parcel, Receipt
from sidecar.connectors.folder import Folder, FolderFullError
from sidecar.connectors.registry import BrokenConnectorError
from sidecar.core.access import for_municipality, operator_at_the_console
from sidecar.core.deliveries import (
    Delivery,
    GivenUpError,
    NotRetryableError,
    claim,
    find_delivery,
    record_failure,
    record_receipt,
    reopen,
)
from sidecar.core.ledgers import Wanted, list_ledger
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import MAX_ATTEMPTS, GiveUp, OutboxItem, TryLater
from sidecar.core.periods import read_period
from sidecar.errors import NotFoundError
from sidecar.jobs import HANDLERS, perform_item
from sidecar.reports import asking, deliver
from sidecar.runtime import Sidecar
from sidecar.storage import StorageUnreachableError
from tests.fakes.clock import FakeClock
from tests.sidecar.reports.world import World

SEPTEMBER = read_period("2026-09")


@pytest.fixture
def folder(world: World, kongsberg: Municipality, tmp_path: Path) -> Path:
    """A folder that gets Kongsberg's reports; one completion in September waits for it."""
    world.folder(kongsberg, tmp_path / "reports")
    kari = world.employ(kongsberg, "1001", "Kari Nordmann")
    fire = world.course("brann", "Brannvern")
    world.complete(world.identity("kari", kari.person_id), fire, datetime(2026, 9, 3, 10, tzinfo=UTC), 0.9)
    return tmp_path / "reports"


def _read(sidecar: Sidecar) -> list[Delivery]:
    with sidecar.reading() as db:
        found = [line.delivery for line in list_ledger(db, operator_at_the_console(), Wanted()).lines]
        db.expunge_all()
        return found


def _work(sidecar: Sidecar) -> None:
    """Do the one item of the outbox, as the worker does."""
    with sidecar.reading() as db:
        item_id = db.scalars(select(OutboxItem.id)).one()
    perform_item(sidecar, item_id, HANDLERS)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_report_arrives_with_a_receipt_in_the_ledger(sidecar: Sidecar, kongsberg: Municipality, folder: Path) -> None:
    asked = asking.request(sidecar, kongsberg.id, SEPTEMBER)
    deliver.hand_over(sidecar, asked[0].id)

    assert _names(folder) == ["fullforinger-kongsberg-2026-09.csv", "fullforinger-kongsberg-2026-09.xlsx"]
    [ledger] = _read(sidecar)
    assert (ledger.state, ledger.attempts, ledger.row_count, ledger.error_code) == ("delivered", 1, 1, None)
    assert ledger.delivered_at == sidecar.now()
    assert ledger.receipt is not None
    assert ledger.receipt["details"].keys() == set(_names(folder))
    assert "1001;Nordmann;Kari;Helse;Brannvern;1;fullført;2026-09-03;90 %" in (
        folder / "fullforinger-kongsberg-2026-09.csv"
    ).read_text("utf-8-sig")


def test_the_outbox_delivers_it(sidecar: Sidecar, kongsberg: Municipality, folder: Path) -> None:
    asking.request(sidecar, kongsberg.id, SEPTEMBER)
    _work(sidecar)
    _work(sidecar)

    assert [one.state for one in _read(sidecar)] == ["delivered"]


def test_changed_content_is_delivered_beside_the_first(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, world: World
) -> None:
    deliver.hand_over(sidecar, asking.request(sidecar, kongsberg.id, SEPTEMBER)[0].id)
    before = (folder / "fullforinger-kongsberg-2026-09.csv").read_bytes()
    ola = world.employ(kongsberg, "1002", "Ola Nordmann")
    world.complete(
        world.identity("ola", ola.person_id), world.course("it", "Sikkerhet"), datetime(2026, 9, 4, tzinfo=UTC)
    )

    deliver.hand_over(sidecar, asking.request(sidecar, kongsberg.id, SEPTEMBER)[0].id)

    assert "fullforinger-kongsberg-2026-09-2.csv" in _names(folder)
    assert (folder / "fullforinger-kongsberg-2026-09.csv").read_bytes() == before


def test_a_kill_between_deliver_and_record_delivers_once(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("sidecar.core.deliveries.record_receipt", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver.hand_over(sidecar, delivery.id)
    with pytest.raises(TryLater, match="delivering"):
        deliver.hand_over(sidecar, delivery.id)  # the claim still holds

    for path in folder.glob("[a-z]*"):
        path.unlink()  # picked up meanwhile
    clock.advance(seconds=601)
    deliver.hand_over(sidecar, delivery.id)

    assert _names(folder) == []
    [ledger] = _read(sidecar)
    assert (ledger.state, ledger.attempts) == ("delivered", 2)


def test_a_late_finisher_does_not_overwrite_what_another_recorded(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    honest = Folder.deliver

    def slow(channel: Folder, parcel: Parcel, key: str) -> Receipt:
        monkeypatch.setattr(Folder, "deliver", honest)
        clock.advance(seconds=601)
        deliver.hand_over(sidecar, delivery.id)  # another worker takes over and ends first
        raise OSError("defect")

    monkeypatch.setattr(Folder, "deliver", slow)
    with pytest.raises(GiveUp):
        deliver.hand_over(sidecar, delivery.id)

    assert [(one.state, one.error_code) for one in _read(sidecar)] == [("delivered", None)]


def test_a_missing_folder_fails_and_a_retry_delivers(sidecar: Sidecar, kongsberg: Municipality, folder: Path) -> None:
    folder.rename(folder.with_name("away"))
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    with pytest.raises(GiveUp, match="folder-missing"):
        deliver.hand_over(sidecar, delivery.id)
    assert [(one.state, one.error_code) for one in _read(sidecar)] == [("failed", "folder-missing")]

    folder.with_name("away").rename(folder)
    deliver.retry(sidecar, operator_at_the_console(), delivery.id)
    deliver.hand_over(sidecar, delivery.id)

    assert [(one.state, one.error_code) for one in _read(sidecar)] == [("delivered", None)]


def test_running_the_report_again_retries_a_failed_delivery(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path
) -> None:
    folder.rename(folder.with_name("away"))
    failed = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    with pytest.raises(GiveUp):
        deliver.hand_over(sidecar, failed.id)
    folder.with_name("away").rename(folder)

    again = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]

    assert (again.id, again.state) == (failed.id, "waiting")


def test_a_full_disk_is_tried_again_up_to_a_limit(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    def full(_place: object, _name: str, _pieces: Iterator[bytes]) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sidecar.connectors.folder._LocalPlace.create", full)
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    for _ in range(MAX_ATTEMPTS):
        assert _read(sidecar)[0].state == "waiting"
        _work(sidecar)
        clock.advance(hours=12)
    [ledger] = _read(sidecar)
    assert (ledger.state, ledger.attempts, ledger.error_code) == ("failed", MAX_ATTEMPTS, "folder-full")
    assert ledger.error is not None
    assert ledger.error["template"] == FolderFullError.text()

    monkeypatch.undo()
    deliver.retry(sidecar, operator_at_the_console(), delivery.id)
    _work(sidecar)
    assert _read(sidecar)[0].state == "delivered"


def test_a_delivery_whose_every_attempt_was_cut_off_has_failed_till_somebody_tries_again(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, clock: FakeClock
) -> None:
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    with sidecar.transaction() as db:
        cut_off = claim(db, delivery.id, sidecar.now())
        db.execute(update(OutboxItem).values(attempts=MAX_ATTEMPTS))
    _work(sidecar)
    [ledger] = _read(sidecar)
    assert (ledger.state, ledger.error_code) == ("failed", "abandoned")
    assert ledger.error == {"template": GivenUpError.text(), "facts": {"cause": "abandoned"}}

    assert cut_off is not None
    with sidecar.transaction() as db:
        record_failure(db, cut_off, FolderFullError(folder="x"), final=False)  # it was not dead, and ends after all
    assert _read(sidecar)[0].state == "failed"
    with sidecar.transaction() as db:
        record_receipt(db, cut_off, {"reference": "r", "details": {}}, sidecar.now())
    assert _read(sidecar)[0].state == "delivered"


def test_a_connector_with_a_defect_fails_the_delivery_aloud(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(_channel: Folder, _parcel: Parcel, _key: str) -> Receipt:
        raise KeyError("Kari")

    monkeypatch.setattr(Folder, "deliver", defect)
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    with pytest.raises(GiveUp, match="connector-broken"):
        deliver.hand_over(sidecar, delivery.id)

    [ledger] = _read(sidecar)
    assert ledger.state == "failed"
    assert ledger.error == {
        "template": BrokenConnectorError.text(),
        "facts": {"connector": "folder", "error": "KeyError"},
    }


def test_a_removed_connection_delivers_nothing_more(sidecar: Sidecar, kongsberg: Municipality, folder: Path) -> None:
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    remove_connection(sidecar, operator_at_the_console(), delivery.connection_id)

    with pytest.raises(GiveUp, match="channel-removed"):
        deliver.hand_over(sidecar, delivery.id)
    assert _names(folder) == []


def test_a_delivered_report_can_not_be_retried(sidecar: Sidecar, kongsberg: Municipality, folder: Path) -> None:
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    deliver.hand_over(sidecar, delivery.id)
    with pytest.raises(NotRetryableError):
        deliver.retry(sidecar, operator_at_the_console(), delivery.id)


def test_a_retry_takes_what_a_killed_process_left_and_nothing_else(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, clock: FakeClock
) -> None:
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    with sidecar.reading() as db:
        seen_before = find_delivery(db, operator_at_the_console(), delivery.id)
    with sidecar.transaction() as db:
        claim(db, delivery.id, sidecar.now())
    with pytest.raises(NotRetryableError), sidecar.transaction() as db:
        reopen(db, seen_before, sidecar.now())  # what this process has seen is out of date
    clock.advance(seconds=601)
    assert deliver.retry(sidecar, operator_at_the_console(), delivery.id).state == "waiting"
    deliver.hand_over(sidecar, delivery.id)
    assert [(one.state, one.attempts) for one in _read(sidecar)] == [("delivered", 2)]


def test_another_municipality_sees_and_retries_none_of_it(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, folder: Path
) -> None:
    delivery = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    stranger = for_municipality(rollag.id)
    with sidecar.reading() as db:
        assert list_ledger(db, stranger, Wanted()).lines == []
        assert list_ledger(db, stranger, Wanted(municipality_id=kongsberg.id)).lines == []
    with pytest.raises(NotFoundError):
        deliver.retry(sidecar, stranger, delivery.id)


def test_requests_and_hand_overs_at_the_same_time_deliver_once(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[str] = []
    honest = Folder.deliver

    def count(channel: Folder, parcel: Parcel, key: str) -> Receipt:
        handed.append(key)
        return honest(channel, parcel, key)

    def ask_and_deliver(_: int) -> None:
        [delivery] = asking.request(sidecar, kongsberg.id, SEPTEMBER)
        with suppress(TryLater):
            deliver.hand_over(sidecar, delivery.id)

    monkeypatch.setattr(Folder, "deliver", count)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask_and_deliver, range(8)))

    assert len(handed) == 1
    assert [(one.state, one.attempts) for one in _read(sidecar)] == [("delivered", 1)]


def test_a_storage_that_is_away_is_no_reason_to_give_a_delivery_up(
    sidecar: Sidecar, kongsberg: Municipality, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_digest: str) -> Iterator[bytes]:
        raise StorageUnreachableError(host="s3.example.no")

    asked = asking.request(sidecar, kongsberg.id, SEPTEMBER)[0]
    with monkeypatch.context() as patch:
        patch.setattr(sidecar.storage, "stream", away)
        with pytest.raises(TryLater):
            deliver.hand_over(sidecar, asked.id)
    [ledger] = _read(sidecar)
    assert (ledger.state, ledger.error_code) == ("waiting", "storage-unreachable")
    assert _names(folder) == []
    deliver.hand_over(sidecar, asked.id)
    assert [one.state for one in _read(sidecar)] == ["delivered"]
