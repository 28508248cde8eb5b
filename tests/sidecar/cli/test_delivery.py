"""Test the commands for the ledger: list, show, send again, ask after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.settings import Settings
from tests.sidecar.cli.shell import Shell


@pytest.fixture
def shell(settings: Settings) -> Shell:
    return Shell(settings)


@pytest.fixture
def folder(shell: Shell, kongsberg: Municipality, tmp_path: Path) -> Path:
    """A folder with the report of September, which is empty."""
    path = tmp_path / "reports"
    _json(shell, "connection", "add", "folder", "--municipality", "kongsberg", "--folder", path)
    _json(shell, "report", "run", "--municipality", "kongsberg", "--period", "2026-09")
    return path


def _json(shell: Shell, *words: str | Path) -> Any:  # noqa: ANN401 (whatever the command answers)
    result = shell.run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def _code(shell: Shell, *words: str) -> str:
    result = shell.run(*words, "--json")
    assert result.exit_code == 1, result.output
    code: str = json.loads(result.stderr)["error"]["code"]
    return code


@pytest.mark.usefixtures("folder")
def test_deliveries_are_filtered(shell: Shell) -> None:
    [one] = _json(shell, "delivery", "list")
    assert (one["definition"], one["may_be_twice"], one["sent_at"]) == ("completions", False, one["delivered_at"])
    for words in (("--state", "delivered"), ("--month", one["created_at"][:7]), ("--definition", "completions")):
        assert _json(shell, "delivery", "list", *words) == [one]
    for words in (("--state", "attention"), ("--month", "2020-01"), ("--definition", "other")):
        assert _json(shell, "delivery", "list", *words) == []


def test_a_delivery_is_sent_again_with_a_reason(shell: Shell, folder: Path) -> None:
    [one] = _json(shell, "delivery", "list")
    for path in folder.glob("[a-z]*"):
        path.unlink()  # picked up, and lost
    [again] = _json(shell, "delivery", "resend", one["id"], "--reason", "lost")
    assert (again["state"], again["resends"], again["reason"]) == ("delivered", one["id"], "lost")
    assert len(list(folder.glob("[a-z]*"))) == 2

    story = _json(shell, "delivery", "show", one["id"])
    assert (story["channel"], story["sent_again_by"], story["next_try_at"]) == ("folder", [again["id"]], None)
    assert "lost" in shell.run("delivery", "show", again["id"]).stdout
    assert _code(shell, "delivery", "resend", one["id"], "--reason", " ") == "resend-reason-missing"
    [waiting] = _json(shell, "delivery", "resend", one["id"], "--reason", "once more", "--queue")
    assert waiting["state"] == "waiting"


@pytest.mark.usefixtures("folder")
def test_a_channel_that_says_all_at_once_is_not_asked(shell: Shell) -> None:
    [one] = _json(shell, "delivery", "list")
    assert _code(shell, "delivery", "follow", one["id"]) == "delivery-not-followable"
    assert _code(shell, "delivery", "show", "0" * 32) == "not-found"
