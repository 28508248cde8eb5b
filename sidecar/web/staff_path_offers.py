"""Let staff offer a learning path to other regions, see to whom it is offered, and withdraw it."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import path_offers, peers, rings
from sidecar.core.path_offers import TO_ALL, TO_REGIONS, TO_RING
from sidecar.core.paths import find_path
from sidecar.errors import SidecarError
from sidecar.sharing import offering
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import read_day
from sidecar.web.forms import attempt
from sidecar.web.staff_menu import ADMINISTERS

blueprint = Blueprint("staff_path_offers", __name__)


@blueprint.get("/staff/paths/<key>/offer")
@audience(*ADMINISTERS)
def show(key: str) -> str:
    """Show to whom a path is offered, and the form that says so."""
    return _page(key)


@blueprint.post("/staff/paths/<key>/offer")
@audience(*ADMINISTERS)
def offer(key: str) -> Response | tuple[str, int]:
    """Offer a path, or say anew to whom."""

    def act() -> Response:
        offering.offer(sidecar(), current().viewer, key, _chosen(), until=read_day(request.form.get("until", "")))
        return redirect(f"/staff/paths/{key}/offer", 303)

    return attempt(act, lambda problem: _page(key, problem))


@blueprint.post("/staff/paths/<key>/offer/withdraw")
@audience(*ADMINISTERS)
def withdraw(key: str) -> Response:
    """Offer a path no more; what other regions have received stays theirs."""
    offering.withdraw(sidecar(), current().viewer, key)
    return redirect(f"/staff/paths/{key}/offer", 303)


def _chosen() -> list[str]:
    form = request.form
    by_audience = {
        TO_ALL: [TO_ALL],
        TO_REGIONS: form.getlist("peer"),
        TO_RING: [f"{offering.RING}{form.get('ring', '')}"],
    }
    return by_audience.get(form.get("audience", ""), [])


def _page(key: str, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        line = find_path(db, viewer, key)
        region_id = line.path.region_id
        return render_template(
            "staff/path_offer.html",
            line=line,
            told=path_offers.describe_offer(db, line),
            peers=peers.list_peers(db, viewer, region_id) if region_id else [],
            rings=rings.list_rings(db, viewer, region_id) if region_id else [],
            today=sidecar().today(),
            problem=problem,
        )
