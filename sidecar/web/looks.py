"""Write into the access log whom a page shows; a page whose look can't be written is not sent."""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.core import access_log
from sidecar.core.identity_lists import IdentityLine
from sidecar.web.access import current, sidecar


def note(what: access_log.What, municipality_id: str, subject_ids: Iterable[str]) -> None:
    """Record that who is signed in has seen these people, in a transaction of its own.

    Args:
        municipality_id: whose people they are seen as; "" for none.
        subject_ids: of people, or of identities that are not placed.
    """
    here, viewer = sidecar(), current().viewer
    with here.transaction() as db:
        access_log.record(db, viewer, what, subject_ids, municipality_id=municipality_id, now=here.now())


def note_others(what: access_log.What, lines: Iterable[IdentityLine]) -> None:
    """Record that who is signed in has seen these accounts, in no single municipality; oneself and erased ones not."""
    own = current().identity_id
    note(what, "", [line.seen_as for line in lines if line.identity.id != own and not line.is_erased])
