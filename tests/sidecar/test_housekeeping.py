"""What has been kept long enough goes, by each municipality's periods; completions, ledger and receipts stay."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from sidecar import housekeeping
from sidecar.cli import main
from sidecar.core import attempts, matching_rules, retention
from sidecar.core.access import Viewer, for_municipality
from sidecar.core.attempts import Attempt, Commit, CommitPiece, ScoState
from sidecar.core.audit import AuditEntry
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery, FilesRemovedError
from sidecar.core.evidence import Evidence
from sidecar.core.launches import FailedLaunch
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.retention import DEFAULTS, Periods
from sidecar.errors import InvalidInputError, NotFoundError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.learner import add_identity, add_platform
from tests.fakes.lms import add_completion, add_course
from tests.fakes.worker import perform_due


def keep(sidecar: Sidecar, municipality: Municipality, attempts_days: int = 365, report_files_days: int = 90) -> None:
    wanted = Periods(attempts_days, report_files_days)
    with sidecar.transaction() as db:
        retention.keep(db, for_municipality(municipality.id), municipality.id, wanted, now=sidecar.now())


def learner(sidecar: Sidecar, *employers: Municipality) -> str:
    """Add somebody who works for these; returns their identity's id."""
    with sidecar.reading() as db:
        number = db.scalar(select(func.count()).select_from(Identity)) or 0
    platform_id = add_platform(sidecar, f"https://lms{number}.example.org")
    identity_id = add_identity(sidecar, platform_id)
    with sidecar.transaction() as db:
        if employers:
            person = Person(first_name="Kari", last_name="Ås")
            db.add(person)
            db.flush()
            for each in employers:
                work = Employment(
                    person_id=person.id,
                    municipality_id=each.id,
                    employee_number=f"{number}",
                    imported_at=sidecar.now(),
                )
                db.add(work)
            db.get_one(Identity, identity_id).person_id = person.id
    return identity_id


@pytest.fixture
def course_id(sidecar: Sidecar) -> str:
    return add_course(sidecar, "brannvern", "Brannvern")


def attempt_of(sidecar: Sidecar, identity_id: str, course_id: str, *, days_ago: int, state: str = "completed") -> str:
    """Add an attempt that ended so long ago, with all that a package said in it."""
    attempt_id = add_completion(sidecar, identity_id, course_id, 0.9).attempt_id or ""
    now = sidecar.now()
    with sidecar.transaction() as db:
        attempt = db.get_one(Attempt, attempt_id)
        attempt.state = state
        attempt.finished_at = None if state == "open" else now - timedelta(days=days_ago)
        db.add(Commit(attempt_id=attempt_id, seq=1, sco_id="a", changes={}, digest="d" * 64, received_at=now))
        db.add(CommitPiece(attempt_id=attempt_id, session="s", seq=2, number=0, text="{"))
        db.add(ScoState(attempt_id=attempt_id, sco_id="a", elements={"cmi.suspend_data": "x"}, saved_at=now))
    return attempt_id


def has_details(sidecar: Sidecar, attempt_id: str) -> bool:
    with sidecar.reading() as db:
        of = [
            db.scalar(select(func.count()).where(t.attempt_id == attempt_id)) for t in (Commit, CommitPiece, ScoState)
        ]
    assert of in ([0, 0, 0], [1, 1, 1])
    return of == [1, 1, 1]


def test_the_longest_period_of_all_employers_counts(
    sidecar: Sidecar, course_id: str, kongsberg: Municipality, rollag: Municipality
) -> None:
    keep(sidecar, kongsberg, attempts_days=60)
    short, both, default, nobody = (
        learner(sidecar, *employers) for employers in ((kongsberg,), (kongsberg, rollag), (rollag,), ())
    )
    kept = {
        attempt_of(sidecar, who, course_id, days_ago=days): stays
        for who, days, stays in (
            (short, 59, True),
            (short, 61, False),
            (both, 61, True),
            (both, 366, False),
            (default, 364, True),
            (nobody, 364, True),
            (nobody, 366, False),
        )
    }
    removed, is_done = housekeeping.run(sidecar)
    assert (removed["attempts"], is_done) == (3, True)
    assert {attempt_id: has_details(sidecar, attempt_id) for attempt_id in kept} == kept
    with sidecar.reading() as db:
        assert db.scalar(select(func.count()).select_from(Evidence)) == len(kept)
    assert housekeeping.run(sidecar)[0]["attempts"] == 0


def test_attempts_are_looked_for_again_till_none_is_left(
    sidecar: Sidecar, course_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    monkeypatch.setattr(housekeeping, "FOUND_AT_ONCE", 3)
    attempt_ids = [attempt_of(sidecar, learner(sidecar), course_id, days_ago=400) for _ in range(7)]
    removed, is_done = housekeeping.run(sidecar)
    assert (removed["attempts"], is_done) == (7, True)
    assert not any(has_details(sidecar, attempt_id) for attempt_id in attempt_ids)


def test_a_trimmed_attempt_keeps_its_result(sidecar: Sidecar, course_id: str) -> None:
    attempt_id = attempt_of(sidecar, learner(sidecar), course_id, days_ago=400, state="failed")
    housekeeping.run(sidecar)
    with sidecar.reading() as db:
        attempt = db.get_one(Attempt, attempt_id)
        assert attempts.judge_attempt(db, attempt).state == "failed"
        assert attempt.trimmed_at == sidecar.now()


def test_what_is_still_open_is_kept(sidecar: Sidecar, course_id: str) -> None:
    attempt_id = attempt_of(sidecar, learner(sidecar), course_id, days_ago=0, state="open")
    housekeeping.run(sidecar)
    assert has_details(sidecar, attempt_id)


def delivery(sidecar: Sidecar, municipality: Municipality, content: bytes, *, state: str = "delivered") -> str:
    stored = sidecar.storage.put([content])
    now = sidecar.now()
    with sidecar.transaction() as db:
        connection = Connection(municipality_id=municipality.id, connector="folder", settings=b"", created_at=now)
        db.add(connection)
        db.flush()
        row = Delivery(
            key=f"{connection.id}",
            municipality_id=municipality.id,
            connection_id=connection.id,
            period="2026-08",
            period_start=sidecar.today(),
            period_end=sidecar.today(),
            content_hash="c" * 64,
            row_count=0,
            files=[
                {
                    "name": "r.csv",
                    "media_type": "text/csv",
                    "digest": "d" * 64,
                    "size_bytes": 1,
                    "stored": stored.digest,
                }
            ],
            kept_rows={"stored": stored.digest},
            file_key=b"sealed",
            state=state,
            receipt={"reference": "r"},
            created_at=now,
        )
        db.add(row)
        db.flush()
        return row.id


def is_gone(sidecar: Sidecar, delivery_id: str) -> bool:
    """Tell whether a delivery's file has left the storage."""
    with sidecar.reading() as db:
        digest = db.get_one(Delivery, delivery_id).files[0]["stored"]
    try:
        sidecar.storage.size(digest)
    except NotFoundError:
        return True
    return False


@pytest.fixture
def real_time(clock: FakeClock) -> FakeClock:
    """The clock of the storage's files, which the sweep compares with ours."""
    clock.set(datetime.now(UTC))
    return clock


def test_report_files_go_by_their_municipality_and_the_ledger_stays(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, real_time: FakeClock
) -> None:
    keep(sidecar, kongsberg, report_files_days=60)
    old, other, waiting = (
        delivery(sidecar, kongsberg, b"a"),
        delivery(sidecar, rollag, b"b"),
        delivery(sidecar, kongsberg, b"c", state="waiting"),
    )
    real_time.advance(days=61)
    assert housekeeping.run(sidecar)[0]["report_files"] == 1
    assert [is_gone(sidecar, each) for each in (old, other, waiting)] == [True, False, False]
    with sidecar.reading() as db:
        row = db.get_one(Delivery, old)
        assert (row.files_removed_at, row.receipt) == (sidecar.now(), {"reference": "r"})
        assert (row.file_key, row.kept_rows) == (None, None)
        assert row.files[0]["digest"]
        assert FilesRemovedError.of(row).facts == {"days": 61}


def test_a_file_that_another_row_names_stays(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, real_time: FakeClock
) -> None:
    keep(sidecar, kongsberg, report_files_days=60)
    one, same = delivery(sidecar, kongsberg, b"a"), delivery(sidecar, rollag, b"a")
    real_time.advance(days=61)
    housekeeping.run(sidecar)
    assert not is_gone(sidecar, same)
    real_time.advance(days=400)
    housekeeping.run(sidecar)
    assert is_gone(sidecar, same)
    assert is_gone(sidecar, one)


def test_rows_of_the_installation_go_by_its_own_periods(sidecar: Sidecar, clock: FakeClock) -> None:
    now = clock()
    with sidecar.transaction() as db:
        for reference, days in (("OLD", 91), ("NEW", 89)):
            failed_at = now - timedelta(days=days)
            db.add(FailedLaunch(reference=reference, code="state-spent", failed_at=failed_at))
        for key, state, days in (("d", "done", 31), ("e", "done", 29), ("f", "failed", 31), ("g", "waiting", 900)):
            at = now - timedelta(days=days)
            db.add(OutboxItem(kind="n", subject="s", key=key, state=state, next_try_at=at, created_at=at, ended_at=at))
        db.add(AuditEntry(at=now - timedelta(days=6 * 365), actor="cli", action="a.done", subject="s"))
    due = housekeeping.count_due(sidecar)
    removed, _ = housekeeping.run(sidecar)
    assert removed == due
    assert {name: count for name, count in removed.items() if count} == {
        "failed_launches": 1,
        "done_jobs": 1,
        "audit_entries": 1,
    }
    with sidecar.reading() as db:
        assert set(db.scalars(select(OutboxItem.key))) == {"e", "f", "g"}


def test_works_in_batches_and_leaves_the_rest_to_the_next_part(
    sidecar: Sidecar, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, log_lines: StringIO
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    with sidecar.transaction() as db:
        for number in range(5):
            db.add(FailedLaunch(reference=str(number), code="x", failed_at=clock() - timedelta(days=100)))
    assert housekeeping.ask_for_tonight(sidecar)
    assert not housekeeping.ask_for_tonight(sidecar), "a second scheduler asks for nothing more"
    monkeypatch.setattr(housekeeping, "LONGEST_S", -1.0)
    perform_due(sidecar)
    with sidecar.reading() as db:
        assert db.scalars(select(OutboxItem.key).order_by(OutboxItem.key)).all() == [
            "retention:2026-09-15:1",
            "retention:2026-09-15:2",
        ]
    monkeypatch.setattr(housekeeping, "LONGEST_S", 60.0)
    perform_due(sidecar)
    with sidecar.reading() as db:
        assert db.scalars(select(FailedLaunch.reference)).all() == []
        assert set(db.scalars(select(OutboxItem.state).where(OutboxItem.kind == housekeeping.KIND))) == {"done"}
        asked = db.scalars(select(OutboxItem.kind).where(OutboxItem.state == "waiting")).all()
        assert asked == [matching_rules.KIND], "then people are compared"
    assert '"failed_launches": 5' in log_lines.getvalue()


def test_is_due_once_a_night(sidecar: Sidecar, clock: FakeClock) -> None:
    clock.set(datetime(2026, 9, 15, 23, 30, tzinfo=UTC))  # half past one in Oslo
    assert not housekeeping.ask_for_tonight(sidecar)
    clock.advance(hours=1)
    assert housekeeping.ask_for_tonight(sidecar)
    clock.advance(hours=23)
    assert not housekeeping.ask_for_tonight(sidecar)


@pytest.mark.parametrize("days", [0, 29, 3651, -1])
def test_periods_out_of_bounds_are_refused(sidecar: Sidecar, kongsberg: Municipality, days: int) -> None:
    with pytest.raises(InvalidInputError):
        keep(sidecar, kongsberg, attempts_days=days)


def test_only_who_sees_the_municipality_sets_its_periods(sidecar: Sidecar, kongsberg: Municipality) -> None:
    with pytest.raises(NotFoundError), sidecar.transaction() as db:
        retention.keep(db, Viewer(), kongsberg.id, DEFAULTS, now=sidecar.now())


def test_a_default_stays_the_default(sidecar: Sidecar, kongsberg: Municipality) -> None:
    keep(sidecar, kongsberg, report_files_days=60)
    with sidecar.transaction() as db:
        row = db.get_one(retention.RetentionPeriods, kongsberg.id)
        assert (row.attempts_days, row.report_files_days) == (None, 60)
        assert retention.periods_of(db, kongsberg.id) == Periods(DEFAULTS.attempts_days, 60)
        db.execute(update(retention.RetentionPeriods).values(report_files_days=None))
    with sidecar.reading() as db:
        assert retention.periods_of(db, kongsberg.id) == DEFAULTS


def test_the_commands_set_list_and_run(
    sidecar: Sidecar, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECAR_DATA", str(sidecar.settings.data))
    monkeypatch.setenv("SIDECAR_DATABASE_URL", sidecar.settings.database_url)

    def run(*arguments: str) -> str:
        told = CliRunner().invoke(main, ["retention", *arguments, "--json"])
        assert told.exit_code == 0, told.output
        return told.stdout.strip()

    told = '{"municipality": "kongsberg", "attempts_days": 60, "report_files_days": 90}'
    assert run("set", "kongsberg", "--attempts-days", "60") == told
    assert run("list") == f"[{told}]"
    assert '"attempts": 0' in run("run", "--dry-run")
    assert '"attempts": 0' in run("run")
