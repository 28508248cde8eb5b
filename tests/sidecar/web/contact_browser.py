"""A contact of a municipality with a browser, and the mails they get."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from sidecar import contact_mailing
from sidecar.core import contact_codes, contact_mails, contacts
from sidecar.core.access import operator_at_the_console
from sidecar.core.contacts import Contact, Wanted
from sidecar.core.outbox import OutboxItem
from sidecar.jobs import HANDLERS, perform_item
from sidecar.runtime import Sidecar
from sidecar.smtp import Letter
from sidecar.web.access import csrf_token
from tests.sidecar.web.signed_in import SAME_ORIGIN

ADDRESS = "inger@kongsberg.example.no"
COOKIE = "__Host-sidecar-reports"


@dataclass
class Post:
    """The letters that would have gone out."""

    sidecar: Sidecar
    letters: list[Letter] = field(default_factory=list)

    def deliver(self) -> list[Letter]:
        """Do what waits; return the letters that this sent."""
        before = len(self.letters)
        with self.sidecar.reading() as db:
            kinds = (contact_mails.KIND, contact_codes.KIND)
            due = db.scalars(select(OutboxItem.id).where(OutboxItem.kind.in_(kinds))).all()
        for item_id in due:
            perform_item(self.sidecar, item_id, HANDLERS)
        return self.letters[before:]

    def read_code(self) -> str:
        (letter,) = self.deliver()
        (code,) = [word for word in letter.text.split() if word.isdecimal() and len(word) == 6]
        return code


def open_post(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post(sidecar)
    monkeypatch.setattr(contact_mailing, "_send", lambda _sidecar, letter: post.letters.append(letter))
    return post


def make_contact(
    sidecar: Sidecar, municipality_id: str, email: str = ADDRESS, *, confirmed: bool = True, language: str = "en"
) -> str:
    wanted = Wanted("Inger Rådgiver", email, "HR-rådgiver", language, date(2026, 9, 1))
    with sidecar.transaction() as db:
        contact = contacts.add_contact(db, operator_at_the_console(), municipality_id, wanted, sidecar.now())
        contact.confirmed_at = sidecar.now() if confirmed else None
        return contact.id


@dataclass
class Browser:
    """A browser that sends what browsers send, and checks the status of every answer."""

    client: FlaskClient

    @property
    def secret(self) -> str:
        cookie = self.client.get_cookie(COOKIE)
        return cookie.value if cookie else ""

    def get(self, path: str, status: int = 200) -> str:
        response = self.client.get(path)
        assert response.status_code == status, (path, response.status_code)
        return response.text

    def send(self, path: str, data: Mapping[str, str] | None = None) -> TestResponse:
        token = csrf_token(self.secret) if self.secret else ""
        return self.client.post(path, data={"csrf_token": token, **(data or {})}, headers=SAME_ORIGIN)

    def post(self, path: str, data: Mapping[str, str] | None = None, status: int = 303) -> str:
        """Return where a redirect leads, else the page."""
        response = self.send(path, data)
        assert response.status_code == status, (path, response.status_code, response.text)
        return response.headers.get("Location") or response.text


def sign_in_contact(app: Flask, post: Post, email: str = ADDRESS) -> Browser:
    """Sign a contact in by a code."""
    browser = Browser(app.test_client())
    assert browser.post("/reports/sign-in", {"email": email}) == "/reports/sign-in/code"
    assert browser.post("/reports/sign-in/code", {"code": post.read_code()}) == "/reports"
    return browser


def contact_of(sidecar: Sidecar, contact_id: str) -> Contact:
    with sidecar.reading() as db:
        return db.get_one(Contact, contact_id)
