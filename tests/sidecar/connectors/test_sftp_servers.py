"""Test SFTP against servers that refuse one thing, or do without something."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncssh
import pytest

from sidecar.connectors.base import ParcelFile, set_up
from sidecar.connectors.contract import CSV, KEY, make_file, make_parcel
from sidecar.connectors.sftp import Sftp
from sidecar.connectors.sftp_place import SftpFailedError, SftpFullError, SftpNotWritableError
from sidecar.connectors.sftp_session import SftpNotOfferedError
from tests.fakes.sftp_server import guided

pytestmark = pytest.mark.slow
MEGABYTE = 1024 * 1024


class Stubborn(asyncssh.SFTPServer):
    """A server that refuses one thing; it has room for two megabytes where that is `room`."""

    error: asyncssh.SFTPError
    at: str

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        self._refuse("write" if offset < 2 * MEGABYTE else "room")
        return int(super().write(file_obj, offset, data))  # type: ignore[arg-type]

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        self._refuse("mkdir")
        super().mkdir(path, attrs)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._refuse("posix_rename")
        super().posix_rename(oldpath, newpath)

    def _refuse(self, what: str) -> None:
        if what == self.at:
            raise self.error


def _deliver_to_stubborn(
    folder: Path, at: str, error: asyncssh.SFTPError, file: ParcelFile = CSV, *, factory: bool = True
) -> None:
    """Deliver to a server of asyncssh on this machine that takes every password."""
    kind = type("One", (Stubborn,), {"at": at, "error": error})
    host_key = asyncssh.generate_private_key("ssh-ed25519")

    class Doorman(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return password == "passord-æøå"

    async def serve() -> None:
        listener = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Doorman,
            server_host_keys=[host_key],
            sftp_factory=(lambda channel: kind(channel, chroot=os.fsencode(folder))) if factory else None,
        )
        settings = {
            "host": "sftp.kommune.test",
            "port": str(listener.get_port()),
            "user": "u",
            "password": "passord-æøå",
            "host_key": host_key.export_public_key().decode(),
        }
        channel = guided(set_up(Sftp, settings))
        try:
            await asyncio.to_thread(channel.deliver, make_parcel(file), KEY)
        finally:
            listener.close()
            await listener.wait_closed()

    with ThreadPoolExecutor(1) as apart:  # where no event loop of a browser runs
        apart.submit(lambda: asyncio.run(serve())).result()


@pytest.mark.parametrize(
    ("at", "error", "kind"),
    [
        ("write", asyncssh.SFTPFailure("no space left"), SftpFullError),
        ("write", asyncssh.SFTPPermissionDenied("no"), SftpNotWritableError),
        ("mkdir", asyncssh.SFTPPermissionDenied("no"), SftpNotWritableError),
        ("mkdir", asyncssh.SFTPFailure("no"), SftpFailedError),
    ],
)
def test_what_a_server_says_becomes_a_clear_error(
    tmp_path: Path, at: str, error: asyncssh.SFTPError, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=r"sftp\.kommune\.test"):
        _deliver_to_stubborn(tmp_path, at, error)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_disk_that_is_full_is_told_and_left_clean_till_there_is_room(tmp_path: Path) -> None:
    file = make_file("stor.csv", os.urandom(4 * MEGABYTE))
    with pytest.raises(SftpFullError, match="no room"):
        _deliver_to_stubborn(tmp_path, "room", asyncssh.SFTPFailure("no space left"), file)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    _deliver_to_stubborn(tmp_path, "", asyncssh.SFTPFailure(""), file)
    assert (tmp_path / file.name).read_bytes() == b"".join(file.read())


def test_a_password_opens_too_and_an_old_server_is_enough(tmp_path: Path) -> None:
    _deliver_to_stubborn(tmp_path, "posix_rename", asyncssh.SFTPOpUnsupported("what is that?"))
    assert (tmp_path / CSV.name).read_bytes() == b"".join(CSV.read())
    assert list(json.loads((tmp_path / ".receipts" / f"{KEY}.json").read_bytes())["details"]) == [CSV.name]


def test_a_server_without_sftp_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SftpNotOfferedError):
        _deliver_to_stubborn(tmp_path, "", asyncssh.SFTPFailure(""), factory=False)
