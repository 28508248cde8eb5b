"""Sign each request to another region's sidecar, and check those that come: who, to whom, what, when, and once.

The header is `Authorization: Region <JWS>`, its typ laeringslop-request. docs/exchange.md says what it holds and why.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import peers, seen_requests
from sidecar.core.path_contents import canonical
from sidecar.core.peers import TRUSTED, Peer
from sidecar.core.regions import Region
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of
from sidecar.sharing.json_texts import JsonUnreadableError, read_object, read_unproven
from sidecar.sharing.region_signing import sign
from sidecar.sharing.signatures import (
    PublicKey,
    SignatureMalformedError,
    SignatureOtherPurposeError,
    SignatureWrongError,
    SignedByUnknownKeyError,
    Typ,
    verify,
)

SCHEME: Final = "Region"
TYP: Final[Typ] = "laeringslop-request"
HOLDS: Final = timedelta(seconds=60)
"""How long a request may be on its way."""

CLOCKS_DIFFER: Final = timedelta(seconds=30)
"""How far the clocks of two sidecars may be apart."""

PROOF_CHARACTERS: Final = 4000
ID_BYTES: Final = 16

_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


class RequestUnsignedError(SidecarError):
    """This is for other regions' sidecars, which sign their requests as docs/exchange.md says. This one is not."""

    code = "exchange-unsigned"


class CallerUnknownError(SidecarError):
    """Your region is not trusted here, or no more. Ask the other region to add you, or to look how you stand there."""

    code = "exchange-caller-unknown"


class RequestMisdirectedError(SidecarError):
    """The request was signed for {signed_for}, and came to {came_to}."""

    code = "exchange-misdirected"


class RequestChangedError(SidecarError):
    """The request that came is not the one that was signed: the {what} differs."""

    code = "exchange-changed"


class ClocksDifferError(SidecarError):
    """The request was signed at {signed_at}, and came at {came_at}. Set the clocks of both servers by NTP."""

    code = "exchange-clocks-differ"


class RequestRepeatedError(SidecarError):
    """This request came before, so it is not answered again. A sidecar signs each try anew."""

    code = "exchange-repeated"


REFUSALS: Final = frozenset(
    kind.code
    for kind in (
        RequestUnsignedError,
        CallerUnknownError,
        RequestMisdirectedError,
        RequestChangedError,
        ClocksDifferError,
        RequestRepeatedError,
        SignatureMalformedError,
        SignatureOtherPurposeError,
        SignatureWrongError,
        SignedByUnknownKeyError,
    )
)
"""The codes with which a request is refused that does not prove who sent it."""


@dataclass(frozen=True)
class Caller:
    """Who asks: a peer of a region of ours."""

    region_id: str
    peer_id: str


@dataclass(frozen=True)
class Asked:
    """A request as it came, or as it is to be sent; `url` is whole, with its query."""

    method: str
    url: str
    body: bytes = b""


def make_proof(sidecar: Sidecar, region_id: str, audience: str, asked: Asked) -> str:
    """Return the header `Authorization` of a request that a region of ours sends.

    Args:
        audience: the exchange address of the region that it goes to.
    """
    with sidecar.reading() as db:
        issuer = address_of(sidecar, db.get_one(Region, region_id))
    now = int(sidecar.now().timestamp())
    claims = {
        "iss": issuer,
        "aud": audience,
        "htm": asked.method,
        "htu": asked.url,
        "digest": digest_of(asked.body),
        "iat": now,
        "exp": now + int(HOLDS.total_seconds()),
        "jti": secrets.token_urlsafe(ID_BYTES),
    }
    return f"{SCHEME} {sign(sidecar, region_id, canonical(claims), TYP)}"


def check(sidecar: Sidecar, slug: str, authorization: str, asked: Asked) -> Caller:
    """Return who asks a region of ours, once.

    Args:
        slug: of the region, as the address that was asked names it.

    Raises:
        RequestUnsignedError: there is no signature, or none that can be read.
        CallerUnknownError: there is no such region here, or it does not trust the other.
        SidecarError: as `signatures.verify`; or it was meant otherwise, is too old or new, or came before.
    """
    proof = read_proof(authorization)
    with sidecar.reading() as db:
        region = db.scalar(select(Region).where(Region.slug == slug))
        peer = _trusted(db, region, _issuer_of(proof))
        region_id, peer_id, keys = peer.region_id, peer.id, peers.signing_keys(db, peer.id)
        here = address_of(sidecar, region) if region else ""
    claims = check_claims(proof, list(keys.values()), here, asked, sidecar.now())
    with sidecar.transaction() as db:
        if not seen_requests.is_first(db, peer_id, claims["jti"], _repeatable_until(claims)):
            raise RequestRepeatedError
    return Caller(region_id, peer_id)


def read_proof(authorization: str) -> str:
    """Return the signature in a header.

    Raises:
        RequestUnsignedError: there is none.
    """
    scheme, _, proof = authorization.partition(" ")
    if scheme != SCHEME or not 0 < len(proof) <= PROOF_CHARACTERS:
        raise RequestUnsignedError
    return proof


def check_claims(proof: str, keys: list[PublicKey], here: str, asked: Asked, now: datetime) -> dict[str, Any]:
    """Return what a request says of itself, after all of it was held against what came.

    Args:
        keys: one of which must have signed it.
        here: the exchange address of our region.

    Raises:
        SidecarError: as `check`, but for whether it came before.
    """
    claims = _read_claims(verify(proof, keys, TYP).payload)
    if claims["aud"] != here:
        raise RequestMisdirectedError(signed_for=claims["aud"][:300], came_to=here)
    came = {"method": asked.method, "address": asked.url, "content": digest_of(asked.body)}
    signed = {"method": claims["htm"], "address": claims["htu"], "content": claims["digest"]}
    for what, value in came.items():
        if signed[what] != value:
            raise RequestChangedError(what=what)
    _refuse_untimely(claims["iat"], claims["exp"], now)
    return claims


def digest_of(body: bytes) -> str:
    """Return the SHA-256 of a body, base64url without padding."""
    return urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")


def _trusted(db: Session, region: Region | None, address: str) -> Peer:
    peer = peers.peer_at(db, region.id, address) if region else None
    if peer is None or peer.state != TRUSTED:
        raise CallerUnknownError
    return peer


def _issuer_of(proof: str) -> str:
    """Return who shall have signed a request, which is not proven yet."""
    try:
        return str(read_unproven(proof).get("iss"))
    except JsonUnreadableError:
        raise RequestUnsignedError from None


def _read_claims(payload: bytes) -> dict[str, Any]:
    claims = read_object(payload)
    texts = (claims.get(name) for name in ("iss", "aud", "htm", "htu", "digest", "jti"))
    moments = (claims.get(name) for name in ("iat", "exp"))
    is_right = all(isinstance(one, str) for one in texts) and all(type(one) is int for one in moments)
    if not is_right or not _ID.fullmatch(claims["jti"]):
        raise SignatureMalformedError
    return claims


def _refuse_untimely(signed_at: int, ends_at: int, now: datetime) -> None:
    moment, holds = _moment(signed_at), timedelta(seconds=min(max(ends_at - signed_at, 0), HOLDS.total_seconds()))
    if not moment - CLOCKS_DIFFER <= now <= moment + holds + CLOCKS_DIFFER:
        told = {"signed_at": moment, "came_at": now}
        raise ClocksDifferError(**{name: one.isoformat(timespec="seconds") for name, one in told.items()})


def _repeatable_until(claims: dict[str, Any]) -> datetime:
    ends_at = min(claims["exp"], claims["iat"] + int(HOLDS.total_seconds()))
    return _moment(ends_at) + CLOCKS_DIFFER


def _moment(seconds: int) -> datetime:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise SignatureMalformedError from None
    if not 2000 <= moment.year < 2200:
        raise SignatureMalformedError
    return moment
