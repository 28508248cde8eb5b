"""Tell another system by a signed request that a report is ready, and where; the report itself stays here.

Source: Standard Webhooks 1.0, "Webhook metadata", "Verifying webhook authenticity" and "Delivering".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from sidecar import errors as outer
from sidecar.connectors.base import (
    BusyError,
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

READY: Final = "report.ready"
TEST: Final = "connection.test"
PREFIX: Final = "whsec_"
SECRET_BYTES: Final = range(24, 65)
"""How long a secret may be. Source: Standard Webhooks 1.0, "Signature scheme"."""

LONGEST_WAIT_S: Final = 24 * 3600
_BUSY: Final = frozenset({429, 503})
_PASSING: Final = frozenset({408, 425})


class WebhookUnreachableError(UnreachableError):
    """The receiver of the webhook does not answer as it should (status {status}). It will be tried again."""

    code = "webhook-unreachable"


class WebhookBusyError(BusyError):
    """The receiver of the webhook wants to be asked again in {wait_s} seconds. It will be tried again."""

    code = "webhook-busy"


class WebhookGoneError(RejectedError):
    """The receiver of the webhook wants no more of them (410). Remove this channel, or correct its address."""

    code = "webhook-gone"


class WebhookRejectedError(RejectedError):
    """The receiver of the webhook does not take it (status {status}). Ask whoever runs it, then try again."""

    code = "webhook-rejected"


class WebhookRefusedError(RefusedError):
    """The receiver of the webhook does not believe us (status {status}). See that both sides have the same secret."""

    code = "webhook-refused"


class WebhookMovedError(MisconfiguredError):
    """The receiver of the webhook sends us elsewhere (status {status}). Correct the setting "{setting}"."""

    code = "webhook-moved"


class WebhookSecretBadError(MisconfiguredError):
    """The setting "{setting}" is no secret for webhooks: whsec_ and then 24 to 64 random bytes in Base64."""

    code = "webhook-secret-bad"


class WebhookAddressBadError(MisconfiguredError):
    """The setting "{setting}" is no address that a webhook may go to.

    It begins with https://; a host of the own network stands in SIDECAR_ALLOWED_PRIVATE.
    """

    code = "webhook-address-bad"


class NothingToTellError(RejectedError):
    """This report has no page that a webhook could lead to. Tell whoever develops this service."""

    code = "webhook-no-page"


@connector("webhook", "Signed webhook")
class Webhook(OverHttp, ReportDelivery):
    """Send one event for each report; a repetition has the same `webhook-id`, by which a receiver knows it."""

    url: str = setting("The address that the receiver has given us, beginning with https://.")
    secret: str = setting(
        "The secret that signs each request, as the receiver has it too: whsec_ and 24 to 64 random bytes in Base64.",
        secret=True,
    )
    next_secret: str = setting(
        "The secret that comes after it. While both are set, each request carries the signatures of both.",
        secret=True,
        default="",
    )

    def prepare(self) -> None:
        """Refuse an address or a secret that can't work, while somebody is there to correct it."""
        if urlsplit(self.url).scheme not in ("https", "http") or not urlsplit(self.url).hostname:
            raise WebhookAddressBadError(setting="url")
        self._keys()

    def check(self) -> None:
        """Send a signed event of the type `connection.test`, which tells of no report."""
        self._send({"type": TEST, "timestamp": _iso(now := _now()), "data": {}}, f"test_{secrets.token_hex(16)}", now)

    def deliver(self, parcel: Parcel, key: str) -> Receipt:
        """Send the event; who got it before knows it by its id."""
        if not parcel.link:
            raise NothingToTellError
        message_id, now = f"report_{key}", _now()
        told = {
            "reportId": key,
            "link": parcel.link,
            "municipality": parcel.recipient.org_number,
            "period": parcel.period,
        }
        self._send({"type": READY, "timestamp": _iso(now), "data": told}, message_id, now)
        return Receipt(message_id)

    def _send(self, event: Mapping[str, object], message_id: str, now: datetime) -> None:
        body = json.dumps(event, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **self._signed(message_id, int(now.timestamp()), body)}
        try:
            answer = self.fetch("POST", self.url, headers=headers, body=body)
        except outer.ForbiddenAddressError:
            raise WebhookAddressBadError(setting="url") from None
        except outer.UnreachableError as error:
            raise UnreachableError from error
        _refuse(answer)

    def _signed(self, message_id: str, moment: int, body: bytes) -> dict[str, str]:
        signed = f"{message_id}.{moment}.".encode() + body
        signatures = (hmac.new(key, signed, hashlib.sha256).digest() for key in self._keys())
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(moment),
            "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode('ascii')}" for one in signatures),
        }

    def _keys(self) -> list[bytes]:
        """Return the keys that sign, the present one first."""
        given = {"secret": self.secret, "next_secret": self.next_secret}
        return [_read_secret(name, value) for name, value in given.items() if value]


def _read_secret(name: str, value: str) -> bytes:
    encoded = value.strip().removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise WebhookSecretBadError(setting=name) from None
    if not value.strip().startswith(PREFIX) or len(key) not in SECRET_BYTES:
        raise WebhookSecretBadError(setting=name)
    return key


def _refuse(answer: HttpAnswer) -> None:
    """Take 2xx for delivered, and tell what else an answer means."""
    status = answer.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise WebhookMovedError(setting="url", status=status)
    if status in (401, 403):
        raise WebhookRefusedError(status=status)
    if status == 410:
        raise WebhookGoneError
    if status in _BUSY and (wait_s := _wait_s(answer.headers.get("retry-after", ""))):
        raise WebhookBusyError(wait_s=wait_s)
    if 400 <= status < 500 and status not in _BUSY | _PASSING:
        raise WebhookRejectedError(status=status)
    raise WebhookUnreachableError(status=status)


def _wait_s(told: str) -> int:
    """Return for how many seconds we are asked to wait, a day at most; 0 where it is not said in seconds."""
    is_number = told.isascii() and told.isdigit() and len(told) < 9
    return min(int(told), LONGEST_WAIT_S) if is_number else 0


def _now() -> datetime:
    """Return the real time: a receiver compares the signed one with its own clock, and refuses what is old."""
    return datetime.now(UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
