"""Let staff say which regions theirs shares with: trust them by a fingerprint, see how it goes, block them."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import offered_paths, peer_invitations, peers, region_keys, rings
from sidecar.core.platform_choices import choose_region, regions_to_choose
from sidecar.errors import SidecarError
from sidecar.sharing import following, introducing
from sidecar.sharing.addresses import address_of
from sidecar.sharing.region_signing import active_region_key
from sidecar.sharing.signatures import fingerprint_of, fingerprint_of_kid
from sidecar.web import peer_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import attempt
from sidecar.web.staff_menu import ADMINISTERS

blueprint = Blueprint("staff_peers", __name__)


@blueprint.get("/staff/peers")
@audience(*ADMINISTERS)
def show_all() -> str:
    """List the regions that the viewer's share with, what those need to trust us, and the forms that begin it."""
    return page_of_all()


@blueprint.post("/staff/peers")
@audience(*ADMINISTERS)
def add() -> Response | tuple[str, int]:
    """Trust a region whose fingerprint was compared."""
    typed = (request.form.get(name, "") for name in ("region", "address", "fingerprint"))

    def act() -> Response:
        made = introducing.add_by_fingerprint(sidecar(), current().viewer, *typed)
        return redirect(f"/staff/peers/{made.id}", 303)

    return attempt(act, page_of_all)


@blueprint.post("/staff/peers/key")
@audience(*ADMINISTERS)
def make_key() -> Response:
    """Give a region its first key, so that others can compare its fingerprint."""
    with sidecar().reading() as db:
        region_id = choose_region(db, current().viewer, request.form.get("region", "none"))
    active_region_key(sidecar(), region_id or "")
    return redirect("/staff/peers", 303)


@blueprint.get("/staff/peers/<peer_id>")
@audience(*ADMINISTERS)
def show(peer_id: str) -> str:
    """Show a region: how it stands, its keys, and what to do about it."""
    return _page(peer_id)


@blueprint.post("/staff/peers/<peer_id>/block")
@audience(*ADMINISTERS)
def block(peer_id: str) -> Response:
    """Neither ask nor answer a region any more."""
    with sidecar().transaction() as db:
        found = peers.find_peer(db, current().viewer, peer_id)
        peers.block(db, current().viewer, found, sidecar().now())
    return redirect(f"/staff/peers/{peer_id}", 303)


@blueprint.post("/staff/peers/<peer_id>/trust")
@audience(*ADMINISTERS)
def trust(peer_id: str) -> Response:
    """Share again with a region that was blocked, or ask at once; from the beginning where the form says so."""
    if request.form.get("anew"):
        following.begin_anew(sidecar(), current().viewer, peer_id)
    else:
        with sidecar().transaction() as db:
            peers.trust_again(db, current().viewer, peers.find_peer(db, current().viewer, peer_id), sidecar().now())
    return redirect(f"/staff/peers/{peer_id}", 303)


@blueprint.post("/staff/peers/<peer_id>/fingerprint")
@audience(*ADMINISTERS)
def compare(peer_id: str) -> Response | tuple[str, int]:
    """Know a region by another key, whose fingerprint was compared."""

    def act() -> Response:
        introducing.compare_again(sidecar(), current().viewer, peer_id, request.form.get("fingerprint", ""))
        return redirect(f"/staff/peers/{peer_id}", 303)

    return attempt(act, lambda problem: _page(peer_id, problem))


def page_of_all(problem: SidecarError | None = None, *, invitation: str = "") -> str:
    """Return the page of all regions.

    Args:
        invitation: one that was just made, which is shown this once.
    """
    viewer, now = current().viewer, sidecar().now()
    with sidecar().reading() as db:
        regions = regions_to_choose(db, viewer)
        own = [(one, address_of(sidecar(), one), _fingerprint(db, one.id)) for one in regions]
        return render_template(
            "staff/peers.html",
            peers=peers.list_peers(db, viewer),
            invitations=[(one, one.state_at(now)) for one in peer_invitations.list_invitations(db, viewer)],
            rings=rings.list_rings(db, viewer),
            regions=regions,
            names={one.id: one.name for one in regions},
            own=own,
            words=peer_words,
            problem=problem,
            invitation=invitation,
        )


def _fingerprint(db: Session, region_id: str) -> str:
    """Return the fingerprint of a region's key, "" before it has one: to look makes none."""
    key = region_keys.active_key(db, region_id)
    return fingerprint_of(key.public) if key else ""


def _page(peer_id: str, problem: SidecarError | None = None) -> str:
    viewer, today = current().viewer, sidecar().today()
    with sidecar().reading() as db:
        found = peers.find_peer(db, viewer, peer_id)
        offers = [one for one, by in offered_paths.list_offered(db, viewer, found.region_id) if by.id == found.id]
        return render_template(
            "staff/peer.html",
            peer=found,
            keys=[(fingerprint_of_kid(one.kid), one) for one in peers.list_keys(db, found.id)],
            offers_count=len([one for one in offers if one.is_offered_on(today)]),
            words=peer_words,
            problem=problem,
        )
