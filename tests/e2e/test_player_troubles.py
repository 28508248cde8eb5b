"""Take away what a player needs, in a real Chromium: the network, the page, the browser's tab, the server."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from sidecar.core.attempts import Attempt
from sidecar.core.earning import find_evidence
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.browsers import open_beside
from tests.e2e.playing import Open, open_in, page_12, page_2004, part, saved, state_of, wait_for
from tests.e2e.serving import cookie_of
from tests.fakes.learner import Learner, bring_learner, launch
from tests.fakes.package import make_package

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LARGEST = "æ" * 64_000
KEEP = "api.LMSSetValue('cmi.suspend_data', 'æ'.repeat(64000)); api.LMSCommit('');"
ADAPT = """addEventListener('beforeunload', () => api.LMSCommit(''));
addEventListener('unload', () => api.LMSCommit(''));
window.finishBlock = (number) => { api.LMSSetValue('cmi.suspend_data', JSON.stringify({blocks: number}));
  api.LMSSetValue('cmi.core.lesson_status', number === 3 ? 'completed' : 'incomplete') };"""
H5P = """window.answerAll = () => { api.SetValue('cmi.score.raw', '9'); api.SetValue('cmi.score.max', '10');
  api.SetValue('cmi.score.scaled', '0.9'); api.SetValue('cmi.success_status', 'passed');
  api.SetValue('cmi.completion_status', 'completed'); api.Commit('') };"""


@pytest.mark.parametrize("moment", ["visibilitychange", "beforeunload", "pagehide", "unload"])
def test_a_commit_of_64000_characters_while_the_page_is_dismissed_arrives(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, moment: str
) -> None:
    script = page_12(
        f"(document.on{moment} === null ? document : window).addEventListener('{moment}', () => {{ {KEEP} }})"
    )
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": script}))
    page = open_player(learner)
    part(page).locator("h1").click()
    page.close(run_before_unload=moment == "beforeunload")
    other = open_player(learner)
    wait_for(other, lambda: saved(sidecar, learner) != {}, seconds=20)
    assert saved(sidecar, learner)["a"]["cmi.suspend_data"] == LARGEST


def test_a_course_like_adapts_that_never_says_good_bye_is_completed_and_resumed(
    sidecar: Sidecar, tmp_path: Path, open_player: Open
) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12(ADAPT)}))
    page = open_player(learner)
    part(page).evaluate("finishBlock(2)")
    page.close(run_before_unload=False)
    page = open_player(learner)
    assert part(page).evaluate("api.LMSGetValue('cmi.suspend_data')") == '{"blocks":2}'
    assert part(page).evaluate("api.LMSGetValue('cmi.core.entry')") == "resume"
    part(page).evaluate("finishBlock(3)")
    page.close(run_before_unload=False)
    wait_for(open_player(learner), lambda: state_of(sidecar, learner) == "completed")


def test_a_course_like_h5ps_that_never_says_good_bye_is_completed_with_its_score(
    sidecar: Sidecar, tmp_path: Path, open_player: Open
) -> None:
    package = make_package(tmp_path / "p.zip", pages={"a": page_2004(H5P)}, standard="scorm-2004")
    learner, _ = bring_learner(sidecar, package)
    page = open_player(learner)
    part(page).evaluate("answerAll()")
    expect(page.get_by_role("alert")).to_have_text("You have completed this course, and that is saved.")
    page.close(run_before_unload=False)
    with sidecar.reading() as db:
        completion = find_evidence(db, learner.attempt_id)
        assert completion is not None
        assert completion.score == 0.9


def test_what_was_done_while_the_network_was_gone_for_two_minutes_arrives_later(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, context: BrowserContext
) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    context.clock.install()
    page = open_player(learner)
    frame = part(page)
    context.set_offline(True)
    frame.evaluate("api.LMSSetValue('cmi.core.lesson_location', '2')")
    assert frame.evaluate("[api.LMSCommit(''), api.LMSGetLastError()]") == ["false", "101"]
    for second in range(0, 120, 10):  # the tries fail at their true pace; only the waiting between them is cut short
        frame.evaluate("at => api.LMSSetValue('cmi.suspend_data', String(at))", second)
        context.clock.run_for(10_000)
        page.wait_for_timeout(20)
    expect(page.get_by_role("status")).to_have_text("Not saved yet")
    expect(page.get_by_role("alert")).to_contain_text("Keep this page open")
    assert saved(sidecar, learner) == {}
    context.set_offline(False)
    for _ in range(12):  # the next try comes within thirty seconds
        context.clock.run_for(3_000)
        page.wait_for_timeout(50)
    expect(page.get_by_role("status")).to_have_text("Saved")
    assert saved(sidecar, learner)["a"] == {"cmi.core.lesson_location": "2", "cmi.suspend_data": "110"}


def test_after_the_tab_crashed_the_learner_goes_on_where_she_was(
    sidecar: Sidecar, tmp_path: Path, open_player: Open, browser: Browser
) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    with open_beside(browser) as crashing:  # one that lost its processes may never answer again
        page = open_in(crashing.new_context(), sidecar, learner)
        part(page).evaluate("api.LMSSetValue('cmi.suspend_data', 'before the crash')")
        expect(page.get_by_role("status")).to_have_text("Saved")
        _kill_renderers(crashing)
    again = part(open_player(learner))
    assert again.evaluate("api.LMSGetValue('cmi.suspend_data')") == "before the crash"
    assert again.evaluate("api.LMSGetValue('cmi.core.entry')") == "resume"
    assert again.evaluate("[api.LMSSetValue('cmi.suspend_data', 'after'), api.LMSCommit('')]") == ["true"] * 2


def _kill_renderers(browser: Browser) -> None:
    """Kill every process that shows a page or frame, as the system does when memory runs out."""
    session = browser.new_browser_cdp_session()
    for process in session.send("SystemInfo.getProcessInfo")["processInfo"]:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)
    session.detach()


def test_after_the_server_was_killed_the_open_page_is_saved_by_the_next_one(
    sidecar: Sidecar, settings: Settings, tmp_path: Path, context: BrowserContext
) -> None:
    learner, _ = bring_learner(sidecar, make_package(tmp_path / "p.zip", pages={"a": page_12()}))
    sidecar.now = lambda: datetime.now(UTC)
    learner = launch(sidecar, learner.identity_id, _course_of(sidecar, learner))
    with _web_server(settings) as server:
        context.add_cookies([cookie_of(learner.launch_id, learner.secret, settings.public_url)])
        page = context.new_page()
        page.goto(f"{settings.public_url}/play/{learner.launch_id}")
        frame = part(page)
        assert frame.evaluate("[api.LMSSetValue('cmi.core.lesson_location', '1'), api.LMSCommit('')]") == ["true"] * 2
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        frame.evaluate("api.LMSSetValue('cmi.core.lesson_location', '2')")
        expect(page.get_by_role("status")).to_have_text("Not saved yet")
    with _web_server(settings):
        expect(page.get_by_role("status")).to_have_text("Saved", timeout=20_000)
    assert saved(sidecar, learner)["a"]["cmi.core.lesson_location"] == "2"


def _course_of(sidecar: Sidecar, learner: Learner) -> str:
    with sidecar.reading() as db:
        return db.get_one(Attempt, learner.attempt_id).course_id


@contextmanager
def _web_server(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run the web server in processes of its own, till it answers and no longer than the block."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("SIDECAR_")}
    env |= {
        "SIDECAR_DATA": str(settings.data),
        "SIDECAR_DATABASE_URL": settings.database_url,
        "SIDECAR_PUBLIC_URL": settings.public_url,
        "SIDECAR_CONTENT_URL": settings.content_url,
    }
    command = [sys.executable, "-m", "sidecar.cli", "web", "--port", str(settings.port)]
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", settings.port), timeout=1):
                break
            time.sleep(0.1)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
