"""Keep up to date what municipalities' systems fetch over the REST interface."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import select

from sidecar.core import audit, change_feed, change_writing, outbox
from sidecar.core.access import Viewer
from sidecar.core.api_tokens import CHANGES, ApiToken
from sidecar.core.change_feed import KIND, ChangeState, change_key, hold_state, thin_out
from sidecar.core.change_records import Naming, paths_on
from sidecar.core.change_writing import Batch
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar

EVERY: Final = timedelta(minutes=15)
KEY_BYTES: Final = 32
EMPLOYMENTS_A_TIME: Final = 500
THINNED_AT_ONCE: Final = 1000

log = structlog.get_logger()


def ask_where_due(sidecar: Sidecar) -> int:
    """Put a look for changes into the outbox, every quarter of an hour, for each municipality with a valid token."""
    now = sidecar.now()
    holds = ApiToken.scope == CHANGES, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now
    is_fresh = select(ChangeState.municipality_id).where(ChangeState.written_at > now - EVERY)
    stale = select(ApiToken.municipality_id).where(*holds, ApiToken.municipality_id.not_in(is_fresh)).distinct()
    with sidecar.reading() as db:
        due = [one for one in db.scalars(stale) if not outbox.is_under_way(db, KIND, one)]
    if due:
        with sidecar.transaction() as db:
            for one in due:
                outbox.put_soon(db, KIND, one, now=now)
    return len(due)


def write_all(sidecar: Sidecar, municipality_id: str) -> int:
    """Write down all changes of a municipality, some employees at a time; return how many.

    A second one beside it waits for each piece, and finds nothing more to write.
    """
    new_key = sidecar.secrets.seal(secrets.token_bytes(KEY_BYTES))
    with sidecar.reading() as db:
        if db.get(Municipality, municipality_id) is None:
            return 0
        paths = paths_on(db, municipality_id, sidecar.today())
    written, after = 0, ""
    while True:
        with sidecar.reading() as db:
            ids = change_writing.list_employments(db, municipality_id, after, EMPLOYMENTS_A_TIME)
        with sidecar.transaction() as db:
            state = hold_state(db, municipality_id, new_key)
            state.written_at = sidecar.now()
            naming = Naming(sidecar.secrets.open(state.pseudonym_key))
            batch = Batch(ids, naming, paths, sidecar.today(), sidecar.now())
            written += change_writing.write_changes(db, state, batch)
        if len(ids) < EMPLOYMENTS_A_TIME:
            break
        after = ids[-1]
    with sidecar.transaction() as db:
        thin_out(db, municipality_id, sidecar.now(), THINNED_AT_ONCE)
    log.info("changes.noted", municipality=municipality_id, entries=written)
    return written


def write_changes(sidecar: Sidecar, municipality_id: str) -> None:
    """Write down the changes of a municipality (the outbox calls this)."""
    write_all(sidecar, municipality_id)


def forget_unread(sidecar: Sidecar, limit: int) -> int:
    """Remove some changes that no system may fetch any more; return how many, 0 where nothing is left."""
    new_key = sidecar.secrets.seal(secrets.token_bytes(KEY_BYTES))
    with sidecar.transaction() as db:
        return change_feed.forget_unread(db, sidecar.now(), new_key, limit)


def give_new_pseudonyms(sidecar: Sidecar, viewer: Viewer, municipality_id: str) -> int:
    """Give a municipality's people other pseudonyms, and tell that as changes; return how many there were.

    Raises:
        NotFoundError: the viewer does not see the municipality.
    """
    with sidecar.transaction() as db:
        change_key(db, viewer, municipality_id, sidecar.secrets.seal(secrets.token_bytes(KEY_BYTES)))
        now, by = sidecar.now(), viewer.identity_id
        audit.record(db, "municipality.pseudonyms_changed", municipality_id, at=now, identity_id=by)
    return write_all(sidecar, municipality_id)
