"""Test the commands that define, show, preview and retire reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.sidecar.cli.shell import Shell
from tests.sidecar.reports.world import World


@pytest.fixture
def shell(settings: Settings) -> Shell:
    return Shell(settings)


def _json(shell: Shell, *words: str | Path) -> Any:  # noqa: ANN401 (whatever the command answers)
    result = shell.run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def _refused(shell: Shell, *words: str | Path) -> str:
    result = shell.run(*words, "--json")
    assert result.exit_code == 1, result.output
    code: str = json.loads(result.stderr)["error"]["code"]
    return code


def test_a_report_is_defined_changed_shown_and_retired(shell: Shell, sidecar: Sidecar, kongsberg: Municipality) -> None:
    World(sidecar).course("brann", "Brannvern")
    asked = ("--kind", "status", "--course", "brann", "--municipality", "kongsberg", "--unit", "Skole")
    more = ("--period", "term", "--columns", "course, last_name", "--days", "30", "--language", "nn", "--format", "pdf")
    rest = ("--position", "lærer", "--schedule", "each-term", "--connector", "folder")
    made = _json(shell, "report", "define", "--title", "Brann", *asked, *more, *rest)
    assert made["spec"] == {
        "kind": "status",
        "courses": ["brann"],
        "municipalities": ["kongsberg"],
        "units": ["Skole"],
        "positions": ["lærer"],
        "period": "term",
        "columns": ["course", "last_name"],
        "per_person": True,
        "days": 30,
        "language": "nn",
        "formats": ["pdf"],
        "schedule": "0 6 1 1,7 *",
        "connectors": ["folder"],
    }
    changed = _json(shell, "report", "define", "--id", made["id"], "--counted", "--schedule", "0 7 * * 1-5")
    assert (changed["version"], changed["title"], changed["spec"]["per_person"]) == (2, "Brann", False)
    assert _json(shell, "report", "show", made["id"], "--version", "1")["spec"] == made["spec"]
    shown = _json(shell, "report", "show", made["id"])
    assert (shown["spec"], shown["versions"]) == (changed["spec"], [2, 1])
    assert "Brann" in shell.run("report", "show", made["id"]).stdout
    listed = {one["id"]: one for one in _json(shell, "report", "list")}
    assert set(listed) == {"completions", made["id"]}
    assert listed[made["id"]]["state"] == "never run"
    assert listed[made["id"]]["next_run"][11:16] in ("05:00", "06:00")  # seven in summer or winter, as it is now
    assert {one["id"] for one in _json(shell, "report", "calendar", "--days", "7")} >= {made["id"]}
    assert _json(shell, "report", "retire", made["id"])["retired"] is True
    assert made["id"] not in {one["id"] for one in _json(shell, "report", "calendar")}
    assert _json(shell, "report", "bring-back", made["id"])["retired"] is False


def test_a_report_is_defined_by_a_file_as_show_prints_it(shell: Shell, tmp_path: Path, kongsberg: Municipality) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(_json(shell, "report", "show", "completions")), "utf-8")
    made = _json(shell, "report", "define", "--title", "Again", "--file", tmp_path / "spec.json")
    assert (made["title"], made["spec"]["schedule"]) == ("Again", "0 6 1 * *")
    result = shell.run("report", "define", "--file", tmp_path / "spec.json", "--kind", "status")
    assert result.exit_code == 2
    (tmp_path / "spec.json").write_bytes(b"\xff\xfe garbage")
    assert _refused(shell, "report", "define", "--file", tmp_path / "spec.json") == "bad-report-file"


def test_what_would_be_left_out_silently_is_refused(shell: Shell, kongsberg: Municipality) -> None:
    asked = ("report", "define", "--title", "A", "--kind", "renewals", "--days", "0")
    assert _refused(shell, *asked) == "bad-report-spec"
    made = _json(shell, "report", "define", "--title", "A")
    assert shell.run("report", "define", "--id", made["id"], "--region", "kongsbergregionen").exit_code == 2


def test_a_report_runs_only_while_it_is_in_use_and_for_whom_it_is(
    shell: Shell, kongsberg: Municipality, rollag: Municipality
) -> None:
    made = _json(shell, "report", "define", "--title", "A", "--municipality", "kongsberg")
    asked = ("report", "run", "--period", "2026-01", "--definition", made["id"], "--municipality")
    assert _refused(shell, *asked, "rollag") == "report-not-for-it"
    assert "kongsberg has no channel" in shell.run(*asked, "kongsberg").stderr
    _json(shell, "report", "retire", made["id"])
    assert _refused(shell, *asked, "kongsberg") == "report-retired"


def test_what_it_cannot_be_is_refused(shell: Shell, kongsberg: Municipality) -> None:
    for words, code in (
        (("--schedule", "* * * * *"), "bad-report-schedule"),
        (("--schedule", "garbage"), "bad-report-schedule"),
        (("--municipality", "nowhere"), "report-municipality"),
        (("--course", "nothing"), "report-course"),
        (("--columns", "salary"), "bad-report-spec"),
        (("--id", "0" * 32), "not-found"),
        (("--region", "nowhere"), "not-found"),
    ):
        assert _refused(shell, "report", "define", "--title", "A", *words) == code
    assert _refused(shell, "report", "define", "--kind", "status") == "bad-report-title"
    assert _refused(shell, "report", "show", "nothing") == "not-found"
    assert _refused(shell, "report", "run", "--all", "--period", "2026-01", "--definition", "x") == "not-found"


def test_a_report_is_previewed_and_delivered_by_its_definition(
    shell: Shell, sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path
) -> None:
    world = World(sidecar)
    world.employ(kongsberg, "1001", "Kari Nordmann")
    world.course("brann", "Brannvern")
    world.folder(kongsberg, tmp_path / "reports")
    made = _json(shell, "report", "define", "--title", "S", "--kind", "completions", "--municipality", "kongsberg")
    asked = ("--municipality", "kongsberg", "--period", "2026-01")
    assert _json(shell, "report", "preview", made["id"], *asked) == []
    assert shell.run("report", "preview", *asked).exit_code == 2
    (tmp_path / "spec.json").write_text('{"kind": "status", "title": "S"}', "utf-8")
    assert isinstance(_json(shell, "report", "preview", "--file", tmp_path / "spec.json", *asked), list)
    delivered = _json(shell, "report", "run", "--all", "--period", "2026-01", "--definition", made["id"])
    assert [(one["municipality"], one["state"]) for one in delivered] == [("kongsberg", "delivered")]


def test_nobody_in_it_is_told(shell: Shell, kongsberg: Municipality) -> None:
    result = shell.run("report", "define", "--title", "A", "--unit", "Nowhere")
    assert result.exit_code == 0
    assert "nobody is in this report" in result.stderr
