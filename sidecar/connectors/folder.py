"""Write reports into a folder of this server, or of a share that is mounted there."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sidecar.connectors.base import (
    MisconfiguredError,
    Parcel,
    ParcelFile,
    Receipt,
    RefusedError,
    ReportDelivery,
    UnreachableError,
    connector,
    setting,
)
from sidecar.connectors.parcel_names import refuse_bad_key, refuse_unsafe_names
from sidecar.connectors.places import NO_FILE, RECEIPTS, drop_off, find_receipt
from sidecar.connectors.sealed_files import Sealing

_NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PIECE_BYTES = 65536


class FolderMissingError(MisconfiguredError):
    """The folder {folder} is not there, or not the one that was set up. Mount the share, or add the channel anew."""

    code = "folder-missing"


class FolderNotWritableError(RefusedError):
    """The folder {folder} can't be written to. Give the user that runs the sidecar the right to write there."""

    code = "folder-not-writable"


class FolderFullError(UnreachableError):
    """There is no room left in the folder {folder}. Make room there; it will be tried again."""

    code = "folder-full"


class FolderFailedError(UnreachableError):
    """Writing to the folder {folder} failed ({reason}). It will be tried again."""

    code = "folder-failed"


@connector("folder", "Folder on this server")
class Folder(ReportDelivery):
    """Write each report as files; a second delivery with the same key changes nothing."""

    folder: Path = setting("Where the reports are written: a folder of this server or a mounted share.")
    encrypt_to: str | None = setting(
        "The receiver's public key of age (age1…): each file is encrypted for it. Empty: not encrypted.", default=None
    )
    encrypt_until: date | None = setting(
        "The last day on which that key may be used, as 2027-12-31. Empty: no end.", default=None
    )

    def prepare(self) -> None:
        """Make the folder, and in it the one of the receipts, by which it is known again."""
        self._sealing.refuse_unusable()
        with self._told():
            (self.folder / RECEIPTS).mkdir(mode=0o750, parents=True, exist_ok=True)

    def check(self) -> None:
        """Write a file, and take it away again."""
        self._sealing.refuse_unusable()
        with self._at_hand() as place:
            place.create(f".check-{secrets.token_hex(8)}", iter([b"check"])).unlink()

    def deliver(self, parcel: Parcel, key: str) -> Receipt:
        """Write the files under temporary names, give them their own, then note the receipt."""
        refuse_bad_key(key)
        refuse_unsafe_names(parcel.files)
        with self._at_hand() as place:
            return drop_off(place, parcel.files, key, str(self.folder), self._sealing)

    def find(self, key: str) -> Receipt | None:
        """Read the receipt of an earlier delivery."""
        with self._at_hand() as place:
            return find_receipt(place, key)

    @property
    def _sealing(self) -> Sealing:
        return Sealing(self.encrypt_to, self.encrypt_until)

    @contextmanager
    def _at_hand(self) -> Iterator[_LocalPlace]:
        """Demand the folder as it was prepared: one that is missing or bare may be a share that is not mounted."""
        with self._told():
            if not (self.folder / RECEIPTS).is_dir():
                raise FolderMissingError(setting="folder", folder=str(self.folder))
            yield _LocalPlace(self.folder)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the file system says into what an operator can act on."""
        try:
            yield
        except OSError as error:
            if error.errno in _NO_ACCESS:
                raise FolderNotWritableError(folder=str(self.folder)) from error
            if error.errno in _NO_ROOM:
                raise FolderFullError(folder=str(self.folder)) from error
            reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
            raise FolderFailedError(folder=str(self.folder), reason=reason) from error


@dataclass(frozen=True)
class _LocalPlace:
    """A folder of this server as a place to put files."""

    folder: Path

    def size(self, name: str) -> int | None:
        try:
            found = (self.folder / name).lstat()
        except FileNotFoundError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else NO_FILE

    def read(self, name: str) -> Iterator[bytes]:
        with (self.folder / name).open("rb") as there:
            while piece := there.read(_PIECE_BYTES):
                yield piece

    def write(self, name: str, file: ParcelFile) -> None:
        """Write a file from its start: nothing is saved by going on from what a cut left."""
        (self.folder / name).unlink(missing_ok=True)
        self.create(name, file.read())

    def create(self, name: str, pieces: Iterator[bytes]) -> Path:
        """Write a file of a name that is free, whole or not at all."""
        path = self.folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            with os.fdopen(descriptor, "wb") as out:
                for piece in pieces:
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise
        return path

    def rename(self, name: str, to: str) -> bool:
        temporary, target = self.folder / name, self.folder / to
        try:
            os.link(temporary, target)
        except FileExistsError:
            return False
        except OSError:  # a share without hard links
            if os.path.lexists(target):
                return False
            temporary.replace(target)
        else:
            temporary.unlink()
        _sync(target.parent)
        return True

    def replace(self, name: str, to: str) -> None:
        (self.folder / name).replace(self.folder / to)
        _sync((self.folder / to).parent)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Make new names outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
