"""What is wrong is noticed, told once, told again when it is over, and shown to whom it concerns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from sidecar.core import deliveries, heartbeats, notices, outbox
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery
from sidecar.core.mails import Mail
from sidecar.core.municipalities import Municipality
from sidecar.core.notices import CALM, Notice, list_for
from sidecar.core.people import Identity
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.runtime import Sidecar
from sidecar.tool import ensure_keys
from sidecar.watch import watch
from tests.fakes.clock import FakeClock


@pytest.fixture
def watched(sidecar: Sidecar, queue_url: str, monkeypatch: pytest.MonkeyPatch) -> Sidecar:
    """An installation in which all is well, that can send mails."""
    sidecar.settings = replace(
        sidecar.settings,
        redis_url=queue_url,
        smtp_url="smtp://127.0.0.1:9",
        mail_from="sidecar@example.no",
        alert_to=("drift@example.no",),
    )
    monkeypatch.setattr("sidecar.health.silence_of_workers", lambda _sidecar: timedelta(0))
    monkeypatch.setattr("sidecar.health.free_part", lambda _sidecar: 0.5)
    return sidecar


def look(sidecar: Sidecar, clock: FakeClock, minutes: float = 1) -> list[str]:
    """Let time pass and watch; return the codes of what is wrong."""
    clock.advance(minutes=minutes)
    assert watch(sidecar)
    with sidecar.reading() as db:
        return [one.code for one in notices.list_open(db)]


def mails(sidecar: Sidecar) -> Sequence[tuple[str, str]]:
    with sidecar.reading() as db:
        query = select(Mail.phase, Mail.address).order_by(Mail.created_at, Mail.address)
        return [(phase, address) for phase, address in db.execute(query)]


def put_job(sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        outbox.put(db, "grade", "some-grade", key="grade:1", now=sidecar.now())


def test_nothing_is_wrong_in_the_beginning(watched: Sidecar, clock: FakeClock) -> None:
    assert look(watched, clock) == []
    assert mails(watched) == []


def test_a_stalled_queue_is_told_once_and_once_more_when_it_is_over(watched: Sidecar, clock: FakeClock) -> None:
    put_job(watched)
    assert look(watched, clock, 9) == []
    assert look(watched, clock, 2) == ["queue-stalled"]
    assert look(watched, clock) == ["queue-stalled"]
    assert mails(watched) == [("begun", "drift@example.no")]
    with watched.transaction() as db:
        db.query(outbox.OutboxItem).filter_by(kind="grade").update({"state": "done"})
        db.query(outbox.OutboxItem).filter_by(kind="mail").update({"state": "done"})
    assert look(watched, clock) == ["queue-stalled"], "one that may come back at once is not over"
    assert look(watched, clock, CALM.total_seconds() / 60) == []
    assert mails(watched) == [("begun", "drift@example.no"), ("ended", "drift@example.no")]


def test_two_schedulers_tell_once(watched: Sidecar, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    put_job(watched)
    clock.advance(minutes=11)
    assert [watch(watched), watch(watched)] == [True, False]
    monkeypatch.setattr("sidecar.watch._is_due", lambda _db, _now: True)  # both had looked before either wrote
    assert watch(watched)
    assert mails(watched) == [("begun", "drift@example.no")]


def test_operators_whose_address_is_known_get_mails_in_their_language(watched: Sidecar, clock: FakeClock) -> None:
    with watched.transaction() as db:
        for name, address in (("Ola", "ola@example.no"), ("Uten", None), ("Drift", "Drift@example.no")):
            identity = identity_named(db, name, now=clock())
            identity.email, identity.language = address, "nn"
            grant(db, identity.id, "operator", Scope(), now=clock())
    put_job(watched)
    look(watched, clock, 11)
    assert mails(watched) == [("begun", "Drift@example.no"), ("begun", "ola@example.no")]
    with watched.reading() as db:
        assert set(db.scalars(select(Mail.language))) == {"nn"}


def test_without_a_mail_server_it_stands_on_the_page_only(watched: Sidecar, clock: FakeClock) -> None:
    watched.settings = replace(watched.settings, smtp_url=None)
    put_job(watched)
    assert look(watched, clock, 11) == ["queue-stalled"]
    assert mails(watched) == []


def test_failed_deliveries_are_shown_to_who_sees_the_municipality(
    watched: Sidecar, clock: FakeClock, kongsberg: Municipality, rollag: Municipality, failed_delivery: str
) -> None:
    assert look(watched, clock) == ["deliveries-failing"]
    with watched.reading() as db:
        for viewer, count in (
            (operator_at_the_console(), 1),
            (Viewer(municipality_ids=frozenset({kongsberg.id})), 1),
            (Viewer(municipality_ids=frozenset({rollag.id})), 0),
            (Viewer(), 0),
        ):
            assert len(list_for(db, viewer)) == count
        notice = db.scalars(select(Notice)).one()
    assert notice.facts == {"count": 1, "municipality": "Kongsberg kommune"}
    with watched.transaction() as db:
        deliveries.reopen(db, db.get_one(Delivery, failed_delivery), clock())
    look(watched, clock)
    assert look(watched, clock, 6) == []


@pytest.fixture
def failed_delivery(sidecar: Sidecar, kongsberg: Municipality) -> str:
    return add_delivery(sidecar, kongsberg, state="failed")


def add_delivery(sidecar: Sidecar, municipality: Municipality, *, state: str) -> str:
    now = sidecar.now()
    with sidecar.transaction() as db:
        connection = Connection(municipality_id=municipality.id, connector="folder", settings=b"", created_at=now)
        db.add(connection)
        db.flush()
        delivery = Delivery(
            key="k" * 64,
            municipality_id=municipality.id,
            connection_id=connection.id,
            period="2026-08",
            period_start=sidecar.today(),
            period_end=sidecar.today(),
            content_hash="c" * 64,
            row_count=0,
            files=[],
            state=state,
            created_at=now,
        )
        db.add(delivery)
        db.flush()
        return delivery.id


def test_a_full_disk_is_noticed(watched: Sidecar, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.health.free_part", lambda _sidecar: 0.04)
    assert look(watched, clock) == ["disk-full"]


def test_a_worker_is_missed_when_it_had_time_to_start(
    watched: Sidecar, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_missed(minutes: float = 1) -> bool:
        return "worker-not-seen" in look(watched, clock, minutes)

    with monkeypatch.context() as without:
        without.setattr("sidecar.health.silence_of_workers", lambda _sidecar: None)
        assert [is_missed() for _ in range(5)] == [False] * 4 + [True]
        assert is_missed(60 * 24), "what was told of holds till a worker is seen"
    assert [is_missed() for _ in range(7)][-1] is False, "it is over when it has been so for minutes"
    monkeypatch.setattr("sidecar.health.silence_of_workers", lambda _sidecar: None)
    assert [is_missed() for _ in range(4)] == [False] * 3 + [True]


def test_after_all_was_off_the_worker_gets_time_to_start(
    watched: Sidecar, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(watched, clock)
    monkeypatch.setattr("sidecar.health.silence_of_workers", lambda _sidecar: None)
    assert [look(watched, clock, minutes) for minutes in (60 * 24, 1, 1, 1)] == [[]] * 4
    assert look(watched, clock) == ["worker-not-seen"]


def test_an_old_key_is_noticed(watched: Sidecar, clock: FakeClock) -> None:
    ensure_keys(watched)
    assert look(watched, clock, 60 * 24 * 100) == []
    assert look(watched, clock, 60 * 24 * 10) == ["key-old"]


def test_backups_that_stopped_are_noticed(watched: Sidecar, clock: FakeClock) -> None:
    assert look(watched, clock) == [], "who never took one has other ways"
    with watched.transaction() as db:
        heartbeats.beat(db, heartbeats.BACKUP, clock())
    assert look(watched, clock, 60 * 48) == []
    assert look(watched, clock, 60 * 2) == ["backup-old"]


def test_mails_that_fail_are_shown_but_not_mailed(watched: Sidecar, clock: FakeClock) -> None:
    put_job(watched)
    look(watched, clock, 11)
    with watched.transaction() as db:
        db.query(Mail).update({"state": "failed"})
    assert look(watched, clock) == ["queue-stalled", "mail-failing"]
    assert len(mails(watched)) == 1


def test_what_is_noticed_holds_no_name_of_a_learner(watched: Sidecar, clock: FakeClock) -> None:
    put_job(watched)
    look(watched, clock, 11)
    with watched.reading() as db:
        assert db.scalars(select(Notice.facts)).all() == [{"count": 1, "minutes": 11}]
        assert db.scalars(select(Identity.id)).all() == []
