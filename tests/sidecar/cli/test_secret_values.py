"""`connection add` takes a value from a file or standard input, so that none stands in the list of processes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sidecar.cli import main
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar


@pytest.fixture(autouse=True)
def _environment(sidecar: Sidecar, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = sidecar.settings
    monkeypatch.setenv("SIDECAR_DATA", str(settings.data))
    monkeypatch.setenv("SIDECAR_PUBLIC_URL", settings.public_url)
    monkeypatch.setenv("SIDECAR_CONTENT_URL", settings.content_url)
    monkeypatch.setenv("SIDECAR_DATABASE_URL", settings.database_url)


def add(*words: str, typed: str | None = None) -> Result:
    command = ["connection", "add", "folder", "--municipality", "kongsberg", *words, "--json"]
    return CliRunner().invoke(main, command, input=typed)


def folder_of(result: Result) -> str:
    assert result.exit_code == 0, result.stderr
    listed = CliRunner().invoke(main, ["connection", "list", "--json"])
    return str(json.loads(listed.stdout)[-1]["settings"]["folder"])


def test_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text(f"{tmp_path / 'reports'}\n")
    assert folder_of(add("--set", f"folder=@{file}")) == str(tmp_path / "reports")


def test_from_standard_input(tmp_path: Path) -> None:
    assert folder_of(add("--folder", "@-", typed=f"{tmp_path / 'reports'}\n")) == str(tmp_path / "reports")


def test_asked_for_unseen(tmp_path: Path) -> None:
    result = add("--ask", "folder", typed=f"{tmp_path / 'reports'}\n")
    assert folder_of(result) == str(tmp_path / "reports")


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert add("--set", f"folder=@{tmp_path / 'nothing'}").exit_code == 2


def test_an_at_sign_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of(add("--set", "folder=@@reports")) == str(tmp_path / "@reports")
