"""Launch as a made-up learner, by the very way real ones come, and leave no trace of it.

A key that is made for this and kept nowhere stands in for the LMS's; all else is what a launch meets: the login, the
judgement of the token, the course, the employee, the attempt. It is one transaction that is rolled back.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy.orm import Session

from lti.claims import AGS, LTI
from lti.errors import LtiError
from lti.grades import SCOPE_SCORE
from lti.keys import ToolKey, generate_key, public_jwks
from lti.launch import RESOURCE_LINK
from lti.line_items import SCOPE_LINE_ITEM
from sidecar import tool
from sidecar.core.access import Viewer
from sidecar.core.attempts import list_attempts
from sidecar.core.courses import Course, CourseVersion, is_reviewed
from sidecar.core.deployments import active_deployments
from sidecar.core.launches import Launch, find_newest
from sidecar.core.offers import find_newest_course
from sidecar.core.placing_trials import Placing, explain_placing
from sidecar.core.platforms import Platform
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.tool.checks.steps import Step, step
from sidecar.web.launch.admission import Admitted, admit
from sidecar.web.launch.login import login_cookie, start_login
from sidecar.web.launch.refusals import RefusedError
from sidecar.web.launch.rehearsal import rehearsing

LIFETIME_S: Final = 60
FACT_LIMIT: Final = 255
LEARNER: Final = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"


@dataclass(frozen=True)
class _Part:
    """What the made-up learner comes with.

    Attributes:
        last: the newest launch of this course from this LMS, whose gradebook stands in; None where nobody came yet.
    """

    platform: Platform
    deployments: list[str]
    course_key: str
    last: Launch | None
    sourcedid: str


@dataclass(frozen=True)
class DryLaunch:
    """What a rehearsal came to; `placing` says whose name stands in the steps, so that the look can be written down."""

    steps: list[Step]
    placing: Placing | None = None


def rehearse(
    sidecar: Sidecar, viewer: Viewer, platform_id: str, *, course_key: str = "", sourcedid: str = ""
) -> DryLaunch:
    """Say what a launch from this LMS would come to; needs an application's context, for the names of cookies.

    Args:
        viewer: whose people may be named.
        course_key: "" for the course that was launched last, else the newest.
        sourcedid: what the LMS would send as the learner's number; "" for none.
    """
    with sidecar.reading() as db:
        part = _cast(db, platform_id, course_key.strip(), sourcedid.strip())
    if not part.course_key:
        return DryLaunch([step("dry-no-course")])
    key = _stand_in_key()  # takes long, so before the transaction
    with rehearsing(sidecar, json.dumps(public_jwks([key])).encode()) as stage:
        try:
            launch_id = _launch(stage, part, key)
        except RefusedError as refused:
            return DryLaunch([_refused(refused.problem)])
        except (LtiError, SidecarError) as problem:
            return DryLaunch([_refused(problem)])
        with stage.reading() as db:
            launch = db.get_one(Launch, launch_id)
            opened = _opened(db, part, launch, shared=not sidecar.settings.content_is_per_version)
            placing = explain_placing(db, viewer, launch.identity_id, part.sourcedid, sidecar.now())
    return DryLaunch([opened, _placing_step(placing), _grade_step(part)], placing)


@cache
def _stand_in_key() -> ToolKey:
    """Return the key that stands in for that of an LMS; one for this process, as making it takes long."""
    return generate_key()


def _cast(db: Session, platform_id: str, course_key: str, sourcedid: str) -> _Part:
    """Choose the course, and the launch that tells of the LMS's gradebook."""
    platform = db.get_one(Platform, platform_id)
    last = find_newest(db, platform_id, course_key=course_key, in_a_course=True)
    course = db.get(Course, last.course_id) if last else find_newest_course(db, platform_id)
    key = course_key or (course.key if course else "")
    return _Part(platform, sorted(active_deployments(db, platform_id)), key, last, sourcedid)


def _launch(stage: Sidecar, part: _Part, key: ToolKey) -> str:
    """Go the whole way of a launch; return its id."""
    start = start_login(
        stage,
        {
            "iss": part.platform.issuer,
            "client_id": part.platform.client_id,
            "login_hint": "dry",
            "target_link_uri": tool.launch_url(stage.settings),
        },
    )
    claims = _claims(stage, part, start.nonce)
    header = {"alg": "RS256", "kid": key.kid}
    token = jwt.encode(header, claims, RSAKey.import_key(key.private_pem), algorithms=["RS256"])
    form = {"state": start.state, "id_token": token}
    admitted = admit(stage, form, {login_cookie(start.state): start.browser_secret})
    return cast(Admitted, admitted).launch_id  # a launch, not the request for a picker


def _claims(stage: Sidecar, part: _Part, nonce: str) -> dict[str, Any]:
    """Return what the LMS would say of a learner whom nobody knows."""
    now, last = int(stage.now().timestamp()), part.last
    gradebook = (
        {"lineitems": last.lineitems_url, "lineitem": last.lineitem_url, "scope": last.ags_scopes} if last else {}
    )
    return {
        "iss": part.platform.issuer,
        "aud": part.platform.client_id,
        "sub": f"dry-launch-{secrets.token_hex(16)}",
        "iat": now,
        "exp": now + LIFETIME_S,
        "nonce": nonce,
        LTI + "version": "1.3.0",
        LTI + "message_type": RESOURCE_LINK,
        LTI + "deployment_id": part.deployments[0] if part.deployments else "-",
        LTI + "target_link_uri": tool.launch_url(stage.settings),
        LTI + "roles": [LEARNER],
        LTI + "resource_link": {"id": f"dry-launch-{secrets.token_hex(8)}"},
        LTI + "lis": {"person_sourcedid": part.sourcedid} if part.sourcedid else {},
        LTI + "custom": {"course": part.course_key},
        LTI + "launch_presentation": {"locale": last.language} if last else {},
        AGS: {name: value for name, value in gradebook.items() if value},
    }


def _refused(problem: LtiError | SidecarError) -> Step:
    facts = {name: str(value)[:FACT_LIMIT] for name, value in problem.facts.items()}
    return step("dry-refused", **{**facts, "refused_with": problem.code})


def _opened(db: Session, part: _Part, launch: Launch, *, shared: bool) -> Step:
    """Say what the learner would see; on a content host that packages share, only a reviewed version plays."""
    course = db.get_one(Course, launch.course_id)
    attempt = list_attempts(db, launch.identity_id, course.id)[0]
    version = db.get_one(CourseVersion, attempt.version_id).number
    if shared and not is_reviewed(db, attempt.version_id):
        return step("dry-not-reviewed", course=course.title, version=version)
    facts = {"course": course.title, "language": launch.language, "deployments": ", ".join(part.deployments)}
    return step("dry-opens", version=version, **facts)


def _placing_step(placing: Placing) -> Step:
    if placing.outcome == "placed":
        return step("dry-placed", name=placing.name, municipality=placing.municipalities[0])
    if placing.outcome in ("unknown", "ambiguous"):
        return step(f"dry-{placing.outcome}", municipalities=", ".join(placing.municipalities))
    return step(f"dry-{placing.outcome}")


def _grade_step(part: _Part) -> Step:
    """Say whether a result would reach the LMS, by what its last launch of the course allowed."""
    if part.last is None:
        return step("dry-grade-unknown")
    if SCOPE_SCORE not in part.last.ags_scopes:
        return step("dry-grade-no-scope")
    makes = part.platform.makes_line_items and part.last.lineitems_url and SCOPE_LINE_ITEM in part.last.ags_scopes
    return step("dry-grade" if part.last.lineitem_url or makes else "dry-grade-no-column")
