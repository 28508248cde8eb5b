"""Be somebody signed in, with a browser that sends what browsers send."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient

from sidecar.core import sign_ins
from sidecar.core.staff import Scope, grant, identity_named
from sidecar.runtime import Sidecar
from sidecar.web.access import csrf_token
from tests.conftest import PUBLIC_URL

SAME_ORIGIN = {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin"}


@dataclass
class Staff:
    """The browser of somebody signed in; it checks the status of every answer."""

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


def sign_in_as(app: Flask, sidecar: Sidecar, role: str | None, scope: Scope, name: str = "Stine Staff") -> Staff:
    """Sign somebody in, with a role or none."""
    with sidecar.transaction() as db:
        identity = identity_named(db, name, now=sidecar.now())
        if role:
            grant(db, identity.id, role, scope, now=sidecar.now())
        secret = sign_ins.start(db, identity.id, None, sidecar.now())
    client = app.test_client()
    client.set_cookie("__Host-sidecar-staff", secret)
    return Staff(client, secret, identity.id)
