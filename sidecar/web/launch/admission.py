"""Let a launch in: consume its login, judge its token, write down who came where, start a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti.claims import Launch as Said
from lti.errors import LtiError, UnknownDeployment
from lti.launch import PendingLogin, validate_launch
from lti.login import Registration
from sidecar import tool
from sidecar.core import attempts, grades, launches, platforms, sign_ins
from sidecar.core.access import viewer_of
from sidecar.core.courses import Course, find_course
from sidecar.core.launches import Launch, Learner, LoginRecord
from sidecar.core.one_way import hash_secret
from sidecar.core.people import Identity
from sidecar.core.statements import insert_now
from sidecar.errors import NotFoundError, SidecarError
from sidecar.language import choose
from sidecar.runtime import Sidecar
from sidecar.web import limits
from sidecar.web.launch.login import login_cookie
from sidecar.web.launch.refusals import (
    BrowserUnknownError,
    CourseNotChosenError,
    CourseUnknownError,
    PlatformDeclinedError,
    RefusedError,
    StateMissingError,
    StateSpentError,
    StateUnknownError,
    TokenMissingError,
)

SESSION_HOURS = 4
CHOOSERS = ("content-developer", "rkk", "operator")
"""The granted roles that may say which course a link opens; an LTI role gives no such right."""

_DECLINED = frozenset(
    {"access_denied", "consent_required", "interaction_required", "invalid_request", "invalid_scope"}
    | {"login_required", "server_error", "temporarily_unavailable", "unauthorized_client"}
)


@dataclass(frozen=True)
class Admitted:
    """A launch that was let in.

    Attributes:
        secret: of its new session.
        has_course: False for staff who still have to choose it.
    """

    launch_id: str
    secret: str
    has_course: bool


def admit(sidecar: Sidecar, form: Mapping[str, str], cookies: Mapping[str, str]) -> Admitted:
    """Let the launch of a form post in.

    Source: 1EdTech Security Framework 1.0 §5.1.1.5; LTI Core 1.3 §4.1.

    Raises:
        SidecarError: it belongs to no login that is under way in this browser.
        RefusedError: its platform is known, but the launch can't be let in.
    """
    login, registration = _take_login(sidecar, form, cookies)
    try:
        said = _judge(sidecar, login, registration, form)
        limits.refuse_beyond(limits.PLATFORM_LAUNCHES, login.platform_id)
        return _enter(sidecar, login, said)
    except (LtiError, SidecarError) as problem:
        _note_pending(sidecar, login, problem)
        raise RefusedError(problem, login.platform_id) from problem


def _take_login(
    sidecar: Sidecar, form: Mapping[str, str], cookies: Mapping[str, str]
) -> tuple[LoginRecord, Registration]:
    """Consume the login of this state, which works once, and only in the browser that it was given to."""
    state = form.get("state", "")
    if not state:
        raise PlatformDeclinedError(reason=_reason(form)) if "error" in form else StateMissingError
    with sidecar.transaction() as db:
        login = launches.consume_login(db, state, sidecar.now())
        if login is None:
            raise StateSpentError if launches.is_spent(db, state) else StateUnknownError
        registration = tool.registration_of(db, platforms.platform_of_id(db, login.platform_id))
    secret = cookies.get(login_cookie(state), "")
    if not compare_digest(hash_secret(secret), login.browser_secret_hash):
        raise BrowserUnknownError
    return login, registration


def _judge(sidecar: Sidecar, login: LoginRecord, registration: Registration, form: Mapping[str, str]) -> Said:
    """Return what a valid token says; no transaction is open while the platform's keys are fetched."""
    if "error" in form:
        raise PlatformDeclinedError(reason=_reason(form))
    if not form.get("id_token"):
        raise TokenMissingError
    pending = PendingLogin(
        nonce=login.nonce,
        registration=registration,
        target_link_uri=login.target_link_uri,
        deployment_hint=login.deployment_hint,
    )
    return validate_launch(form["id_token"], pending, tool.platform_keys(sidecar), now=sidecar.now())


def _reason(form: Mapping[str, str]) -> str:
    """Return the error code of OpenID Connect; a platform's free text is not repeated."""
    return form["error"] if form["error"] in _DECLINED else "error"


def _enter(sidecar: Sidecar, login: LoginRecord, said: Said) -> Admitted:
    """Write the launch down; when another of the same learner came first in this instant, once more."""
    try:
        entered = _write(sidecar, login.platform_id, said)
    except IntegrityError:
        entered = _write(sidecar, login.platform_id, said)
    if isinstance(entered, SidecarError):
        raise entered
    return entered


def _write(sidecar: Sidecar, platform_id: str, said: Said) -> Admitted | SidecarError:
    """Keep who came; an error is what stands in the way of a course, and is returned as the identity stays."""
    now = sidecar.now()
    with sidecar.transaction() as db:
        identity = launches.welcome(db, platform_id, _learner(said), now)
        viewer = viewer_of(db, identity.id, now=now, today=sidecar.today())
        course = _find_course(db, platform_id, said)
        if isinstance(course, CourseUnknownError) or (course is None and not viewer.is_one_of(*CHOOSERS)):
            return course or CourseNotChosenError()
        launch = _launch(platform_id, said, identity, course, sidecar)
        insert_now(db, launch)
        if course is not None:
            open_course(sidecar, db, launch, course)
        secret = sign_ins.start(db, identity.id, launch.id, now, hours=SESSION_HOURS, platform_id=platform_id)
        return Admitted(launch.id, secret, course is not None)


def open_course(sidecar: Sidecar, db: Session, launch: Launch, course: Course) -> None:
    """Begin or take up the attempt of a launch, and ask for the grade of what was completed before."""
    reviewed_only = not sidecar.settings.content_is_per_version
    now = sidecar.now()
    attempts.begin(db, identity_id=launch.identity_id, course=course, now=now, reviewed_only=reviewed_only)
    grades.ask_for_launch(db, launch, now)


def _learner(said: Said) -> Learner:
    named = " ".join(filter(None, (said.given_name, said.family_name)))
    return Learner(said.subject, said.name or named or None, said.email, said.person_sourcedid)


def _find_course(db: Session, platform_id: str, said: Said) -> Course | CourseUnknownError | None:
    """Return the course that the custom parameter names, else the one staff bound the link to."""
    key = said.custom.get("course", "").strip()
    if key:
        try:
            return find_course(db, key)
        except NotFoundError as error:
            return CourseUnknownError(course=error.facts["key"])
    course_id = platforms.find_bound_course(db, platform_id, said.deployment_id, said.resource_link_id)
    return db.get_one(Course, course_id) if course_id else None


def _launch(platform_id: str, said: Said, identity: Identity, course: Course | None, sidecar: Sidecar) -> Launch:
    return Launch(
        platform_id=platform_id,
        deployment_id=said.deployment_id,
        identity_id=identity.id,
        resource_link_id=said.resource_link_id,
        context_id=said.context_id,
        course_id=course.id if course else None,
        lineitem_url=said.ags.lineitem if said.ags else None,
        ags_scopes=list(said.ags.scopes) if said.ags else [],
        return_url=said.return_url,
        language=choose([identity.language, said.locale]),
        launched_at=sidecar.now(),
    )


def _note_pending(sidecar: Sidecar, login: LoginRecord, problem: Exception) -> None:
    """Show the operator a deployment that awaits approval."""
    if isinstance(problem, UnknownDeployment):
        with sidecar.transaction() as db:
            platforms.note_deployment(db, login.platform_id, problem.deployment_id, sidecar.now())
