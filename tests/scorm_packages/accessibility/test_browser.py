"""Look at packages in a browser: what only a browser sees, and what a package must not be able to do to it."""

import socket
import subprocess
import threading
from pathlib import Path

import pytest

from scorm_packages.accessibility.browser import running
from scorm_packages.accessibility.browser.limits import BrowserLimits
from scorm_packages.accessibility.browser.running import AXE, find_browser, look_in_browser
from scorm_packages.building.package import build_package
from tests.data.scorm.parts import course
from tests.fakes.course import make_course
from tests.lacking import lack

BAD = b"""<!doctype html><html lang="nb"><head><meta charset="utf-8"><title>Side</title>
<style>#unseen:focus { outline: none } #wide { width: 900px }</style></head><body><main><h1>Side</h1>
<a id="unseen" href="#x">Et sted</a><p style="color:#999;background:#fff">Blek</p><div id="wide">Bred</div>
<button id="trap" onkeydown="event.preventDefault()">Felle</button></main></body></html>"""


@pytest.fixture
def chromium() -> str:
    if not (path := find_browser()):
        lack("there is no Chromium on PATH")
    if not AXE.is_file():
        lack("axe-core is not there: run `make setup`")
    return path


def package(folder: Path, page: bytes, **files: bytes) -> Path:
    path = folder / "a.zip"
    path.write_bytes(course(**{"index.html": page, **files}))
    return path


@pytest.mark.parametrize("missing", ["no-extra", "no-browser", "no-axe"])
def test_what_did_not_run_says_why_and_never_that_it_passed(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing == "no-extra":
        monkeypatch.setattr(running, "find_spec", lambda name: None)
    if missing == "no-browser":
        monkeypatch.setenv("PATH", "")
    if missing == "no-axe":
        monkeypatch.setattr(running, "find_browser", lambda: "/bin/true")
        monkeypatch.setattr(running, "AXE", tmp_path / "none")
    seen = look_in_browser(tmp_path / "a.zip")
    assert (seen.states, seen.reason, seen.to_json("advice")) == (0, missing, "not run")
    assert seen.not_run


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_sees_traps_lost_focus_contrast_and_sideways_scrolling(tmp_path: Path, chromium: str) -> None:
    seen = look_in_browser(package(tmp_path, BAD))
    found = {each.facts.get("rule", each.code): each for each in seen.barriers}
    assert (seen.states, seen.reason) == (1, "")
    assert {"keyboard-trap", "focus-invisible", "reflow", "color-contrast"} <= set(found)
    assert found["color-contrast"].criterion == "1.4.3"
    assert "unseen" in found["focus-invisible"].element
    assert "trap" in found["keyboard-trap"].element
    assert all(each.page == "index.html" and each.mend for each in seen.barriers)


@pytest.mark.browser
@pytest.mark.slow
def test_a_course_of_ours_is_seen_in_every_state_and_language(tmp_path: Path, chromium: str) -> None:
    seen = look_in_browser(build_package(make_course(tmp_path), tmp_path / "a.zip").path)
    assert (seen.barriers, seen.reason) == ((), "")
    for language in ("nb", "nn"):
        of_test = [state for state in seen.seen if f"#{language}-page-03" in state]
        assert [state.rpartition("(")[2] for state in of_test] == ["unanswered)", "not answered)", "wrong)", "right)"]


@pytest.mark.browser
@pytest.mark.slow
def test_a_page_reaches_nobody(tmp_path: Path, chromium: str) -> None:
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        port = server.getsockname()[1]

        def listen() -> None:
            try:
                server.accept()[0].close()
                called.set()
            except OSError:
                return

        threading.Thread(target=listen, daemon=True).start()
        script = f"""<title>x</title><script>
          const url = "127.0.0.1:{port}";
          fetch(`http://${{url}}/`).catch(() => 0); new WebSocket(`ws://${{url}}/`);
          navigator.sendBeacon(`http://${{url}}/`); new Image().src = `http://${{url}}/`;
          window.open(`http://${{url}}/`); location = `http://${{url}}/`;</script>"""
        look_in_browser(package(tmp_path, script.encode()))
        assert not called.is_set()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "reason"),
    [(BrowserLimits(seconds=3), "out-of-time"), (BrowserLimits(memory_bytes=20 * 1024**2), "out-of-memory")],
    ids=["time", "memory"],
)
def test_a_page_that_never_ends_is_ended_with_all_its_processes(
    limits: BrowserLimits, reason: str, tmp_path: Path, chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    families: list[dict[int, str]] = []
    end = running._end

    def end_and_tell(child: "subprocess.Popen[bytes]", family: dict[int, str]) -> None:
        end(child, family)
        families.append(family)

    monkeypatch.setattr(running, "_end", end_and_tell)
    seen = look_in_browser(package(tmp_path, b"<script>for (;;) {}</script>"), limits)
    assert (seen.states, seen.reason) == (0, reason)
    assert seen.to_json("advice") == "not run"
    (family,) = families
    assert family
    assert not [member for member in family.items() if running._is_running(member)]
