"""Read what a delivery keeps in the storage, decrypted."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from pyrage import DecryptError, decrypt_io, x25519

from sidecar.core.deliveries import Delivery, FilesRemovedError
from sidecar.core.kept_files import stored_as
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.storage.base import CHUNK_BYTES


class DamagedFileError(SidecarError):
    """The file {digest} can't be read: what lies in the storage is not what was put there. Restore it from a backup."""

    code = "file-damaged"


def read(sidecar: Sidecar, delivery: Delivery, file: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the plain bytes of a file of a delivery; it is whole and the right one before the first piece comes.

    Args:
        file: one of the delivery's.

    Raises:
        FilesRemovedError: at once; it is kept no longer.
        NotFoundError: with the first piece; the storage does not have it.
        DamagedFileError: with the first piece.
        WrongKeyError: likewise; its key was sealed with one that is not among SIDECAR_SECRET_KEYS.
    """
    if delivery.files_removed_at:
        raise FilesRemovedError.of(delivery)
    return _read(sidecar, delivery, file)


def _read(sidecar: Sidecar, delivery: Delivery, file: Mapping[str, Any]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as plain:
        _copy(sidecar, delivery, stored_as(file), plain)
        plain.seek(0)
        if hashlib.file_digest(plain, "sha256").hexdigest() != file["digest"]:
            raise DamagedFileError(digest=file["digest"])
        plain.seek(0)
        while piece := plain.read(CHUNK_BYTES):
            yield piece


def read_rows(sidecar: Sidecar, delivery: Delivery, target: Path) -> None:
    """Write the kept lines of a delivery, decrypted, into a file that `kept_rows` reads.

    Raises:
        NotFoundError: the storage does not have them.
        DamagedFileError: they can't be decrypted.
        WrongKeyError: their key was sealed with one that is not among SIDECAR_SECRET_KEYS.
    """
    with target.open("wb") as file:
        _copy(sidecar, delivery, stored_as(delivery.kept_rows or {}), file)


def _copy(sidecar: Sidecar, delivery: Delivery, stored: str, target: IO[bytes]) -> None:
    """Copy what is stored, decrypted; what is from before files were encrypted has no key, and is as it is."""
    if delivery.file_key is None:
        return _fetch(sidecar, stored, target)
    identity = x25519.Identity.from_str(sidecar.secrets.open(delivery.file_key).decode("ascii"))
    with tempfile.TemporaryFile() as encrypted:
        _fetch(sidecar, stored, encrypted)
        encrypted.seek(0)
        try:
            decrypt_io(encrypted, target, [identity])
        except DecryptError:
            raise DamagedFileError(digest=stored) from None
    return None


def _fetch(sidecar: Sidecar, stored: str, target: IO[bytes]) -> None:
    """Copy what is stored as it is, to the end: a storage that does not answer is not taken for a damaged file."""
    digest = hashlib.sha256()
    for piece in sidecar.storage.stream(stored):
        digest.update(piece)
        target.write(piece)
    if digest.hexdigest() != stored:
        raise DamagedFileError(digest=stored)
