"""Tell the owners of adopted paths how much these are used, where that was agreed, and hear it of our own.

Docs: docs/adopting.md.

A request is `{"adopted", "begun", "finished", "month", "path"}`: the path's origin, the month as 2026-11, and counts as
texts, fewer than 5 as "<5". With `adopted` false nothing is told any more, and what was told before is forgotten.
"""

from __future__ import annotations

import re
from typing import Any, Final

import structlog
from sqlalchemy import select

from sidecar.core import outbox, path_use, peers
from sidecar.core.access import operator_at_the_console
from sidecar.core.outbox import GiveUp, OutboxItem
from sidecar.core.path_contents import canonical
from sidecar.core.path_use import FEW, KIND, Use, count_use, month_of
from sidecar.core.paths import find_path
from sidecar.core.regions import Region
from sidecar.errors import NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.addresses import address_of, key_in
from sidecar.sharing.json_texts import read_object
from sidecar.sharing.reaching import call
from sidecar.sharing.signed_requests import Caller

SUFFIX: Final = "/usage"
NOT_HEARD: Final = "path-use-not-heard"
NO_PEER: Final = "path-use-no-peer"
_FIELDS: Final = {"adopted", "begun", "finished", "month", "path"}
_COUNT: Final = re.compile(rf"{FEW}|[5-9]|[1-9][0-9]{{1,6}}", re.ASCII)
_MONTH: Final = re.compile(r"2[01][0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)

log = structlog.get_logger()


class PathUseBodyError(SidecarError):
    """The report of use can't be read: look at {field}."""

    code = "path-use-body"


def ask_where_due(sidecar: Sidecar) -> int:
    """Put into the outbox what owners are to be told this month, once a day till they were; return how much."""
    now, today = sidecar.now(), sidecar.today()
    with sidecar.reading() as db:
        keys = {f"{KIND}:{one}:{is_told}:{today}": one for one, is_told in path_use.list_due(db, month_of(today))}
        known = set(db.scalars(select(OutboxItem.key).where(OutboxItem.key.in_(keys))))
        due = sorted(keys.keys() - known)
    if due:
        with sidecar.transaction() as db:
            for key in due:
                outbox.put(db, KIND, keys[key], key=key, now=now)
    return len(due)


def tell(sidecar: Sidecar, adoption_id: str) -> None:
    """Tell the owner of an adopted path how much it is used, or that this is told no more (the outbox calls this).

    Raises:
        TryLater: the owner can't be reached just now.
        GiveUp: we share with them no more, or they refuse it.
    """
    with sidecar.reading() as db:
        found = path_use.find_told(db, adoption_id)
        if found is None:
            return
        adoption, received, key = found
        peer = peers.peer_at(db, received.region_id, received.address)
        line = find_path(db, operator_at_the_console(), key)
        use = count_use(db, received.region_id, line, sidecar.today())
        origin, is_told = received.origin, adoption.reports_use
    if peer is None:
        raise GiveUp(NO_PEER)
    answer = call(sidecar, peer.id, "POST", SUFFIX, _body(origin, use, is_told=is_told))
    if answer.status != 200:
        raise GiveUp(NOT_HEARD)
    with sidecar.transaction() as db:
        path_use.note_told(db, adoption_id, use.month if is_told else "")
    log.info("path_use.reported", adoption=adoption_id)


def _body(origin: str, use: Use, *, is_told: bool) -> bytes:
    counts = vars(use) if is_told else {"month": use.month, "begun": FEW, "finished": FEW}
    return canonical({**counts, "adopted": is_told, "path": origin})


def hear(sidecar: Sidecar, caller: Caller, body: bytes) -> None:
    """Keep what a peer tells of the use of a path of ours.

    Raises:
        JsonUnreadableError, PathUseBodyError: the body is not what it must be.
        NotFoundError: the path is none of ours.
    """
    said = read_object(body)
    use = _read(said)
    with sidecar.transaction() as db:
        address = address_of(sidecar, db.get_one(Region, caller.region_id))
        key = key_in(str(said["path"]), address)
        if key is None:
            raise NotFoundError(what="learning path", key=str(said["path"])[:80])
        path_use.note_use(db, caller.region_id, caller.peer_id, key, use, sidecar.now())
    log.info("path_use.received", peer=caller.peer_id)


def _read(said: dict[str, Any]) -> Use | None:
    if said.keys() != _FIELDS:
        raise PathUseBodyError(field=min(said.keys() ^ _FIELDS)[:40])
    for name, pattern in (("begun", _COUNT), ("finished", _COUNT), ("month", _MONTH)):
        if not isinstance(said[name], str) or not pattern.fullmatch(said[name]):
            raise PathUseBodyError(field=name)
    if not isinstance(said["adopted"], bool):
        raise PathUseBodyError(field="adopted")
    return Use(said["month"], said["begun"], said["finished"]) if said["adopted"] else None
