"""Refuse a launch: a page in the visitor's language that says what is wrong and what to do, with a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from flask import Response, g, make_response, render_template, request

from lti.errors import LtiError
from lti.masking import mask_token
from sidecar.core import launches
from sidecar.core.platforms import PlatformInactiveError
from sidecar.errors import SidecarError
from sidecar.language import N_, NAMES, say, say_template, translator
from sidecar.web import limits
from sidecar.web.access import current, sidecar
from sidecar.web.headers import origins_of
from sidecar.web.requests_log import tally

Problem = LtiError | SidecarError
STATUS = {"course-unknown": 404, "page-unknown": 404, "not-a-launch": 405} | dict.fromkeys(
    ("unknown-deployment", "platform-declined", "picking-not-allowed"), 403
)
HONEST = frozenset(
    {
        *("course-unknown", "course-not-chosen", "course-retired", "nothing-to-play", "page-unknown"),
        *("picking-not-allowed", "unknown-deployment"),
    }
)
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


class PageUnknownError(SidecarError):
    """There is no page "{page}" here. Whoever made the activity must correct its custom parameter "page"."""

    code = "page-unknown"


class CourseNotChosenError(SidecarError):
    """Nobody has chosen the course of this activity yet. Tell your teacher or your regional competence office."""

    code = "course-not-chosen"


def refuse(
    problem: Problem, platform_id: str | None = None, *, is_answer: bool = False, is_kept: bool = True
) -> Response:
    """Answer with the page of a refused login or launch, and keep the reason for staff.

    The LMS it came from may show the page in its frame however it stands here, as the page can do nothing.

    Args:
        is_answer: to a login of ours; what the LMS said is kept of such a launch alone, so that strangers fill nothing.
        is_kept: False for what is neither a login nor a launch: then the reason stands in the log only.
    """
    claims = mask_token(request.form.get("id_token", "")) if is_answer else None
    if isinstance(problem, PlatformInactiveError):
        platform_id = problem.platform_id
    if problem.code not in HONEST:
        limits.refuse_beyond_of_address(limits.FAILED_LAUNCHES)
    g.reference = launches.new_reference()
    log.warning("launch.refused", reference=g.reference, code=problem.code, platform=platform_id or "")
    tally().count("launch", problem.code)
    if platform_id:
        g.ancestors = sorted({*g.ancestors, *origins_of(sidecar(), platform_id)})
    if is_kept:
        keep(problem.code, problem.facts, platform_id, claims)
    return tell(problem, N_("The course did not open"))


def keep(
    code: str,
    facts: Mapping[str, str | int],
    platform_id: str | None,
    claims: Sequence[Mapping[str, str]] | None = None,
) -> None:
    """Keep why something was refused, under `g.reference`; of a login by GET too, as that is its record."""
    now = sidecar().now()
    with sidecar().transaction() as db:
        launches.record_failure(db, code, facts, reference=g.reference, platform_id=platform_id, now=now, claims=claims)


def tell(problem: Problem, title: str, advice: Sequence[str] = ()) -> Response:
    """Return the page that says what is wrong, in every language, with `g.reference`.

    Args:
        title: in English.
        advice: what administrators can do, in English, with `{fact}` where a fact of the problem goes in.
    """
    language = current().language
    page = render_template(
        "launch/refused.html",
        title=translator(language)(title),
        text=say(problem, language),
        others=[_in(code, title, problem) for code in NAMES if code != language],
        advice=[say_template(text, problem.facts, language) for text in advice],
        code=problem.code,
        facts={name: str(value)[:255] for name, value in problem.facts.items() if value},
    )
    return make_response(page, STATUS.get(problem.code, 400))


def _in(code: str, title: str, problem: Problem) -> dict[str, str]:
    """Return the page's words in another language: choosing one by a button would lose this answer to a POST."""
    return {"code": code, "name": NAMES[code], "title": translator(code)(title), "text": say(problem, code)}
