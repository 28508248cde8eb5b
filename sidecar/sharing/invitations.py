"""Let another region begin to share with ours by an invitation that we signed, which works once.

Who opens it knows our region by the key that signed it. We know theirs by the key that signs the answer, and believe
where they are when their card is found there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import peer_invitations, peers
from sidecar.core.access import Viewer
from sidecar.core.path_contents import canonical
from sidecar.core.peer_invitations import PeerInvitation, PeerInvitationEndedError
from sidecar.core.peers import BY_INVITATION, PROVING, TRUSTED, Peer
from sidecar.core.region_keys import list_keys
from sidecar.core.regions import Region
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing import introducing
from sidecar.sharing.addresses import address_of, is_address
from sidecar.sharing.cards import Card, make_card, read_card
from sidecar.sharing.json_texts import read_object, read_unproven
from sidecar.sharing.reaching import Answer, asked_by_a_person, send
from sidecar.sharing.region_signing import sign
from sidecar.sharing.signatures import Typ, read_header, verify
from sidecar.sharing.signed_requests import Asked, CallerUnknownError, check_claims, make_proof, read_proof

TYP: Final[Typ] = "laeringslop-invitation"
MOST_CHARACTERS: Final = 4000


class InvitationMalformedError(SidecarError):
    """This is no invitation of another region. Copy all of it, from the first letter to the last."""

    code = "peer-invitation-malformed"


class InvitationKeyGoneError(SidecarError):
    """The region that invites no longer signs with the key of this invitation. Ask it for a new one."""

    code = "peer-invitation-key-gone"


class InvitationNotTakenError(SidecarError):
    """The other region did not take its invitation back from us (status {status}). Ask it for a new one."""

    code = "peer-invitation-not-taken"


@dataclass(frozen=True)
class Invitation:
    """What an invitation says; proven only when the card at `address` is found to be signed by `kid`."""

    token: str
    address: str
    kid: str
    id: str
    expires_at: datetime


def invite(sidecar: Sidecar, viewer: Viewer, region_id: str, note: str) -> str:
    """Return a new invitation to share with a region of ours; it is shown this once.

    Raises:
        NotAllowedError: the region is not the viewer's.
        TextTooLongError: the note is too long.
    """
    with sidecar.transaction() as db:
        made = peer_invitations.add_invitation(db, viewer, region_id, note, sidecar.now())
        address = address_of(sidecar, db.get_one(Region, region_id))
    claims = {"iss": address, "jti": made.id, "exp": int(made.expires_at.timestamp())}
    return sign(sidecar, region_id, canonical(claims), TYP)


def read_invitation(token: str) -> Invitation:
    """Return what an invitation says that somebody pasted; nothing of it is proven yet.

    Raises:
        InvitationMalformedError: it is none.
    """
    token = "".join(token.split())
    try:
        header, claims = read_header(token), read_unproven(token)
        is_right = header.get("typ") == TYP and len(token) <= MOST_CHARACTERS and is_address(str(claims.get("iss")))
        expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        invitation_id = str(claims["jti"])
    except (SidecarError, KeyError, ValueError, TypeError, OverflowError, OSError):
        raise InvitationMalformedError from None
    if not is_right:
        raise InvitationMalformedError
    return Invitation(token, claims["iss"], header["kid"], invitation_id, expires_at)


def look_at(sidecar: Sidecar, token: str) -> tuple[Invitation, Card]:
    """Return what an invitation says, and the card of the region that made it.

    Raises:
        InvitationMalformedError: it is none.
        PeerInvitationEndedError: it is too old.
        InvitationKeyGoneError: the region does not sign with that key any more.
        SidecarError: as `introducing.look_at`, `signatures.verify`.
    """
    invitation = read_invitation(token)
    if invitation.expires_at <= sidecar.now():
        raise PeerInvitationEndedError
    card = introducing.look_at(sidecar, invitation.address)
    if card.signed_by != invitation.kid:
        raise InvitationKeyGoneError
    verify(invitation.token, [card.keys[card.signed_by]], TYP)
    return invitation, card


def accept(sidecar: Sidecar, viewer: Viewer, region_id: str, token: str) -> Peer:
    """Open an invitation: from then on both regions trust each other.

    The other region is told first. Where its answer is lost, the same invitation can be opened once more by us.

    Raises:
        NotAllowedError, OwnAddressError, PeerThereError: it can't be opened for that region of ours.
        InvitationNotTakenError: the other region refused.
        SidecarError: as `look_at`.
    """
    invitation, card = look_at(sidecar, token)
    introducing.refuse_own(sidecar, viewer, region_id, card.address)
    with sidecar.reading() as db:
        if peers.peer_at(db, region_id, card.address):
            raise peers.PeerThereError(address=card.address)
    body = canonical({"card": make_card(sidecar, region_id), "invitation": invitation.token})
    answer = _tell(sidecar, region_id, card.address, body)
    if answer.status != 200:
        raise InvitationNotTakenError(status=answer.status)
    return _add(sidecar, region_id, card, TRUSTED, viewer.identity_id)


def _tell(sidecar: Sidecar, region_id: str, address: str, body: bytes) -> Answer:
    url = f"{address}/invitations"
    proof = make_proof(sidecar, region_id, address, Asked("POST", url, body))
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Authorization": proof}
    with asked_by_a_person(address):
        return send(sidecar, "POST", url, headers, body)


def take(sidecar: Sidecar, slug: str, authorization: str, asked: Asked) -> Peer:
    """Let a region in that answers an invitation of ours; it is trusted when its card is found under its address.

    Raises:
        CallerUnknownError: there is no such region here.
        PeerInvitationEndedError: the invitation is used, too old, taken back, or another's.
        PeerThereError: it is shared with already.
        SidecarError: the request, the card or the invitation is not signed as it must be.
    """
    proof = read_proof(authorization)
    with sidecar.reading() as db:
        region = db.scalar(select(Region).where(Region.slug == slug))
        if region is None:
            raise CallerUnknownError
        here, own = address_of(sidecar, region), [one.public for one in list_keys(db, region.id) if not one.revoked_at]
    card, token = _read_body(asked.body)
    claims = check_claims(proof, [card.keys[card.signed_by]], here, asked, sidecar.now())
    if claims["iss"] != card.address or card.address == here:
        raise CallerUnknownError
    said = read_object(verify(token, own, TYP).payload)
    return _let_in(sidecar, region.id, str(said.get("jti")), card)


def _read_body(body: bytes) -> tuple[Card, str]:
    said = read_object(body)
    card, token = said.get("card"), said.get("invitation")
    if not isinstance(card, str) or not isinstance(token, str):
        raise InvitationMalformedError
    return read_card(card, str(read_unproven(card).get("address"))), token


def _let_in(sidecar: Sidecar, region_id: str, invitation_id: str, card: Card) -> Peer:
    now = sidecar.now()
    with sidecar.transaction() as db:
        there = _find_let_in(db, region_id, invitation_id, card)
        if there is not None:
            return there
        used = peer_invitations.use(db, region_id, invitation_id, now)
        peer = peers.add_peer(db, state=PROVING, by=used.made_by, now=now, **_told(region_id, card))
        used.peer_id = peer.id
        return peer


def _find_let_in(db: Session, region_id: str, invitation_id: str, card: Card) -> Peer | None:
    """Return who was let in by an invitation and answers it once more, as our first answer was lost; else None."""
    used = db.get(PeerInvitation, invitation_id)
    peer = db.get(Peer, used.peer_id) if used and used.peer_id and used.region_id == region_id else None
    is_same = peer and peer.address == card.address and card.signed_by in peers.signing_keys(db, peer.id)
    return peer if is_same else None


def _add(sidecar: Sidecar, region_id: str, card: Card, state: str, by: str | None) -> Peer:
    with sidecar.transaction() as db:
        return peers.add_peer(db, state=state, by=by, now=sidecar.now(), **_told(region_id, card))


def _told(region_id: str, card: Card) -> dict[str, Any]:
    keys = {card.signed_by: dict(card.keys[card.signed_by])}
    return {
        "region_id": region_id,
        "address": card.address,
        "name": card.name,
        "keys": keys,
        "known_by": BY_INVITATION,
    }
