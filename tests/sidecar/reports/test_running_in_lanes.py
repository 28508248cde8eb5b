"""Test that the jobs of a run share its municipalities out, and that one that is killed costs the others nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core import report_runs
from sidecar.core.access import operator_at_the_console
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.periods import read_period
from sidecar.core.report_runs import KIND, ReportRun
from sidecar.core.report_specs import BASIC
from sidecar.errors import ConflictError
from sidecar.reports import asking, running
from sidecar.reports.scheduling import start_due
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.reports.world import World

OPERATOR = operator_at_the_console()
Asking = Callable[[str], None]


class Killed(BaseException):
    """Stand for kill -9."""


@pytest.fixture
def channels(world: World, kongsberg: Municipality, rollag: Municipality, tmp_path: Path) -> None:
    for one in (kongsberg, rollag):
        world.folder(one, tmp_path / one.slug)


@pytest.fixture
def run_id(sidecar: Sidecar, channels: None) -> str:
    return running.run_now(sidecar, OPERATOR, BASIC.id, read_period("2026-09"))


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Asking], list[str]]:
    """Let something happen while a report is asked for; returns the municipalities that were asked for, in order."""
    honest = asking.request

    def set_it(happen: Asking) -> list[str]:
        asked = list[str]()

        def request(here: Sidecar, municipality_id: str, *rest: object) -> list[Delivery]:
            asked.append(municipality_id)
            happen(municipality_id)
            return honest(here, municipality_id, *rest)  # type: ignore[arg-type]  # passed on as they came

        monkeypatch.setattr(asking, "request", request)
        return asked

    return set_it


def run_of(sidecar: Sidecar, run_id: str) -> ReportRun:
    with sidecar.reading() as db:
        found = db.get_one(ReportRun, run_id)
        db.expunge(found)
        return found


def subjects(sidecar: Sidecar) -> list[str]:
    with sidecar.reading() as db:
        return sorted(db.scalars(select(OutboxItem.subject).where(OutboxItem.kind == KIND)))


def test_two_jobs_are_at_two_municipalities_and_the_last_to_be_through_ends_the_run(
    sidecar: Sidecar,
    run_id: str,
    kongsberg: Municipality,
    rollag: Municipality,
    meanwhile: Callable[[Asking], list[str]],
) -> None:
    def help_out(municipality_id: str) -> None:
        if municipality_id == kongsberg.id:
            running.run_part(sidecar, f"{run_id}/2")
            run = run_of(sidecar, run_id)
            assert (run.state, run.municipalities_done, run.current) == ("running", 1, kongsberg.id)

    asked = meanwhile(help_out)
    running.run_part(sidecar, run_id)
    run = run_of(sidecar, run_id)
    assert asked == [kongsberg.id, rollag.id]
    assert (run.state, run.municipalities_done, run.todo, run.current) == ("done", 2, [], None)
    assert subjects(sidecar) == [run_id, f"{run_id}/2"]


def test_what_a_job_was_killed_at_is_its_own_to_take_up_again(
    sidecar: Sidecar,
    run_id: str,
    kongsberg: Municipality,
    rollag: Municipality,
    meanwhile: Callable[[Asking], list[str]],
) -> None:
    def kill(municipality_id: str) -> None:
        if len(asked) == 1:
            with pytest.raises(Killed):
                running.run_part(sidecar, f"{run_id}/2")
        elif (len(asked), municipality_id) == (2, rollag.id):
            raise Killed

    asked = meanwhile(kill)
    running.run_part(sidecar, run_id)
    run = run_of(sidecar, run_id)
    assert (run.state, run.municipalities_done, run.current) == ("running", 1, rollag.id)
    running.run_part(sidecar, f"{run_id}/2")
    assert asked == [kongsberg.id, rollag.id, rollag.id]
    run = run_of(sidecar, run_id)
    assert (run.state, run.municipalities_done, run.errors) == ("done", 2, {})


@pytest.mark.usefixtures("channels")
def test_a_further_job_leaves_to_the_first_what_is_to_be_tried_again_later(
    sidecar: Sidecar,
    rollag: Municipality,
    clock: FakeClock,
    meanwhile: Callable[[Asking], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(municipality_id: str) -> None:
        if municipality_id == rollag.id and len(asked) == 2:
            raise ConflictError(what="file", key="x")

    start_due(sidecar)
    clock.set(datetime(2026, 10, 1, 4, tzinfo=UTC))
    start_due(sidecar)
    with sidecar.reading() as db:
        due = db.scalars(select(ReportRun.id).where(ReportRun.due_at.is_not(None))).one()
    asked = meanwhile(refuse)
    with monkeypatch.context() as patch:
        patch.setattr(running, "PART_S", -1)
        running.run_part(sidecar, due)
    for _ in range(2):
        running.run_part(sidecar, f"{due}/2")
    assert (run_of(sidecar, due).state, len(asked)) == ("waiting", 2)
    with sidecar.reading() as db:
        newest = db.scalars(select(OutboxItem).order_by(OutboxItem.next_try_at.desc())).first()
        assert newest is not None
        assert (newest.subject, newest.next_try_at) == (due, clock() + timedelta(minutes=1))
    running.run_part(sidecar, due)
    assert (run_of(sidecar, due).state, asked.count(rollag.id)) == ("done", 2)


def test_a_job_that_is_given_up_ends_the_run_of_all(sidecar: Sidecar, run_id: str) -> None:
    running.run_part(sidecar, f"{run_id}/2")
    assert run_of(sidecar, run_id).state == "waiting"
    with sidecar.transaction() as db:
        running.give_up(db, f"{run_id}/2", "out-of-time")
    assert run_of(sidecar, run_id).state == "failed"
    assert report_runs.read_subject(report_runs.subject_of(run_id, "")) == (run_id, "")
