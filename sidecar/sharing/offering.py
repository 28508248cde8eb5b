"""Offer learning paths of a region to others: make each ready to be fetched, and keep what is told of them true."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Final

import structlog

from sidecar.core import adoptions, outbox, path_offers
from sidecar.core.access import Viewer
from sidecar.core.offer_readers import OfferedToNobodyError
from sidecar.core.outbox import GiveUp
from sidecar.core.path_contents import named
from sidecar.core.path_offers import TO_ALL, TO_REGIONS, TO_RING, PathOffer, Ready
from sidecar.core.paths import find_path
from sidecar.core.peers import find_peer
from sidecar.core.rings import find_ring, set_members
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle_making import Made, make_bundle
from sidecar.sharing.bundle_wire import read_manifest
from sidecar.sharing.signatures import read_header

RING: Final = "ring:"
"""What stands before the name of a ring where it is told to whom something is offered."""

log = structlog.get_logger()


def offer(sidecar: Sidecar, viewer: Viewer, key: str, to: Collection[str], *, until: date | None = None) -> PathOffer:
    """Offer a path to others, or say anew to whom; a worker makes it ready, and its later versions too.

    Args:
        to: `all`; `ring:` and the name or id of a ring; or the addresses or ids of peers.
        until: the last day of the offer; None: till it is withdrawn.

    Raises:
        NotFoundError: the viewer looks after no such path, or its region has no such peer or ring.
        LicenceForbidsError: it was adopted from another region, and is not ours to share on.
        SidecarError: as `path_offers.offer_path`.
    """
    now, today = sidecar.now(), sidecar.today()
    with sidecar.transaction() as db:
        line = find_path(db, viewer, key)
        adoptions.refuse_to_share_on(db, line.path.id, named(line.content, line.course.key))
        region_id, chosen = line.path.region_id, list(to)
        if chosen == [TO_ALL]:
            return path_offers.offer_path(db, viewer, line, TO_ALL, now, today, until=until)
        if len(chosen) == 1 and chosen[0].startswith(RING):
            ring = find_ring(db, viewer, chosen[0].removeprefix(RING), region_id)
            return path_offers.offer_path(db, viewer, line, TO_RING, now, today, ring=ring, until=until)
        if any(one == TO_ALL or one.startswith(RING) for one in chosen):
            raise OfferedToNobodyError
        peer_ids = {find_peer(db, viewer, one, region_id).id for one in chosen}
        return path_offers.offer_path(db, viewer, line, TO_REGIONS, now, today, peer_ids=peer_ids, until=until)


def withdraw(sidecar: Sidecar, viewer: Viewer, key: str) -> None:
    """Offer a path no more.

    Raises:
        NotFoundError: the viewer looks after no such path, or it is not offered.
    """
    with sidecar.transaction() as db:
        path_offers.withdraw(db, viewer, find_path(db, viewer, key), sidecar.now())


def change_ring(sidecar: Sidecar, viewer: Viewer, ring_id: str, peer_ids: Collection[str]) -> int:
    """Say which peers are in a ring; return how many offers follow it.

    Raises:
        NotFoundError: the viewer's regions have no such ring, or its region no such peer.
    """
    with sidecar.transaction() as db:
        ring = find_ring(db, viewer, ring_id)
        set_members(db, viewer, ring, peer_ids, sidecar.now())
        return path_offers.follow_ring(db, ring)


def make_ready(sidecar: Sidecar, offer_id: str) -> None:
    """Make the newest version of an offered path ready to be fetched (the outbox calls this)."""
    with sidecar.reading() as db:
        version_id = path_offers.version_to_make_ready(db, offer_id)
    if version_id is None:
        return
    try:
        made = make_bundle(sidecar, version_id)
    except SidecarError as error:
        raise GiveUp(error.code) from error
    ready = Ready(
        version_id=version_id,
        version=made.version,
        entry=_say(made),
        manifest_digest=made.digest,
        signature=made.signature,
        kid=read_header(made.signature)["kid"],
    )
    with sidecar.transaction() as db:
        path_offers.make_ready(db, offer_id, ready)
    log.info("path_offer.made_ready", offer=offer_id, version=made.version)


def _say(made: Made) -> dict[str, Any]:
    """Return what the feed says of a bundle, so that people can judge whether they want it."""
    manifest = read_manifest(made.manifest)
    return {
        "origin": manifest.origin,
        "title": manifest.content.title,
        "summary": manifest.content.summary,
        "language": manifest.content.language,
        "licence": manifest.licence,
        "statutory_basis": {kind: list(texts) for kind, texts in manifest.facts.statutory_basis.items()},
        "size": sum(made.parts.values()) + len(made.manifest),
        "parts": len(made.parts),
    }


def keep_true(sidecar: Sidecar) -> int:
    """End the offers that are over, and ask for new versions of the others; return how many."""
    now, today = sidecar.now(), sidecar.today()
    with sidecar.reading() as db:
        is_ending, outdated = path_offers.has_ending(db, today), path_offers.list_outdated(db)
    if not (is_ending or outdated):
        return 0
    with sidecar.transaction() as db:
        ended = path_offers.end_offers(db, now, today)
        for offer_id, key in outdated:
            outbox.put(db, path_offers.KIND, offer_id, key=key, now=now)
    return ended + len(outdated)
