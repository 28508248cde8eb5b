"""Keep the tool's own keys in stock: made on first need, sealed, rotated."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti.keys import ToolKey, generate_key
from sidecar.core import audit, signing_keys
from sidecar.core.signing_keys import SigningKey
from sidecar.runtime import Sidecar

FIRST_STATES = ("active", "next")


def ensure_keys(sidecar: Sidecar) -> None:
    """Make the active and the next key where they are missing."""
    with sidecar.reading() as db:
        there = {key.state for key in signing_keys.list_keys(db)}
    for state in FIRST_STATES:
        if state not in there:
            _make_key(sidecar, state)


def active_tool_key(sidecar: Sidecar) -> ToolKey:
    """Return the key that signs."""
    with sidecar.reading() as db:
        key = signing_keys.active_key(db)
    if key is None:
        ensure_keys(sidecar)
        return active_tool_key(sidecar)
    return ToolKey(kid=key.kid, private_pem=sidecar.secrets.open(key.private), public=key.public, state="active")


def published_key_set(sidecar: Sidecar) -> dict[str, Any]:
    """Return the key set that platforms fetch.

    Source: RFC 7517 §5; 1EdTech Security Framework 1.0 §6.2.
    """
    with sidecar.reading() as db:
        return {"keys": [key.public for key in signing_keys.published_keys(db, sidecar.now())]}


def rotate_keys(sidecar: Sidecar) -> SigningKey:
    """Let the next key sign, retire the active one, and publish a new next key; returns the one that now signs."""
    ensure_keys(sidecar)
    fresh = generate_key()
    with sidecar.transaction() as db:
        active = signing_keys.promote_next(db, sidecar.now())
        _add(sidecar, db, fresh, "next")
        audit.record(db, "signing_key.rotated", active.kid[:64], at=sidecar.now())
    return active


def _make_key(sidecar: Sidecar, state: str) -> None:
    key = generate_key()  # takes long, so before the transaction
    with suppress(IntegrityError), sidecar.transaction() as db:  # another process may just have made it
        _add(sidecar, db, key, state)


def _add(sidecar: Sidecar, db: Session, key: ToolKey, state: str) -> None:
    signing_keys.add_key(
        db,
        key.kid,
        state=state,
        private=sidecar.secrets.seal(key.private_pem),
        public=dict(key.public),
        now=sidecar.now(),
    )
