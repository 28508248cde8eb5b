"""Open a preview that was started at the command line: once, by its secret, which no server log sees."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from sidecar.catalogue import AddedVersion, add_package
from sidecar.core import previews
from sidecar.core.previews import Preview
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.package import make_package
from tests.sidecar.web.signed_in import SAME_ORIGIN
from tests.sidecar.web.trying import PASSED, Trying


@pytest.fixture
def added(sidecar: Sidecar, tmp_path: Path) -> AddedVersion:
    package = make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"})
    return add_package(sidecar, package, key="kurs", is_published=True)


def start_at_the_console(sidecar: Sidecar, version_id: str) -> str:
    with sidecar.transaction() as db:
        return previews.start(
            db,
            version_id=version_id,
            identity_id=None,
            origin=previews.COMMAND,
            now=sidecar.now(),
            reviewed_only=True,
        ).secret


def open_by(app: Flask, secret: str) -> tuple[FlaskClient, TestResponse]:
    client = app.test_client()
    client.set_cookie("sidecar-language", "en")
    return client, client.post("/preview", data={"secret": secret}, headers=SAME_ORIGIN)


def test_a_preview_of_the_console_opens_once_by_its_secret(app: Flask, sidecar: Sidecar, added: AddedVersion) -> None:
    secret = start_at_the_console(sidecar, added.version_id)
    assert 'id="secret"' in app.test_client().get("/preview").text
    client, opened = open_by(app, secret)
    trying = Trying(client, opened.headers["Location"])
    assert opened.status_code == 303
    assert secret not in str(opened.headers)
    trying.send(1, PASSED, final=True)
    assert "You can close this window now." in trying.get("/end")
    assert open_by(app, secret)[1].status_code == 410
    with sidecar.reading() as db:
        assert secret not in repr(db.execute(select(Preview.__table__)).all())


def test_its_secret_opens_nothing_else(app: Flask, sidecar: Sidecar, added: AddedVersion, clock: FakeClock) -> None:
    secret = start_at_the_console(sidecar, added.version_id)
    with sidecar.reading() as db:
        preview_id = db.scalars(select(Preview.id)).one()
    client = app.test_client()
    client.set_cookie(f"__Host-preview-{preview_id[:8]}", secret)
    Trying(client, f"/preview/{preview_id}").get("", 410)
    for wrong in ("", "feil", "x" * 10_000):
        assert open_by(app, wrong)[1].status_code == 410
    clock.advance(minutes=15)
    assert open_by(app, secret)[1].status_code == 410
