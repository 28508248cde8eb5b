"""Look after the storage as a whole: take away what nobody names, and carry everything to another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from sidecar.core.kept_files import named_digests
from sidecar.errors import InvalidInputError, NotFoundError
from sidecar.runtime import Sidecar
from sidecar.storage import Storage

GRACE: Final = timedelta(hours=24)
"""An import puts its files first and names them later: what is younger may be on its way into a row."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Swept:
    """What a sweep took away, or would have; `leftovers` are half-written files."""

    files: int
    size_bytes: int
    leftovers: int


@dataclass(frozen=True)
class Copied:
    """What became of a copy: `files` lie in the target now, `copied` of them since this run; `damaged` do not."""

    files: int
    copied: int
    size_bytes: int
    damaged: tuple[str, ...]


def sweep(sidecar: Sidecar, *, dry_run: bool = False) -> Swept:
    """Take away every file that no row names and that was put more than `GRACE` ago; safe beside an import."""
    put_before = sidecar.now() - GRACE
    with sidecar.reading() as db:
        named = named_digests(db)
    files = size_bytes = 0
    for held in sidecar.storage.list_held():
        if held.put_at >= put_before or bytes.fromhex(held.digest) in named:
            continue
        if dry_run or sidecar.storage.remove(held.digest, put_before=put_before):
            files, size_bytes = files + 1, size_bytes + held.size_bytes
    leftovers = sidecar.storage.clear_leftovers(put_before, dry_run=dry_run)
    log.info("storage.cleaned", files=files, size_bytes=size_bytes, leftovers=leftovers, dry_run=dry_run)
    return Swept(files, size_bytes, leftovers)


def copy(sidecar: Sidecar, target: Storage, tell: Callable[[int], None]) -> Copied:
    """Carry every file to another storage; what is there already is not carried again.

    Args:
        tell: gets the number of files so far, now and then.

    Raises:
        InvalidInputError: the target is this installation's own storage.
        StorageUnreachableError: either does not answer; what was copied stays, and the next run goes on from there.
    """
    if target.where == sidecar.storage.where:
        raise InvalidInputError(field="--to", reason="it is the storage in use.")
    there = {bytes.fromhex(held.digest) for held in target.list_held()}
    files = copied = size_bytes = 0
    damaged = []
    for held in sidecar.storage.list_held():
        if bytes.fromhex(held.digest) in there:
            files += 1
        elif _carry(sidecar.storage, target, held.digest):
            files, copied, size_bytes = files + 1, copied + 1, size_bytes + held.size_bytes
        else:
            damaged.append(held.digest)
        tell(files)
    return Copied(files, copied, size_bytes, tuple(damaged))


def _carry(source: Storage, target: Storage, digest: str) -> bool:
    """Copy one file; False where its bytes are no longer what its name says, or it is gone."""
    try:
        stored = target.put(source.stream(digest))
    except NotFoundError:
        return False
    if stored.digest != digest:
        target.remove(stored.digest)
        return False
    return True
