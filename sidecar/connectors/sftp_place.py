"""Be a folder of an SFTP server as a place to put files, where a file that was cut goes on from what is there."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import asyncssh

from sidecar.connectors.base import MisconfiguredError, ParcelFile, RefusedError, UnreachableError
from sidecar.connectors.places import NO_FILE, RECEIPTS
from sidecar.connectors.sftp_session import Session

PIECE_BYTES: Final = 1024 * 1024
"""How much is under way at once; within it parts may arrive in any order, so that a cut can leave holes there only."""

PROBE_BYTES: Final = 64 * 1024
"""How much before the place where a file goes on must be what we would have written there."""


class SftpFolderMissingError(MisconfiguredError):
    """There is no folder {folder} on {host}. Ask whoever runs the server to make it, or correct the setting."""

    code = "sftp-folder-missing"


class SftpNotWritableError(RefusedError):
    """{host} does not let the user write in the folder {folder}. Ask whoever runs the server for the right to."""

    code = "sftp-not-writable"


class SftpFullError(UnreachableError):
    """{host} can't write in the folder {folder}: probably no room is left there. It will be tried again."""

    code = "sftp-full"


class SftpFailedError(UnreachableError):
    """{host} could not do what we asked in the folder {folder} ({reason}). It will be tried again."""

    code = "sftp-failed"


class SftpPlace:
    """A folder of an SFTP server; names are relative to it."""

    def __init__(self, session: Session, folder: str) -> None:
        """Look at the folder.

        Raises:
            SftpFolderMissingError: it is not there.
        """
        self._do, self._sftp = session.do, session.sftp
        self._host, self._folder = session.host, folder
        with self._told():
            if not self._do(self._sftp.isdir(folder)):
                raise SftpFolderMissingError(setting="folder", folder=folder, host=session.host)

    def keep_receipts(self) -> None:
        """Make the folder of the receipts where it is missing."""
        with self._told():
            if not self._do(self._sftp.isdir(self._path(RECEIPTS))):
                self._do(self._sftp.mkdir(self._path(RECEIPTS)))

    def size(self, name: str) -> int | None:
        """Return how large a file is."""
        with self._told():
            try:
                found = self._do(self._sftp.lstat(self._path(name)))
            except asyncssh.SFTPNoSuchFile:
                return None
        is_file = found.permissions is None or stat.S_ISREG(found.permissions)
        return found.size if is_file and found.size is not None else NO_FILE

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a file, no more than its size says."""
        size_bytes = self.size(name) or 0
        with self._told():
            there = self._do(self._sftp.open(self._path(name), "rb"))
            try:
                for at in range(0, size_bytes, PIECE_BYTES):
                    yield _bytes(self._do(there.read(min(PIECE_BYTES, size_bytes - at), at)))
            finally:
                self._do(there.close())

    def write(self, name: str, file: ParcelFile) -> None:
        """Write a file; one whose beginning is there already goes on from it."""
        start = self._find_start(name, file)
        try:
            self._write_from(start, name, file)
        except (SftpFullError, SftpNotWritableError):
            with suppress(SftpFailedError, SftpNotWritableError, UnreachableError):
                self.remove(name)  # what can't be completed shall not fill the receiver's disk
            raise

    def rename(self, name: str, to: str) -> bool:
        """Give a file another name: a server refuses one that is taken."""
        with self._told():
            try:
                self._do(self._sftp.rename(self._path(name), self._path(to)))
            except asyncssh.SFTPError:
                if self.size(to) is None:
                    raise
                return False
        return True

    def replace(self, name: str, to: str) -> None:
        """Give a file another name, in one step where the server can."""
        with self._told():
            try:
                self._do(self._sftp.posix_rename(self._path(name), self._path(to)))
            except asyncssh.SFTPOpUnsupported:
                if self.size(to) is not None:
                    self.remove(to)
                self._do(self._sftp.rename(self._path(name), self._path(to)))

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._told():
            self._do(self._sftp.remove(self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self._folder.rstrip('/')}/{name}"

    def _find_start(self, name: str, file: ParcelFile) -> int:
        """Return where to go on: before the last piece that is surely whole, if what is there is ours."""
        there_bytes = self.size(name) or 0
        start = max(0, there_bytes // PIECE_BYTES - 1) * PIECE_BYTES
        if there_bytes > file.size_bytes or not start:
            return 0
        before = next(data for at, data in _pieces(file) if at + len(data) == start)
        return start if before[-PROBE_BYTES:] == self._read_before(start, name) else 0

    def _read_before(self, start: int, name: str) -> bytes:
        with self._told():
            there = self._do(self._sftp.open(self._path(name), "rb"))
            try:
                return _bytes(self._do(there.read(PROBE_BYTES, start - PROBE_BYTES)))
            finally:
                self._do(there.close())

    def _write_from(self, start: int, name: str, file: ParcelFile) -> None:
        with self._told(writing=True):
            out = self._do(self._sftp.open(self._path(name), "r+b" if start else "wb"))
            try:
                for at, data in _pieces(file):
                    if at >= start:
                        self._do(out.write(data, at))
                with suppress(asyncssh.SFTPOpUnsupported):
                    self._do(out.fsync())
            finally:
                with suppress(asyncssh.SFTPError, UnreachableError):
                    self._do(out.close())

    @contextmanager
    def _told(self, *, writing: bool = False) -> Iterator[None]:
        """Turn what the server says into what an operator can act on."""
        where = {"host": self._host, "folder": self._folder}
        try:
            yield
        except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect) as error:
            raise SftpNotWritableError(**where) from error
        except (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded) as error:
            raise SftpFullError(**where) from error
        except asyncssh.SFTPError as error:
            if writing and isinstance(error, asyncssh.SFTPFailure):  # all that version 3 of the protocol can say of it
                raise SftpFullError(**where) from error
            raise SftpFailedError(**where, reason=type(error).__name__) from error


def _pieces(file: ParcelFile) -> Iterator[tuple[int, bytes]]:
    """Yield the bytes of a file in pieces of one size, each with where it begins."""
    at, held = 0, bytearray()
    for data in file.read():
        held += data
        while len(held) >= PIECE_BYTES:
            yield at, bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]
            at += PIECE_BYTES
    if held:
        yield at, bytes(held)


def _bytes(read: str | bytes) -> bytes:
    """Return what was read from a file that was opened for bytes."""
    return read if isinstance(read, bytes) else read.encode()
