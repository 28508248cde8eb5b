"""Keep the tool's own keys in stock: made on first need, sealed, rotated."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti.keys import ToolKey, generate_key
from sidecar.core import audit, signing_keys
from sidecar.core.signing_keys import OVERLAP, SigningKey
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar

FIRST_STATES = ("active", "next")
log = structlog.get_logger()


class KeyTooYoungError(SidecarError):
    """The next key has been published for {hours} of {wanted} hours, so that some LMSs may not know it yet.

    Wait, or say why it can't wait.
    """

    code = "key-too-young"


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


def rotate_keys(sidecar: Sidecar, *, hurry: str = "", by: str | None = None) -> SigningKey:
    """Let the next key sign, retire the active one, and publish a new next key; returns the one that now signs.

    Args:
        hurry: why the next key may sign though platforms may not have fetched it yet; "" for no hurry.
        by: the identity that does it; None at the command line.

    Raises:
        KeyTooYoungError: the next key has not been published for `OVERLAP`, and there is no hurry.
    """
    ensure_keys(sidecar)
    with sidecar.reading() as db:
        active, following = signing_keys.active_key(db), signing_keys.next_key(db)
    if active is None or following is None:  # another process is rotating at this very moment
        raise KeyTooYoungError(hours=0, wanted=_hours(OVERLAP))
    if not hurry:
        _refuse_young(following, sidecar.now())
    return _replace_active(sidecar, active.kid, reason=hurry, by=by) or following


def rotate_when_due(sidecar: Sidecar) -> None:
    """Rotate where the active key has signed for as long as the settings say; of two schedulers one does it."""
    days = sidecar.settings.key_days
    if not days:
        return
    with sidecar.reading() as db:
        active, following = signing_keys.active_key(db), signing_keys.next_key(db)
    now = sidecar.now()
    if active is None or (active.activated_at or active.created_at) > now - timedelta(days=days):
        return
    if following is None or following.created_at > now - OVERLAP:
        ensure_keys(sidecar)
        return
    if _replace_active(sidecar, active.kid, reason="schedule"):
        log.info("signing_key.rotated")


def rotation_due(sidecar: Sidecar) -> datetime | None:
    """Return when the keys rotate by themselves; None where they never do, or none is made yet."""
    with sidecar.reading() as db:
        active, following = signing_keys.active_key(db), signing_keys.next_key(db)
    if not sidecar.settings.key_days or active is None or following is None:
        return None
    old_at = (active.activated_at or active.created_at) + timedelta(days=sidecar.settings.key_days)
    return max(old_at, following.created_at + OVERLAP)


def revoke_key(sidecar: Sidecar, kid: str, *, reason: str, by: str | None = None) -> SigningKey:
    """Publish a key no longer, from this moment; one in use is replaced. Returns the key that now signs.

    Args:
        by: the identity that does it; None at the command line.

    Raises:
        NotFoundError: there is no such key.
    """
    ensure_keys(sidecar)
    with sidecar.reading() as db:
        state = signing_keys.find_key(db, kid).state
    if state != "active" or not _replace_active(sidecar, kid, reason=reason, by=by, is_compromised=True):
        with sidecar.transaction() as db:
            signing_keys.retire(db, kid, sidecar.now())
            _revoke(sidecar, db, kid, reason, by)
    ensure_keys(sidecar)
    with sidecar.reading() as db:
        return signing_keys.active_key(db) or signing_keys.find_key(db, kid)


def _revoke(sidecar: Sidecar, db: Session, kid: str, reason: str, by: str | None) -> None:
    signing_keys.revoke(db, signing_keys.find_key(db, kid), sidecar.now())
    audit.record(db, "signing_key.revoked", kid[:64], at=sidecar.now(), identity_id=by, reason=reason)


def _refuse_young(key: SigningKey, now: datetime) -> None:
    age = now - key.created_at
    if age < OVERLAP:
        raise KeyTooYoungError(hours=_hours(age), wanted=_hours(OVERLAP))


def _hours(time: timedelta) -> int:
    return int(time.total_seconds() // 3600)


def _replace_active(
    sidecar: Sidecar, kid: str, *, reason: str, by: str | None = None, is_compromised: bool = False
) -> SigningKey | None:
    """Put the next key in the place of the active one; None where another process has just done it."""
    fresh = generate_key()  # takes long, so before the transaction
    with sidecar.transaction() as db:
        if not signing_keys.retire(db, kid, sidecar.now()):
            return None
        active = signing_keys.activate_next(db, sidecar.now())
        _add(sidecar, db, fresh, "next")
        if is_compromised:
            _revoke(sidecar, db, kid, reason, by)
        audit.record(db, "signing_key.rotated", active.kid[:64], at=sidecar.now(), identity_id=by, reason=reason)
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
