"""The commands of backup and storage, as an operator runs them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sidecar.cli import main
from sidecar.runtime import Sidecar
from sidecar.secrets import KEY_FILE
from tests.fakes.package import make_package

Run = Callable[..., Result]


@pytest.fixture
def run(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SIDECAR_DATA", str(sidecar.settings.data))
    monkeypatch.setenv("SIDECAR_DATABASE_URL", sidecar.settings.database_url)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(main, words)

    return invoke


def test_a_backup_comes_back_elsewhere(
    run: Run, sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"})
    assert run("package", "add", str(tmp_path / "p.zip"), "--key", "fire").exit_code == 0
    taken = run("backup", "-o", str(tmp_path / "b.tar"))
    assert taken.exit_code == 0
    assert "The secret keys are not in it" in taken.stdout
    again = run("backup", "-o", str(tmp_path / "b.tar"), "--json")
    assert (again.exit_code, json.loads(again.stderr)["error"]["code"]) == (1, "conflict")

    refused = run("restore", str(tmp_path / "b.tar"), "--json")
    assert (refused.exit_code, json.loads(refused.stderr)["error"]["code"]) == (1, "not-empty")

    monkeypatch.setenv("SIDECAR_SECRET_KEYS", (sidecar.settings.data / KEY_FILE).read_text().strip())
    monkeypatch.setenv("SIDECAR_DATA", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("SIDECAR_DATABASE_URL")
    restored = run("restore", str(tmp_path / "b.tar"), "--json")
    assert restored.exit_code == 0, restored.output
    assert json.loads(restored.stdout)["files"] > 0
    assert [one["key"] for one in json.loads(run("package", "list", "--json").stdout)] == ["fire"]


def test_the_storage_is_swept_and_copied(run: Run, sidecar: Sidecar, tmp_path: Path) -> None:
    sidecar.storage.put([b"x"])
    swept = json.loads(run("storage", "sweep", "--dry-run", "--json").stdout)
    assert swept == {"files": 0, "size_bytes": 0, "leftovers": 0, "dry_run": True}
    copied = json.loads(run("storage", "copy", "--to", f"file://{tmp_path}/there", "--json").stdout)
    assert (copied["files"], copied["copied"], copied["damaged"]) == (1, 1, [])
    bad = run("storage", "copy", "--to", "ftp://x", "--json")
    assert (bad.exit_code, json.loads(bad.stderr)["error"]["code"]) == (2, "misconfigured")


def test_a_damaged_file_fails_the_copy(run: Run, sidecar: Sidecar, tmp_path: Path) -> None:
    digest = sidecar.storage.put([b"x"]).digest
    next((sidecar.settings.data / "files").rglob(digest)).write_bytes(b"y")
    failed = run("storage", "copy", "--to", f"file://{tmp_path}/there")
    assert failed.exit_code == 1
    assert digest in failed.stdout


def test_the_check_names_a_folder_that_other_hosts_do_not_see(run: Run, sidecar: Sidecar) -> None:
    told = {one["what"]: one["message"] for one in json.loads(run("check", "--json").stdout)}
    assert str(sidecar.settings.data / "files") in told["storage"]
    is_shared = sidecar.engine.dialect.name == "postgresql"
    assert ("SIDECAR_STORAGE_URL" in told["storage"]) == is_shared
