"""Operators set up channels of every kind in the browser, and change them; secrets are never shown."""

from __future__ import annotations

from pathlib import Path

import asyncssh
import pytest
from pyrage import x25519
from sqlalchemy import select

from sidecar.core.connections import Connection
from sidecar.outside import read_values
from sidecar.runtime import Sidecar
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.town import Town

ROLLAG = "/staff/municipalities/rollag"
SFTP = f"{ROLLAG}/channels/new/sftp"
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
PRIVATE_KEY = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode().strip()
FORM = {"host": "sftp.rollag.test", "port": "", "user": "rkk", "private_key": PRIVATE_KEY, "host_key": HOST_KEY}


def kept(sidecar: Sidecar, town: Town) -> tuple[str, dict[str, str]]:
    with sidecar.reading() as db:
        row = db.scalars(select(Connection).where(Connection.municipality_id == town.rollag.id)).one()
    return row.id, read_values(sidecar, row)


def test_every_kind_of_channel_is_offered_and_nothing_else(sign_in: SignIn, town: Town) -> None:
    page = sign_in("operator").get(f"{ROLLAG}/channels")
    assert all(f"/channels/new/{kind}" in page for kind in ("folder", "sftp"))
    assert "/channels/new/moodle" not in page
    sign_in("operator").get(f"{ROLLAG}/channels/new/moodle", 404)
    sign_in("operator").get(f"{ROLLAG}/channels/new/nothing", 404)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_private_key_of_many_lines_is_entered_and_never_shown(
    sign_in: SignIn, town: Town, sidecar: Sidecar, line_end: str
) -> None:
    operator = sign_in("operator")
    assert '<textarea class="ds-input" id="private_key"' in operator.get(SFTP)
    operator.post(SFTP, FORM | {"private_key": PRIVATE_KEY.replace("\n", line_end)})
    connection_id, values = kept(sidecar, town)
    assert values["private_key"].splitlines() == PRIVATE_KEY.splitlines()
    assert values["port"] == "22"
    for page in (operator.get(ROLLAG), operator.get(f"{ROLLAG}/channels/{connection_id}")):
        assert "sftp.rollag.test" in page
        assert "PRIVATE KEY-----" not in page


def test_what_can_not_work_is_explained_without_losing_what_was_typed(sign_in: SignIn, town: Town) -> None:
    operator = sign_in("operator")
    for wrong in ({"private_key": "tull"}, {"host_key": "SHA256:x"}, {"encrypt_to": "age1"}, {"user": ""}):
        page = operator.post(SFTP, FORM | wrong, 400)
        assert 'role="alert"' in page
        assert 'value="sftp.rollag.test"' in page
        assert "PRIVATE KEY-----" not in page
    page = operator.post(f"{ROLLAG}/channels/new/folder", {"folder": "below/the/server"}, 400)
    assert 'role="alert"' in page


def test_settings_change_while_secrets_stay_unless_the_server_is_another(
    sign_in: SignIn, town: Town, sidecar: Sidecar
) -> None:
    operator = sign_in("operator")
    operator.post(SFTP, FORM | {"password": "passord"})
    connection_id, _ = kept(sidecar, town)
    address, unchanged = f"{ROLLAG}/channels/{connection_id}", FORM | {"private_key": "", "password": ""}
    key = str(x25519.Identity.generate().to_public())

    operator.post(address, unchanged | {"encrypt_to": key, "away": "password"})
    _, values = kept(sidecar, town)
    assert (values["encrypt_to"], values["private_key"]) == (key, PRIVATE_KEY)
    assert "password" not in values
    operator.post(address, unchanged | {"host": "elsewhere.test"}, 400)
    assert kept(sidecar, town)[1]["host"] == "sftp.rollag.test"


def test_a_folder_that_encrypts_is_set_up(sign_in: SignIn, town: Town, sidecar: Sidecar, tmp_path: Path) -> None:
    key = str(x25519.Identity.generate().to_public())
    form = {"folder": str(tmp_path), "encrypt_to": key, "encrypt_until": "2030-12-31"}
    sign_in("operator").post(f"{ROLLAG}/channels/new/folder", form)
    assert kept(sidecar, town)[1] == form


def test_a_channel_of_another_municipality_is_not_there(sign_in: SignIn, town: Town) -> None:
    sign_in("operator").get(f"{ROLLAG}/channels/{town.connection_id}", 404)
