"""Let staff invite another region to share with theirs, and open the invitation of another."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import peer_invitations
from sidecar.core.platform_choices import regions_to_choose
from sidecar.sharing import invitations
from sidecar.sharing.signatures import fingerprint_of_kid
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import attempt
from sidecar.web.staff_menu import ADMINISTERS
from sidecar.web.staff_peers import page_of_all

blueprint = Blueprint("staff_peer_invitations", __name__)


@blueprint.post("/staff/peers/invitations")
@audience(*ADMINISTERS)
def invite() -> str | tuple[str, int]:
    """Make an invitation; it is on the answer and nowhere else."""
    form = request.form

    def act() -> str:
        token = invitations.invite(sidecar(), current().viewer, form.get("region", ""), form.get("note", ""))
        return page_of_all(invitation=token)

    return attempt(act, page_of_all)


@blueprint.post("/staff/peers/invitations/<invitation_id>/revoke")
@audience(*ADMINISTERS)
def take_back(invitation_id: str) -> Response:
    """Take an invitation back; nobody can open it any more."""
    with sidecar().transaction() as db:
        peer_invitations.revoke(db, current().viewer, invitation_id, sidecar().now())
    return redirect("/staff/peers", 303)


@blueprint.post("/staff/peers/accept")
@audience(*ADMINISTERS)
def look() -> str | tuple[str, int]:
    """Show who invites, before anybody is trusted."""

    def act() -> str:
        invitation, card = invitations.look_at(sidecar(), request.form.get("invitation", ""))
        with sidecar().reading() as db:
            return render_template(
                "staff/peer_accept.html",
                invitation=invitation,
                card=card,
                fingerprint=fingerprint_of_kid(card.signed_by),
                regions=regions_to_choose(db, current().viewer),
            )

    return attempt(act, page_of_all)


@blueprint.post("/staff/peers/accept/confirm")
@audience(*ADMINISTERS)
def accept() -> Response | tuple[str, int]:
    """Open an invitation: both regions trust each other from then on."""
    form = request.form

    def act() -> Response:
        made = invitations.accept(sidecar(), current().viewer, form.get("region", ""), form.get("invitation", ""))
        return redirect(f"/staff/peers/{made.id}", 303)

    return attempt(act, page_of_all)
