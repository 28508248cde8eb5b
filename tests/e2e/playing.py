"""Play as a learner would, and look behind the scenes at what was saved."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Frame, Page

from sidecar.core import attempts
from sidecar.core.attempts import Attempt
from sidecar.runtime import Sidecar
from tests.e2e.serving import cookie_of
from tests.fakes.learner import Learner

Open = Callable[[Learner], Page]

FIND = "function find(name) { let w = window; while (!w[name] && w.parent !== w) w = w.parent; return w[name]; }"
_START = f"<!doctype html><html lang='nb'><meta charset='utf-8'><title>Del</title><h1>Del</h1><script>{FIND}"


def page_12(script: str = "") -> str:
    """A page of SCORM 1.2 that has found its API and initialised it."""
    return f"{_START} const api = find('API'); api.LMSInitialize(''); {script}</script>"


def page_2004(script: str = "") -> str:
    """A page of SCORM 2004 likewise."""
    return f"{_START} const api = find('API_1484_11'); api.Initialize(''); {script}</script>"


def part(page: Page, name: str = "a") -> Frame:
    """The package's own frame, once its script has run."""
    for _ in range(400):
        found = next((frame for frame in page.frames if frame.url.endswith(f"/{name}.html")), None)
        if found and found.evaluate("typeof api") != "undefined":
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"the part never came: {[frame.url for frame in page.frames]}")


def saved(sidecar: Sidecar, learner: Learner) -> dict[str, dict[str, str]]:
    """What the server has, by part."""
    with sidecar.reading() as db:
        return attempts.list_states(db, learner.attempt_id)


def state_of(sidecar: Sidecar, learner: Learner) -> str:
    """How the attempt stands."""
    with sidecar.reading() as db:
        return db.get_one(Attempt, learner.attempt_id).state


def wait_for(page: Page, condition: Callable[[], bool], seconds: float = 8) -> None:
    """Wait till something is true behind the scenes."""
    for _ in range(int(seconds * 20)):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never became true")


def open_in(context: BrowserContext, sidecar: Sidecar, learner: Learner) -> Page:
    """Open a learner's course in a browser."""
    origin = sidecar.settings.public_url
    context.add_cookies([cookie_of(learner.launch_id, learner.secret, origin)])
    page = context.new_page()
    page.goto(f"{origin}/play/{learner.launch_id}")
    return page
