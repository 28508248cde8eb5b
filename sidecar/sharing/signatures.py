"""Sign and verify what regions share: JSON Web Signatures with Ed25519.

Each signature says in `typ` what it is for, and whoever verifies demands that, so that none can be used for another
purpose. The algorithm is called "Ed25519", the name that RFC 9864 gives to what RFC 8037 called "EdDSA".
Source: RFC 7515 (JWS; appendix F: detached content), RFC 7638 (thumbprints), RFC 8037 §2 (keys).
"""

from __future__ import annotations

import binascii
import hashlib
import json
import re
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from sidecar.errors import SidecarError

Typ = Literal[
    "laeringslop-bundle",
    "laeringslop-card",
    "laeringslop-completion",
    "laeringslop-feed",
    "laeringslop-invitation",
    "laeringslop-key",
    "laeringslop-request",
]
"""What a signature is for; `laeringslop-key` is a region's key that the one before it vouches for."""

PublicKey = Mapping[str, str]
"""A JSON Web Key as `read_public_key` returns it."""

ALGORITHM: Final = "Ed25519"
HEADER_CHARACTERS: Final = 4_000
PAYLOAD_CHARACTERS: Final = 2 * 1024**2
_ANY_HEADER: Final = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)
_ANY_HEADER.max_header_length, _ANY_HEADER.max_payload_length = HEADER_CHARACTERS, PAYLOAD_CHARACTERS
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_THUMBPRINT_BYTES: Final = 32
_GROUP: Final = 4


class SignatureMalformedError(SidecarError):
    """This is no signature that a region's sidecar makes. Ask for it again."""

    code = "signature-malformed"


class SignatureOtherPurposeError(SidecarError):
    """The signature was made for another purpose ({found}) than this one ({wanted}), so it counts for nothing here."""

    code = "signature-other-purpose"


class SignatureWrongError(SidecarError):
    """The signature does not fit what it stands beside: one of the two was changed, or is damaged."""

    code = "signature-wrong"


class SignedByUnknownKeyError(SidecarError):
    """This is signed by a key that is not trusted here. Its fingerprint is {fingerprint}."""

    code = "signed-by-unknown-key"


class FingerprintError(SidecarError):
    """That is no fingerprint of a region's key. It has 13 groups of four letters and digits; copy all of it."""

    code = "fingerprint-malformed"


class PublicKeyMalformedError(SidecarError):
    """That is no public key of a region: an Ed25519 key, named by its thumbprint."""

    code = "public-key-malformed"


@dataclass(frozen=True)
class FreshKey:
    """A key that was just made."""

    kid: str
    private_pem: bytes = field(repr=False)
    public: PublicKey


@dataclass(frozen=True)
class Signed:
    """What was signed, and by which key."""

    payload: bytes
    kid: str


def generate_key() -> FreshKey:
    """Make an Ed25519 key named by its thumbprint."""
    key = OKPKey.generate_key("Ed25519")
    public = read_public_key(key.as_dict(private=False) | {"kid": key.thumbprint()})
    return FreshKey(public["kid"], key.as_pem(private=True), public)


def read_public_key(said: object) -> PublicKey:
    """Return a region's public key, of which only what makes it one is taken over.

    Raises:
        PublicKeyMalformedError: it is of another kind, or not named by its thumbprint.
    """
    x = said.get("x") if isinstance(said, dict) and (said.get("kty"), said.get("crv")) == ("OKP", "Ed25519") else None
    if not isinstance(said, dict) or not isinstance(x, str) or not _BASE64URL.fullmatch(x):
        raise PublicKeyMalformedError
    if said.get("kid") != (kid := _thumbprint(x)):
        raise PublicKeyMalformedError
    return {"alg": ALGORITHM, "crv": "Ed25519", "kid": kid, "kty": "OKP", "use": "sig", "x": x}


def make_signature(
    private_pem: bytes, kid: str, payload: bytes, typ: Typ, *, beside: Mapping[str, Any] | None = None
) -> str:
    """Return a compact JWS.

    Args:
        beside: further members of its header; given at all, the content is detached: it stands beside the signature.
    """
    header = {"alg": ALGORITHM, "kid": kid, "typ": typ, **(beside or {})}
    token = jws.serialize_compact(header, payload, OKPKey.import_key(private_pem), registry=_ANY_HEADER)
    return token if beside is None else jws.detach_content(token)


def read_header(token: str) -> dict[str, Any]:
    """Return what a signature says of itself; nothing of it is proven before `verify`.

    Raises:
        SignatureMalformedError: it can't be read.
    """
    first = token.partition(".")[0]
    try:
        if not token.isascii() or token.count(".") != 2 or len(first) > HEADER_CHARACTERS:
            raise SignatureMalformedError
        header = json.loads(urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError):
        raise SignatureMalformedError from None
    if (
        not isinstance(header, dict)
        or not isinstance(header.get("kid"), str)
        or not _BASE64URL.fullmatch(header["kid"])
    ):
        raise SignatureMalformedError
    return header


def verify(token: str, keys: Iterable[PublicKey], typ: Typ, payload: bytes | None = None) -> Signed:
    """Return what was signed.

    Args:
        keys: those that are trusted for it.
        payload: what stands beside a detached signature; None where it stands in it.

    Raises:
        SignatureMalformedError: it can't be read, or is detached where it must not be, or the other way round.
        SignatureOtherPurposeError: its `typ` is another.
        SignedByUnknownKeyError: it is by none of the keys.
        SignatureWrongError: it does not fit.
    """
    header = read_header(token)
    if header.get("typ") != typ:
        raise SignatureOtherPurposeError(found=str(header.get("typ"))[:60], wanted=typ)
    if header.get("alg") != ALGORITHM or {"crit", "b64"} & header.keys():
        raise SignatureMalformedError
    if (token.split(".")[1] == "") != (payload is not None):
        raise SignatureMalformedError
    key = next((one for one in keys if one["kid"] == header["kid"]), None)
    if key is None:
        raise SignedByUnknownKeyError(fingerprint=fingerprint_of_kid(header["kid"]))
    try:
        found = jws.deserialize_compact(token, OKPKey.import_key(dict(key)), registry=_ANY_HEADER, payload=payload)
    except (JoseError, ValueError):
        raise SignatureWrongError from None
    return Signed(found.payload, header["kid"])


def fingerprint_of(key: PublicKey) -> str:
    """Return a key's fingerprint as people compare it: its thumbprint in base 32, in groups of four."""
    return fingerprint_of_kid(key["kid"])


def fingerprint_of_kid(kid: str) -> str:
    """Return the fingerprint of the key of this id, which is its thumbprint."""
    text = b32encode(urlsafe_b64decode(kid + "=")).decode().rstrip("=")
    return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def kid_of_fingerprint(fingerprint: str) -> str:
    """Return the id of the key with a fingerprint, however it was typed.

    Raises:
        FingerprintError: it is none, or not all of it.
    """
    text = re.sub(r"[\s-]", "", fingerprint).upper()
    try:
        thumbprint = b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        raise FingerprintError from None
    if len(thumbprint) != _THUMBPRINT_BYTES:
        raise FingerprintError
    return _base64url(thumbprint)


def _thumbprint(x: str) -> str:
    """Return the thumbprint of the Ed25519 key `x`. Source: RFC 7638 §3; RFC 8037 §2."""
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    return _base64url(hashlib.sha256(members.encode()).digest())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
