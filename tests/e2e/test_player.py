"""Play real packages in a real Chromium: nothing that was set is lost, and nothing is called saved that isn't."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from sidecar.core.earning import find_evidence
from sidecar.runtime import Sidecar
from tests.e2e.playing import Open, page_12, page_2004, part, saved, state_of, wait_for
from tests.e2e.serving import Line
from tests.fakes.clock import FakeClock
from tests.fakes.learner import bring_learner
from tests.fakes.package import make_package

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETS_12: dict[str, str] = {
    "cmi.core.lesson_location": "side 3",
    "cmi.core.lesson_status": "incomplete",
    "cmi.suspend_data": "æ" * 64_000,
    "cmi.core.score.raw": "40",
    "cmi.objectives.0.id": "maal-1",
    "cmi.objectives.0.status": "passed",
    "cmi.objectives.0.score.raw": "7",
    "cmi.student_preference.text": "1",
    "cmi.comments": "Hei",
}
INTERACTION_12 = {
    "cmi.interactions.0.id": "q1",
    "cmi.interactions.0.type": "choice",
    "cmi.interactions.0.time": "10:00:00",
    "cmi.interactions.0.objectives.0.id": "maal-1",
    "cmi.interactions.0.correct_responses.0.pattern": "a",
    "cmi.interactions.0.weighting": "1",
    "cmi.interactions.0.student_response": "b",
    "cmi.interactions.0.result": "wrong",
    "cmi.interactions.0.latency": "00:00:05",
}
SETS_2004: dict[str, str] = {
    "cmi.location": "side 3",
    "cmi.completion_status": "incomplete",
    "cmi.success_status": "unknown",
    "cmi.progress_measure": "0.5",
    "cmi.suspend_data": "æ" * 64_000,
    "cmi.score.scaled": "0.4",
    "cmi.score.raw": "40",
    "cmi.objectives.0.id": "maal-1",
    "cmi.objectives.0.success_status": "passed",
    "cmi.objectives.0.score.scaled": "0.7",
    "cmi.learner_preference.audio_captioning": "1",
    "cmi.interactions.0.id": "sporsmal-1",
    "cmi.interactions.0.type": "choice",
    "cmi.interactions.0.timestamp": "2026-11-22T05:38:00.0Z",
    "cmi.interactions.0.objectives.0.id": "maal-1",
    "cmi.interactions.0.correct_responses.0.pattern": "a[,]b",
    "cmi.interactions.0.learner_response": "a",
    "cmi.interactions.0.result": "incorrect",
    "cmi.interactions.0.latency": "PT3.5S",
    "cmi.interactions.0.weighting": "1",
    "cmi.interactions.0.description": "Hva gjør du først?",
    "cmi.comments_from_learner.0.comment": "Fint kurs",
}


def test_scorm_12_plays_saves_resumes_and_completes(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    page_html = page_12()
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_html}))
    page = open_player(learner)
    for name, value in SETS_12.items():
        assert part(page).evaluate("([n, v]) => api.LMSSetValue(n, v)", [name, value]) == "true", name
    assert part(page).evaluate("api.LMSCommit('')") == "true"
    assert saved(sidecar, learner)["a"] == SETS_12
    expect(page.get_by_role("status")).to_have_text("Saved")
    page.close()
    again = open_player(learner)
    for name, value in SETS_12.items():
        assert part(again).evaluate("name => api.LMSGetValue(name)", name) == value, name
    assert part(again).evaluate("api.LMSGetValue('cmi.core.entry')") == "resume"
    assert part(again).evaluate("api.LMSGetValue('cmi.objectives._count')") == "1"
    part(again).evaluate("api.LMSSetValue('cmi.core.lesson_status', 'passed')")
    part(again).evaluate("api.LMSSetValue('cmi.core.score.raw', '90')")
    assert part(again).evaluate("api.LMSFinish('')") == "true"
    again.get_by_role("button", name="Exit").click()
    expect(again.get_by_text("You have completed this course.")).to_be_visible()
    expect(again.get_by_role("link", name="Back to your LMS")).to_have_attribute(
        "href", "https://lms.example.org/course"
    )
    with sidecar.reading() as db:
        completion = find_evidence(db, learner.attempt_id)
        assert completion is not None
        assert completion.score == 0.9


def test_scorm_2004_plays_saves_resumes_and_completes(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    page_html = page_2004()
    package = make_package(tmp_path / "p.zip", pages={"a": page_html}, standard="scorm-2004")
    learner, _ = bring_learner(sidecar, package)
    page = open_player(learner)
    for name, value in SETS_2004.items():
        assert part(page).evaluate("([n, v]) => api.SetValue(n, v)", [name, value]) == "true", name
    assert part(page).evaluate("api.Commit('')") == "true"
    assert saved(sidecar, learner)["a"] == SETS_2004
    page.close()
    again = open_player(learner)
    for name, value in SETS_2004.items():
        assert part(again).evaluate("name => api.GetValue(name)", name) == value, name
    assert part(again).evaluate("api.GetValue('cmi.entry')") == "resume"
    assert part(again).evaluate("api.GetValue('cmi.interactions._count')") == "1"
    part(again).evaluate("api.SetValue('cmi.completion_status', 'completed')")
    assert part(again).evaluate("api.Terminate('')") == "true"
    assert state_of(sidecar, learner) == "completed"


@pytest.mark.parametrize(
    "name", ["cmi", "cmi.objectives", "cmi.core", "cmi.core.nothing", "adl.nav.request", "__proto__"]
)
def test_an_element_that_does_not_exist_is_refused_in_the_browser(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, name: str
) -> None:
    page_html = page_12()
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_html}))
    page = open_player(learner)
    assert part(page).evaluate("n => [api.LMSSetValue(n, 'x'), api.LMSGetLastError()]", name) == ["false", "401"]
    assert part(page).evaluate("[api.LMSSetValue('cmi.core.student_id', 'x'), api.LMSGetLastError()]") == [
        "false",
        "403",
    ]
    assert part(page).evaluate("api.LMSGetValue('cmi.core.lesson_status')") == "not attempted"


def test_closing_the_tab_saves_what_the_package_says_last(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    last = (
        "addEventListener('unload', () => { api.LMSSetValue('cmi.core.lesson_location', 'last'); api.LMSFinish('') })"
    )
    page_html = page_12(last)
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_html}))
    page = open_player(learner)
    part(page).evaluate("api.LMSSetValue('cmi.suspend_data', 'just now')")
    page.close(run_before_unload=False)
    other = open_player(learner)
    wait_for(other, lambda: saved(sidecar, learner) != {})
    assert saved(sidecar, learner)["a"] == {"cmi.core.lesson_location": "last", "cmi.suspend_data": "just now"}


def test_closing_the_tab_carries_even_the_largest_state(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    last = "api.LMSSetValue('cmi.suspend_data', 'æ'.repeat(64000)); api.LMSFinish('')"
    page_html = page_12(f"addEventListener('pagehide', () => {{ {last} }})")
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_html}))
    page = open_player(learner)
    part(page)
    page.close(run_before_unload=False)
    other = open_player(learner)
    wait_for(other, lambda: saved(sidecar, learner) != {})
    assert saved(sidecar, learner)["a"]["cmi.suspend_data"] == "æ" * 64_000


def test_what_the_server_did_not_acknowledge_is_not_called_saved(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, line: Line
) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    line.is_cut = True
    part(page).evaluate("api.LMSSetValue('cmi.core.lesson_location', '2')")
    assert part(page).evaluate("[api.LMSCommit(''), api.LMSGetLastError()]") == ["false", "101"]
    expect(page.get_by_role("status")).to_have_text("Not saved yet")
    expect(page.get_by_role("alert")).to_contain_text("Keep this page open")
    tries = line.commits
    page.get_by_role("button", name="Exit").click()
    wait_for(page, lambda: line.commits > tries)
    expect(page.get_by_role("alert")).to_contain_text("Keep this page open")
    assert saved(sidecar, learner) == {}
    line.is_cut = False
    expect(page.get_by_text("You have not finished yet.")).to_be_visible(timeout=20_000)
    assert saved(sidecar, learner)["a"]["cmi.core.lesson_location"] == "2"


def test_it_tries_again_by_itself(sidecar: Sidecar, tmp_path: Path, open_player: Open, line: Line) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    line.is_cut = True
    part(page).evaluate("api.LMSSetValue('cmi.core.lesson_location', '2')")
    expect(page.get_by_role("status")).to_have_text("Not saved yet")
    line.is_cut = False
    expect(page.get_by_role("status")).to_have_text("Saved", timeout=20_000)
    assert part(page).evaluate("[api.LMSSetValue('cmi.core.lesson_location', '3'), api.LMSCommit('')]") == ["true"] * 2


def test_what_is_set_is_saved_within_a_second(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    part(page).evaluate("api.LMSSetValue('cmi.core.lesson_location', '2')")
    wait_for(page, lambda: saved(sidecar, learner) != {}, seconds=2)


def test_a_second_window_is_told(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    first, second = open_player(learner), open_player(learner)
    part(first), part(second)
    assert part(first).evaluate("[api.LMSSetValue('cmi.core.lesson_location', '1'), api.LMSCommit('')]") == [
        "true",
        "true",
    ]
    part(second).evaluate("api.LMSSetValue('cmi.core.lesson_location', '2')")
    assert part(second).evaluate("api.LMSCommit('')") == "false"
    expect(second.get_by_role("alert")).to_contain_text("open in another window")
    assert saved(sidecar, learner)["a"]["cmi.core.lesson_location"] == "1"


def test_a_page_that_slept_gets_a_new_token(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, clock: FakeClock
) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    part(page)
    clock.advance(minutes=40)
    part(page).evaluate("api.LMSSetValue('cmi.core.lesson_location', '2')")
    wait_for(page, lambda: saved(sidecar, learner) != {})
    expect(page.get_by_role("status")).to_have_text("Saved")


def test_interactions_of_scorm_12_go_on_where_they_were(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    for name, value in INTERACTION_12.items():
        assert part(page).evaluate("([n, v]) => api.LMSSetValue(n, v)", [name, value]) == "true", name
    assert part(page).evaluate("api.LMSCommit('')") == "true"
    assert saved(sidecar, learner)["a"] == INTERACTION_12
    page.reload()
    assert part(page).evaluate("api.LMSGetValue('cmi.interactions._count')") == "1"
    assert part(page).evaluate("api.LMSSetValue('cmi.interactions.1.id', 'q2')") == "true"


def test_odd_characters_come_back_as_they_went(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    odd = "'\\ud800 \\udfff \\0 \\u2028 </script> \\ud83d\\udd25'"
    assert part(page).evaluate(f"[api.LMSSetValue('cmi.suspend_data', {odd}), api.LMSCommit('')]") == ["true", "true"]
    page.reload()
    assert part(page).evaluate(f"api.LMSGetValue('cmi.suspend_data') === {odd}")


@pytest.mark.parametrize("content_host", ["*.localhost"])
def test_each_version_may_have_a_host_of_its_own(sidecar: Sidecar, tmp_path: Path, open_player: Open) -> None:
    learner, added = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    page = open_player(learner)
    assert part(page).evaluate("[api.LMSSetValue('cmi.core.lesson_location', '1'), api.LMSCommit('')]") == ["true"] * 2
    assert part(page).evaluate("location.hostname") == f"{added.version_id}.localhost"
