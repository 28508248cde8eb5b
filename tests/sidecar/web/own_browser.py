"""The browser of somebody who has launched, with or without a course: it sends what browsers send."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from sidecar.core import sign_ins
from sidecar.core.launches import Launch
from sidecar.core.people import Identity
from sidecar.runtime import Sidecar
from sidecar.web.access import csrf_token, launch_cookie
from tests.sidecar.web.signed_in import SAME_ORIGIN


@dataclass
class Own:
    """The browser of one launch; it checks the status of every answer."""

    client: FlaskClient
    secret: str
    launch_id: str
    identity_id: str

    @property
    def path(self) -> str:
        return f"/play/{self.launch_id}/learning"

    def get(self, more: str = "", status: int = 200) -> str:
        """Return a page; `more` goes on from My learning, or is a whole address."""
        response = self.client.get(more if more.startswith("/play") else self.path + more)
        assert response.status_code == status, (more, response.status_code, response.text)
        return response.text

    def post(self, more: str, status: int = 303, *, token: str | None = None, **fields: str) -> str:
        """Return where a redirect leads, else the page."""
        sent = {"csrf_token": csrf_token(self.secret) if token is None else token} | fields
        response = self.client.post(self.path + more, data=sent, headers=SAME_ORIGIN)
        assert response.status_code == status, (more, response.status_code, response.text)
        return response.headers.get("Location") or response.text


def launched(app: Flask, sidecar: Sidecar, subject: str, course_id: str | None = None, language: str = "en") -> Own:
    """Let the LMS's user of this subject have launched."""
    with sidecar.transaction() as db:
        identity = db.scalars(select(Identity).where(Identity.subject == subject)).one()
        launch = Launch(
            platform_id=identity.platform_id or "",
            deployment_id="1",
            identity_id=identity.id,
            resource_link_id="link",
            course_id=course_id,
            launched_at=sidecar.now(),
        )
        db.add(launch)
        db.flush()
        secret = sign_ins.start(db, identity.id, launch.id, sidecar.now())
    client = app.test_client()
    with app.app_context():
        client.set_cookie(launch_cookie(launch.id), secret)
    client.set_cookie("sidecar-language", language)
    return Own(client, secret, launch.id, identity.id)
