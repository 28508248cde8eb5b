"""Runs: one at a time, when they are due, what they come to, and who is told when they fail."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sidecar.connecting import add_connection, remove_connection
from sidecar.core import retention, source_reminders, sync_runs
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import GiveUp, OutboxItem
from sidecar.core.people_sources import Source, SyncChange, SyncRun
from sidecar.core.regions import join
from sidecar.runtime import Sidecar
from sidecar.sync import intakes, running, sources
from sidecar.sync.running import RunContext
from sidecar.sync.sources import TellsByItselfError, UnderWayError
from tests.fakes.clock import FakeClock
from tests.sidecar.sync.hr import OPERATOR, Hr, error_of, finish


def states(hr: Hr) -> list[str]:
    with hr.sidecar.reading() as db:
        return list(db.scalars(select(SyncRun.state).order_by(SyncRun.asked_at)))


def test_asking_twice_is_one_run(hr: Hr) -> None:
    first = sources.run_now(hr.sidecar, OPERATOR, hr.source_id)
    assert sources.run_now(hr.sidecar, OPERATOR, hr.source_id) == first
    assert hr.count(SyncRun) == hr.count(OutboxItem) == 1


def test_the_database_lets_no_second_run_live(hr: Hr) -> None:
    sources.run_now(hr.sidecar, OPERATOR, hr.source_id)
    now = hr.sidecar.now()
    with pytest.raises(IntegrityError), hr.sidecar.transaction() as db:
        db.add(SyncRun(source_id=hr.source_id, mode="full", state="running", asked_at=now))


def test_a_run_that_has_ended_is_not_done_again(hr: Hr) -> None:
    hr.write(*hr.staff(2))
    run = hr.run()
    hr.write(*hr.staff(3))
    intakes.run_part(hr.sidecar, run.id)
    assert len(hr.people()) == 2


def test_a_source_of_files_runs_by_itself_only_after_its_first_run(hr: Hr, clock: FakeClock) -> None:
    clock.advance(days=3)
    assert sources.put_due(hr.sidecar) == 0
    hr.write(*hr.staff(2))
    hr.run()
    assert sources.put_due(hr.sidecar) == 0
    clock.advance(days=1)
    assert sources.put_due(hr.sidecar) == 1
    assert sources.put_due(hr.sidecar) == 0
    assert states(hr) == ["done", "waiting"]


def test_a_paused_source_runs_by_hand_only(hr: Hr, clock: FakeClock) -> None:
    hr.write(*hr.staff(2))
    hr.run()
    sources.pause(hr.sidecar, OPERATOR, hr.source_id)
    clock.advance(days=2)
    assert sources.put_due(hr.sidecar) == 0
    assert hr.run().state == "done"
    sources.resume(hr.sidecar, OPERATOR, hr.source_id)
    clock.advance(days=2)
    assert sources.put_due(hr.sidecar) == 1


def test_a_removed_source_runs_no_more(hr: Hr) -> None:
    hr.write(*hr.staff(2))
    run_id = sources.run_now(hr.sidecar, OPERATOR, hr.source_id)
    sources.remove(hr.sidecar, OPERATOR, hr.source_id)
    intakes.run_part(hr.sidecar, run_id)
    assert hr.people() == {}
    assert states(hr) == ["failed"]


def test_a_failed_run_says_what_to_do_and_is_tried_sooner(hr: Hr) -> None:
    run = hr.run()
    assert (run.state, run.error_code) == ("failed", "people-file-unreadable")
    assert "Check that it exists" in error_of(run)["template"]
    with hr.sidecar.reading() as db:
        source = db.get_one(Source, hr.source_id)
        assert source.failures == 1
        assert source.next_run_at == hr.sidecar.now() + sync_runs.RETRIES[0]


def notices(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        return [one.code for one in source_reminders.observe(db)]


def test_three_failures_in_a_row_are_told_and_a_success_ends_it(hr: Hr) -> None:
    hr.run()
    hr.run()
    assert notices(hr.sidecar) == []
    hr.run()
    assert notices(hr.sidecar) == ["source-failing"]
    hr.write(*hr.staff(2))
    hr.run()
    assert notices(hr.sidecar) == []


def test_a_run_that_waits_for_a_word_is_told(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    hr.write(*staff[:10])
    hr.run()
    assert notices(hr.sidecar) == ["source-held"]


def test_the_rkk_of_the_region_is_told(hr: Hr, sidecar: Sidecar) -> None:
    from sidecar.core.people import Identity
    from sidecar.core.staff import Grant

    now = sidecar.now()
    with sidecar.transaction() as db:
        region = join(db, "kongsbergregionen", hr.municipality.id, sidecar.today())
        other = join(db, "andre", hr.municipality.id, sidecar.today())
        other_id, region_id = other.id, region.id
    with sidecar.transaction() as db:
        for name, region_key in (("rkk", region_id), ("far", "0" * 32)):
            identity = Identity(subject=name, email=f"{name}@x.no", first_seen_at=now, last_seen_at=now)
            db.add(identity)
            db.flush()
            if name == "rkk":
                db.add(Grant(identity_id=identity.id, role="rkk", region_id=region_key, granted_at=now))
    with sidecar.reading() as db:
        keepers = source_reminders.list_keepers(db, hr.source_id, now, sidecar.today(), "nb")
    assert [one.address for one in keepers] == ["rkk@x.no"]
    assert other_id != region_id


def intake_that(act: object) -> dict[str, running.Intake]:
    def take_in(_sidecar: Sidecar, run: RunContext) -> None:
        act(run)  # type: ignore[operator]

    return {"people": take_in}


def test_a_defect_ends_the_run_as_failed_without_its_message(hr: Hr) -> None:
    def break_off(_run: RunContext) -> None:
        raise ValueError("hemmelig")

    run_id = sources.run_now(hr.sidecar, OPERATOR, hr.source_id)
    running.run_part(hr.sidecar, run_id, intake_that(break_off))
    run = hr.last_run()
    assert (run.state, run.error_code, error_of(run)["facts"]) == (
        "failed",
        "source-broke-off",
        {"reason": "ValueError"},
    )


def test_what_gives_up_fails(hr: Hr) -> None:
    def give_up(_run: RunContext) -> None:
        raise GiveUp("never")

    run_id = sources.run_now(hr.sidecar, OPERATOR, hr.source_id)
    running.run_part(hr.sidecar, run_id, intake_that(give_up))
    assert hr.last_run().error_code == "source-gave-up"


def test_progress_is_seen_and_the_cursor_is_kept(hr: Hr, clock: FakeClock) -> None:
    seen: list[tuple[str, object, object]] = []

    def take_in(run: RunContext) -> None:
        run.note(5, 10, {"added": 5}, {"page": 1})
        last = hr.last_run()
        seen.append((run.mode, run.cursor, run.since))
        assert (last.rows_done, last.rows_total, last.counts) == (5, 10, {"added": 5})
        run.next_cursor = {"at": "x"}

    for _ in range(3):
        run_id = sources.run_now(hr.sidecar, OPERATOR, hr.source_id)
        running.run_part(hr.sidecar, run_id, intake_that(take_in))
        clock.advance(days=6)
    assert [mode for mode, *_ in seen] == ["full", "delta", "full"]  # all is read once a week
    assert seen[1][1] == {"at": "x"}
    assert seen[1][2] is not None


def test_a_job_that_is_given_up_fails_its_run(hr: Hr) -> None:
    run_id = sources.run_now(hr.sidecar, OPERATOR, hr.source_id)
    with hr.sidecar.transaction() as db:
        running.give_up(db, run_id, "abandoned")
    assert (hr.last_run().state, hr.last_run().error_code) == ("failed", "source-gave-up")


def upload(hr: Hr) -> str:
    connection = add_connection(hr.sidecar, OPERATOR, hr.municipality.id, "hr_upload", {})
    return sources.add_source(hr.sidecar, OPERATOR, connection.id).id


def give(hr: Hr, source_id: str, number: str = "1") -> str:
    rows = f"ansattnr;fornavn;etternavn\n{number};Kari;Nordmann\n"
    return sources.run_file(hr.sidecar, OPERATOR, source_id, hr.sidecar.storage.put([rows.encode()]).digest)


def file_of(hr: Hr, source_id: str) -> str | None:
    with hr.sidecar.reading() as db:
        return db.get_one(Source, source_id).file_digest


def test_a_file_that_comes_during_a_run_is_refused_rather_than_lost(hr: Hr) -> None:
    source_id = upload(hr)
    run_id = give(hr, source_id)
    before = file_of(hr, source_id)
    with pytest.raises(UnderWayError):
        give(hr, source_id, "2")
    assert file_of(hr, source_id) == before
    assert finish(hr.sidecar, run_id).state == "done"
    assert finish(hr.sidecar, give(hr, source_id, "2")).state == "done"


@pytest.mark.parametrize("way", ["source", "connection"])
def test_nothing_of_a_removed_source_waits_or_is_kept(hr: Hr, way: str) -> None:
    source_id = upload(hr)
    give(hr, source_id)
    if way == "source":
        sources.remove(hr.sidecar, OPERATOR, source_id)
    else:
        with hr.sidecar.reading() as db:
            connection_id = db.get_one(Source, source_id).connection_id
        remove_connection(hr.sidecar, OPERATOR, connection_id)
    with hr.sidecar.reading() as db:
        source = db.get_one(Source, source_id)
        assert (source.file_digest, source.verdict, source.next_run_at) == (None, None, None)
        assert source.removed_at == hr.sidecar.now()
    assert states(hr) == ["failed"]


def test_what_lies_in_quarantine_goes_with_the_connection(hr: Hr) -> None:
    staff = hr.staff(20)
    hr.write(*staff)
    hr.run()
    hr.write(*staff[:9])
    assert hr.run().state == "quarantined"
    with hr.sidecar.reading() as db:
        connection_id = db.get_one(Source, hr.source_id).connection_id
    remove_connection(hr.sidecar, OPERATOR, connection_id)
    assert hr.count(SyncChange) == 0


def test_a_file_that_nobody_takes_in_is_let_go_of(hr: Hr, clock: FakeClock) -> None:
    source_id = upload(hr)
    run_id = sources.run_file(hr.sidecar, OPERATOR, source_id, hr.sidecar.storage.put([b"nothing"]).digest)
    assert finish(hr.sidecar, run_id).state == "failed"
    clock.advance(days=13)
    assert sources.forget_files(hr.sidecar) == 0
    assert file_of(hr, source_id)
    clock.advance(days=1)
    assert sources.forget_files(hr.sidecar) == 1
    assert file_of(hr, source_id) is None


def test_a_file_that_is_rejected_is_let_go_of(hr: Hr) -> None:
    source_id = upload(hr)
    rows = "ansattnr;fornavn;etternavn\n" + "".join(f"{n};{'ABCD'[n] * 3};Etternavn{n}\n" for n in range(4))
    first = hr.sidecar.storage.put([rows.encode()]).digest
    assert finish(hr.sidecar, sources.run_file(hr.sidecar, OPERATOR, source_id, first)).state == "done"
    run = finish(hr.sidecar, give(hr, source_id, "9"))
    assert run.state == "quarantined"
    assert file_of(hr, source_id)
    sources.decide(hr.sidecar, OPERATOR, run.id, is_approved=False)
    assert file_of(hr, source_id) is None


def test_another_pace_before_the_first_success_stops_no_source(hr: Hr, rollag: Municipality) -> None:
    added = add_connection(hr.sidecar, OPERATOR, rollag.id, "hr_csv", {"file": str(hr.file)})
    source_id = sources.add_source(hr.sidecar, OPERATOR, added.id).id
    run = finish(hr.sidecar, sources.run_now(hr.sidecar, OPERATOR, source_id))  # there is no file yet
    assert run.state == "failed"
    sources.configure(hr.sidecar, OPERATOR, source_id, interval_minutes=60)
    with hr.sidecar.reading() as db:
        assert db.get_one(Source, source_id).next_run_at == hr.sidecar.now() + timedelta(minutes=10)
    sources.configure(hr.sidecar, OPERATOR, source_id, interval_minutes=0)
    with hr.sidecar.reading() as db:
        assert db.get_one(Source, source_id).next_run_at is None


def test_a_source_that_is_asked_begins_with_its_pace(hr: Hr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "has_columns", lambda _: False)
    sources.configure(hr.sidecar, OPERATOR, hr.source_id, interval_minutes=60)
    assert sources.put_due(hr.sidecar) == 1


def test_what_is_told_by_itself_has_no_pace(hr: Hr) -> None:
    source_id = upload(hr)
    with pytest.raises(TellsByItselfError):
        sources.configure(hr.sidecar, OPERATOR, source_id, interval_minutes=60)
    sources.configure(hr.sidecar, OPERATOR, source_id, interval_minutes=0, quarantine_percent=20)
    pushed = add_connection(hr.sidecar, OPERATOR, hr.municipality.id, "scim", {})
    added = sources.add_source(hr.sidecar, OPERATOR, pushed.id)
    assert (added.interval_minutes, added.next_run_at) == (0, None)


def test_old_runs_are_forgotten_and_the_last_of_each_source_kept(hr: Hr, clock: FakeClock) -> None:
    hr.write(*hr.staff(1))
    run = hr.run()
    now = hr.sidecar.now()
    with hr.sidecar.transaction() as db:
        for day in range(1, 60):
            at = now - timedelta(days=day)
            db.add(SyncRun(source_id=hr.source_id, mode="full", state="done", asked_at=at))
    runs = next(one for one in retention.SWEEPS if one.name == "sync_runs")
    with hr.sidecar.transaction() as db:
        assert retention.sweep(db, runs, now, 100) == 0
    clock.advance(days=100)
    with hr.sidecar.transaction() as db:
        assert retention.sweep(db, runs, hr.sidecar.now(), 100) == 10
    assert hr.count(SyncRun) == 50
    assert hr.last_run().id == run.id
