"""KS SvarUt v2 and Maskinporten over HTTP, strict: what is not as their documentation says is refused.

It is made from the published schemas and pages, never compared with the real ones.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from stdnum.no import orgnr

from sidecar.connectors.over_http import Fetch, HttpAnswer

KONTO, INTEGRASJON = "5f0c9a1e-52a5-4c7b-9d0e-3f7a2b1c4d5e", "0b5d8a2e-1f3c-4a67-9b58-2c6d7e8f9a01"
PASSORD, CLIENT, KID = "integrasjonens hemmelighet", "c7f1d2e3-klient", "nokkel-2026"
AUDIENCE = {"test": "https://test.maskinporten.no/", "production": "https://maskinporten.no/"}
HOSTS = {
    "https://test.svarut.ks.no": "svarut/test",
    "https://svarut.ks.no": "svarut/production",
    "https://test.maskinporten.no": "maskinporten/test",
    "https://maskinporten.no": "maskinporten/production",
}
STATUSES = [
    "MOTTATT",
    "AKSEPTERT",
    "AVVIST",
    "VARSLET",
    "LEST",
    "SENDT_PRINT",
    "PRINTET",
    "MANUELT_HANDTERT",
    "SENDT_DIGITALT",
    "SENDT_SDP",
    "LEVERT_SDP",
    "KLAR_FOR_MOTTAK",
    "IKKE_LEVERT",
]
FIELDS = {
    "tittel": 1000,
    "avgivendeSystem": 100,
    "forsendelsestype": 100,
    "eksternReferanse": 100,
}
GRANT = {"aud", "iss", "scope", "iat", "exp", "jti"}


@cache
def make_key() -> str:
    """Return a private key in PEM, one for all tests, as it takes time to make."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pkcs8 = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()).decode()


@cache
def _public_key() -> RSAKey:
    return RSAKey.import_key(RSAKey.import_key(make_key()).as_pem(private=False))


class Refusal(Exception):  # noqa: N818 (what is refused is no error of the fake)
    """The other side made a mistake."""

    def __init__(self, status: int, told: Mapping[str, object]) -> None:
        super().__init__(told)
        self.status, self.told = status, told


@dataclass
class Answer:
    """What goes back; `is_half`: it breaks off in the middle."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    is_half: bool = False


@dataclass
class Sent:
    """A forsendelse that was taken."""

    id: str
    told: dict[str, Any]
    files: list[bytes]
    status: str = "MOTTATT"
    events: list[str] = field(default_factory=lambda: ["Mottatt, og tildelt forsendelse-id"])


@dataclass
class FakeSvarUt:
    """Both systems.

    `instead` is answered once in the place of an operation (token, send, find, status, events), `after` once after it
    was done.
    """

    sent: list[Sent] = field(default_factory=list)
    tokens: dict[str, float] = field(default_factory=dict)
    token_lifetime_s: int = 120
    instead: dict[str, list[Answer]] = field(default_factory=dict)
    after: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    grants: set[str] = field(default_factory=set)
    url: str = ""

    def route(self, fetch: Fetch) -> Fetch:
        """Return a way out on which the real hosts are this fake, and nothing else is."""

        def routed(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> HttpAnswer:
            parts = urlsplit(url)
            where = HOSTS[f"{parts.scheme}://{parts.netloc}"]
            query = f"?{parts.query}" if parts.query else ""
            return fetch(method, f"{self.url}/{where}{parts.path}{query}", headers=headers, body=body)

        return routed

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        operation = _operation(method, urlsplit(target).path)
        self.asked.append(operation)
        if self.instead.get(operation):
            return self.instead[operation].pop(0)
        try:
            told: object = self._do(operation, target, headers, body)
            answer = Answer(200, json.dumps(told).encode())
        except Refusal as refusal:
            return Answer(refusal.status, json.dumps(refusal.told).encode())
        return self.after[operation].pop(0) if self.after.get(operation) else answer

    def _do(self, operation: str, target: str, headers: Mapping[str, str], body: bytes) -> object:
        path = urlsplit(target).path
        if operation == "token":
            return self._grant(path.split("/")[2], headers, body)
        if operation == "nothing":
            raise Refusal(404, _error(404, "Not Found"))
        self._admit(headers, path)
        if operation == "send":
            return self._take(headers.get("Content-Type", ""), body)
        if operation == "find":
            query = parse_qs(urlsplit(target).query, strict_parsing=True)
            _demand(set(query) == {"eksternRef"}, "eksternRef")
            return {
                "forsendelseIds": [
                    one.id for one in self.sent if one.told["eksternReferanse"] == query["eksternRef"][0]
                ]
            }
        if operation == "status":
            asked = json.loads(body)
            _demand(set(asked) == {"forsendelseIds"}, "forsendelseIds")
            found = (one for one in self.sent if one.id in asked["forsendelseIds"])
            changed = "2026-09-15T10:00:00.000+02:00"
            return {"statuser": [{"id": one.id, "status": one.status, "sisteStatusEndring": changed} for one in found]}
        (found_one,) = (one for one in self.sent if one.id == path.split("/")[-2])
        return {"hendelser": [{"tidspunkt": "15.09.2026 10:00:00", "hendelse": told} for told in found_one.events]}

    def _grant(self, environment: str, headers: Mapping[str, str], body: bytes) -> dict[str, object]:
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        is_form = headers.get("Content-Type") == "application/x-www-form-urlencoded"
        if not is_form or form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            raise Refusal(400, {"error": "unsupported_grant_type"})
        try:
            token = jwt.decode(form["assertion"], _public_key(), algorithms=["RS256"])
        except (JoseError, ValueError, KeyError):
            raise Refusal(400, {"error": "invalid_grant", "error_description": "Invalid assertion"}) from None
        claims, now = token.claims, time.time()
        good = (
            token.header.get("kid") == KID,
            set(claims) == GRANT,
            claims.get("iss") == CLIENT,
            claims.get("aud") == AUDIENCE[environment],
            claims.get("scope") == "ks:fiks",
            claims["exp"] - claims["iat"] <= 120,
            claims["iat"] <= now < claims["exp"],
            claims.get("jti") not in self.grants,
        )
        if not all(good):
            raise Refusal(400, {"error": "invalid_grant", "error_description": "Invalid assertion"})
        self.grants.add(claims["jti"])
        value = secrets.token_urlsafe(24)
        self.tokens[value] = now + self.token_lifetime_s
        return {"access_token": value, "token_type": "Bearer", "expires_in": self.token_lifetime_s, "scope": "ks:fiks"}

    def _admit(self, headers: Mapping[str, str], path: str) -> None:
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or self.tokens.get(token, 0) <= time.time():
            raise Refusal(401, _error(401, "Unauthorized"))
        if (headers.get("IntegrasjonId"), headers.get("IntegrasjonPassord")) != (INTEGRASJON, PASSORD):
            raise Refusal(403, _error(403, "Ingen tilgang"))
        if "/kontoer/" in path and f"/kontoer/{KONTO}/" not in path:
            raise Refusal(404, _error(404, "Fant ikke konto"))

    def _take(self, media_type: str, body: bytes) -> dict[str, str]:
        parts = _parts(media_type, body)
        _demand(bool(parts), "ingen deler")
        disposition, part_type, content = parts[0]
        _demand(disposition == 'form-data; name="forsendelse"', "første del er ikke forsendelse")
        _demand(part_type == "application/json;charset=UTF-8", "forsendelse er ikke JSON")
        told = json.loads(content)
        _check(told)
        documents = told["dokumenter"]
        _demand(len(documents) == len(parts) - 1, "antall filer")
        for document, (disposition, part_type, _) in zip(documents, parts[1:], strict=True):
            _demand(disposition == f'form-data; name="filer"; filename="{document["filnavn"]}"', "rekkefølge på filer")
            _demand(part_type == document["mimeType"], "mimeType")
        sent = Sent(str(uuid.uuid4()), told, [content for _, _, content in parts[1:]])
        self.sent.append(sent)
        return {"id": sent.id}


def _operation(method: str, path: str) -> str:
    patterns = {
        "token": r"POST /maskinporten/(test|production)/token",
        "send": r"POST /svarut/(test|production)/api/v2/kontoer/[^/]+/forsendelser",
        "find": r"GET /svarut/(test|production)/api/v2/kontoer/[^/]+/forsendelser",
        "status": r"POST /svarut/(test|production)/api/v2/kontoer/[^/]+/forsendelser/status-sok",
        "events": r"GET /svarut/(test|production)/api/v2/forsendelser/[^/]+/hendelser",
    }
    return next((name for name, one in patterns.items() if re.fullmatch(one, f"{method} {path}")), "nothing")


def _check(told: Mapping[str, Any]) -> None:
    _demand(set(told) == {*FIELDS, "mottaker", "kunDigitalLevering", "dokumenter"}, "felt")
    for name, most in FIELDS.items():
        _demand(isinstance(told[name], str) and 0 < len(told[name]) <= most, name)
    _demand(told["kunDigitalLevering"] is True, "kunDigitalLevering")
    _demand(set(told["mottaker"]) == {"navn", "digitalId"}, "mottaker")
    _demand(orgnr.is_valid(told["mottaker"]["digitalId"]) and bool(told["mottaker"]["navn"]), "mottaker")
    names = [one["filnavn"] for one in told["dokumenter"]]
    _demand(len(set(names)) == len(names), "filnavn må være unike")
    for one in told["dokumenter"]:
        _demand(set(one) == {"filnavn", "mimeType"} and "/" in one["mimeType"], "dokument")
        _demand(0 < len(one["filnavn"]) <= 226 and not set(one["filnavn"]) & set('*:"\\/<>|?'), "filnavn")


def _parts(media_type: str, body: bytes) -> list[tuple[str, str, bytes]]:
    """Return (Content-Disposition, Content-Type, content) of each part."""
    kind, _, boundary = media_type.partition("; boundary=")
    _demand(kind == "multipart/form-data" and bool(boundary), "ikke multipart")
    start, *pieces, end = (b"\r\n" + body).split(f"\r\n--{boundary}".encode())
    _demand(start == b"" and end.strip() == b"--", "grenser")
    found = []
    for piece in pieces:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        found.append((lines["Content-Disposition"], lines["Content-Type"], content))
    return found


def _demand(is_so: bool, what: str) -> None:
    if not is_so:
        raise Refusal(400, _error(400, f"Ugyldig forsendelse: {what}"))


def _error(status: int, message: str) -> dict[str, object]:
    return {"status": status, "error": "Feil", "message": message, "errorId": str(uuid.uuid4())}


@contextmanager
def running_svarut() -> Iterator[FakeSvarUt]:
    """Run both on a port of this machine."""
    fake = FakeSvarUt()

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = fake.answer(self.command, self.path, dict(self.headers.items()), body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) * (2 if answer.is_half else 1)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = True

        do_GET = do_POST = do  # noqa: N815 (the names that http.server looks for)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()
