"""Test that reports that are due run once each, over stops, changes of their definition and two schedulers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from sidecar.core import report_runs
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.regions import leave
from sidecar.core.report_runs import KIND, ReportDue, ReportRun
from sidecar.core.report_specs import BASIC, Spec
from sidecar.reports import defining, scheduling
from sidecar.reports.scheduling import start_due
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.core.test_report_definitions import rkk_of

OPERATOR = operator_at_the_console()
OCTOBER = datetime(2026, 10, 1, 4, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, 5, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 5, tzinfo=UTC)


def due_of(sidecar: Sidecar, definition_id: str = BASIC.id) -> list[datetime]:
    with sidecar.reading() as db:
        query = select(ReportDue.due_at).where(ReportDue.definition_id == definition_id)
        runs = select(ReportRun.due_at).where(ReportRun.definition_id == definition_id)
        found = list(db.scalars(query.order_by(ReportDue.due_at)))
        assert list(db.scalars(runs.order_by(ReportRun.due_at))) == found
        return found


def test_each_due_time_is_run_once(sidecar: Sidecar, clock: FakeClock) -> None:
    assert start_due(sidecar) == 0
    clock.set(OCTOBER - timedelta(seconds=1))
    assert start_due(sidecar) == 0
    clock.set(OCTOBER)
    assert [start_due(sidecar) for _ in range(3)] == [1, 0, 0]
    clock.advance(hours=-1)
    assert start_due(sidecar) == 0
    clock.advance(hours=2)
    assert start_due(sidecar) == 0
    assert due_of(sidecar) == [OCTOBER]
    with sidecar.reading() as db:
        (run,) = db.scalars(select(ReportRun))
        assert (run.period, run.version, run.state, run.region_id) == ("2026-09", 1, "waiting", None)
        assert [one.subject for one in db.scalars(select(OutboxItem).where(OutboxItem.kind == KIND))] == [run.id]


def test_what_came_due_during_a_stop_runs_once_each(sidecar: Sidecar, clock: FakeClock) -> None:
    start_due(sidecar)
    clock.advance(days=80)
    assert start_due(sidecar) == 3
    assert start_due(sidecar) == 0
    assert due_of(sidecar) == [OCTOBER, NOVEMBER, DECEMBER]


def test_after_a_long_stop_the_newest_twelve_run(sidecar: Sidecar, clock: FakeClock) -> None:
    made = defining.define(sidecar, OPERATOR, "Daily", Spec(schedule="0 6 * * *", period="since-last"))
    start_due(sidecar)
    clock.advance(days=40)
    assert start_due(sidecar) == 12 + 1  # and the one of every installation
    assert start_due(sidecar) == 0
    assert len(due_of(sidecar, made.id)) == 12
    clock.advance(days=1)
    assert start_due(sidecar) == 1


def test_a_new_version_is_not_due_for_what_was_before_it(sidecar: Sidecar, clock: FakeClock) -> None:
    made = defining.define(sidecar, OPERATOR, "A", Spec(schedule="0 6 * * 1"))
    start_due(sidecar)
    clock.set(datetime(2026, 9, 21, 5, tzinfo=UTC))
    start_due(sidecar)
    clock.set(datetime(2026, 9, 25, 8, tzinfo=UTC))
    defining.change(sidecar, OPERATOR, made.id, "A", Spec(schedule="0 7 * * *"))
    assert start_due(sidecar) == 0
    clock.advance(days=1)
    assert start_due(sidecar) == 1
    assert due_of(sidecar, made.id)[-1] == datetime(2026, 9, 26, 5, tzinfo=UTC)


def test_what_came_due_before_another_title_still_runs(sidecar: Sidecar, clock: FakeClock) -> None:
    made = defining.define(sidecar, OPERATOR, "A", Spec(schedule="0 6 * * 1"))
    clock.set(datetime(2026, 9, 21, 5, tzinfo=UTC))
    defining.change(sidecar, OPERATOR, made.id, "B", Spec(schedule="0 6 * * 1"))
    assert start_due(sidecar) == 1
    assert len(due_of(sidecar, made.id)) == 1


def test_a_retired_report_never_runs_and_makes_up_for_nothing(sidecar: Sidecar, clock: FakeClock) -> None:
    start_due(sidecar)
    defining.retire(sidecar, OPERATOR, BASIC.id)
    clock.set(OCTOBER)
    assert start_due(sidecar) == 0
    clock.advance(days=2)
    defining.bring_back(sidecar, OPERATOR, BASIC.id)
    assert start_due(sidecar) == 0
    clock.set(NOVEMBER)
    assert start_due(sidecar) == 1
    assert due_of(sidecar) == [NOVEMBER]


def test_by_hand_only_is_never_due(sidecar: Sidecar, clock: FakeClock) -> None:
    defining.change(sidecar, OPERATOR, BASIC.id, "", replace(BASIC.spec, schedule=""))
    clock.advance(days=80)
    assert start_due(sidecar) == 0


def test_a_calendar_tells_the_coming_runs(sidecar: Sidecar, kongsberg: Municipality) -> None:
    rkk = rkk_of(sidecar, "kongsbergregionen", kongsberg)
    mine = defining.define(sidecar, rkk, "Weekly", Spec(schedule="0 6 * * 1"))
    defining.define(sidecar, OPERATOR, "By hand", Spec())
    retired = defining.define(sidecar, OPERATOR, "Retired", Spec(schedule="0 6 * * 1"))
    defining.retire(sidecar, OPERATOR, retired.id)
    start_due(sidecar)
    with sidecar.reading() as db:
        coming = scheduling.list_coming(db, rkk, sidecar.now(), days=20)
    assert [(one.due_at, one.defined.id, one.region) for one in coming] == [
        (datetime(2026, 9, 21, 4, tzinfo=UTC), mine.id, "Kongsbergregionen"),
        (datetime(2026, 9, 28, 4, tzinfo=UTC), mine.id, "Kongsbergregionen"),
        (OCTOBER, BASIC.id, ""),
        (datetime(2026, 10, 5, 4, tzinfo=UTC), mine.id, "Kongsbergregionen"),
    ]


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (Spec(), ["kongsberg", "rollag"]),
        (Spec(municipalities=("rollag",)), ["rollag"]),
        (Spec(period="since-last"), ["kongsberg", "rollag"]),
    ],
)
def test_a_run_is_for_whom_the_owner_looked_after_in_the_period(
    sidecar: Sidecar, clock: FakeClock, kongsberg: Municipality, rollag: Municipality, spec: Spec, named: list[str]
) -> None:
    rkk = rkk_of(sidecar, "kongsbergregionen", kongsberg, rollag)
    made = defining.define(sidecar, rkk, "A", replace(spec, schedule="0 6 1 * *"))
    with sidecar.transaction() as db:
        leave(db, "kongsbergregionen", kongsberg.id, date(2026, 9, 20))
    clock.set(OCTOBER)
    start_due(sidecar)
    slugs = {kongsberg.id: "kongsberg", rollag.id: "rollag"}
    with sidecar.reading() as db:
        (run,) = db.scalars(select(ReportRun).where(ReportRun.definition_id == made.id))
        todo = report_runs.list_todo(db, run, made.spec)
        assert [slugs[key] for key, _ in todo] == named
        assert {one for _, one in todo} == {"2026-09"}
    clock.set(NOVEMBER)
    start_due(sidecar)
    with sidecar.reading() as db:
        of_november = ReportRun.due_at == NOVEMBER, ReportRun.definition_id == made.id
        run = db.scalars(select(ReportRun).where(*of_november)).one()
        assert {slugs[key] for key, _ in report_runs.list_todo(db, run, made.spec)} == {"rollag"}
