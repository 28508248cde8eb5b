"""Test the import of people from the command line: what it says, in which form, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.settings import Settings
from tests.sidecar.cli.shell import GOOD, Shell


@pytest.fixture
def shell(settings: Settings) -> Shell:
    return Shell(settings)


@pytest.mark.parametrize("key", ["kongsberg", "942402465"])
def test_an_import_tells_what_it_did(shell: Shell, kongsberg: Municipality, tmp_path: Path, key: str) -> None:
    (tmp_path / "people.csv").write_bytes(GOOD.encode("cp1252"))
    result = shell.run("people", "import", tmp_path / "people.csv", "--municipality", key, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "rows": 1,
        "added": 1,
        "changed": 0,
        "unchanged": 0,
        "missing": 0,
        "placed": 0,
        "renamed": 0,
        "moved": 0,
        "elsewhere": 0,
        "dry_run": False,
    }
    listed = json.loads(shell.run("people", "list", "--municipality", key, "--json").stdout)
    assert [(one["employee_number"], one["last_name"]) for one in listed] == [("1001", "Ås")]


def test_a_dry_run_changes_nothing(shell: Shell, kongsberg: Municipality, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(GOOD)
    result = shell.run("people", "import", tmp_path / "people.csv", "--municipality", "kongsberg", "--dry-run")
    assert result.exit_code == 0
    assert "nothing was changed" in result.stdout
    assert json.loads(shell.run("people", "list", "--municipality", "kongsberg", "--json").stdout) == []


def test_a_bad_file_is_refused_with_every_reason(shell: Shell, kongsberg: Municipality, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(f"{GOOD}1002;=1+1;Ås;;;\r\n1001;Ida;Berg;;;\r\n")
    command = ("people", "import", tmp_path / "people.csv", "--municipality", "kongsberg")
    in_words, as_json = shell.run(*command), shell.run(*command, "--json")

    assert (in_words.exit_code, as_json.exit_code) == (1, 1)
    assert "first name in line 3 begins with" in in_words.stderr
    assert "Line 4 has the same employee number as line 2" in in_words.stderr
    error = json.loads(as_json.stderr)["error"]
    assert (error["code"], error["facts"]) == ("people-file-refused", {"count": 2})
    assert [one["code"] for one in error["problems"]] == ["people-file-formula", "people-file-duplicate"]
    assert json.loads(shell.run("people", "list", "--municipality", "kongsberg", "--json").stdout) == []


def test_what_is_not_there_is_told(shell: Shell, kongsberg: Municipality, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(GOOD)
    nowhere = shell.run("people", "import", tmp_path / "people.csv", "--municipality", "nowhere", "--json")
    assert (nowhere.exit_code, json.loads(nowhere.stderr)["error"]["code"]) == (1, "not-found")
    assert shell.run("people", "import", tmp_path / "gone.csv", "--municipality", "kongsberg").exit_code == 2
    assert shell.run("people", "import", tmp_path / "people.csv").exit_code == 2
