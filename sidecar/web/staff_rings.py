"""Let staff keep rings: regions that have agreed to share learning paths with each other."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import peers, rings
from sidecar.sharing import offering
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import read_day
from sidecar.web.forms import attempt
from sidecar.web.staff_menu import ADMINISTERS
from sidecar.web.staff_peers import page_of_all

blueprint = Blueprint("staff_rings", __name__)


@blueprint.post("/staff/peers/rings")
@audience(*ADMINISTERS)
def add() -> Response | tuple[str, int]:
    """Put a ring and its agreement on record."""
    form, here = request.form, sidecar()

    def act() -> Response:
        texts = {name: form.get(name, "") for name in ("name", "agreement")}
        agreed_on = read_day(form.get("agreed_on", "")) or here.today()
        with here.transaction() as db:
            region_id = form.get("region", "")
            made = rings.add_ring(db, current().viewer, region_id, **texts, agreed_on=agreed_on, now=here.now())
        return redirect(f"/staff/peers/rings/{made.id}", 303)

    return attempt(act, page_of_all)


@blueprint.get("/staff/peers/rings/<ring_id>")
@audience(*ADMINISTERS)
def show(ring_id: str) -> str:
    """Show a ring with its agreement, and who is in it."""
    viewer = current().viewer
    with sidecar().reading() as db:
        found = rings.find_ring(db, viewer, ring_id)
        members = {one.id for one in rings.members_of_ring(db, found.id)}
        known = peers.list_peers(db, viewer, found.region_id)
        return render_template("staff/ring.html", ring=found, peers=known, members=members)


@blueprint.post("/staff/peers/rings/<ring_id>/members")
@audience(*ADMINISTERS)
def set_members(ring_id: str) -> Response:
    """Say who is in a ring; what is offered within it follows."""
    offering.change_ring(sidecar(), current().viewer, ring_id, set(request.form.getlist("member")))
    return redirect(f"/staff/peers/rings/{ring_id}", 303)
