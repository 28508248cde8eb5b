"""Say how a course version fares in a browser, and let staff ask for another look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from flask import Blueprint
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.accessibility import REASONS
from sidecar.browser_checks import TOO_LARGE
from sidecar.core import browser_checks
from sidecar.core.browser_checks import DONE, FAILED, NOT_RUN
from sidecar.core.courses import Course, CourseVersion
from sidecar.health import is_browser_worker_seen
from sidecar.language import N_
from sidecar.web.access import audience, current, sidecar
from sidecar.web.findings import BarrierLine, browser_barrier_lines
from sidecar.web.rendering import gettext as _
from sidecar.web.staff_menu import SEES_COURSES

NEVER: Final = "never"
WAITING: Final = "waiting"
RUNNING: Final = "running"
UNSTAFFED: Final = "unstaffed"

TOO_LARGE_REASON: Final = N_("it is larger than what is opened in a browser here")
SERVER_REASON: Final = N_("something went wrong on the server")
TELL_OPERATOR: Final = N_("This says nothing of the course. Tell an operator; when it is mended, check again.")
HEAVY: Final = N_(
    "Let whoever made the course know that its pages are heavy or never come to rest. Try once more first."
)
ADVICE: Final[Mapping[str, str]] = {
    "out-of-time": HEAVY,
    "out-of-memory": HEAVY,
    "nothing-seen": N_("Preview the course. If it plays there, tell an operator that the check can't open it."),
    TOO_LARGE: N_("Go through the course yourself: with the keyboard alone, enlarged to 400 %, and read aloud."),
}
"""What to do where no look came of it, by the reason's code; else it is for an operator."""

blueprint = Blueprint("staff_browser_checks", __name__)


@dataclass(frozen=True)
class BrowserLine:
    """How a version fares in a browser, as a page shows it.

    Attributes:
        now: never, waiting, running, unstaffed (it waits, and nobody is there to look), or "" where nothing is awaited.
        state: of the last look: done, failed, not-run; "" where there was none.
        states: at how many views of pages it looked.
        stopped: why it did not come to its end, in words.
        reason: why nothing came of it, in words; `advice`: what to do then.
    """

    now: str
    state: str = ""
    at: datetime | None = None
    states: int = 0
    stopped: str = ""
    reason: str = ""
    advice: str = ""
    lines: list[BarrierLine] = field(default_factory=list)


@blueprint.post("/staff/courses/<key>/versions/<int:number>/browser-check")
@audience(*SEES_COURSES)
def look_again(key: str, number: int) -> Response:
    """Let a worker look at a version in a browser, once more or at last."""
    with sidecar().transaction() as db:
        browser_checks.ask_again(db, current().viewer, key, number, sidecar().now())
    return redirect(f"/staff/courses/{key}#version-{number}", 303)


def browser_lines(db: Session, course: Course) -> Callable[[CourseVersion], BrowserLine]:
    """Return what tells of each version of a course how it fares in a browser."""
    awaited = browser_checks.list_open(db, course)
    has_worker = bool(awaited) and is_browser_worker_seen(sidecar())

    def tell(version: CourseVersion) -> BrowserLine:
        known = (version.accessibility or {}).get("browser", {})
        return _line(known, _now(awaited.get(version.id), has_worker, is_known=bool(known)))

    return tell


def _now(awaited: str | None, has_worker: bool, *, is_known: bool) -> str:
    if awaited is None:
        return "" if is_known else NEVER
    if not has_worker:
        return UNSTAFFED
    return RUNNING if awaited == "claimed" else WAITING


def _line(known: Mapping[str, Any], now: str) -> BrowserLine:
    state, reason, stopped = (known.get(name, "") for name in ("state", "reason", "stopped"))
    is_without = state in (FAILED, NOT_RUN)
    return BrowserLine(
        now=now,
        state=state,
        at=datetime.fromisoformat(known["at"]) if "at" in known else None,
        states=known.get("states", 0),
        stopped=_reason(stopped) if stopped else "",
        reason=_reason(reason) if is_without else "",
        advice=_(ADVICE.get(reason, TELL_OPERATOR)) if is_without else "",
        lines=browser_barrier_lines(known) if state == DONE else [],
    )


def _reason(code: str) -> str:
    return _(TOO_LARGE_REASON if code == TOO_LARGE else REASONS.get(code, SERVER_REASON))
