"""`sidecar keys`: rotation waits till every LMS knows the next key, or asks for a reason; a revoked key is gone."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from sidecar import tool
from sidecar.core.audit import AuditEntry
from sidecar.core.signing_keys import SigningKey
from sidecar.runtime import Sidecar
from tests.fakes.lms import tool_key_maker
from tests.sidecar.cli.console import run, run_json


@pytest.fixture(autouse=True)
def _known_keys(sidecar: Sidecar, environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())


def kid_of(state: str) -> str:
    return next(str(key["kid"]) for key in run_json("keys", "list") if key["state"] == state)


@pytest.fixture
def stocked() -> None:
    """Keys that were made this very moment, by the real clock of the command line."""
    run("keys", "rotate")


@pytest.mark.usefixtures("stocked")
def test_a_rotation_at_once_asks_for_a_reason(sidecar: Sidecar) -> None:
    result = run("keys", "rotate", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stderr)["error"]["code"] == "key-too-young"
    following = kid_of("next")
    assert run_json("keys", "rotate", "--now", "the disk was copied") == {"active": following}
    assert sorted(key["state"] for key in run_json("keys", "list")) == ["active", "next", "retired"]
    with sidecar.reading() as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "signing_key.rotated")).one()
    assert entry.facts == {"reason": "the disk was copied"}


@pytest.mark.usefixtures("stocked")
def test_a_rotation_in_time_asks_nothing(sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        db.execute(update(SigningKey).values(created_at=datetime.now(UTC) - timedelta(days=3)))
    following = kid_of("next")
    assert run_json("keys", "rotate") == {"active": following}


@pytest.mark.usefixtures("stocked")
def test_revoke_asks_first_and_replaces_the_active_key(sidecar: Sidecar) -> None:
    stolen, following = kid_of("active"), kid_of("next")
    assert run("keys", "revoke", stolen, "--reason", "x").exit_code == 1
    assert kid_of("active") == stolen
    told = run_json("keys", "revoke", stolen, "--reason", "a laptop was stolen", "--yes")
    assert told == {"revoked": stolen, "active": following}
    assert stolen not in {key["kid"] for key in tool.published_key_set(sidecar)["keys"]}


@pytest.mark.usefixtures("stocked")
def test_revoke_needs_a_reason_and_a_key_that_exists() -> None:
    assert run("keys", "revoke", kid_of("active"), "--yes").exit_code == 2
    assert run("keys", "revoke", "nobody", "--reason", "x", "--yes").exit_code == 1


@pytest.mark.usefixtures("stocked")
def test_no_command_shows_a_private_key() -> None:
    assert "PRIVATE" not in run("keys", "list").stdout + run("keys", "list", "--json").stdout
