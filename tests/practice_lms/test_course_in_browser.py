"""Play the practice courses in a real browser against a recorder of SCORM calls."""

import zipfile
from pathlib import Path

import pytest
from flask import Flask, Response, send_from_directory
from playwright.sync_api import Browser, Frame, Page

from practice_lms.packages import Standard, build_package, read_course
from practice_lms.serving import serve

pytestmark = pytest.mark.browser

RECORDER = """
const verbs = NAME === "API" ? ["LMSInitialize", "LMSFinish", "LMSGetValue", "LMSSetValue", "LMSCommit"]
                             : ["Initialize", "Terminate", "GetValue", "SetValue", "Commit"];
window.values = SEED; window.commits = 0; window.ended = 0;
window[NAME] = {
  [verbs[0]]: () => "true",
  [verbs[1]]: () => { window.ended += 1; return "true"; },
  [verbs[2]]: (name) => {
    if (!name.endsWith("interactions._count")) return window.values[name] ?? "";
    const numbers = Object.keys(window.values).filter((key) => /^cmi.interactions.[0-9]+.id$/.test(key));
    return String(numbers.length);
  },
  [verbs[3]]: (name, value) => { window.values[name] = value; return "true"; },
  [verbs[4]]: () => { window.commits += 1; return "true"; },
};
"""


def serve_course(folder: Path, key: str, standard: Standard, name: str, seed: str = "{}") -> Flask:
    with zipfile.ZipFile(build_package(key, standard, folder)) as package:
        package.extractall(folder / "course")
    app = Flask("host")
    recorder = RECORDER.replace("NAME", f'"{name}"').replace("SEED", seed)
    page = f'<!doctype html><script>{recorder}</script><iframe src="/course/index.html" width="320"></iframe>'

    @app.get("/")
    def host() -> Response:
        return Response(page if name else '<!doctype html><iframe src="/course/index.html"></iframe>')

    @app.get("/course/<path:path>")
    def course(path: str) -> Response:
        answer = send_from_directory(folder / "course", path)
        answer.headers["Content-Security-Policy"] = "default-src 'self'"
        return answer

    return app


def open_course(browser: Browser, port: int) -> tuple[Page, Frame]:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    frame = page.frames[1]
    frame.wait_for_selector("html.paged")
    return page, frame


def answer_all(frame: Frame, key: str, *, right: bool) -> None:
    for number, question in enumerate(read_course(key).questions, 1):
        wanted = question.right if right else (3 if question.right == (1,) else 1,)
        for place in wanted:
            frame.check(f"#sporsmal-{number} input[value={'abcd'[place - 1]}]")


def go_to_test(frame: Frame) -> None:
    while frame.is_visible("#next"):
        frame.press("#next", "Enter")


@pytest.mark.parametrize(
    ("standard", "name", "expected"),
    [
        (
            "scorm-1.2",
            "API",
            {"cmi.core.lesson_status": "passed", "cmi.core.score.raw": "100", "cmi.core.exit": ""},
        ),
        (
            "scorm-2004",
            "API_1484_11",
            {
                "cmi.completion_status": "completed",
                "cmi.success_status": "passed",
                "cmi.score.scaled": "1",
                "cmi.exit": "normal",
            },
        ),
    ],
)
def test_learner_passes_at_the_second_try(
    tmp_path: Path, browser: Browser, standard: Standard, name: str, expected: dict[str, str]
) -> None:
    key = "brannvern"
    with serve(serve_course(tmp_path, key, standard, name)) as server:
        page, frame = open_course(browser, server.port)
        go_to_test(frame)
        assert page.evaluate("window.commits") == 9
        frame.click("#submit")
        assert "ikke svart på alle" in (frame.text_content("#status") or "")
        assert frame.locator("fieldset .missing").all_text_contents() == ["Velg et svar her."] * 6
        frame.check("#sporsmal-1 input[value=a]")
        assert frame.locator("fieldset .missing").count() == 5
        answer_all(frame, key, right=False)
        frame.click("#submit")
        assert frame.is_visible("#failed")
        assert frame.evaluate("document.activeElement.textContent") == "Resultatet ditt"
        assert "failed" in page.evaluate("Object.values(window.values)")
        frame.click("#retry")
        frame.evaluate("document.querySelectorAll('input').forEach((input) => { input.checked = false; })")
        answer_all(frame, key, right=True)
        frame.click("#submit")
        frame.click("#passed [data-finish]")
        values = page.evaluate("window.values")
        assert expected.items() <= values.items()
        assert values["cmi.interactions.11.result"] == "correct"
        assert "resultatet er lagret" in (frame.text_content("#status") or "")
        assert page.evaluate("window.ended") == 1
        assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_learner_resumes_where_she_was(tmp_path: Path, browser: Browser) -> None:
    seed = '{"cmi.core.lesson_location": "test", "cmi.suspend_data": \'{"answers":{"sporsmal-2":["a"]}}\'}'
    with serve(serve_course(tmp_path, "brannvern", "scorm-1.2", "API", seed)) as server:
        page, frame = open_course(browser, server.port)
        assert frame.is_visible("#quiz")
        assert frame.is_checked("#sporsmal-2 input[value=a]")
        frame.evaluate("window.dispatchEvent(new Event('pagehide'))")
        values = page.evaluate("window.values")
        assert (values["cmi.core.exit"], values["cmi.core.lesson_status"]) == ("suspend", "incomplete")
        assert values["cmi.core.session_time"].startswith("0000:00:")


def test_review_changes_nothing(tmp_path: Path, browser: Browser) -> None:
    with serve(serve_course(tmp_path, "brannvern", "scorm-1.2", "API", '{"cmi.core.lesson_mode": "review"}')) as server:
        page, frame = open_course(browser, server.port)
        go_to_test(frame)
        assert page.evaluate("Object.keys(window.values)") == ["cmi.core.lesson_mode"]
        assert page.evaluate("window.commits") == 0


def test_course_plays_without_an_lms(tmp_path: Path, browser: Browser) -> None:
    with serve(serve_course(tmp_path, "informasjonssikkerhet", "scorm-2004", "")) as server:
        _, frame = open_course(browser, server.port)
        assert "uten LMS" in (frame.text_content("#mode") or "")
        go_to_test(frame)
        answer_all(frame, "informasjonssikkerhet", right=True)
        frame.click("#submit")
        assert "100 prosent" in (frame.text_content("#verdict") or "")
        frame.click("#passed [data-finish]")
        assert "Ingenting ble lagret" in (frame.text_content("#status") or "")
