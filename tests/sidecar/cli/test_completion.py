"""Completions and the validity of courses at the command line: what is said, in which form, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.sidecar.cli.shell import Shell
from tests.sidecar.training import Training, make_training


@pytest.fixture
def shell(settings: Settings) -> Shell:
    return Shell(settings)


@pytest.fixture
def world(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Training:
    return make_training(sidecar, kongsberg, rollag)


def test_a_file_is_imported_or_refused_with_every_problem(shell: Shell, world: Training, tmp_path: Path) -> None:
    path = tmp_path / "fil.csv"
    command = ("completion", "import", path, "--municipality", "kongsberg", "--json")
    path.write_text("ansattnummer;kurs;dato\n9;brannvern;2026-05-04\n1001;nei;2026-05-04\n")
    refused = shell.run(*command)
    assert refused.exit_code == 1
    codes = [one["code"] for one in json.loads(refused.stderr)["error"]["problems"]]
    assert codes == ["completion-file-employee", "completion-file-course"]
    path.write_text("ansattnummer;kurs;dato\n1001;brannvern;2026-05-04\n")
    assert json.loads(shell.run(*command, "--dry-run").stdout)["added"] == 1
    assert world.completions() == []
    shell.run(*command)
    assert len(world.completions()) == 1


def test_what_the_console_enters_waits_for_somebody_who_signs_in(shell: Shell, world: Training, tmp_path: Path) -> None:
    (tmp_path / "bevis.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
    added = shell.run(
        *("completion", "add", "kongsberg/1001", "--course", "brannvern", "--day", "2026-05-04"),
        *("--basis", "certificate", "--document", tmp_path / "bevis.pdf", "--json"),
    )
    assert added.exit_code == 0, added.output
    evidence_id = json.loads(added.stdout)["id"]
    (listed,) = json.loads(shell.run("completion", "list", "--json").stdout)
    assert (listed["id"], listed["employee"], listed["document"]) == (evidence_id, "Kari Hansen", "bevis.pdf")
    refused = shell.run("completion", "confirm", evidence_id, "--json")
    assert json.loads(refused.stderr)["error"]["code"] == "evidence-second-person"
    assert shell.run("completion", "withdraw", evidence_id, "--reason", "Feil").exit_code == 0
    assert (
        shell.run(
            "completion", "add", "kongsberg/9", "--course", "x", "--day", "2026-05-04", "--basis", "course"
        ).exit_code
        == 1
    )


def test_a_course_s_validity_is_shown_and_changed(shell: Shell, world: Training) -> None:
    command = ("course", "validity", "brannvern", "--json")
    assert json.loads(shell.run(*command).stdout)["months"] is None
    changed = json.loads(shell.run(*command, "--window", "08-01", "--months", "12", "--transferable", "yes").stdout)
    assert (changed["window"], changed["months"], changed["transferable"]) == ("08-01", 12, True)
    assert shell.run(*command, "--window", "08-31", "--months", "12").exit_code == 1
    assert shell.run(*command, "--none", "--months", "12").exit_code == 2
    again = json.loads(shell.run(*command, "--none", "--transferable", "default", "--apply").stdout)
    assert (again["months"], again["transferable"], again["by_default"]) == (None, False, True)
    assert json.loads(shell.run("course", "of-lms", "--json").stdout) == []
    assert shell.run("course", "map", "nei", "--to", "brannvern").exit_code == 1
