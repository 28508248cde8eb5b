"""Let a launch in: consume its login, judge its token, write down who came where, start a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti.claims import Launch as Said
from lti.claims import Message
from lti.deep_linking import DeepLinkingRequest
from lti.errors import LtiError, UnknownDeployment
from lti.launch import PendingLogin as Answered
from lti.launch import validate_launch
from sidecar import tool
from sidecar.core import attempts, deployments, grades, launches, platforms, rosters, sign_ins
from sidecar.core.access import viewer_of
from sidecar.core.courses import KEY_CHARACTERS, Course
from sidecar.core.launches import Launch, Learner, PendingLogin
from sidecar.core.offers import find_course, find_course_by_id
from sidecar.core.people import Identity
from sidecar.core.statements import insert_now
from sidecar.errors import NotFoundError, SidecarError
from sidecar.language import choose
from sidecar.runtime import Sidecar
from sidecar.web.launch.login import SESSION_HOURS
from sidecar.web.launch.own_pages import PARAMETER, find_page
from sidecar.web.launch.pickers import Opened, open_picker
from sidecar.web.launch.refusals import (
    CourseNotChosenError,
    CourseUnknownError,
    PageUnknownError,
    PlatformDeclinedError,
    RefusedError,
    TokenMissingError,
)
from sidecar.web.launch.taking import declined_reason, find_login, spend

CHOOSERS = ("content-developer", "rkk", "operator")
"""The granted roles that may say which course a link opens; an LTI role gives no such right."""


@dataclass(frozen=True)
class Admitted:
    """A launch that was let in.

    Attributes:
        secret: of its new session.
        has_course: False for staff who still have to choose it, and where the link opens a page of ours instead.
        page: which page of ours it opens; "" for a course.
    """

    launch_id: str
    secret: str
    has_course: bool
    page: str = ""


def admit(
    sidecar: Sidecar,
    form: Mapping[str, str],
    cookies: Mapping[str, str],
    *,
    count: Callable[[str], None] = lambda _: None,
) -> Admitted | Opened:
    """Let the launch of a form post in; or, where the LMS asks for content, open a picker.

    Source: 1EdTech Security Framework 1.0 §5.1.1.5; LTI Core 1.3 §4.1; LTI Deep Linking 2.0 §4.

    Args:
        count: told the id of the platform once its signature holds, outside any transaction; it may refuse.

    Raises:
        SidecarError: it belongs to no login that is under way in this browser.
        RefusedError: its platform is known, but the launch can't be let in.
    """
    login = find_login(sidecar, form, cookies)
    try:
        said = _judge(sidecar, login, form)
        count(login.platform.id)
        if isinstance(said, DeepLinkingRequest):
            return open_picker(sidecar, login, said, _learner(said))
        return _enter(sidecar, login, said)
    except (LtiError, SidecarError) as problem:
        _end(sidecar, login, problem)
        raise RefusedError(problem, login.platform.id) from problem


def _judge(sidecar: Sidecar, login: PendingLogin, form: Mapping[str, str]) -> Said | DeepLinkingRequest:
    """Return what a valid token says; no transaction is open while the platform's keys are fetched."""
    if "error" in form:
        raise PlatformDeclinedError(reason=declined_reason(form))
    if not form.get("id_token"):
        raise TokenMissingError
    pending = Answered(
        nonce=login.nonce,
        registration=tool.as_registration(login.platform, login.deployments),
        target_link_uri=login.target_link_uri,
        deployment_hint=login.deployment_hint,
    )
    return validate_launch(form["id_token"], pending, tool.platform_keys(sidecar), now=sidecar.now())


def _enter(sidecar: Sidecar, login: PendingLogin, said: Said) -> Admitted:
    """Write the launch down; when another of the same learner came first in this instant, once more."""
    try:
        entered = _write(sidecar, login, said)
    except IntegrityError:
        entered = _write(sidecar, login, said)
    if isinstance(entered, SidecarError):
        raise entered
    return entered


def _write(sidecar: Sidecar, login: PendingLogin, said: Said) -> Admitted | SidecarError:
    """Use the login up and keep who came, in one transaction: neither happens without the other.

    An error is returned where the identity stays: it is known before anything of a course is begun. What is raised,
    such as that a course has nothing to play, undoes all; the caller uses the login up all the same.
    """
    now, platform_id = sidecar.now(), login.platform.id
    with sidecar.transaction() as db:
        spend(db, login, now)
        identity = launches.welcome(db, platform_id, _learner(said), now)
        opens = _find_page(db, said) or _find_course(db, platform_id, said)
        if isinstance(opens, SidecarError):
            return opens
        if opens is None and not _may_choose(sidecar, db, identity.id):
            return CourseNotChosenError()
        page, course = (opens, None) if isinstance(opens, str) else ("", opens)
        launch = _launch(platform_id, said, identity, course, sidecar)
        insert_now(db, launch)
        if not page:
            _note_roster(db, launch, said)
        if course is not None:
            open_course(sidecar, db, launch, course)
        secret = sign_ins.start(db, identity.id, launch.id, now, hours=SESSION_HOURS, platform_id=platform_id)
        return Admitted(launch.id, secret, course is not None, page)


def _find_page(db: Session, said: Said) -> str | PageUnknownError:
    """Return the page of ours that the custom parameter names; "" where it names none, or a course is named too."""
    page = said.custom.get(PARAMETER, "").strip()
    if not page or said.custom.get("course", "").strip():
        return ""
    return find_page(db, page) or PageUnknownError(page=page[:KEY_CHARACTERS])


def _may_choose(sidecar: Sidecar, db: Session, identity_id: str) -> bool:
    viewer = viewer_of(db, identity_id, now=sidecar.now(), today=sidecar.today())
    return viewer.is_one_of(*CHOOSERS)


def open_course(sidecar: Sidecar, db: Session, launch: Launch, course: Course) -> None:
    """Begin or take up the attempt of a launch, and ask for the grade of what was completed before.

    The identity's row is locked by the caller.
    """
    reviewed_only = not sidecar.settings.content_is_per_version
    now = sidecar.now()
    attempt = attempts.begin(db, identity_id=launch.identity_id, course=course, now=now, reviewed_only=reviewed_only)
    if not attempt.is_first:
        grades.ask_for_launch(db, launch, now)


def _note_roster(db: Session, launch: Launch, said: Said) -> None:
    """Note whose members we may ask the LMS for."""
    if said.nrps_url and said.context_id:
        rosters.note(
            db,
            launch.platform_id,
            launch.deployment_id,
            context_id=said.context_id,
            title=said.context_title,
            memberships_url=said.nrps_url,
            now=launch.launched_at,
        )


def _learner(said: Message) -> Learner:
    named = " ".join(filter(None, (said.given_name, said.family_name)))
    return Learner(said.subject, said.name or named or None, said.email, said.person_sourcedid)


def _find_course(db: Session, platform_id: str, said: Said) -> Course | CourseUnknownError | None:
    """Return the course that the custom parameter names, else the one staff bound the link to."""
    key = said.custom.get("course", "").strip()
    if key:
        try:
            return find_course(db, platform_id, key)
        except NotFoundError as error:
            return CourseUnknownError(course=error.facts["key"])
    course_id = platforms.find_bound_course(db, platform_id, said.deployment_id, said.resource_link_id)
    return find_course_by_id(db, platform_id, course_id) if course_id else None


def _launch(platform_id: str, said: Said, identity: Identity, course: Course | None, sidecar: Sidecar) -> Launch:
    return Launch(
        platform_id=platform_id,
        deployment_id=said.deployment_id,
        identity_id=identity.id,
        resource_link_id=said.resource_link_id,
        context_id=said.context_id,
        course_id=course.id if course else None,
        lineitem_url=said.ags.lineitem if said.ags else None,
        lineitems_url=said.ags.lineitems if said.ags else None,
        ags_scopes=list(said.ags.scopes) if said.ags else [],
        return_url=said.return_url,
        language=choose([identity.language, said.locale]),
        launched_at=sidecar.now(),
    )


def _end(sidecar: Sidecar, login: PendingLogin, problem: Exception) -> None:
    """Use up the login of a launch that is refused; show the operator a deployment that awaits approval."""
    with sidecar.transaction() as db:
        launches.consume_login(db, login.state_hash, sidecar.now())
        if isinstance(problem, UnknownDeployment):
            deployments.note_deployment(db, login.platform.id, problem.deployment_id, sidecar.now())
