"""Say by which keys a region signs, and learn that of others: a card, signed by the key that signs now.

A key that follows another is vouched for by it. Whoever trusts one key so comes to trust those after it; what was
revoked, and what a key vouched for since, is trusted no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields
from sqlalchemy.orm import Session

from sidecar.core import peers, region_keys
from sidecar.core.path_contents import canonical
from sidecar.core.peers import KID_CHARACTERS, NAME_CHARACTERS, Peer
from sidecar.core.regions import Region
from sidecar.core.short_texts import one_line
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of
from sidecar.sharing.bundle_fields import address, moment, number, several, text
from sidecar.sharing.json_texts import read_object, read_unproven
from sidecar.sharing.reaching import send
from sidecar.sharing.region_signing import active_region_key, sign
from sidecar.sharing.signatures import PublicKey, Typ, read_header, read_public_key, verify

TYP: Final[Typ] = "laeringslop-card"
FORMAT: Final = 1
MOST_KEYS: Final = 100
STAMP_CHARACTERS: Final = 32


class CardRefusedError(SidecarError):
    """There is no card of a region at {address}. Check the address; ask the other region whether theirs is right."""

    code = "card-refused"


class CardElsewhereError(SidecarError):
    """The card at {address} says that it is that of {said}. Use that address, or ask the other region."""

    code = "card-elsewhere"


class _KeySchema(Schema):
    class Meta:
        unknown = EXCLUDE

    jwk = fields.Dict(required=True)
    vouching = fields.String(required=True, allow_none=True)


class _RevocationSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    kid = text(KID_CHARACTERS)
    at = moment()


class _CardSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    format = number(FORMAT, FORMAT)
    address = address()
    name = text(NAME_CHARACTERS)
    keys = several(_KeySchema, MOST_KEYS)
    revocations = several(_RevocationSchema, MOST_KEYS)


@dataclass(frozen=True)
class Card:
    """What a region says of itself.

    Attributes:
        keys: its public keys by id; `vouchings`: what the key before signed of one, by its id.
        revocations: from when on what a key signed does not count where it was not seen before.
        signed_by: the key that signs now, which is among `keys`.
    """

    address: str
    name: str
    keys: Mapping[str, PublicKey]
    vouchings: Mapping[str, str]
    revocations: Mapping[str, datetime]
    signed_by: str


def make_card(sidecar: Sidecar, region_id: str) -> str:
    """Return the signed card of a region of ours."""
    return sign(sidecar, region_id, canonical(_say(sidecar, region_id)), TYP)


def stamp_of(sidecar: Sidecar, region_id: str) -> str:
    """Return what changes whenever the card of a region of ours does, so that others ask for it then only."""
    return hashlib.sha256(canonical(_say(sidecar, region_id))).hexdigest()[:STAMP_CHARACTERS]


def _say(sidecar: Sidecar, region_id: str) -> dict[str, Any]:
    active_region_key(sidecar, region_id)
    with sidecar.reading() as db:
        region = db.get_one(Region, region_id)
        keys = region_keys.list_keys(db, region_id)[:MOST_KEYS]
        return {
            "format": FORMAT,
            "address": address_of(sidecar, region),
            "name": region.name,
            "keys": [{"jwk": one.public, "vouching": one.vouching} for one in keys if one.revoked_at is None],
            "revocations": [{"kid": one.kid, "at": one.revoked_at.isoformat()} for one in keys if one.revoked_at],
        }


def fetch_card(sidecar: Sidecar, place: str) -> Card:
    """Return the card at an exchange address; whether its keys are to be trusted is for the caller to find out.

    Args:
        place: the exchange address.

    Raises:
        TryLater: it can't be reached just now.
        CardRefusedError: there is none, or none that can be read.
        CardElsewhereError: it is another's.
    """
    answer = send(sidecar, "GET", place, {"Accept": "application/json"})
    if answer.status != 200:
        raise CardRefusedError(address=place)
    try:
        return read_card(str(read_object(answer.body).get("card")), place)
    except CardElsewhereError:
        raise
    except SidecarError as error:
        raise CardRefusedError(address=place) from error


def read_card(token: str, place: str) -> Card:
    """Return what a card says that one of its own keys signed.

    Raises:
        CardElsewhereError: it is that of another address.
        SidecarError: it is no such card.
    """
    kid = read_header(token)["kid"]
    said = _load(read_unproven(token))
    keys = {key["kid"]: key for key in (read_public_key(one["jwk"]) for one in said["keys"])}
    verify(token, [key for key in keys.values() if key["kid"] == kid], TYP)
    if said["address"] != place:
        raise CardElsewhereError(address=place, said=one_line(said["address"]))
    vouchings = {one["jwk"]["kid"]: one["vouching"] for one in said["keys"] if one["vouching"]}
    revocations = {one["kid"]: one["at"] for one in said["revocations"]}
    return Card(place, one_line(said["name"]), keys, vouchings, revocations, kid)


def _load(said: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = _CardSchema().load(said)
    except ValidationError:
        raise CardRefusedError(address="") from None
    return found


def learn(db: Session, peer: Peer, card: Card, stamp: str, now: datetime) -> bool:
    """Take over what a peer's card says where a key that we know signed it; tell whether one did.

    Where none did, the peer is trusted no more till a card comes that is, or somebody compares fingerprints: it may
    have lost its keys to somebody else.

    Raises:
        PeerKeysFloodError: it names too many.
    """
    _follow_vouchings(db, peer.id, card, now)
    is_known = card.signed_by in peers.signing_keys(db, peer.id)
    if is_known:
        for kid, at in card.revocations.items():
            peers.revoke_key(db, peer.id, kid, at)
        is_known = card.signed_by in peers.signing_keys(db, peer.id)
    if is_known:
        peer.name, peer.card_stamp = card.name, stamp
    peers.prove(db, peer, is_found=is_known)
    return is_known


def _follow_vouchings(db: Session, peer_id: str, card: Card, now: datetime) -> None:
    """Know the keys for which one that we know vouches, and those for which these do."""
    unknown = {kid: card.keys[kid] for kid in card.vouchings}
    while True:
        known = peers.signing_keys(db, peer_id)
        vouched = [
            (kid, key, by) for kid, key in unknown.items() if kid not in known and (by := _voucher(card, kid, known))
        ]
        if not vouched:
            return
        for kid, key, by in vouched:
            peers.add_key(db, peer_id, kid, dict(key), vouched_by=by, now=now)
            unknown.pop(kid)


def _voucher(card: Card, kid: str, known: Mapping[str, PublicKey]) -> str:
    """Return which of the keys that we know signed a key of a card; "" for none."""
    try:
        signed = verify(card.vouchings[kid], known.values(), "laeringslop-key")
    except SidecarError:
        return ""
    return signed.kid if signed.payload == canonical(dict(card.keys[kid])) else ""
