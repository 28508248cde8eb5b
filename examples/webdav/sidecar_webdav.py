"""Put reports into a WebDAV folder: each delivery into a folder of its own, with a receipt that is written last."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from sidecar import errors
from sidecar.connectors.base import (
    MisconfiguredError,
    Parcel,
    Receipt,
    RefusedError,
    RejectedError,
    ReportDelivery,
    UnreachableError,
    connector,
    setting,
)
from sidecar.connectors.over_http import HttpAnswer, OverHttp
from sidecar.connectors.parcel_names import refuse_bad_key, refuse_unsafe_names

RECEIPT = "receipt.json"


class WebDavUnreachableError(UnreachableError):
    """The WebDAV server does not answer as it should (status {status}). It will be tried again."""

    code = "webdav-unreachable"


class WebDavRefusedError(RefusedError):
    """The WebDAV server does not let us write there (status {status}). Check the user and the password."""

    code = "webdav-refused"


class WebDavRejectedError(RejectedError):
    """The WebDAV server does not take the report (status {status}). Ask whoever runs it."""

    code = "webdav-rejected"


class WebDavFolderMissingError(MisconfiguredError):
    """There is no WebDAV folder at the address (status {status}). Correct the setting "{setting}"."""

    code = "webdav-folder-missing"


@connector("webdav", "WebDAV folder")
class WebDav(OverHttp, ReportDelivery):
    """Write each delivery into a folder that its key names; a second time changes nothing."""

    url: str = setting("The address of the folder, beginning with https://.")
    user: str = setting("Whom to sign in as.")
    password: str = setting("The password, best one that was made for this only.", secret=True)

    most_bytes = 32 * 1024 * 1024  # a file is held in memory while it is sent

    def prepare(self) -> None:
        """Refuse what can't be an address, before anything is kept."""
        if not self.url.startswith(("https://", "http://")):
            raise MisconfiguredError(setting="url")

    def check(self) -> None:
        """Write a file, and take it away again."""
        self._ask("PUT", "sidecar-check.txt", b"check")
        self._ask("DELETE", "sidecar-check.txt")

    def deliver(self, parcel: Parcel, key: str) -> Receipt:
        """Make the folder of the delivery, put the files in it, and the receipt last."""
        known = self.find(key)
        if known:
            return known
        refuse_unsafe_names(parcel.files)
        self._ask("MKCOL", key, allowed=(405,))  # 405: it is there, from a try that was cut off
        for file in parcel.files:
            self._ask("PUT", f"{key}/{file.name}", b"".join(file.read()))
        receipt = Receipt(f"{self.url}/{key}", {file.name: file.sha256 for file in parcel.files})
        self._ask("PUT", f"{key}/{RECEIPT}", json.dumps(receipt.details).encode())
        return receipt

    def find(self, key: str) -> Receipt | None:
        """Read the receipt of an earlier delivery: where it is, everything has arrived."""
        refuse_bad_key(key)
        answer = self._ask("GET", f"{key}/{RECEIPT}", allowed=(404,))
        return None if answer.status == 404 else Receipt(f"{self.url}/{key}", json.loads(answer.body))

    def _ask(self, method: str, name: str, body: bytes | None = None, allowed: tuple[int, ...] = ()) -> HttpAnswer:
        """Send a request, and turn what goes wrong into one of the four kinds of errors."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        address = f"{self.url.rstrip('/')}/{quote(name)}"
        try:
            answer = self.fetch(method, address, headers={"Authorization": f"Basic {token}"}, body=body)
        except errors.UnreachableError as error:
            raise WebDavUnreachableError(status=0) from error
        if answer.status < 300 or answer.status in allowed:
            return answer
        if answer.status in (401, 403):
            raise WebDavRefusedError(status=answer.status)
        if answer.status < 400 or answer.status in (404, 409):
            raise WebDavFolderMissingError(setting="url", status=answer.status)
        kind = WebDavUnreachableError if answer.status >= 500 or answer.status == 429 else WebDavRejectedError
        raise kind(status=answer.status)
