"""Upload reports to an SFTP server of the receiver."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sidecar.connectors.base import (
    MisconfiguredError,
    Parcel,
    ParcelFile,
    Receipt,
    ReportDelivery,
    UnreachableError,
    connector,
    setting,
)
from sidecar.connectors.over_tcp import OverTcp
from sidecar.connectors.parcel_names import refuse_bad_key, refuse_unsafe_names
from sidecar.connectors.places import drop_off, find_receipt
from sidecar.connectors.sealed_files import Sealing
from sidecar.connectors.sftp_place import SftpPlace
from sidecar.connectors.sftp_session import Login, open_session
from sidecar.errors import UnreachableError as UnknownHostError


class HostNotFoundError(UnreachableError):
    """The name {host} leads nowhere. Check the setting host; it will be tried again."""

    code = "sftp-host-not-found"


@connector("sftp", "SFTP")
class Sftp(OverTcp, ReportDelivery):
    """Upload each report as files; a second delivery with the same key changes nothing, and a cut one goes on."""

    host: str = setting("The name or address of the server.")
    port: int = setting("Its port; 22 where nothing is set.", default=22)
    user: str = setting("Whom to sign in as.")
    password: str | None = setting("The password, where there is no key.", secret=True, default=None)
    private_key: str | None = setting(
        "The private key, the whole file: PKCS #8 or OpenSSH, without a passphrase.",
        secret=True,
        lines=6,
        default=None,
    )
    folder: str = setting(
        "The folder for the reports, as the server calls it. Empty: the one after sign-in.", default="."
    )
    host_key: str = setting(
        "The server's own key, as ssh-keyscan prints it or as ssh-ed25519 AAAA…: compare it with what its owner says.",
        lines=3,
    )
    encrypt_to: str | None = setting(
        "The receiver's public key of age (age1…): each file is encrypted for it. Empty: not encrypted.", default=None
    )
    encrypt_until: date | None = setting(
        "The last day on which that key may be used, as 2027-12-31. Empty: no end.", default=None
    )

    def prepare(self) -> None:
        """Refuse keys and addresses that can't be used; nothing is made on the server."""
        self._sealing.refuse_unusable()
        self._login.host_keys()
        self._login.client_keys()
        if not 0 < self.port < 65536:
            raise MisconfiguredError(setting="port")
        if not self.folder.isprintable():
            raise MisconfiguredError(setting="folder")

    def check(self) -> None:
        """Sign in, write a file, and take it away again."""
        self._sealing.refuse_unusable()
        with self._at_hand() as place:
            name = f".check-{secrets.token_hex(8)}"
            place.write(name, ParcelFile(name, "text/plain", "", 5, lambda: iter([b"check"])))
            place.remove(name)

    def deliver(self, parcel: Parcel, key: str) -> Receipt:
        """Upload the files under temporary names, give them their own, then note the receipt."""
        refuse_bad_key(key)
        refuse_unsafe_names(parcel.files)
        with self._at_hand() as place:
            place.keep_receipts()
            return drop_off(place, parcel.files, key, f"{self.host}:{self.folder}", self._sealing)

    def find(self, key: str) -> Receipt | None:
        """Read the receipt of an earlier delivery."""
        refuse_bad_key(key)
        with self._at_hand() as place:
            return find_receipt(place, key)

    @property
    def _sealing(self) -> Sealing:
        return Sealing(self.encrypt_to, self.encrypt_until)

    @property
    def _login(self) -> Login:
        return Login(self.host, self.port, self.user, self.host_key, self.password, self.private_key)

    @contextmanager
    def _at_hand(self) -> Iterator[SftpPlace]:
        try:
            addresses = self.look_up(self.host, self.port)
        except UnknownHostError as error:
            raise HostNotFoundError(host=self.host) from error
        with open_session(self._login, addresses) as session:
            yield SftpPlace(session, self.folder)
