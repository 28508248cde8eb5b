"""Hand reports over through KS SvarUt REST v2, and ask how it stands with them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlencode
from uuid import UUID

from stdnum.no import orgnr

from sidecar.connectors.base import (
    ConnectorError,
    Parcel,
    Progress,
    Receipt,
    ReportDelivery,
    connector,
    setting,
)
from sidecar.connectors.over_http import HttpAnswer, OverHttp
from sidecar.connectors.svarut.forsendelse import describe, reference_of, write_multipart
from sidecar.connectors.svarut.maskinporten import Client, Tokens, read_key
from sidecar.connectors.svarut.problems import (
    AccountUnknownError,
    DigitalIdBadError,
    EnvironmentUnknownError,
    IdBadError,
    ParcelTooLargeError,
    SvarUtRefusedError,
    SvarUtRejectedError,
    SvarUtUnreadableError,
    clean,
    message_of,
    read_object,
    refuse_passing,
    told_as_ours,
)
from sidecar.connectors.svarut.statuses import REASONS, stage_of

NAME: Final = "SvarUt"
MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True)
class Environment:
    """Where SvarUt and its Maskinporten are, and what the latter calls itself."""

    url: str
    token_url: str
    audience: str


ENVIRONMENTS: Final[Mapping[str, Environment]] = {
    "production": Environment("https://svarut.ks.no/api", "https://maskinporten.no/token", "https://maskinporten.no/"),
    "test": Environment(
        "https://test.svarut.ks.no/api", "https://test.maskinporten.no/token", "https://test.maskinporten.no/"
    ),
}


@connector("svarut", "KS SvarUt")
class SvarUt(OverHttp, ReportDelivery):
    """Send each report as one forsendelse; SvarUt knows it by our key, and says later whether it arrived."""

    most_bytes: ClassVar[int | None] = 32 * MEBIBYTE

    konto_id: str = setting("The ID of the account in SvarUt that sends (konto-ID).")
    integrasjon_id: str = setting("The ID of the Fiks integration that may send from the account.")
    integrasjon_passord: str = setting("The password of the Fiks integration.", secret=True)
    client_id: str = setting("The ID of the client in Maskinporten, which has the scope ks:fiks.")
    private_key: str = setting("The client's private RSA key, in PEM.", secret=True, lines=6)
    kid: str = setting("The ID that Maskinporten knows this key by (kid).")
    digital_id: str = setting(
        "The organisation number that receives, where it is another than the municipality's own.", default=""
    )
    environment: str = setting("production or test.", default="production")

    def prepare(self) -> None:
        """Refuse settings that can't be, while somebody is there to correct them."""
        for name in ("konto_id", "integrasjon_id"):
            _refuse_no_id(name, getattr(self, name))
        if self.digital_id and not orgnr.is_valid(self.digital_id):
            raise DigitalIdBadError(setting="digital_id")
        self._client()

    def check(self) -> None:
        """Sign in and look something up in the account that is not there."""
        self._find_ids(f"check-{secrets.token_hex(16)}")

    def deliver(self, parcel: Parcel, key: str) -> Receipt:
        """Send a forsendelse, unless SvarUt has it already.

        Where no answer comes, or half of one, SvarUt may have taken it: the next try asks for it first.
        """
        self._refuse_too_large(parcel)
        forsendelse = describe(parcel, key, self.digital_id or parcel.recipient.org_number)
        known = self.find(key)
        if known:
            return known
        media_type, body = write_multipart(forsendelse, parcel.files)
        answer = self._ask("POST", self._account(), media_type, body)
        sent = read_object(answer, NAME).get("id")
        if not isinstance(sent, str) or not _is_id(sent):
            raise SvarUtUnreadableError(system=NAME)
        return Receipt(sent)

    def find(self, key: str) -> Receipt | None:
        """Look a delivery up by its key; one that SvarUt refused may be sent again."""
        found = self._find_ids(reference_of(key))
        statuses = self._statuses(found) if found else {}
        taken = (one for one in found if stage_of(statuses.get(one, ("", ""))[0]) != "refused")
        return next((Receipt(one) for one in taken), None)

    def follow(self, receipt: Receipt) -> Progress:
        """Ask for the status of a forsendelse; where it will not arrive, for what happened to it too."""
        try:
            status, changed_at = self._statuses([receipt.reference])[receipt.reference]
        except KeyError:
            raise SvarUtUnreadableError(system=NAME) from None
        stage = stage_of(status)
        details = {"status": status, "changed_at": changed_at}
        if stage != "refused":
            return Progress(stage, details)
        return Progress(stage, details | self._last_event(receipt.reference), REASONS[status])

    def _find_ids(self, reference: str) -> list[str]:
        answer = self._ask("GET", f"{self._account()}?{urlencode({'eksternRef': reference})}")
        found = read_object(answer, NAME).get("forsendelseIds")
        if not isinstance(found, list) or not all(isinstance(one, str) and _is_id(one) for one in found):
            raise SvarUtUnreadableError(system=NAME)
        return found

    def _statuses(self, ids: list[str]) -> dict[str, tuple[str, str]]:
        """Return the status of each forsendelse, and since when it is that."""
        body = json.dumps({"forsendelseIds": ids}).encode()
        answer = self._ask("POST", f"{self._account()}/status-sok", "application/json", body)
        told = read_object(answer, NAME).get("statuser")
        if not isinstance(told, list) or not all(isinstance(one, Mapping) for one in told):
            raise SvarUtUnreadableError(system=NAME)
        return {str(one.get("id")): (_text(one, "status"), _text(one, "sisteStatusEndring")) for one in told}

    def _last_event(self, sent_id: str) -> dict[str, str]:
        """Return what SvarUt noted last of a forsendelse, in its own words; nothing where it can't be asked."""
        try:
            answer = self._ask("GET", f"{self._environment().url}/v2/forsendelser/{sent_id}/hendelser")
            events = read_object(answer, NAME).get("hendelser")
        except ConnectorError:  # that it will not arrive is known, and must be told whether or not this is
            return {}
        if not isinstance(events, list) or not events or not isinstance(events[-1], Mapping):
            return {}
        return {"event": _text(events[-1], "hendelse")}

    def _ask(self, method: str, url: str, media_type: str = "", body: bytes | None = None) -> HttpAnswer:
        """Ask SvarUt; a token that it does not take any more is renewed once."""
        answer = self._ask_once(method, url, media_type, body)
        if answer.status == 401:
            self._tokens().forget()
            answer = self._ask_once(method, url, media_type, body)
        refuse_passing(answer, NAME)
        if answer.status in (401, 403):
            raise SvarUtRefusedError(status=answer.status)
        if answer.status == 404:
            raise AccountUnknownError(setting="konto_id")
        if answer.status >= 400:
            raise SvarUtRejectedError(status=answer.status, told=message_of(answer))
        return answer

    def _ask_once(self, method: str, url: str, media_type: str, body: bytes | None) -> HttpAnswer:
        headers = {
            "Authorization": f"Bearer {self._tokens().value()}",
            "IntegrasjonId": self.integrasjon_id,
            "IntegrasjonPassord": self.integrasjon_passord,
            "Accept": "application/json",
        }
        with told_as_ours():
            return self.fetch(
                method, url, headers=headers | ({"Content-Type": media_type} if media_type else {}), body=body
            )

    def _account(self) -> str:
        _refuse_no_id("konto_id", self.konto_id)
        return f"{self._environment().url}/v2/kontoer/{self.konto_id}/forsendelser"

    def _environment(self) -> Environment:
        if self.environment not in ENVIRONMENTS:
            raise EnvironmentUnknownError(setting="environment")
        return ENVIRONMENTS[self.environment]

    def _client(self) -> Client:
        at = self._environment()
        key = read_key(self.private_key, "private_key")
        return Client(self.client_id, self.kid, key, at.token_url, at.audience)

    def _tokens(self) -> Tokens:
        tokens: Tokens | None = getattr(self, "_kept_tokens", None)
        if tokens is None:
            tokens = Tokens(self._client(), self.fetch, _now)
            object.__setattr__(self, "_kept_tokens", tokens)  # it is no setting, and the class is frozen for these
        return tokens

    def _refuse_too_large(self, parcel: Parcel) -> None:
        most = self.most_bytes or 0
        if sum(file.size_bytes for file in parcel.files) > most:
            raise ParcelTooLargeError(most=most // MEBIBYTE)


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return clean(value) if isinstance(value, str) else ""


def _refuse_no_id(name: str, value: str) -> None:
    if not _is_id(value):
        raise IdBadError(setting=name)


def _is_id(value: str) -> bool:
    """Tell whether a text is a UUID as it is written, so that it can stand in an address."""
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _now() -> datetime:
    """Return the real time: Maskinporten compares the signed one with its own clock."""
    return datetime.now(UTC)
