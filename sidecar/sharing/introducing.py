"""Begin to share with another region: by a fingerprint that people compared, and again after it lost its keys."""

from __future__ import annotations

from sidecar.core import audit, peers
from sidecar.core.access import Viewer
from sidecar.core.peers import BY_FINGERPRINT, TRUSTED, OwnAddressError, Peer
from sidecar.core.regions import Region
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of, is_address
from sidecar.sharing.cards import Card, fetch_card
from sidecar.sharing.reaching import asked_by_a_person
from sidecar.sharing.signatures import fingerprint_of_kid, kid_of_fingerprint


class ExchangeAddressError(SidecarError):
    """This is no exchange address of a region. It looks like https://sidecar.example.no/exchange/kongsbergregionen."""

    code = "exchange-address"


class FingerprintDiffersError(SidecarError):
    """The region at {address} signs with another key, whose fingerprint is {found}.

    Ask them by telephone which one is right.
    """

    code = "fingerprint-differs"


def check_address(text: str) -> str:
    """Return an exchange address as a person wrote it, without spaces around it and a slash at its end.

    Raises:
        ExchangeAddressError: it is none.
    """
    address = text.strip().rstrip("/")
    if not is_address(address):
        raise ExchangeAddressError
    return address


def look_at(sidecar: Sidecar, text: str) -> Card:
    """Return the card at an address that a person wrote; nothing is trusted by that.

    Raises:
        ExchangeAddressError: it is no such address.
        PeerSilentError: it can't be reached just now.
        SidecarError: as `cards.fetch_card`.
    """
    address = check_address(text)
    with asked_by_a_person(address):
        return fetch_card(sidecar, address)


def add_by_fingerprint(sidecar: Sidecar, viewer: Viewer, region_id: str, text: str, fingerprint: str) -> Peer:
    """Share with the region at an address, whose fingerprint somebody has compared.

    Raises:
        NotAllowedError: the region is not the viewer's.
        OwnAddressError: it is its own address.
        FingerprintDiffersError: the card there is signed by another key.
        PeerThereError: it is shared with already.
        SidecarError: as `look_at`, `kid_of_fingerprint`.
    """
    kid = kid_of_fingerprint(fingerprint)
    refuse_own(sidecar, viewer, region_id, check_address(text))
    card = look_at(sidecar, text)
    _refuse_other_key(card, kid)
    with sidecar.transaction() as db:
        return peers.add_peer(
            db,
            region_id=region_id,
            address=card.address,
            name=card.name,
            keys={kid: dict(card.keys[kid])},
            state=TRUSTED,
            known_by=BY_FINGERPRINT,
            by=viewer.identity_id,
            now=sidecar.now(),
        )


def compare_again(sidecar: Sidecar, viewer: Viewer, peer_id: str, fingerprint: str) -> Peer:
    """Know a peer by another key, whose fingerprint somebody has compared; what was known of before ends.

    Raises:
        NotFoundError: the viewer's regions have no such peer.
        FingerprintDiffersError: the card there is signed by another key.
        SidecarError: as `look_at`, `kid_of_fingerprint`.
    """
    kid, now, by = kid_of_fingerprint(fingerprint), sidecar.now(), viewer.identity_id
    with sidecar.reading() as db:
        address = peers.find_peer(db, viewer, peer_id).address
    card = look_at(sidecar, address)
    _refuse_other_key(card, kid)
    with sidecar.transaction() as db:
        peer = peers.find_peer(db, viewer, peer_id)
        peers.name_keys_again(db, peer, {kid: dict(card.keys[kid])}, now)
        for gone, at in card.revocations.items():
            peers.revoke_key(db, peer.id, gone, at)
        peer.state, peer.name, peer.card_stamp = TRUSTED, card.name, ""
        peers.ask_at_once(peer, now)
        audit.record(db, "peer.compared_again", peer.id, at=now, identity_id=by, address=peer.address)
        return peer


def refuse_own(sidecar: Sidecar, viewer: Viewer, region_id: str, address: str) -> None:
    """Refuse what is not the viewer's region, or that region's own address.

    Raises:
        NotAllowedError, NotFoundError: it is not theirs, or there is none.
        OwnAddressError: it would share with itself.
    """
    if not viewer.may_run_platform(region_id):
        raise NotAllowedError
    with sidecar.reading() as db:
        region = db.get(Region, region_id)
    if region is None:
        raise NotFoundError(what="region", key=region_id)
    if address_of(sidecar, region) == address:
        raise OwnAddressError


def _refuse_other_key(card: Card, kid: str) -> None:
    if card.signed_by != kid:
        raise FingerprintDiffersError(address=card.address, found=fingerprint_of_kid(card.signed_by))
