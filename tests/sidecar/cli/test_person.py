"""Test a person's rights from the command line: shown, exported, erased, and erased again after a restore."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.settings import Settings
from tests.sidecar.cli.shell import GOOD, Shell

KEY = "kongsberg/1001"


@pytest.fixture
def shell(settings: Settings, kongsberg: Municipality, tmp_path: Path) -> Shell:
    """A shell on an installation with one employee."""
    shell = Shell(settings)
    (tmp_path / "people.csv").write_text(GOOD, encoding="utf-8")
    shell.run("people", "import", tmp_path / "people.csv", "--municipality", "kongsberg")
    return shell


def _show(shell: Shell, key: str = KEY) -> dict[str, object]:
    shown: dict[str, object] = json.loads(shell.run("person", "show", key, "--json").stdout)
    return shown


def test_a_person_is_shown(shell: Shell) -> None:
    shown = _show(shell)
    assert (shown["first_name"], shown["last_name"], shown["email"]) == ("Kåre", "Ås", "kare@example.no")
    assert shown["employments"] == ["Kongsberg kommune 1001 Helse"]
    assert _show(shell, str(shown["id"])) == shown
    refused = shell.run("person", "show", "kongsberg/9999")
    assert refused.exit_code == 1
    assert "no person" in refused.stderr


def test_an_export_is_a_file_for_one_s_own_eyes(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "kare.json"
    result = shell.run("person", "export", KEY, "-o", file)
    assert result.exit_code == 0, result.output
    found = json.loads(file.read_text("utf-8"))
    assert found["person"][0]["last_name"] == "Ås"
    assert [(one["what"], one["role"]) for one in found["seen_by"]] == [("export", "operator")]
    assert file.stat().st_mode & 0o077 == 0


def test_an_erasure_asks_first(shell: Shell) -> None:
    assert shell.run("person", "erase", KEY, answer="n\n").exit_code == 1
    dry = shell.run("person", "erase", KEY, "--dry-run", "--json")
    assert json.loads(dry.stdout)[0]["employments"] == 1
    person_id = _show(shell)["id"]
    done = shell.run("person", "erase", KEY, "--yes", "--json")
    assert json.loads(done.stdout)[0]["subject_id"] == person_id
    assert shell.run("person", "show", KEY).exit_code == 1
    assert _show(shell, str(person_id))["erased_at"] is not None


def test_a_register_is_repeated(shell: Shell, tmp_path: Path) -> None:
    person_id = str(_show(shell)["id"])
    register = tmp_path / "register.json"
    logged = {"event": "person.erased", "erased": "0" * 32}
    register.write_text(json.dumps([{"erased": person_id}]) + "\nno json\n" + json.dumps(logged) + "\n")
    result = shell.run("person", "erase", "--from-register", register, "--yes")
    assert result.exit_code == 0, result.output
    assert "0" * 32 in result.stderr
    listed = json.loads(shell.run("person", "erasures", "--json").stdout)
    assert [one["erased"] for one in listed] == [person_id]
    again = shell.run("person", "erase", "--from-register", register, "--yes", "--json")
    assert json.loads(again.stdout) == []


def test_one_says_who(shell: Shell) -> None:
    assert shell.run("person", "erase", "--yes").exit_code == 2
