"""Refuse a launch: a page in the visitor's language that says what is wrong and what to do, with a reference."""

from __future__ import annotations

import structlog
from flask import Response, g, make_response, render_template, request

from lti.errors import LtiError
from sidecar.core import launches
from sidecar.errors import SidecarError
from sidecar.language import NAMES, say, translator
from sidecar.web import limits
from sidecar.web.access import current, sidecar
from sidecar.web.requests_log import tally

Problem = LtiError | SidecarError
STATUS = {"unknown-deployment": 403, "platform-declined": 403, "course-unknown": 404, "not-a-launch": 405}
HONEST = frozenset({"course-unknown", "course-not-chosen", "unknown-deployment"})
"""What is wrong with a launch that its LMS has signed: many learners may meet it at once, and shall be told why."""

log = structlog.get_logger()


class RefusedError(Exception):
    """A launch of a known platform was refused: `problem` says why."""

    def __init__(self, problem: Problem, platform_id: str) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.platform_id = platform_id


class NotALaunchError(SidecarError):
    """This address is for your LMS. Go to your course there and open the activity."""

    code = "not-a-launch"


class StateMissingError(SidecarError):
    """The LMS left out the state that we gave it. Open the activity again.

    If it repeats, tell the administrator of the LMS.
    """

    code = "state-missing"


class StateUnknownError(SidecarError):
    """This launch was not started here. Go back to your course and open the activity there."""

    code = "state-unknown"


class StateSpentError(SidecarError):
    """This launch was used before, or took over ten minutes. Go back to your course and open the activity again."""

    code = "state-spent"


class BrowserUnknownError(SidecarError):
    """Your browser did not send back the cookie of this launch. Go back to your course and open the activity again."""

    code = "browser-unknown"


class TokenMissingError(SidecarError):
    """The LMS did not say who you are. Go back to your course and open the activity again."""

    code = "token-missing"


class PlatformDeclinedError(SidecarError):
    """The LMS did not let you through ({reason}). Sign in to the LMS again, then open the activity."""

    code = "platform-declined"


class CourseUnknownError(SidecarError):
    """There is no course "{course}" here. Whoever made the activity must correct its custom parameter "course"."""

    code = "course-unknown"


class CourseNotChosenError(SidecarError):
    """Nobody has chosen the course of this activity yet. Tell your teacher or your regional competence office."""

    code = "course-not-chosen"


def refuse(problem: Problem, platform_id: str | None = None) -> Response:
    """Answer with the page of a refused login or launch, and keep the reason for staff.

    A GET keeps it in the log only, as a GET writes nothing.
    """
    if problem.code not in HONEST:
        limits.refuse_failing(limits.FAILED_LAUNCHES)
    g.reference = launches.new_reference()
    log.warning("launch.refused", reference=g.reference, code=problem.code, platform=platform_id or "")
    tally().count("launch", problem.code)
    if request.method == "POST":
        with sidecar().transaction() as db:
            launches.record_failure(
                db,
                problem.code,
                problem.facts,
                reference=g.reference,
                platform_id=platform_id,
                now=sidecar().now(),
            )
    page = render_template(
        "launch/refused.html",
        text=say(problem, current().language),
        others=[_in(code, problem) for code in NAMES if code != current().language],
        code=problem.code,
        facts={name: str(value)[:255] for name, value in problem.facts.items() if value},
    )
    return make_response(page, STATUS.get(problem.code, 400))


def _in(code: str, problem: Problem) -> dict[str, str]:
    """Return the page's words in another language: choosing one by a button would lose this answer to a POST."""
    title = translator(code)("The course did not open")
    return {"code": code, "name": NAMES[code], "title": title, "text": say(problem, code)}
