"""What an LMS missed while it was not active is sent by the worker, some at a time."""

from collections.abc import Callable

import pytest

from sidecar.core import platform_life, resuming
from sidecar.core.grades import Grade
from sidecar.core.outbox import OutboxItem
from sidecar.core.platforms import Platform
from sidecar.tool import resume_grades
from tests.fakes.statements import counting
from tests.sidecar.tool.conftest import Gradebook


def do(gradebook: Gradebook, act: Callable[..., Platform]) -> int:
    """Do something with the platform; return how many statements it took."""
    with counting(gradebook.sidecar) as said, gradebook.sidecar.transaction() as db:
        act(db, gradebook.platform_id, now=gradebook.sidecar.now(), by=None)
    return len(said)


def miss(gradebook: Gradebook, links: range) -> None:
    """Let the LMS miss a grade on each link."""
    launches = [gradebook.launch(f"link-{number}", item=number) for number in links]
    for launch in launches:
        gradebook.complete(launch, 0.8)
    do(gradebook, platform_life.disable)
    gradebook.work()


def states(gradebook: Gradebook) -> list[str]:
    with gradebook.sidecar.reading() as db:
        return [grade.state for grade in db.query(Grade)]


def asked(gradebook: Gradebook) -> int:
    with gradebook.sidecar.reading() as db:
        return db.query(OutboxItem).filter_by(kind=resuming.KIND).count()


def test_enabling_costs_the_same_however_many_grades_were_missed(gradebook: Gradebook) -> None:
    miss(gradebook, range(1))
    one = do(gradebook, platform_life.enable)
    gradebook.work()
    miss(gradebook, range(1, 6))
    assert do(gradebook, platform_life.enable) == one


@pytest.mark.parametrize("missed", [1, 2, 4, 5])
def test_every_grade_that_was_missed_is_sent_once(
    gradebook: Gradebook, monkeypatch: pytest.MonkeyPatch, missed: int
) -> None:
    monkeypatch.setattr(resuming, "BATCH", 2)
    miss(gradebook, range(missed))
    assert (states(gradebook), gradebook.sent()) == (["failed"] * missed, [])
    do(gradebook, platform_life.enable)
    gradebook.work()
    assert (states(gradebook), gradebook.sent()) == (["sent"] * missed, [80] * missed)


def test_a_second_job_lets_nothing_go_again(gradebook: Gradebook) -> None:
    miss(gradebook, range(3))
    do(gradebook, platform_life.enable)
    gradebook.work()
    resume_grades(gradebook.sidecar, gradebook.platform_id)
    gradebook.work()
    assert gradebook.sent() == [80] * 3


def test_nothing_goes_to_an_lms_that_is_disabled_again_before_the_worker_comes(gradebook: Gradebook) -> None:
    miss(gradebook, range(3))
    do(gradebook, platform_life.enable)
    do(gradebook, platform_life.disable)
    gradebook.work()
    assert (states(gradebook), gradebook.sent()) == (["failed"] * 3, [])
    do(gradebook, platform_life.enable)
    gradebook.work()
    assert gradebook.sent() == [80] * 3


def test_nothing_is_asked_for_where_nothing_was_missed(gradebook: Gradebook) -> None:
    do(gradebook, platform_life.disable)
    do(gradebook, platform_life.enable)
    assert asked(gradebook) == 0
