"""Keep contacts from the command line."""

from __future__ import annotations

import json

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.settings import Settings
from tests.sidecar.cli.shell import Shell

INGER = ("--municipality", "kongsberg", "--name", "Inger Rådgiver", "--email", "Inger@Example.no")


@pytest.fixture
def shell(settings: Settings) -> Shell:
    return Shell(settings)


def test_a_contact_is_added_asked_again_and_ended(shell: Shell, kongsberg: Municipality) -> None:
    added = shell.run("contact", "add", *INGER, "--from", "2026-01-01", "--to", "2099-12-31", "--json")
    assert added.exit_code == 0, added.output
    contact_id = json.loads(added.stdout)["id"]
    (listed,) = json.loads(shell.run("contact", "list", "--municipality", "kongsberg", "--json").stdout)
    assert (listed["email"], listed["mail"], listed["confirmed_at"]) == ("inger@example.no", "waiting", None)
    again = shell.run("contact", "confirm-again", contact_id)
    assert (again.exit_code, "on its way" in again.stdout) == (0, True)
    assert shell.run("contact", "came-back", contact_id).exit_code == 0
    (listed,) = json.loads(shell.run("contact", "list", "--json").stdout)
    assert (listed["mail"], listed["maker_may"]) == ("failed", True)
    assert shell.run("contact", "end", contact_id).exit_code == 0
    (ended,) = json.loads(shell.run("contact", "list", "--json").stdout)
    assert ended["ends_on"] < "2099"


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", *INGER[:-1], "no address"),
        ("add", *INGER, "--from", "2026-02-01", "--to", "2026-01-01"),
        ("end", "0" * 32),
        ("confirm-again", "0" * 32),
        ("came-back", "0" * 32),
    ],
)
def test_what_can_t_be_done_is_told(shell: Shell, kongsberg: Municipality, arguments: tuple[str, ...]) -> None:
    result = shell.run("contact", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
