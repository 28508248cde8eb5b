"""Test that a run asks for everybody's report, goes on where it was killed, and tells how far it has come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core import report_runs
from sidecar.core.access import operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import TryLater
from sidecar.core.periods import FuturePeriodError, read_period
from sidecar.core.regions import leave
from sidecar.core.report_runs import ReportRun, RunEndedError
from sidecar.core.report_specs import BASIC, Defined, Spec
from sidecar.errors import ConflictError, NotFoundError
from sidecar.reports import asking, defining, resending, running
from sidecar.reports.scheduling import start_due
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.core.test_report_definitions import rkk_of
from tests.sidecar.reports.world import World

OPERATOR = operator_at_the_console()
SEPTEMBER = read_period("2026-09")
OCTOBER = datetime(2026, 10, 1, 4, tzinfo=UTC)


@pytest.fixture
def channels(world: World, kongsberg: Municipality, rollag: Municipality, tmp_path: Path) -> None:
    for one in (kongsberg, rollag):
        world.folder(one, tmp_path / one.slug)


def run_of(sidecar: Sidecar, run_id: str) -> ReportRun:
    with sidecar.reading() as db:
        found = db.get_one(ReportRun, run_id)
        db.expunge(found)
        return found


def count_deliveries(sidecar: Sidecar) -> int:
    with sidecar.reading() as db:
        return len(db.scalars(select(Delivery)).all())


@pytest.mark.usefixtures("channels")
def test_a_run_asks_for_the_report_of_each_municipality(
    sidecar: Sidecar, world: World, kongsberg: Municipality
) -> None:
    kari = world.employ(kongsberg, "1001", "Kari Nordmann")
    fire = world.course("brann", "Brannvern")
    world.complete(world.identity("kari", kari.person_id), fire, datetime(2026, 9, 3, 10, tzinfo=UTC), 0.9)
    run_id = running.run_now(sidecar, OPERATOR, BASIC.id, SEPTEMBER)
    assert run_of(sidecar, run_id).state == "waiting"
    for _ in range(2):
        running.run_part(sidecar, run_id)
    run = run_of(sidecar, run_id)
    assert (run.state, run.municipalities_done, run.municipalities_total, run.rows) == ("done", 2, 2, 1)
    assert (run.without_channel, run.errors, run.todo, run.current) == (0, {}, [], None)
    assert count_deliveries(sidecar) == 2
    with sidecar.reading() as db:
        (act,) = db.scalars(select(AuditEntry).where(AuditEntry.action == "report.run_asked"))
        assert (act.subject, act.facts) == (BASIC.id, {"number": 1, "period": "2026-09"})
    with pytest.raises(RunEndedError):
        running.cancel(sidecar, OPERATOR, run_id)


def test_who_has_no_channel_is_counted(sidecar: Sidecar, kongsberg: Municipality) -> None:
    run_id = running.run_now(sidecar, OPERATOR, BASIC.id, SEPTEMBER, [kongsberg.id])
    running.run_part(sidecar, run_id)
    run = run_of(sidecar, run_id)
    assert (run.state, run.municipalities_done, run.without_channel) == ("done", 1, 1)


@pytest.mark.usefixtures("channels")
def test_what_fails_for_one_holds_up_no_other(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    honest = asking.request

    def broken(here: Sidecar, municipality_id: str, *rest: object) -> list[Delivery]:
        clock.advance(seconds=10)
        if municipality_id == kongsberg.id:
            raise ConflictError(what="file", key="x")
        return honest(here, municipality_id, *rest)  # type: ignore[arg-type]  # passed on as they came

    start_due(sidecar)
    clock.set(OCTOBER)
    with monkeypatch.context() as patch:
        patch.setattr(asking, "request", broken)
        by_hand = running.run_now(sidecar, OPERATOR, BASIC.id, SEPTEMBER)
        running.run_part(sidecar, by_hand)
        start_due(sidecar)
        with sidecar.reading() as db:
            due = db.scalars(select(ReportRun.id).where(ReportRun.due_at.is_not(None))).one()
        with pytest.raises(TryLater):
            running.run_part(sidecar, due)
    run = run_of(sidecar, by_hand)
    assert (run.state, run.municipalities_done, list(run.errors)) == ("failed", 1, [kongsberg.id])
    with sidecar.reading() as db:
        progress = running.find_progress(db, OPERATOR, by_hand, clock())
        assert [(name, told["code"]) for name, told in progress.failed] == [("Kongsberg kommune", "conflict")]
    assert run_of(sidecar, due).state == "waiting"
    running.run_part(sidecar, due)
    run = run_of(sidecar, due)
    assert (run.state, run.municipalities_done, run.errors) == ("done", 2, {})


@pytest.mark.usefixtures("channels")
def test_a_run_that_is_killed_goes_on_and_one_that_takes_long_does_so_in_parts(
    sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    honest, asked = asking.request, list[str]()

    class Killed(BaseException):
        pass

    def killed(here: Sidecar, municipality_id: str, *rest: object) -> list[Delivery]:
        asked.append(municipality_id)
        if len(asked) == 2:
            raise Killed
        clock.advance(seconds=30)
        return honest(here, municipality_id, *rest)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(asking, "request", killed)
    run_id = running.run_now(sidecar, OPERATOR, BASIC.id, SEPTEMBER)
    with pytest.raises(Killed):
        running.run_part(sidecar, run_id)
    run = run_of(sidecar, run_id)
    assert (run.state, run.municipalities_done, len(run.todo or []), run.current) == ("running", 1, 1, asked[1])
    with sidecar.reading() as db:
        progress = running.find_progress(db, OPERATOR, run_id, clock())
        assert (progress.left, progress.current) == (timedelta(seconds=30), "Rollag kommune")
    with monkeypatch.context() as patch:
        patch.setattr(running, "PART_S", -1)
        running.run_part(sidecar, run_id)
    assert run_of(sidecar, run_id).state == "running"
    running.run_part(sidecar, run_id)
    assert (run_of(sidecar, run_id).state, asked) == ("done", [asked[0], asked[1], asked[1]])
    assert count_deliveries(sidecar) == 2


@pytest.mark.usefixtures("channels")
def test_a_report_that_kills_its_job_comes_last_and_holds_up_no_other(
    sidecar: Sidecar, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, asked = asking.request, list[str]()

    class Killed(BaseException):
        pass

    def killed(here: Sidecar, municipality_id: str, *rest: object) -> list[Delivery]:
        asked.append(municipality_id)
        if municipality_id == kongsberg.id:
            raise Killed
        return honest(here, municipality_id, *rest)  # type: ignore[arg-type]  # passed on as they came

    run_id = running.run_now(sidecar, OPERATOR, BASIC.id, SEPTEMBER)
    with monkeypatch.context() as patch:
        patch.setattr(asking, "request", killed)
        for _ in range(2):
            with pytest.raises(Killed):
                running.run_part(sidecar, run_id)
        run = run_of(sidecar, run_id)
        assert (run.municipalities_done, [one[0] for one in run.todo or []]) == (1, [kongsberg.id])
        running.run_part(sidecar, run_id)
    assert (asked[0], asked[2:]) == (kongsberg.id, [kongsberg.id])
    run = run_of(sidecar, run_id)
    assert (run.state, run.todo, run.current, run.error) == ("failed", [], None, None)
    assert {key: told["code"] for key, told in run.errors.items()} == {kongsberg.id: "report-cut-off"}
    assert count_deliveries(sidecar) == 1


@pytest.mark.usefixtures("channels")
def test_a_cancelled_run_asks_for_no_more(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()

    def cancelling(_here: Sidecar, municipality_id: str, *_rest: object) -> list[Delivery]:
        asked.append(municipality_id)
        running.cancel(sidecar, OPERATOR, run_id)
        return []

    monkeypatch.setattr(asking, "request", cancelling)
    run_id = running.run_now(sidecar, OPERATOR, BASIC.id, SEPTEMBER)
    running.run_part(sidecar, run_id)
    running.run_part(sidecar, run_id)
    assert (run_of(sidecar, run_id).state, len(asked)) == ("cancelled", 1)


def test_a_run_that_is_given_up_ends(sidecar: Sidecar) -> None:
    run_id = running.run_now(sidecar, OPERATOR, BASIC.id, SEPTEMBER)
    with sidecar.transaction() as db:
        running.give_up(db, run_id, "out-of-time")
    run = run_of(sidecar, run_id)
    assert (run.state, (run.error or {})["code"]) == ("failed", "report-run-gave-up")


@pytest.mark.parametrize(("left", "code"), [(["a"], None), (["a", "b"], "report-run-gave-up")])
def test_a_run_that_is_given_up_says_so_unless_each_that_is_left_has_its_own_error(
    sidecar: Sidecar, left: list[str], code: str | None
) -> None:
    run_id = running.run_now(sidecar, OPERATOR, BASIC.id, SEPTEMBER)
    with sidecar.transaction() as db:
        run = db.get_one(ReportRun, run_id)
        run.todo, run.errors = [[one, "2026-09"] for one in left], {"a": {"code": "conflict"}}
    with sidecar.transaction() as db:
        running.give_up(db, run_id, "conflict")
    run = run_of(sidecar, run_id)
    assert (run.state, (run.error or {}).get("code")) == ("failed", code)


@pytest.mark.usefixtures("channels")
def test_what_was_not_delivered_yet_begins_after_the_last_delivery(
    sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock
) -> None:
    made = defining.define(sidecar, OPERATOR, "Weekly", Spec(period="since-last", schedule="0 6 * * 1"))
    periods = []
    for day in (21, 28, 28):
        clock.set(datetime(2026, 9, day, 5, tzinfo=UTC))
        run_id = running.run_now(sidecar, OPERATOR, made.id, None, [kongsberg.id])
        running.run_part(sidecar, run_id)
        with sidecar.transaction() as db:
            for one in db.scalars(select(Delivery)):
                one.state = "delivered"
            newest = db.scalars(select(Delivery.period).order_by(Delivery.period_end.desc())).first()
        periods.append(newest)
    assert periods == ["2026-08-01/2026-09-20", "2026-09-21/2026-09-27", "2026-09-21/2026-09-27"]
    assert run_of(sidecar, run_id).municipalities_total == 0


@pytest.mark.usefixtures("channels")
def test_a_report_made_before_its_period_ended_tells_till_then(
    sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock
) -> None:
    made = defining.define(sidecar, OPERATOR, "Weekly", Spec(period="since-last", schedule="0 6 * * 1"))
    clock.set(datetime(2026, 9, 21, 5, tzinfo=UTC))
    asking.request(sidecar, kongsberg.id, read_period("2026-01-01/2199-12-31"), made)
    with sidecar.transaction() as db:
        for one in db.scalars(select(Delivery)):
            one.state = "delivered"
    with sidecar.reading() as db:
        last = report_runs.last_delivered(db, made.id, kongsberg.id)
    assert last == read_period("2026-01-01/2026-09-20")


@pytest.mark.usefixtures("channels")
def test_a_report_that_is_sent_again_tells_of_no_more_days(
    sidecar: Sidecar, kongsberg: Municipality, clock: FakeClock
) -> None:
    clock.set(datetime(2026, 9, 21, 5, tzinfo=UTC))
    (first,) = asking.request(sidecar, kongsberg.id, SEPTEMBER)
    clock.set(OCTOBER)
    with sidecar.transaction() as db:
        db.get_one(Delivery, first.id).state = "delivered"
    again = resending.resend(sidecar, OPERATOR, first.id, "lost")
    with sidecar.transaction() as db:
        db.get_one(Delivery, again.id).state = "delivered"
    with sidecar.reading() as db:
        assert report_runs.last_delivered(db, BASIC.id, kongsberg.id) == read_period("2026-09-01/2026-09-20")


def test_what_was_not_delivered_yet_is_of_members_on_any_of_these_days(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, clock: FakeClock
) -> None:
    rkk = rkk_of(sidecar, "kongsbergregionen", kongsberg, rollag)
    made = defining.define(sidecar, rkk, "Weekly", Spec(period="since-last", schedule="0 6 * * 1"))
    with sidecar.transaction() as db:
        leave(db, "kongsbergregionen", rollag.id, date(2026, 2, 1))
    clock.set(OCTOBER)
    run_id = running.run_now(sidecar, OPERATOR, made.id, None)
    running.run_part(sidecar, run_id)
    assert run_of(sidecar, run_id).municipalities_total == 1


def test_the_last_run_is_the_last_that_one_may_see(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, clock: FakeClock
) -> None:
    rkk = rkk_of(sidecar, "kongsbergregionen", kongsberg)
    mine = defining.define(sidecar, rkk, "Mine", Spec()).id
    seen = running.run_now(sidecar, rkk, mine, SEPTEMBER)
    with sidecar.transaction() as db:
        clock.advance(seconds=60)
        hidden = ReportRun(definition_id=mine, version=1, period="2026-09", asked_at=clock())
        report_runs.add_run(db, hidden, clock())
        for day in (2, 3, 1):
            due = datetime(2026, 10, day, 4, tzinfo=UTC)
            missed = ReportRun(definition_id=BASIC.id, version=1, period="2026-09", due_at=due, asked_at=clock())
            report_runs.add_run(db, missed, clock())
    with sidecar.reading() as db:
        assert report_runs.last_runs(db, rkk)[mine].id == seen
        newest = report_runs.last_runs(db, OPERATOR)
        assert (newest[mine].id, newest[BASIC.id].due_at) == (hidden.id, datetime(2026, 10, 3, 4, tzinfo=UTC))
        listed = [one.due_at.day for one in report_runs.list_runs(db, OPERATOR, BASIC.id) if one.due_at]
        assert listed == [3, 2, 1]


def test_an_rkk_runs_for_its_own_municipalities_and_sees_its_own_runs(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    rkk, others = rkk_of(sidecar, "kongsbergregionen", kongsberg), rkk_of(sidecar, "numedal", rollag)
    mine: Defined = defining.define(sidecar, rkk, "Mine", Spec())
    shared, own = (running.run_now(sidecar, rkk, one, SEPTEMBER) for one in (BASIC.id, mine.id))
    assert run_of(sidecar, shared).chosen == [kongsberg.id]
    with pytest.raises(NotFoundError):
        running.run_now(sidecar, rkk, BASIC.id, SEPTEMBER, [rollag.id])
    with pytest.raises(NotFoundError):
        running.run_now(sidecar, others, mine.id, SEPTEMBER)
    with pytest.raises(FuturePeriodError):
        running.run_now(sidecar, rkk, mine.id, read_period("2027"))
    defining.retire(sidecar, rkk, mine.id)
    with pytest.raises(running.RetiredError):
        running.run_now(sidecar, rkk, mine.id, SEPTEMBER)
    with sidecar.reading() as db:
        assert report_runs.find_run(db, OPERATOR, own).id == own
        assert report_runs.last_runs(db, others) == {}
        for run_id in (shared, own):
            with pytest.raises(NotFoundError):
                report_runs.find_run(db, others, run_id)
