"""Build a course and take it in the real player: what it reports is what the learner did, in legal words."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, expect

from scorm_packages.building.package import build_package
from scorm_packages.building.standards import Standard
from sidecar.core.earning import find_evidence
from sidecar.runtime import Sidecar
from tests.e2e.playing import Open, saved, state_of, wait_for
from tests.fakes.course import make_course
from tests.fakes.course_taker import answer_all, go_on
from tests.fakes.learner import Learner, bring_learner

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TIME_12 = r"\d{4}:\d\d:\d\d\.\d\d"
TIME_2004 = r"PT\d+(\.\d{1,2})?S"
ANSWERS_12 = {
    "q11": ("choice", "b", "b", "correct"),
    "q12": ("choice", "a,c", "b", "wrong"),
    "q13": ("true-false", "f", "f", "correct"),
    "q14": ("fill-in", "110", "110", "correct"),
    "q15": ("numeric", "18", "20", "correct"),
    "q16": ("matching", "a.a,b.b", "a.a,b.b", "correct"),
    "q17": ("sequencing", "a,b,c", "a,b,c", "correct"),
}
ANSWERS_2004 = {
    "q11": ("choice", "b", "b", "correct"),
    "q12": ("choice", "a[,]c", "b", "incorrect"),
    "q13": ("true-false", "false", "false", "correct"),
    "q14": ("fill-in", "{case_matters=false}110", "110", "correct"),
    "q15": ("numeric", "18[:]22", "20", "correct"),
    "q16": ("matching", "a[.]a[,]b[.]b", "a[.]a[,]b[.]b", "correct"),
    "q17": ("sequencing", "a[,]b[,]c", "a[,]b[,]c", "correct"),
}


def bring(sidecar: Sidecar, folder: Path, standard: Standard) -> Learner:
    """Build the course and bring a learner to it."""
    built = build_package(make_course(folder), folder / "course.zip", standard=standard)
    return bring_learner(sidecar, built.path)[0]


def course_in(page: Page) -> Frame:
    """The course's own frame, once its script has run."""
    for _ in range(400):
        found = next((frame for frame in page.frames if frame.url.endswith("/index.html")), None)
        if found and found.locator(".steps:visible").count():
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"the course never came: {[frame.url for frame in page.frames]}")


def interactions(values: dict[str, str]) -> dict[str, dict[str, str]]:
    """What was recorded, by the id of the question."""
    rows: dict[str, dict[str, str]] = {}
    for name, value in values.items():
        if found := re.fullmatch(r"cmi\.interactions\.(\d+)\.(.+)", name):
            rows.setdefault(found[1], {})[found[2]] = value
    return {row["id"]: row for row in rows.values()}


def take(page: Page) -> Frame:
    """Look at every page and answer the test, one question of seven wrongly."""
    course = course_in(page)
    go_on(course, "Sju slags spørsmål")
    go_on(course, "Test")
    answer_all(course, wrong=("multiple",))
    expect(course.get_by_text("6 av 7 riktige (86 %).")).to_be_visible()
    expect(course.get_by_text("Du har bestått kurset.")).to_be_visible()
    return course


def test_a_scorm_12_build_is_passed_and_tells_every_answer(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    learner = bring(sidecar, tmp_path, "scorm-1.2")
    page = open_player(learner)
    take(page)
    wait_for(
        page,
        lambda: saved(sidecar, learner)[next(iter(saved(sidecar, learner)))].get("cmi.core.lesson_status") == "passed",
    )
    (values,) = saved(sidecar, learner).values()
    assert (values["cmi.core.score.raw"], values["cmi.core.score.min"], values["cmi.core.score.max"]) == (
        "85.71",
        "0",
        "100",
    )
    told = interactions(values)
    heard = {
        id_: (row["type"], row["correct_responses.0.pattern"], row["student_response"], row["result"])
        for id_, row in told.items()
    }
    assert heard == ANSWERS_12
    assert all(re.fullmatch(TIME_12, row["latency"]) for row in told.values())
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d", row["time"]) and row["weighting"] == "1" for row in told.values())
    assert len(values["cmi.suspend_data"]) <= 4096
    page.close()
    wait_for(again := open_player(learner), lambda: state_of(sidecar, learner) != "new")
    course = course_in(again)
    expect(course.get_by_role("heading", level=1)).to_have_text("Test")
    expect(course.get_by_text("6 av 7 riktige (86 %).")).to_be_visible()


def test_a_scorm_2004_build_is_passed_and_tells_every_answer(
    sidecar: Sidecar, tmp_path: Path, open_player: Open
) -> None:
    learner = bring(sidecar, tmp_path, "scorm-2004")
    page = open_player(learner)
    take(page)
    wait_for(page, lambda: any(row.get("cmi.success_status") == "passed" for row in saved(sidecar, learner).values()))
    (values,) = saved(sidecar, learner).values()
    assert values["cmi.completion_status"] == "completed"
    assert (values["cmi.score.raw"], values["cmi.score.scaled"]) == ("85.71", "0.8571429")
    assert values["cmi.progress_measure"] == "1"
    told = interactions(values)
    heard = {
        id_: (row["type"], row["correct_responses.0.pattern"], row["learner_response"], row["result"])
        for id_, row in told.items()
    }
    assert heard == ANSWERS_2004
    assert all(re.fullmatch(TIME_2004, row["latency"]) for row in told.values())
    assert told["q11"]["description"] == "{lang=nb}Hva først?"
    with sidecar.reading() as db:
        assert find_evidence(db, learner.attempt_id) is not None
