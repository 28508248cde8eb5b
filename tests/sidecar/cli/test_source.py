"""`sidecar source`: add, preview, run, hold, approve, and what is said of it."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sidecar.cli import main
from sidecar.connecting import add_connection
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import OSLO
from sidecar.runtime import Sidecar
from tests.sidecar.sync.hr import Hr
from tests.sidecar.telling import make_world

pytestmark = pytest.mark.usefixtures("environment")


def run(*words: str, code: int = 0) -> Any:  # noqa: ANN401 (whatever the command prints)
    done = CliRunner().invoke(main, ["source", *words, "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if done.stdout else json.loads(done.stderr)


def read(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["source", *words])
    assert done.exit_code == code, done.output
    return done.stdout


@pytest.fixture
def hr(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> Hr:
    file = tmp_path / "people.csv"
    connection = add_connection(sidecar, operator_at_the_console(), kongsberg.id, "hr_csv", {"file": str(file)})
    source_id = run("add", connection.id, "--every", "60", "--column", "Nr=employee_number")["id"]
    return Hr(sidecar, kongsberg, file, source_id)


def write(hr: Hr, count: int) -> None:
    hr.write(*hr.staff(count), head="Nr;fornavn;etternavn;epost;enhet;stilling")


def test_a_source_is_previewed_run_held_and_approved(hr: Hr) -> None:
    write(hr, 20)
    found = run("preview", hr.source_id)
    assert (found["would_add"], found["columns"]["Nr"]) == (20, "employee_number")
    assert "sample" not in found
    assert run("run", hr.source_id, "--wait")["counts"] == {"added": 20}
    write(hr, 10)
    assert run("run", hr.source_id, "--wait")["state"] == "quarantined"
    assert run("list")[0]["state"] == "quarantined"
    changes = run("changes", hr.source_id)
    assert {one["kind"] for one in changes} == {"end"}
    assert run("approve", hr.source_id)["approved"] is True
    assert run("run", hr.source_id, "--wait")["counts"] == {"ended": 10, "unchanged": 10}
    assert [one["state"] for one in run("runs", hr.source_id)] == ["done", "approved", "done"]


def test_what_was_rejected_is_considered_again(hr: Hr) -> None:
    write(hr, 20)
    run("run", hr.source_id, "--wait")
    write(hr, 10)
    run("run", hr.source_id, "--wait")
    run("reject", hr.source_id)
    assert run("preview", hr.source_id)["rejected"] is True
    assert run("run", hr.source_id, "--wait", code=1)["error"] == "people-feed-rejected"
    assert run("reconsider", hr.source_id)["reconsidered"] is True
    assert run("run", hr.source_id, "--wait")["state"] == "quarantined"
    assert run("reconsider", hr.source_id, code=1)["error"]["code"] == "source-decide-first"


def test_a_run_that_failed_says_why_and_exits_with_1(hr: Hr) -> None:
    told = run("run", hr.source_id, "--wait", code=1)
    assert (told["state"], told["error"]) == ("failed", "people-file-unreadable")
    for text in (read("run", hr.source_id, "--wait", code=1), read("runs", hr.source_id), read("show", hr.source_id)):
        assert "Failed" in text
        assert "The file can't be read. Check that it exists and that it may be read." in text
        assert "people-file-unreadable" not in text


def test_people_read_words_and_norwegian_time(hr: Hr) -> None:
    write(hr, 20)
    hr.file.write_text(hr.file.read_text() + "=1;A;B;;;\n")
    text = read("run", hr.source_id, "--wait")
    assert "New: 20" in text
    assert "line 22: A cell begins like a formula." in text
    asked_at = datetime.fromisoformat(run("runs", hr.source_id)[0]["asked_at"])
    assert f"{asked_at.astimezone(OSLO):%Y-%m-%d %H:%M}" in text
    assert "+00:00" not in text
    assert "Nr: Employee number" in read("show", hr.source_id)
    write(hr, 10)
    assert "Waits for your word" in read("run", hr.source_id, "--wait")
    assert "Would leave: 10" in read("runs", hr.source_id)


def test_completions_have_no_preview(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> None:
    world = make_world(sidecar, kongsberg, rollag)
    assert run("preview", world.source_id, code=1)["error"]["code"] == "source-no-preview"


def test_what_makes_no_sense_is_refused(hr: Hr) -> None:
    assert run("set", hr.source_id, "--every", "3", code=1)["error"]["code"] == "source-pace"
    assert run("show", "nothing", code=1)["error"]["code"] == "not-found"
    for act in ("approve", "reject", "changes"):
        assert run(act, hr.source_id, code=1)["error"]["code"] == "nothing-waits"


def test_a_source_is_paused_resumed_and_removed(hr: Hr) -> None:
    run("pause", hr.source_id)
    assert run("show", hr.source_id)["state"] == "paused"
    run("resume", hr.source_id)
    assert run("show", hr.source_id)["every_minutes"] == 60
    run("remove", hr.source_id, "--yes")
    assert run("list") == []


def test_a_connection_to_a_file_that_is_not_there_says_what_is_wrong(kongsberg: Municipality, tmp_path: Path) -> None:
    words = ["connection", "add", "hr_csv", "--municipality", kongsberg.slug, "--file", str(tmp_path / "nope.csv")]
    done = CliRunner().invoke(main, words)
    assert "The file can't be read. Check that it exists and that it may be read." in done.stderr
    found = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert found["test_error"] == "people-file-unreadable"
    assert found["message"].startswith("The file can't be read.")
