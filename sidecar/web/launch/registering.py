"""Let an LMS register itself by an invitation: show who asks for what, register on a person's click, say what is next.

The pages stand in a frame of an LMS that is not registered yet, so they may be framed by that LMS alone. The address
holds the invitation: it is in no log, no error page and no Referer.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from flask import Response, g, make_response, render_template, request

from lti.errors import LtiError
from lti.platform_configuration import is_usable_url
from sidecar import tool
from sidecar.core import launches
from sidecar.core.failed_launches import INVITATION
from sidecar.core.invitations import InvitationUnknownError, find_made_with
from sidecar.errors import SidecarError
from sidecar.language import N_
from sidecar.tool import Applicant, Joined
from sidecar.tool.registration_advice import advise_on_registration
from sidecar.web import limits
from sidecar.web.access import audience, sidecar
from sidecar.web.launch.asking import reasons_for_claims, reasons_for_scopes
from sidecar.web.launch.blueprint import blueprint
from sidecar.web.launch.refusals import keep, tell

REGISTRATION_BODY_BYTES = 32 * 1024
CONFIGURATION = "openid_configuration"
TOKEN = "registration_token"  # noqa: S105 (the name of a parameter)

log = structlog.get_logger()


@blueprint.get("/lti/register/<secret>")
@audience("platform")
def show_registration(secret: str) -> Response:
    """Show who asks and what for; opened by hand, how to use this address. Nothing is used up.

    Source: LTI Dynamic Registration 1.0 §3.2 (registration initiation request).
    """
    try:
        if CONFIGURATION in request.args:
            return _ask(secret, request.args[CONFIGURATION])
        return _explain(secret)
    except (LtiError, SidecarError) as problem:
        return _refuse(problem, secret)


@blueprint.post("/lti/register/<secret>")
@audience("platform", body_bytes=REGISTRATION_BODY_BYTES)
def register(secret: str) -> Response:
    """Register the LMS that the page showed; it waits for a person's approval.

    Source: LTI Dynamic Registration 1.0 §3.5 to §3.8.
    """
    limits.refuse_beyond(limits.INVITATION_TRIES, secret)
    form = request.form
    token = form.get(TOKEN) or None
    try:
        joined = tool.join(sidecar(), secret, form.get(CONFIGURATION, ""), token, form.get("digest", ""))
    except (LtiError, SidecarError) as problem:
        return _refuse(problem, secret)
    return _tell(joined)


@blueprint.after_request
def keep_invitation_private(response: Response) -> Response:
    """Send no Referer from a page whose address holds an invitation, and let a window that opened it hear from it."""
    if "secret" in (request.view_args or {}):
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


def _explain(secret: str) -> Response:
    tool.look_at_invitation(sidecar(), secret)
    g.ancestors = []
    url = f"{sidecar().settings.public_url}/lti/register/{secret}"
    return make_response(render_template("launch/register_by_hand.html", url=url))


def _ask(secret: str, configuration_url: str) -> Response:
    tool.look_at_invitation(sidecar(), secret)
    limits.refuse_beyond(limits.INVITATION_TRIES, secret)
    applicant = tool.look(sidecar(), secret, configuration_url)
    g.ancestors = list(applicant.origins)
    return make_response(_page_for(applicant, configuration_url))


def _page_for(applicant: Applicant, configuration_url: str) -> str:
    return render_template(
        "launch/register.html",
        applicant=applicant,
        host=urlsplit(applicant.issuer).netloc,
        services=reasons_for_scopes(applicant.scopes),
        missing=reasons_for_scopes(applicant.missing_scopes),
        facts=reasons_for_claims(applicant.claims),
        fields={
            CONFIGURATION: configuration_url,
            TOKEN: request.args.get(TOKEN, ""),
            "digest": applicant.digest,
        },
    )


def _tell(joined: Joined) -> Response:
    g.ancestors = list(joined.origins)
    page = render_template(
        "launch/registered.html",
        joined=joined,
        host=urlsplit(joined.issuer).netloc,
        not_granted=reasons_for_scopes(joined.not_granted),
    )
    return make_response(page)


def _refuse(problem: LtiError | SidecarError, secret: str) -> Response:
    """Answer with a page that says what is wrong; the LMS that asked may show it, whoever it is: it can do nothing.

    What a POST was refused for staff find by the reference; a GET writes nothing, so that only the log has it.
    """
    if isinstance(problem, InvitationUnknownError):
        limits.refuse_beyond_of_address(limits.FAILED_SIGN_INS)
    g.reference = launches.new_reference()
    told = {name: _without_secrets(str(problem.facts.get(name, "")), secret) for name in ("host", "reason")}
    log.warning("registration.refused", reference=g.reference, code=problem.code, **told)
    if request.method == "POST":
        _keep(problem.code, told, secret)
    g.ancestors = _origin_of_asker()
    return tell(problem, N_("The LMS could not be registered"), advise_on_registration(problem))


def _without_secrets(said: str, secret: str) -> str:
    """Return the start of what an LMS said; nothing where it says its token or the invitation back to us."""
    return "" if any(each in said for each in (secret, request.values.get(TOKEN)) if each) else said[:255]


def _keep(code: str, told: dict[str, str], secret: str) -> None:
    """Keep why a registration was refused for those who look after the invitation, or the LMS that it renews."""
    with sidecar().reading() as db:
        invitation = find_made_with(db, secret)
    if invitation is None:
        keep(code, told, None)
    else:
        keep(code, told | {INVITATION: invitation.id}, invitation.renews_id)


def _origin_of_asker() -> list[str]:
    url = request.values.get(CONFIGURATION, "")
    parts = urlsplit(url) if is_usable_url(url) else None
    return [f"{parts.scheme}://{parts.netloc}"] if parts else []
