"""Keep the regions' own keys in stock, made on first need and sealed; sign by them, rotate and revoke them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sidecar.core import audit, region_keys
from sidecar.core.path_contents import canonical
from sidecar.core.region_keys import RegionKey
from sidecar.core.regions import Region
from sidecar.errors import NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of
from sidecar.sharing.signatures import FreshKey, Typ, generate_key, make_signature


class RevokedMomentError(SidecarError):
    """A key can be revoked from a moment between its making ({made}) and now."""

    code = "region-key-moment"


def active_region_key(sidecar: Sidecar, region_id: str) -> RegionKey:
    """Return the key that signs for a region; the first one is made here, so never ask within a transaction.

    Raises:
        NotFoundError: there is no such region.
    """
    key = _read_active(sidecar, region_id)
    if key is None:
        with suppress(IntegrityError), sidecar.transaction() as db:  # another process may just have made it
            _add(sidecar, db, region_id, generate_key())
        key = _read_active(sidecar, region_id)
    if key is None:
        raise NotFoundError(what="region", key=region_id)
    return key


def sign(sidecar: Sidecar, region_id: str, payload: bytes, typ: Typ, *, detached: bool = False) -> str:
    """Return what a region signs, as a compact JWS; the same key makes of the same payload the same signature.

    Args:
        detached: the payload is left out, as it stands beside the signature. As such a file comes by any way, the
            header then says who signed (`iss`, the region's exchange address) and by which key (`jwk`).
    """
    key = active_region_key(sidecar, region_id)
    beside = None
    if detached:
        with sidecar.reading() as db:
            address = address_of(sidecar, db.get_one(Region, region_id))
        beside = {"iss": address, "jwk": key.public}
    return make_signature(sidecar.secrets.open(key.private), key.kid, payload, typ, beside=beside)


def rotate_keys(sidecar: Sidecar, region_id: str, *, reason: str = "", by: str | None = None) -> RegionKey:
    """Let a new key sign for a region, for which the former vouches; return the one that now signs.

    Args:
        by: the identity that does it; None at the command line.
    """
    return _replace(sidecar, active_region_key(sidecar, region_id), reason=reason, by=by)


def revoke_key(
    sidecar: Sidecar, kid: str, *, reason: str, since: datetime | None = None, by: str | None = None
) -> RegionKey:
    """Say that somebody else may have a key; return the one that now signs for its region.

    What the key signed and others saw before `since` still counts. Where it was the active one, another takes its
    place, for which nobody vouches: the other regions compare its fingerprint anew.

    Args:
        since: None is now.
        by: the identity that does it; None at the command line.

    Raises:
        NotFoundError: there is no such key.
        RevokedMomentError: the moment lies before the key was made, or is to come.
    """
    now = sidecar.now()
    with sidecar.reading() as db:
        key = region_keys.find_key(db, kid)
    if not key.created_at <= (since or now) <= now:
        raise RevokedMomentError(made=key.created_at.isoformat(timespec="seconds"))
    if key.retired_at is None:
        return _replace(sidecar, key, reason=reason, by=by, stolen_at=since or now)
    with sidecar.transaction() as db:
        _revoke(sidecar, db, kid, since or now, reason, by)
    return active_region_key(sidecar, key.region_id)


def _replace(
    sidecar: Sidecar, former: RegionKey, *, reason: str, by: str | None, stolen_at: datetime | None = None
) -> RegionKey:
    """Put a new key in the place of the one that signs; where another process did so just now, its key is returned."""
    fresh, now = generate_key(), sidecar.now()
    vouching = None if stolen_at else _vouch(sidecar, former, fresh)
    with sidecar.transaction() as db:
        is_ours = region_keys.retire(db, former.kid, now)
        if is_ours:
            _add(sidecar, db, former.region_id, fresh, vouching)
            audit.record(db, "region_key.rotated", fresh.kid, at=now, identity_id=by, reason=reason)
        if stolen_at:
            _revoke(sidecar, db, former.kid, stolen_at, reason, by)
    return active_region_key(sidecar, former.region_id)


def _revoke(sidecar: Sidecar, db: Session, kid: str, since: datetime, reason: str, by: str | None) -> None:
    region_keys.revoke(db, kid, since)
    audit.record(db, "region_key.revoked", kid, at=sidecar.now(), identity_id=by, reason=reason)


def _read_active(sidecar: Sidecar, region_id: str) -> RegionKey | None:
    with sidecar.reading() as db:
        return region_keys.active_key(db, region_id)


def _vouch(sidecar: Sidecar, former: RegionKey, fresh: FreshKey) -> str:
    payload = canonical(dict(fresh.public))
    return make_signature(sidecar.secrets.open(former.private), former.kid, payload, "laeringslop-key")


def _add(sidecar: Sidecar, db: Session, region_id: str, fresh: FreshKey, vouching: str | None = None) -> None:
    region_keys.add_key(
        db,
        region_id,
        fresh.kid,
        private=sidecar.secrets.seal(fresh.private_pem),
        public=dict(fresh.public),
        now=sidecar.now(),
        vouching=vouching,
    )
