"""Test the commands for channels, reports and the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.audit import AuditEntry
from sidecar.core.municipalities import Municipality
from sidecar.errors import InvalidInputError
from sidecar.reports import asking
from sidecar.reports.build import Built, build
from sidecar.runtime import Sidecar
from sidecar.secrets import KEY_FILE, make_key
from sidecar.settings import Settings
from tests.sidecar.cli.shell import Shell


@pytest.fixture
def shell(settings: Settings) -> Shell:
    return Shell(settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reports").mkdir()
    return tmp_path / "reports"


def _json(shell: Shell, *words: str | Path) -> Any:  # noqa: ANN401 (whatever the command answers)
    result = shell.run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def _add(shell: Shell, folder: Path, slug: str = "kongsberg") -> str:
    added: dict[str, str] = _json(shell, "connection", "add", "folder", "--municipality", slug, "--folder", folder)
    return added["id"]


def test_a_connection_is_added_listed_tested_and_removed(shell: Shell, kongsberg: Municipality, folder: Path) -> None:
    added = _add(shell, folder)
    [listed] = _json(shell, "connection", "list")
    assert (listed["id"], listed["municipality"], listed["settings"]) == (added, "kongsberg", {"folder": str(folder)})
    assert _json(shell, "connection", "test", added) == {"id": added, "works": True}

    assert shell.run("connection", "remove", added, answer="n\n").exit_code == 1
    assert len(_json(shell, "connection", "list", "--municipality", "kongsberg")) == 1
    assert _json(shell, "connection", "remove", added, "--yes")["removed"] is True
    assert _json(shell, "connection", "list") == []


def test_with_the_keys_lost_a_connection_is_still_listed_and_removed(
    shell: Shell, kongsberg: Municipality, folder: Path, settings: Settings
) -> None:
    added = _add(shell, folder)
    (settings.data / KEY_FILE).write_text(make_key())
    [listed] = _json(shell, "connection", "list")
    assert (listed["id"], listed["settings"]) == (added, {})
    assert _json(shell, "connection", "remove", added, "--yes")["removed"] is True


def test_settings_may_be_set_by_pairs(shell: Shell, kongsberg: Municipality, folder: Path) -> None:
    added = _json(shell, "connection", "add", "folder", "--municipality", "942402465", "--set", f"folder={folder}")
    assert added["test_error"] is None


def test_a_folder_is_made_when_it_is_added_but_never_later(shell: Shell, kongsberg: Municipality, folder: Path) -> None:
    new = folder / "new" / "kongsberg"
    added = _json(shell, "connection", "add", "folder", "--municipality", "kongsberg", "--folder", new)
    assert (added["test_error"], new.is_dir()) == (None, True)
    new.rename(folder / "away")
    [listed] = _json(shell, "connection", "list")
    tested = shell.run("connection", "test", listed["id"], "--json")
    assert (tested.exit_code, json.loads(tested.stderr)["error"]["code"]) == (1, "folder-missing")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["folder"], 1),
        (["folder", "--set", "colour=red"], 1),
        (["folder", "--set", "folder"], 2),
        (["folder", "--folder"], 2),
        (["pigeon", "--folder", "x"], 1),
    ],
)
def test_wrong_settings_are_refused(shell: Shell, kongsberg: Municipality, words: list[str], code: int) -> None:
    result = shell.run("connection", "add", *words, "--municipality", "kongsberg")
    assert result.exit_code == code
    assert _json(shell, "connection", "list") == []


def test_installed_connectors_are_listed_with_their_settings(shell: Shell) -> None:
    listed = {one["name"]: one for one in _json(shell, "connection", "connectors")}
    assert listed["folder"]["settings"][0].startswith("folder: ")
    assert listed["folder"]["error"] is None


def test_a_report_is_run_once_and_stands_in_the_ledger(shell: Shell, kongsberg: Municipality, folder: Path) -> None:
    _add(shell, folder)
    [first] = _json(shell, "report", "run", "--municipality", "kongsberg", "--period", "2026-09")
    [second] = _json(shell, "report", "run", "--all", "--period", "2026-09")

    assert (first["state"], first["rows"], first["attempts"], first["period"]) == ("delivered", 0, 1, "2026-09")
    assert second == first
    assert sorted(first["files"]) == sorted(path.name for path in folder.glob("[a-z]*"))
    assert _json(shell, "delivery", "list") == [first]
    assert _json(shell, "delivery", "list", "--municipality", "942402465") == [first]
    assert "delivered" in shell.run("delivery", "list").stdout


def test_a_report_left_to_the_worker_waits(shell: Shell, kongsberg: Municipality, folder: Path) -> None:
    _add(shell, folder)
    [queued] = _json(shell, "report", "run", "--all", "--period", "2026-09", "--queue")
    assert (queued["state"], list(folder.glob("[a-z]*"))) == ("waiting", [])


def test_a_failed_delivery_ends_with_1_and_a_retry_delivers(
    shell: Shell, kongsberg: Municipality, folder: Path
) -> None:
    _add(shell, folder)
    folder.rename(folder.with_name("away"))
    failed = shell.run("report", "run", "--all", "--period", "2026-09", "--json")
    [row] = json.loads(failed.stdout)
    assert (failed.exit_code, row["state"], row["error"]) == (1, "failed", "folder-missing")
    assert shell.run("delivery", "retry", row["id"]).exit_code == 1

    folder.with_name("away").rename(folder)
    [again] = _json(shell, "delivery", "retry", row["id"])
    assert (again["id"], again["state"], again["attempts"]) == (row["id"], "delivered", 3)
    assert shell.run("delivery", "retry", row["id"]).exit_code == 1


def test_a_municipality_without_a_channel_is_named_and_the_others_get_theirs(
    shell: Shell, kongsberg: Municipality, rollag: Municipality, folder: Path
) -> None:
    _add(shell, folder)
    result = shell.run("report", "run", "--all", "--period", "2026-09", "--json")
    assert result.exit_code == 1
    assert [one["municipality"] for one in json.loads(result.stdout)] == ["kongsberg"]
    assert "rollag has no channel" in result.stderr


def test_an_error_of_one_municipality_is_shown_and_the_others_get_theirs(
    shell: Shell, kongsberg: Municipality, rollag: Municipality, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slug in ("kongsberg", "rollag"):
        (folder / slug).mkdir()
        _add(shell, folder / slug, slug)

    def fail_for_kongsberg(db: Session, viewer: Viewer, municipality: Municipality, *more: Any) -> Built:  # noqa: ANN401
        if municipality.slug == "kongsberg":
            raise InvalidInputError(field="report", reason="made up")
        return build(db, viewer, municipality, *more)

    monkeypatch.setattr(asking, "build", fail_for_kongsberg)
    result = shell.run("report", "run", "--all", "--period", "2026-09", "--json")
    assert result.exit_code == 1
    assert [(one["municipality"], one["state"]) for one in json.loads(result.stdout)] == [("rollag", "delivered")]
    assert "kongsberg: The value of report can't be used: made up" in result.stderr


def test_who_ran_a_report_stands_in_the_audit_trail(
    shell: Shell, kongsberg: Municipality, folder: Path, sidecar: Sidecar
) -> None:
    _add(shell, folder)
    _json(shell, "report", "run", "--municipality", "kongsberg", "--period", "2026-09")
    with sidecar.reading() as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.action == "report.requested")).one()
    assert (entry.actor, entry.subject, entry.facts) == ("cli", kongsberg.id, {"period": "2026-09"})


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--all", "--period", "september"], 1),
        (["--all", "--period", "2199-01"], 1),
        (["--municipality", "nowhere", "--period", "2026-09"], 1),
        (["--period", "2026-09"], 2),
        (["--all", "--municipality", "kongsberg", "--period", "2026-09"], 2),
        (["--all"], 2),
    ],
)
def test_what_can_not_be_run_is_told(
    shell: Shell, kongsberg: Municipality, folder: Path, words: list[str], code: int
) -> None:
    _add(shell, folder)
    assert shell.run("report", "run", *words).exit_code == code
    assert _json(shell, "delivery", "list") == []
