"""`sidecar sign-in list|end`."""

from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from sidecar.cli import main
from sidecar.core.audit import AuditEntry
from sidecar.core.staff import Scope
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.web.app import create_app
from tests.sidecar.cli.console import run_json
from tests.sidecar.web.signed_in import Staff, sign_in_as


@pytest.fixture
def sidecar(settings: Settings) -> Any:  # noqa: ANN401 (a generator)
    """The application by the real clock, as the command line has it."""
    opened = Sidecar(settings)
    yield opened
    opened.close()


@pytest.fixture
def operator(sidecar: Sidecar, environment: None) -> Staff:
    app: Flask = create_app(sidecar)
    return sign_in_as(app, sidecar, "operator", Scope())


def test_the_sign_ins_are_listed_without_their_secrets(operator: Staff) -> None:
    (row,) = run_json("sign-in", "list")
    assert (row["identity"], row["name"], row["through"]) == (operator.identity_id, "Stine Staff", "link")
    assert datetime.fromisoformat(row["created_at"]) <= datetime.now(UTC) < datetime.fromisoformat(row["expires_at"])
    assert operator.secret not in str(row)


def test_one_is_ended(sidecar: Sidecar, operator: Staff) -> None:
    (row,) = run_json("sign-in", "list")
    assert run_json("sign-in", "end", row["id"]) == {"id": row["id"], "ended": True}
    operator.get("/staff/", 401)
    assert run_json("sign-in", "list") == []
    assert CliRunner().invoke(main, ["sign-in", "end", row["id"]]).exit_code == 1
    with sidecar.reading() as db:
        assert "sign_in.ended" in db.scalars(select(AuditEntry.action)).all()
