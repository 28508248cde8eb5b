"""Write reports into a folder of this server, or of a share that is mounted there."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.connectors.base import (
    MisconfiguredError,
    Parcel,
    ParcelFile,
    Receipt,
    RefusedError,
    RejectedError,
    ReportDelivery,
    UnreachableError,
    connector,
    setting,
)

RECEIPTS = ".receipts"
_SAFE_NAME = re.compile(r"[^\W_.][\w.-]{0,180}")
_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FolderMissingError(MisconfiguredError):
    """The folder {folder} is not there, or not the one that was set up. Mount the share, or add the channel anew."""

    code = "folder-missing"


class FolderNotWritableError(RefusedError):
    """The folder {folder} can't be written to. Give the user that runs the sidecar the right to write there."""

    code = "folder-not-writable"


class FolderFullError(UnreachableError):
    """There is no room left in the folder {folder}. Make room there; it will be tried again."""

    code = "folder-full"


class FileNameUnsafeError(RejectedError):
    """A file of this delivery has a name that can't be used in a folder. Tell whoever develops this service."""

    code = "file-name-unsafe"


class DeliveryKeyBadError(RejectedError):
    """The key of this delivery is not 64 hexadecimal characters. Tell whoever develops this service."""

    code = "delivery-key-bad"


class FolderFailedError(UnreachableError):
    """Writing to the folder {folder} failed ({reason}). It will be tried again."""

    code = "folder-failed"


@connector("folder", "Folder on this server")
class Folder(ReportDelivery):
    """Write each report as files; a second delivery with the same key changes nothing."""

    folder: Path = setting("Where the reports are written: a folder of this server or a mounted share.")

    def prepare(self) -> None:
        """Make the folder, and in it the one of the receipts, by which it is known again."""
        with self._told():
            (self.folder / RECEIPTS).mkdir(mode=0o750, parents=True, exist_ok=True)

    def check(self) -> None:
        """Write a file, and take it away again."""
        with self._at_hand():
            self._write(self.folder / f".check-{secrets.token_hex(8)}", iter([b"check"])).unlink()

    def deliver(self, parcel: Parcel, key: str) -> Receipt:
        """Write the files under temporary names, give them their own, then note the receipt."""
        known = self.find(key)
        if known:
            return known
        for file in parcel.files:
            if not _SAFE_NAME.fullmatch(file.name):
                raise FileNameUnsafeError
        with self._at_hand():
            self._clear(key)
            written = [(file, self._bring(file, key)) for file in parcel.files]
            return self._note(self._name(written), key)

    def find(self, key: str) -> Receipt | None:
        """Read the receipt of an earlier delivery."""
        with self._at_hand():
            path = self._receipt(key)
            if not path.exists():
                return None
            noted = json.loads(path.read_bytes())
        return Receipt(noted["reference"], noted["details"])

    def _receipt(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise DeliveryKeyBadError
        return self.folder / RECEIPTS / f"{key}.json"

    @contextmanager
    def _at_hand(self) -> Iterator[None]:
        """Demand the folder as it was prepared: one that is missing or bare may be a share that is not mounted."""
        with self._told():
            if not (self.folder / RECEIPTS).is_dir():
                raise FolderMissingError(setting="folder", folder=str(self.folder))
            yield

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

    def _clear(self, key: str) -> None:
        """Take away what an earlier attempt at this key left half written."""
        for left in self.folder.glob(f".{key[:16]}-*.part"):
            left.unlink(missing_ok=True)

    def _bring(self, file: ParcelFile, key: str) -> Path:
        return self._write(self.folder / f".{key[:16]}-{secrets.token_hex(8)}.part", file.read())

    def _write(self, path: Path, pieces: Iterator[bytes]) -> Path:
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

    def _name(self, written: list[tuple[ParcelFile, Path]]) -> dict[str, str]:
        """Give the files their names: another report's files stand, a corrected one gets a number.

        Returns: SHA-256 by file name.
        """
        number = 1
        while any(not _is_free(self._target(file, number), file) for file, _ in written):
            number += 1
        for file, temporary in written:
            target = self._target(file, number)
            if target.exists():
                temporary.unlink()
            else:
                _rename(temporary, target)
        _sync(self.folder)
        return {self._target(file, number).name: file.sha256 for file, _ in written}

    def _target(self, file: ParcelFile, number: int) -> Path:
        path = self.folder / file.name
        return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")

    def _note(self, names: dict[str, str], key: str) -> Receipt:
        receipt = Receipt(str(self.folder), names)
        text = json.dumps({"reference": receipt.reference, "details": names}, ensure_ascii=False)
        self._write(self.folder / f".{key[:16]}-{secrets.token_hex(8)}.part", iter([text.encode()])).replace(
            self._receipt(key)
        )
        _sync(self.folder / RECEIPTS)
        return receipt


def _is_free(target: Path, file: ParcelFile) -> bool:
    """Tell whether a name is unused, or already holds these very bytes (an attempt that was cut off)."""
    if not os.path.lexists(target):
        return True
    if not target.is_file() or target.stat().st_size != file.size_bytes:
        return False
    with target.open("rb") as there:
        return hashlib.file_digest(there, "sha256").hexdigest() == file.sha256


def _rename(temporary: Path, target: Path) -> None:
    """Rename, and fail where the name has been taken meanwhile."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a share without hard links
        temporary.replace(target)
    else:
        temporary.unlink()


def _sync(folder: Path) -> None:
    """Make new names outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
