"""Fetch what a peer offers, file by file, each from where it broke off; then receive it, or let nothing of it stay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from sidecar.core import offered_paths, outbox, received_paths
from sidecar.core.db import new_id
from sidecar.core.offered_paths import KIND, OfferedPath
from sidecar.core.outbox import GiveUp, TryLater
from sidecar.core.peers import Peer
from sidecar.errors import NotFoundError, SidecarError, UnreachableError
from sidecar.language import N_
from sidecar.room import NoRoomError, refuse_too_large
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle_files import Content
from sidecar.sharing.bundle_wire import MOST_BYTES
from sidecar.sharing.reaching import Answer, call
from sidecar.sharing.receiving import Sent, examine_words, receive
from sidecar.sharing.staging import FetchUnderWayError, Staging, list_staged

PIECE_BYTES: Final = 8 * 1024**2
"""How much one request asks for: at the slowest that is waited for, 100 kB a second."""

LONGEST_S: Final = 240.0
"""After how long a job leaves the rest to the next one."""

MOST_OF_PEER_BYTES: Final = 100 * 1024**3
"""How much is kept of what one region sent, all paths and versions together."""

GONE: Final = "offered-path-gone"

log = structlog.get_logger()


class PartLiesError(SidecarError):
    """A file that the other region sent is not what it said it would be, so nothing of it was kept. Ask them why."""

    code = "offered-part-lies"


class OfferLiesError(SidecarError):
    """What the other region sent is not what its feed offered: the {what} differs. Nothing of it was kept."""

    code = "offered-path-lies"


class PeerTooMuchError(SidecarError):
    """With this the other region would have sent more than {most_bytes} bytes in all. Nothing of it was kept."""

    code = "offered-peer-too-much"


@dataclass(frozen=True)
class Wanted:
    """What is to be fetched, as the peer told of it."""

    offered_id: str
    region_id: str
    peer_id: str
    origin: str
    version: int
    manifest_digest: str
    signature: str
    size_bytes: int
    told_at: datetime
    by: str | None


def fetch_parts(sidecar: Sidecar, offered_id: str) -> None:
    """Fetch what is missing of the newest version that is offered, then receive it (the outbox calls this).

    Raises:
        TryLater: the peer can't be reached just now, there is no room, or another job fetches it; what is here stays.
        GiveUp: it is refused, or gone; nothing of it stays.
    """
    staging = Staging(sidecar.settings.data, offered_id)
    try:
        with staging.held():
            wanted = _find_wanted(sidecar, offered_id)
            is_whole = wanted is None or _take(sidecar, wanted, staging)
    except FetchUnderWayError as error:
        raise TryLater(error.code) from error
    if not is_whole:
        with sidecar.transaction() as db:
            outbox.put(db, KIND, offered_id, key=f"{KIND}:{offered_id}:{new_id()}", now=sidecar.now())


def _take(sidecar: Sidecar, wanted: Wanted, staging: Staging) -> bool:
    """Fetch and receive what is wanted; False where the rest of it is left to the next job."""
    try:
        if not _fetch_all(sidecar, wanted, staging):
            return False
        _receive(sidecar, wanted, staging)
    except (NoRoomError, UnreachableError) as error:
        raise TryLater(error.code) from error
    except (SidecarError, GiveUp) as error:
        staging.clear()
        raise GiveUp(error.code) from error
    staging.clear()
    return True


def _find_wanted(sidecar: Sidecar, offered_id: str) -> Wanted | None:
    with sidecar.reading() as db:
        found = db.get(OfferedPath, offered_id)
        if found is None or found.wanted_at is None or found.fetched_version >= found.version:
            return None
        if not found.is_offered_on(sidecar.today()):
            raise GiveUp(offered_paths.OfferEndedError.code)
        return Wanted(
            offered_id=offered_id,
            region_id=found.region_id,
            peer_id=found.peer_id,
            origin=found.origin,
            version=found.version,
            manifest_digest=found.manifest_digest,
            signature=found.signature,
            size_bytes=found.size_bytes,
            told_at=found.told_at,
            by=found.wanted_by,
        )


def _fetch_all(sidecar: Sidecar, wanted: Wanted, staging: Staging) -> bool:
    """Fetch file after file; tell whether all are here now.

    What the manifest says is looked at before any other file is asked for.
    """
    ends = time.monotonic() + LONGEST_S
    manifest = wanted.manifest_digest
    if not staging.has(manifest) and not _fetch_file(sidecar, wanted, staging, manifest, None, ends):
        return False
    parts = _list_parts(sidecar, wanted, staging)
    missing = {
        digest: size_bytes
        for digest, size_bytes in parts.items()
        if not staging.has(digest) and not _has_stored(sidecar, digest, size_bytes)
    }
    _refuse_too_much(sidecar, wanted, sum(missing.values()))
    return all(_fetch_file(sidecar, wanted, staging, digest, missing[digest], ends) for digest in missing)


def _refuse_too_much(sidecar: Sidecar, wanted: Wanted, missing_bytes: int) -> None:
    """Return where there is room for what is missing, which lies twice till it is received.

    Raises:
        NoRoomError: there is none.
        PeerTooMuchError: the peer has sent enough.
    """
    with sidecar.reading() as db:
        address = db.get_one(Peer, wanted.peer_id).address
        kept_bytes = received_paths.count_bytes(db, wanted.region_id, address)
    if kept_bytes + missing_bytes > MOST_OF_PEER_BYTES:
        raise PeerTooMuchError(most_bytes=MOST_OF_PEER_BYTES)
    refuse_too_large(sidecar.settings.data, 2 * missing_bytes)


def _list_parts(sidecar: Sidecar, wanted: Wanted, staging: Staging) -> dict[str, int]:
    sent = _sent(sidecar, wanted, staging)
    _, manifest = examine_words(sidecar, [wanted.region_id], sent)
    size_bytes = sum(manifest.parts.values()) + len(sent.manifest)
    if manifest.origin != wanted.origin:
        raise OfferLiesError(what="learning path")
    if manifest.version != wanted.version:
        raise OfferLiesError(what="version")
    if size_bytes != wanted.size_bytes:
        raise OfferLiesError(what=N_("size"))
    return dict(manifest.parts)


def _has_stored(sidecar: Sidecar, digest: str, size_bytes: int) -> bool:
    try:
        return sidecar.storage.size(digest) == size_bytes
    except NotFoundError:
        return False


def _fetch_file(
    sidecar: Sidecar, wanted: Wanted, staging: Staging, digest: str, size_bytes: int | None, ends: float
) -> bool:
    """Fetch a file from where it broke off; tell whether it is here now, or the time is over.

    Args:
        size_bytes: None for the manifest, whose size is not known before.
    """
    if size_bytes == 0:
        staging.add(digest, b"")
    while size_bytes is None or staging.begun_bytes(digest) < size_bytes:
        if time.monotonic() > ends:
            return False
        start = staging.begun_bytes(digest)
        answer = _ask(sidecar, wanted, digest, start)
        whole = _whole_of(answer, start)
        if size_bytes is None and whole > MOST_BYTES:
            raise OfferLiesError(what=N_("size"))
        size_bytes = whole if size_bytes is None else size_bytes
        if whole != size_bytes:
            raise PartLiesError
        staging.add(digest, answer.body)
    if not staging.finish(digest):
        raise PartLiesError
    return True


def _ask(sidecar: Sidecar, wanted: Wanted, digest: str, start: int) -> Answer:
    headers = {"Range": f"bytes={start}-{start + PIECE_BYTES - 1}", "Accept": "application/octet-stream"}
    answer = call(sidecar, wanted.peer_id, "GET", f"/content/{digest}", headers=headers, is_bulk=True)
    if answer.status in (404, 410):
        raise GiveUp(GONE)
    if answer.status != 206:
        raise PartLiesError
    return answer


def _whole_of(answer: Answer, start: int) -> int:
    """Return how large a file is in all, of an answer that holds its bytes from `start` on, as many as were asked."""
    said = answer.headers.get("content-range", "")
    unit, _, rest = said.partition(" ")
    place, _, whole = rest.partition("/")
    end = start + len(answer.body) - 1
    if unit != "bytes" or place != f"{start}-{end}" or not (whole.isascii() and whole.isdigit() and len(whole) < 16):
        raise PartLiesError
    if not answer.body or len(answer.body) != min(PIECE_BYTES, int(whole) - start):
        raise PartLiesError
    return int(whole)


def _receive(sidecar: Sidecar, wanted: Wanted, staging: Staging) -> None:
    sent = _sent(sidecar, wanted, staging)
    receive(sidecar, wanted.region_id, sent, seen_at=wanted.told_at, by=wanted.by)
    with sidecar.transaction() as db:
        offered_paths.note_fetched(db, wanted.offered_id, wanted.version, sidecar.now())
    log.info("offered_path.fetched", offered=wanted.offered_id, version=wanted.version)


def _sent(sidecar: Sidecar, wanted: Wanted, staging: Staging) -> Sent:
    with staging.open(wanted.manifest_digest) as file:
        manifest = file.read()

    def open_part(digest: str) -> Content:
        return staging.open(digest) if staging.has(digest) else _Stored(sidecar.storage.stream(digest))

    return Sent(manifest, wanted.signature, open_part)


class _Stored:
    """A file of the storage, read as an open file is."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""

    def read(self, size_bytes: int, /) -> bytes:
        if not self._left:
            self._left = next(self._pieces, b"")
        piece, self._left = self._left[:size_bytes], self._left[size_bytes:]
        return piece

    def close(self) -> None:
        """Leave the storage open: it is the installation's."""


def forget_leftovers(sidecar: Sidecar) -> int:
    """Remove what was fetched of offers that nobody fetches any more; return of how many."""
    with sidecar.reading() as db:
        left = [one for one in list_staged(sidecar.settings.data) if not outbox.is_under_way(db, KIND, one)]
    return sum(_forget(Staging(sidecar.settings.data, one)) for one in left)


def _forget(staging: Staging) -> bool:
    try:
        with staging.held():
            staging.clear()
    except FetchUnderWayError:
        return False
    return True
