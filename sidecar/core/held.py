"""Show who is held of an LMS, and let an operator release one; see the rules in `sidecar.core.placing`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import audit, placing
from sidecar.core.access import Viewer, sees_all_spoken_for
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform
from sidecar.errors import NotAllowedError, NotFoundError


@dataclass(frozen=True)
class Held:
    """How many of an LMS are held; `shown` are those that the viewer may see, which is all of them or none."""

    count: int
    shown: Sequence[Identity]


def held_on(db: Session, viewer: Viewer, platform_id: str) -> Held:
    """Return who of an LMS is held; by name only to who sees every municipality the LMS speaks for."""
    held = placing.list_held(db, platform_id)
    theirs = select(Platform.id).where(Platform.id == platform_id, sees_all_spoken_for(viewer, Platform.id))
    sees_all = db.scalar(theirs) is not None
    return Held(len(held), held if sees_all else [])


def release_held(db: Session, viewer: Viewer, platform_id: str, identity_id: str, *, now: datetime) -> bool:
    """Let a held identity be placed by its new number, with all that it has completed.

    Returns:
        Whether it is placed now; if not, a later import may place it.

    Raises:
        NotAllowedError: the viewer is no operator.
        NotFoundError: nobody of this LMS is held under this id.
    """
    if not viewer.everything:
        raise NotAllowedError
    wanted = Identity.id == identity_id, Identity.platform_id == platform_id
    identity = db.scalar(select(Identity).where(*wanted).with_for_update())
    if identity is None or not placing.is_held(identity):
        raise NotFoundError(what="held identity", key=identity_id)
    placed = placing.release(db, identity, now)
    audit.record(db, "identity.released", identity_id, at=now, identity_id=viewer.identity_id)
    return placed
