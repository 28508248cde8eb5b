"""`sidecar audit list|export` and `sidecar why`."""

import csv
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sidecar.core.access_log import Look
from sidecar.core.audit import AuditEntry
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from tests.sidecar.cli.console import run, run_json


@pytest.fixture(autouse=True)
def _world(environment: None, kongsberg: Municipality) -> None:
    """An installation with one municipality."""


def give(role: str = "contact", name: str = "Kari", **scope: str) -> dict[str, Any]:
    options = [part for key, value in scope.items() for part in (f"--{key}", value)]
    given: dict[str, Any] = run_json("staff", "grant", "--role", role, "--name", name, *options)
    return given


def test_what_was_done_is_listed_and_filtered(sidecar: Sidecar) -> None:
    given = give(municipality="kongsberg")
    run("staff", "revoke", given["id"])
    newest, oldest = run_json("audit", "list")
    assert (newest["what"], oldest["action"]) == ("Took a role back", "staff.granted")
    assert (oldest["about"], oldest["facts"], oldest["identity"]) == ("Kari", {"role": "contact"}, None)
    assert [one["action"] for one in run_json("audit", "list", "--action", "staff.granted")] == ["staff.granted"]
    assert len(run_json("audit", "list", "--limit", "1")) == 1
    assert run_json("audit", "list", "--until", "2020-01-01") == []
    assert run_json("audit", "list", "--actor", "0" * 32) == []
    assert "Took a role back" in run("audit", "list").stdout
    with sidecar.reading() as db:
        assert set(db.scalars(select(Look.viewer_id))) == {"console"}


def test_the_trail_is_exported_and_that_is_recorded(tmp_path: Path, sidecar: Sidecar) -> None:
    give(municipality="kongsberg")
    target = tmp_path / "trail.csv"
    assert run_json("audit", "export", str(target), "--action", "staff.granted") == {"file": str(target)}
    rows = list(csv.reader(target.read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert [row[4] for row in rows] == ["Action", "staff.granted"]
    assert "staff.granted" in run("audit", "export", "-").stdout
    with sidecar.reading() as db:
        facts = [one.facts for one in db.scalars(select(AuditEntry).where(AuditEntry.action == "audit.exported"))]
    assert sorted(map(str, facts)) == ["{'kind': 'staff.granted'}", "{}"]


def test_why_somebody_sees_something() -> None:
    given = give(municipality="kongsberg")
    who = ("--identity", given["identity"])
    told = run_json("why", *who, "--municipality", "kongsberg")
    assert (told["answer"], told["why"][0]["code"]) == (True, "given")
    assert run_json("why", *who, "--report", "942402465")["answer"] is True
    told = run("why", *who, "--counts-at", "kongsberg").stdout
    assert "They sign in by a link" in told
    run("staff", "revoke", given["id"])
    told = run_json("why", *who, "--municipality", "kongsberg")
    assert [one["code"] for one in told["why"]] == ["no-role", "role-revoked"]


def test_an_employee_without_a_municipality_is_asked_for_it() -> None:
    given = give(municipality="kongsberg")
    told = run("why", "--identity", given["identity"], "--person", "/1001")
    assert told.exit_code == 1
    assert "The value of municipality can't be used: it is missing." in told.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--municipality", "kongsberg"), 2),
        (("--identity", "0" * 32), 2),
        (("--identity", "0" * 32, "--course", "x", "--municipality", "kongsberg"), 2),
        (("--platform", "Moodle", "--municipality", "kongsberg"), 2),
        (("--identity", "0" * 32, "--municipality", "kongsberg"), 1),
        (("--platform", "Moodle", "--subject", "7", "--municipality", "kongsberg"), 1),
    ],
)
def test_what_is_not_whole_or_not_there_is_said(arguments: tuple[str, ...], code: int) -> None:
    result = run("why", *arguments)
    assert result.exit_code == code, result.stderr
