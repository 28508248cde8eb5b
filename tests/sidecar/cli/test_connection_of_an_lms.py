"""The command that connects an LMS prints what lacks there, for people and as codes for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.serving import serve
from practice_lms.state import Lms
from practice_lms.web_services.accounts import Account
from practice_lms.web_services.reporting import ASKED_FOR
from sidecar.cli import main
from sidecar.core.audit import AuditEntry
from sidecar.core.municipalities import Municipality
from sidecar.core.platforms import Platform, add_platform
from sidecar.runtime import Sidecar
from sidecar.settings import Settings

TOKEN = "reader-token"


@pytest.fixture
def lms() -> Iterator[tuple[str, Lms]]:
    """A practice LMS on a port of this machine: its address and its state."""
    app = create_app(Config())
    with serve(app) as server:
        url = f"http://127.0.0.1:{server.port}"
        state = lms_of(app)
        state.config = replace(state.config, issuer=url)
        state.add_account(Account(TOKEN))
        yield url, state


@pytest.fixture
def platform(sidecar: Sidecar, kongsberg: Municipality) -> str:
    known = Platform(
        name="Felles Moodle",
        issuer="https://lms.example",
        client_id="c",
        auth_url="https://lms.example/auth",
        token_url="https://lms.example/token",
        jwks_url="https://lms.example/jwks",
        created_at=sidecar.now(),
    )
    with sidecar.transaction() as db:
        add_platform(db, known, deployment_ids=["1"], patterns={kongsberg.id: None})
    return "Felles Moodle"


def _run(settings: Settings, *words: str) -> Result:
    env = {
        "SIDECAR_DATA": str(settings.data),
        "SIDECAR_DATABASE_URL": settings.database_url,
        "SIDECAR_ALLOWED_PRIVATE": "127.0.0.1",
    }
    return CliRunner().invoke(main, list(words), env=env)


def _words(url: str, tmp_path: Path, *more: str) -> list[str]:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return ["connection", "add", "moodle", "--url", url, "--token", f"@{file}", *more]


def test_an_lms_is_connected_and_the_outcome_printed(
    settings: Settings, lms: tuple[str, Lms], platform: str, tmp_path: Path
) -> None:
    words = _words(lms[0], tmp_path, "--report-id", str(ASKED_FOR.id), "--platform", platform)
    printed = _run(settings, *words)
    assert printed.exit_code == 0, printed.output
    assert "✓ The times in the report are UTC." in printed.stdout
    assert TOKEN not in printed.output
    [listed] = json.loads(_run(settings, "connection", "list", "--json").stdout)
    assert (listed["platform"], listed["municipality"], listed["test_error"]) == (platform, None, None)
    assert listed["settings"]["token"] == "•••"
    assert _run(settings, "connection", "test", listed["id"]).exit_code == 0


def test_what_lacks_is_printed_as_codes_and_facts(
    settings: Settings, lms: tuple[str, Lms], platform: str, tmp_path: Path
) -> None:
    url, state = lms
    state.reports.known[ASKED_FOR.id] = replace(ASKED_FOR, filters=frozenset())
    words = _words(url, tmp_path, "--report-id", str(ASKED_FOR.id), "--platform", platform, "--json")
    printed = _run(settings, *words)
    assert printed.exit_code == 0
    assert "its test failed" in printed.stderr
    told = json.loads(printed.stdout)
    assert told["test_error"] == "moodle-lacks"
    found = {each["code"]: each for each in told["found"]}
    assert found["filter-missing"]["outcome"] == "failed"
    assert found["report"]["facts"] == {"rows": 105}
    assert "Sorting: ID number" in found["make-report"]["message"]
    tested = _run(settings, "connection", "test", told["id"], "--json")
    assert tested.exit_code == 1
    assert json.loads(tested.stdout)["works"] is False


def test_a_connection_needs_one_owner_that_fits(settings: Settings, platform: str, tmp_path: Path) -> None:
    words = _words("https://moodle.example", tmp_path)
    assert "one municipality, or to one LMS" in _run(settings, *words).stderr
    both = _run(settings, *words, "--platform", platform, "--municipality", "kongsberg")
    assert "one municipality, or to one LMS" in both.stderr
    folder = _run(settings, "connection", "add", "folder", "--folder", str(tmp_path), "--platform", platform)
    assert "is not for an LMS" in folder.stderr
    assert json.loads(_run(settings, "connection", "list", "--json").stdout) == []


def test_a_renewed_token_is_set_in_place_and_recorded(
    settings: Settings, sidecar: Sidecar, lms: tuple[str, Lms], platform: str, tmp_path: Path
) -> None:
    url, state = lms
    _run(settings, *_words(url, tmp_path, "--report-id", str(ASKED_FOR.id), "--platform", platform))
    [before] = json.loads(_run(settings, "connection", "list", "--json").stdout)
    state.accounts["newer-token"] = state.accounts.pop(TOKEN)
    (tmp_path / "token").write_text("newer-token\n")
    change = ["connection", "set", before["id"], "--token", f"@{tmp_path / 'token'}"]
    printed = _run(settings, *change)
    assert printed.exit_code == 0, printed.output
    assert "✓ The times in the report are UTC." in printed.stdout
    assert "newer-token" not in printed.output
    [after] = json.loads(_run(settings, "connection", "list", "--json").stdout)
    assert {name: after[name] for name in ("id", "settings")} == {name: before[name] for name in ("id", "settings")}
    with sidecar.reading() as db:
        assert "connection.changed" in db.scalars(select(AuditEntry.action)).all()


def test_a_secret_is_told_to_no_other_address_than_its_own(
    settings: Settings, lms: tuple[str, Lms], platform: str, tmp_path: Path
) -> None:
    _run(settings, *_words(lms[0], tmp_path, "--report-id", str(ASKED_FOR.id), "--platform", platform))
    [before] = json.loads(_run(settings, "connection", "list", "--json").stdout)
    refused = _run(settings, "connection", "set", before["id"], "--url", "https://thief.example")
    assert (refused.exit_code, "given anew" in refused.stderr) == (1, True)
    assert _run(settings, "connection", "set", before["id"]).exit_code == 2
    assert json.loads(_run(settings, "connection", "list", "--json").stdout) == [before]
    assert _run(settings, "connection", "set", before["id"], "--report-id", "").exit_code == 0
    [after] = json.loads(_run(settings, "connection", "list", "--json").stdout)
    assert set(after["settings"]) == set(before["settings"]) - {"report_id"}
