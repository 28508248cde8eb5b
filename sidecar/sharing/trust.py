"""Know by which keys a region may sign for itself: those of a peer that a region of ours trusts, and of our own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from sidecar.core import peers, region_keys
from sidecar.core.regions import list_regions
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of, is_address
from sidecar.sharing.bundle_errors import KeyNotTrustedError, KeyRevokedError
from sidecar.sharing.signatures import (
    PublicKey,
    PublicKeyMalformedError,
    SignatureMalformedError,
    fingerprint_of_kid,
    kid_of_fingerprint,
    read_header,
    read_public_key,
    verify,
)


@dataclass(frozen=True)
class Signer:
    """Who signed a bundle: an exchange address, and the key; `revoked_at`: from when that counts no more."""

    address: str
    kid: str
    revoked_at: datetime | None

    def refuse_revoked(self, seen_at: datetime) -> None:
        """Return where the key still counted for what was first seen at a moment.

        Raises:
            KeyRevokedError: it did not.
        """
        if self.revoked_at is not None and seen_at >= self.revoked_at:
            revoked_at = self.revoked_at.isoformat(timespec="seconds")
            raise KeyRevokedError(signer=self.address, fingerprint=fingerprint_of_kid(self.kid), revoked_at=revoked_at)


def check_signer(
    sidecar: Sidecar, region_ids: Sequence[str], manifest: bytes, signature: str, *, fingerprint: str = ""
) -> Signer:
    """Return who signed a bundle, by a key that is trusted.

    Args:
        region_ids: of ours: what one of them trusts is trusted.
        fingerprint: of the key that staff have compared by themselves; "" for none.

    Raises:
        SignatureMalformedError, SignatureOtherPurposeError, SignatureWrongError: as `verify`.
        FingerprintError: the fingerprint is none.
        KeyNotTrustedError: the key is not trusted for the region that the signature names.
    """
    header = read_header(signature)
    address, kid = header.get("iss"), header["kid"]
    if not isinstance(address, str) or not is_address(address):
        raise SignatureMalformedError
    with sidecar.reading() as db:
        known = {one[0]: one for one in _trusted(sidecar, db, region_ids, address)}
    _, public, revoked_at = known.get(kid, (kid, None, None))
    if public is None and fingerprint and kid_of_fingerprint(fingerprint) == kid:
        public = _key_in(header)
    if public is None:
        raise KeyNotTrustedError(signer=address, fingerprint=fingerprint_of_kid(kid))
    verify(signature, [public], "laeringslop-bundle", manifest)
    return Signer(address, kid, revoked_at)


def _trusted(
    sidecar: Sidecar, db: Session, region_ids: Sequence[str], address: str
) -> list[tuple[str, PublicKey, datetime | None]]:
    """Return the id of each key of the region at an address, the key, and from when it is revoked."""
    found = [one for region_id in region_ids for one in peers.trusted_keys(db, region_id, address)]
    for region in list_regions(db):
        if address_of(sidecar, region) == address:
            found += [(one.kid, one.public, one.revoked_at) for one in region_keys.list_keys(db, region.id)]
    return found


def _key_in(header: Mapping[str, Any]) -> PublicKey:
    """Return the key that a signature brings along: as its id is its thumbprint, it is the one that was compared."""
    try:
        key = read_public_key(header.get("jwk"))
    except PublicKeyMalformedError:
        raise SignatureMalformedError from None
    if key["kid"] != header["kid"]:
        raise SignatureMalformedError
    return key
