"""Let staff invite an LMS to register itself: make the address, see what became of it, take it back."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core.access import Viewer
from sidecar.core.invitation_lists import find_invitation, list_invitation_lines
from sidecar.core.invitations import (
    MOST_DAYS,
    NOTE_CHARACTERS,
    PlatformInvitation,
    find_made_with,
    invite,
    new_secret,
    revoke,
)
from sidecar.core.platform_choices import choose_region, regions_to_choose
from sidecar.core.platform_lists import find_platform_to_run, list_platforms_to_renew
from sidecar.errors import SidecarError
from sidecar.secrets import BadTokenError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import ADMINISTERS

FORM_KEY = "invitation"
FORM_AGE_S = 24 * 3600

blueprint = Blueprint("staff_invitations", __name__)


class InvitationFormError(SidecarError):
    """The invitation was not made. Write at most 200 characters, and let it hold for 1 to 90 days."""

    code = "invitation-form"


@blueprint.get("/staff/invitations")
@audience(*ADMINISTERS)
def show_all() -> str:
    """List the invitations, and show the form that makes one."""
    return _page()


@blueprint.post("/staff/invitations")
@audience(*ADMINISTERS)
def make() -> str | tuple[str, int]:
    """Make an invitation; its address is on the answer and nowhere else. The same form again makes no other one."""
    try:
        with sidecar().transaction() as db:
            invitation, secret = _invite(db, current().viewer)
            db.expunge(invitation)
    except InvitationFormError as error:
        return _page(problem=error), 400
    url = f"{sidecar().settings.public_url}/lti/register/{secret}"
    return render_template("staff/invitation_made.html", invitation=invitation, url=url)


@blueprint.get("/staff/invitations/<invitation_id>/revoke")
@audience(*ADMINISTERS)
def ask_to_revoke(invitation_id: str) -> str:
    """Ask whether an invitation shall be taken back."""
    with sidecar().reading() as db:
        found = find_invitation(db, current().viewer, invitation_id)
        return render_template("staff/invitation_revoke.html", invitation=found)


@blueprint.post("/staff/invitations/<invitation_id>/revoke")
@audience(*ADMINISTERS)
def take_back(invitation_id: str) -> Response:
    """Take an invitation back; nobody can register with it any more."""
    with sidecar().transaction() as db:
        found = find_invitation(db, current().viewer, invitation_id)
        revoke(db, found.id, now=sidecar().now(), by=current().identity_id)
    return redirect("/staff/invitations", 303)


def _invite(db: Session, viewer: Viewer) -> tuple[PlatformInvitation, str]:
    form, secret = request.form, _secret_of_form()
    made = find_made_with(db, secret)
    if made is not None:
        return made, secret
    note, days = form.get("note", "").strip(), form.get("days", 0, type=int)
    if len(note) > NOTE_CHARACTERS or not 1 <= days <= MOST_DAYS:
        raise InvitationFormError
    renewed = find_platform_to_run(db, viewer, form["platform"]) if form.get("platform") else None
    region_id = renewed.region_id if renewed else choose_region(db, viewer, form.get("region") or None)
    return invite(
        db,
        note=note,
        region_id=region_id,
        renews_id=renewed.id if renewed else None,
        by=viewer.identity_id,
        now=sidecar().now(),
        days=days,
        secret=secret,
    )


def _seal_secret() -> str:
    """Return the secret of the next invitation, sealed: the form brings it back, so that a reload repeats nothing."""
    claims = {FORM_KEY: new_secret(), "by": current().identity_id or ""}
    return sidecar().secrets.token(claims, sidecar().now())


def _secret_of_form() -> str:
    """Return the secret that the form holds, or a new one where the form is too old or was another's."""
    try:
        claims = sidecar().secrets.read_token(request.form.get(FORM_KEY, ""), sidecar().now(), max_age_s=FORM_AGE_S)
    except BadTokenError:
        return new_secret()
    is_ours = FORM_KEY in claims and claims.get("by") == current().identity_id
    return claims[FORM_KEY] if is_ours else new_secret()


def _page(*, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        return render_template(
            "staff/invitations.html",
            lines=list_invitation_lines(db, viewer, sidecar().now()),
            regions=regions_to_choose(db, viewer),
            platforms=list_platforms_to_renew(db, viewer),
            chosen=request.args.get("platform", ""),
            most_days=MOST_DAYS,
            form_key=FORM_KEY,
            sealed=_seal_secret(),
            problem=problem,
        )
