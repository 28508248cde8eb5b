"""Decide who is one person from the command line; nobody's name stands in what scripts read of the list."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core.access_log import CONSOLE, Look
from sidecar.core.matching import look
from sidecar.core.municipalities import Municipality
from sidecar.core.person_matches import PersonMatch
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.sidecar.cli.shell import Shell
from tests.sidecar.core.folk import Folk


@pytest.fixture
def shell(settings: Settings, sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Shell:
    """A shell on an installation with two employees of one e-mail."""
    folk = Folk(sidecar)
    one = folk.person(kongsberg.id, "1001", email="kari@example.no")
    folk.person(rollag.id, "7", email="kari@example.no")
    with sidecar.transaction() as db:
        look(db, [one], sidecar.now())
    return Shell(settings)


def told(shell: Shell, *words: str) -> Any:  # noqa: ANN401 (JSON)
    done = shell.run(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_a_match_is_decided_and_undone(shell: Shell, sidecar: Sidecar) -> None:
    (waiting,) = told(shell, "matching", "list")
    assert (waiting["state"], waiting["rule"], waiting["alike"]) == ("waiting", "email", ["email", "name"])
    key = waiting["id"]
    assert "Nordmann" not in shell.run("matching", "list").stdout
    shown = told(shell, "matching", "show", key)
    assert "Kongsberg kommune 1001 Skolen Lærer" in shown["kept_is"] + shown["other_is"]
    with sidecar.reading() as db:
        assert set(db.scalars(select(Look.viewer_id))) == {CONSOLE}
    assert told(shell, "matching", "different", key)["state"] == "different"
    assert told(shell, "matching", "different", key, "--undo")["state"] == "waiting"
    assert told(shell, "matching", "merge", key)["state"] == "merged"
    assert [one["state"] for one in told(shell, "matching", "list", "--decided")] == ["merged"]
    assert told(shell, "matching", "unmerge", key)["state"] == "different"
    refused = shell.run("matching", "unmerge", key, "--json")
    assert (refused.exit_code, json.loads(refused.stderr)["error"]["code"]) == (1, "not-merged")


def test_two_are_merged_by_hand(shell: Shell, sidecar: Sidecar) -> None:
    done = told(shell, "matching", "merge", "kongsberg/1001", "rollag/7")
    assert (done["state"], done["rule"]) == ("merged", "by-hand")
    refused = shell.run("matching", "merge", "kongsberg/1001", "rollag/7", "--json")
    assert json.loads(refused.stderr)["error"]["code"] == "same-person"
    with sidecar.reading() as db:
        assert len(db.scalars(select(PersonMatch)).all()) == 1


def test_the_rules_are_set(shell: Shell) -> None:
    assert [one["rule"] for one in told(shell, "matching", "rules")] == ["placing", "national-id", "email", "name"]
    after = told(shell, "matching", "set-rule", "name", "ask", "--place", "1")
    assert [(one["rule"], one["action"]) for one in after][:2] == [("placing", "join"), ("name", "ask")]
    assert shell.run("matching", "set-rule", "name", "join").exit_code == 1
    assert shell.run("matching", "set-rule", "name").exit_code == 2
    assert told(shell, "matching", "look") == {"joined": 0, "asked": 0}


def test_regions_are_joined_and_left(shell: Shell) -> None:
    joined = told(shell, "municipality", "join", "kongsberg", "--region", "vest", "--from", "2026-01-01")
    assert joined == [
        {"region": "vest", "name": "Vest", "joined_on": "2026-01-01", "left_on": None, "is_member_now": True}
    ]
    left = told(shell, "municipality", "leave", "kongsberg", "--region", "vest", "--from", "2026-02-01")
    assert (left[0]["left_on"], left[0]["is_member_now"]) == ("2026-02-01", False)
    assert told(shell, "municipality", "regions", "kongsberg") == left
    refused = shell.run("municipality", "leave", "kongsberg", "--region", "vest", "--json")
    assert json.loads(refused.stderr)["error"]["code"] == "not-member"
