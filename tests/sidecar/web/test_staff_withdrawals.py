"""The page of completions that an LMS does not tell of any more: by course, in words of their own, with a decision."""

import re

import pytest

from sidecar.connectors.moodle.members import NoNumberError
from sidecar.core import source_reminders, sync_runs
from sidecar.core.municipalities import Municipality
from sidecar.core.people_sources import SyncRun
from sidecar.core.source_terms import REMARKS, counts_in_order
from sidecar.core.sync_runs import Failure
from sidecar.runtime import Sidecar
from sidecar.sync.completion_intake import COUNTS, WOULD_WITHDRAW, WithdrawalRejectedError, take_in
from sidecar.sync.running import HeldError
from tests.fakes.clock import FakeClock
from tests.sidecar.telling import World, make_world, told
from tests.sidecar.web.conftest import SignIn


@pytest.fixture
def world(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> World:
    return make_world(sidecar, kongsberg, rollag)


@pytest.fixture
def run_id(world: World, clock: FakeClock) -> str:
    """A run that waits for a word, as twelve completions are missing."""
    world.lms.rows.extend([told(f"3303-{number}", "HMS") for number in range(2000, 2012)])
    world.run()
    world.lms.rows.clear()
    clock.advance(hours=1)
    context = world.begin()
    with pytest.raises(HeldError) as held:
        take_in(world.sidecar, context)
    with world.sidecar.transaction() as db:
        sync_runs.hold(db, context.run_id, held.value.counts, world.sidecar.now())
    return context.run_id


def test_it_says_how_many_of_which_course_would_go_and_names_nobody(sign_in: SignIn, world: World, run_id: str) -> None:
    operator, path = sign_in("operator"), f"/staff/sources/{world.source_id}"
    page = operator.get(f"{path}/changes")
    assert "Kurs HMS" in page
    assert re.search(r'<td data-label="Ville blitt trukket tilbake">12</td>', page)
    assert f"runs/{run_id}/approve" in page
    assert "0 personer" not in page
    assert "3303-2000" not in page
    overview = operator.get(path)
    assert "av de ansatte" not in overview
    assert "Ville blitt trukket tilbake: 12" in overview


def test_who_rejects_keeps_them(sign_in: SignIn, world: World, run_id: str) -> None:
    sign_in("operator").post(f"/staff/sources/{world.source_id}/runs/{run_id}/reject")
    with world.sidecar.reading() as db:
        assert db.get_one(SyncRun, run_id).state == "rejected"
    again = world.begin()
    with pytest.raises(WithdrawalRejectedError):
        take_in(world.sidecar, again)
    with world.sidecar.transaction() as db:
        problem = WithdrawalRejectedError(count=12)
        failure = Failure(problem.code, problem.text(), problem.facts)
        sync_runs.fail(db, again.run_id, failure, world.sidecar.now())
    assert "LMS-et utelater fortsatt de 12" in sign_in("operator").get(f"/staff/sources/{world.source_id}")


def test_whoever_keeps_it_is_told_of_completions_and_not_of_employees(world: World, run_id: str) -> None:
    with world.sidecar.reading() as db:
        [seen] = source_reminders.observe(db)
    assert run_id
    assert seen.code == "source-held-completions"
    assert "employees" not in seen.template


def test_all_that_a_run_counts_has_words() -> None:
    for name in (*COUNTS, WOULD_WITHDRAW):
        assert counts_in_order({name: 1}), name
    assert counts_in_order({"matched": 1}) != counts_in_order({"placed": 1})
    assert NoNumberError.code in REMARKS
