"""An LMS may tell what can't be: it is counted and left out, and takes nothing away."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sidecar.connectors.records import CompletionRecord
from sidecar.core import lms_courses
from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.sync.completion_intake import NoCompletionsError
from tests.sidecar.telling import DONE_AT, World, make_world, told


@pytest.fixture
def world(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> World:
    return make_world(sidecar, kongsberg, rollag)


@pytest.mark.parametrize(
    ("row", "counted"),
    [
        (told("3303-1001", at=datetime(2999, 1, 1, tzinfo=UTC)), "unusable"),
        (told("3303-1001", at=datetime(1970, 1, 1, tzinfo=UTC)), "unusable"),
        (told("3303-1001", at=datetime(2026, 5, 4)), "unusable"),  # noqa: DTZ001
        (told("3303-1001", course="K" * 256), "unusable"),
        (told("3303-1001", course=""), "unusable"),
        (told("3303-1001", course="K\0"), "unusable"),
        (told("3303-1001\ud800"), "unusable"),
        (told("9" * 5000), "unusable"),
        (told("  "), "no_holder"),
    ],
)
def test_what_can_not_be_is_counted_and_left_out(world: World, row: CompletionRecord, counted: str) -> None:
    world.lms.rows.extend([row, told("3336-1001")])
    run = world.run()
    assert (run.counts[counted], run.counts["new"]) == (1, 1)
    assert len(world.completions) == 1


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -1.0, 80.0])
def test_a_score_that_is_none_is_left_out(world: World, score: float) -> None:
    world.lms.rows.append(told("3303-1001", score=score))
    world.run()
    assert [one.score for one in world.completions] == [None]


def test_a_future_time_does_not_withdraw_what_is_known(world: World) -> None:
    world.lms.rows.append(told("3303-1001"))
    world.run()
    world.lms.rows[:] = [told("3303-1001", at=datetime(2999, 1, 1, tzinfo=UTC))]
    assert world.run().counts["withdrawn"] == 0
    assert [one.completed_at for one in world.completions] == [DONE_AT]


def test_what_is_told_twice_is_one_and_the_earlier_counts(world: World) -> None:
    later = DONE_AT + timedelta(days=1)
    world.lms.rows.extend([told("3303-1001", at=later, score=0.9), told("3303-1001", score=0.4)])
    world.run()
    assert [(one.completed_at, one.score) for one in world.completions] == [(DONE_AT, 0.9)]
    assert len(world.pieces) == 1


def test_a_title_may_be_as_long_as_it_likes(world: World) -> None:
    world.lms.rows.append(CompletionRecord("3303-1001", "BRANN", "K\0urs\n " * 200_000, DONE_AT))
    world.run()
    (course,) = world.all(Course)
    assert len(course.title) == 500
    assert course.title.isprintable()


def test_an_lms_with_more_courses_than_can_be_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lms_courses, "MOST_COURSES", 5)
    world.lms.rows.extend([told("3303-1001", f"Navn {number}") for number in range(20)])
    with pytest.raises(lms_courses.TooManyLmsCoursesError):
        world.run()
    assert len(world.all(Course)) <= 5


def test_a_course_that_is_renamed_in_the_lms_is_so_here(world: World) -> None:
    world.lms.rows.append(told("3303-1001"))
    world.run()
    world.lms.rows[:] = [replace(told("3303-1001"), course_title="Brannvern 2027")]
    world.run()
    assert [one.title for one in world.all(Course)] == ["Brannvern 2027"]


def test_a_large_page_is_taken_in_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.core.lms_evidence.KEYS_A_TIME", 3)
    world.lms.rows.extend([told("3303-1001", f"K{number}") for number in range(10)])
    object.__setattr__(world.lms, "page_size", 10)
    assert world.run().counts["new"] == 10


def test_a_connector_of_another_kind_is_refused(world: World) -> None:
    with pytest.raises(NoCompletionsError):
        world.run(connector=object())
