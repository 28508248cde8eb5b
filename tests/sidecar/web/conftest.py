"""Fixtures of the web tests: the application, somebody signed in, an installation with something in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sidecar.core import sign_ins
from sidecar.core.municipalities import Municipality
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.runtime import Sidecar
from sidecar.web.access import STAFF_COOKIE, csrf_token
from sidecar.web.app import create_app
from tests.conftest import PUBLIC_URL
from tests.sidecar.web.town import Town, fill

SAME_ORIGIN = {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin"}


@dataclass
class Staff:
    """The browser of somebody signed in; it sends what a browser sends, and checks the status."""

    client: FlaskClient
    secret: str
    identity_id: str

    def get(self, path: str, status: int = 200) -> str:
        response = self.client.get(path)
        assert response.status_code == status, (path, response.status_code)
        return response.text

    def post(self, path: str, data: Mapping[str, object] | None = None, status: int = 303) -> str:
        """Return where a redirect leads, else the page."""
        sent = {"csrf_token": csrf_token(self.secret), **(data or {})}
        response = self.client.post(path, data=sent, headers=SAME_ORIGIN)
        assert response.status_code == status, (path, response.status_code, response.text)
        return response.headers.get("Location") or response.text


class SignIn(Protocol):
    """Sign somebody in, with a role or none."""

    def __call__(self, role: str | None = None, *, name: str = "Stine Staff", **scope: str) -> Staff: ...


@pytest.fixture
def app(sidecar: Sidecar) -> Flask:
    return create_app(sidecar)


@pytest.fixture
def sign_in(app: Flask, sidecar: Sidecar) -> SignIn:
    def start(role: str | None = None, *, name: str = "Stine Staff", **scope: str) -> Staff:
        with sidecar.transaction() as db:
            identity = identity_named(db, name, now=sidecar.now())
            if role:
                grant(db, identity.id, role, Scope(**scope), now=sidecar.now())
            secret = sign_ins.start(db, identity.id, None, sidecar.now())
        client = app.test_client()
        client.set_cookie(STAFF_COOKIE, secret)
        return Staff(client, secret, identity.id)

    return start


@pytest.fixture
def town(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path) -> Town:
    return fill(sidecar, kongsberg, rollag, tmp_path / "town")
