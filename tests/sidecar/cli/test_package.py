"""Run the package commands as an operator and as a script would."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from scorm_packages.accessibility.browser import running
from scorm_packages.authoring.example_course import write_example
from sidecar.cli import main
from sidecar.core.courses import Course
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.fakes.package import make_package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return make_package(tmp_path / "brann.zip", pages={"a": "<title>A</title>"}, title="Brannvern")


def run(settings: Settings, *arguments: str) -> Result:
    env = {
        "SIDECAR_DATA": str(settings.data),
        "SIDECAR_DATABASE_URL": settings.database_url,
        "SIDECAR_PUBLIC_URL": settings.public_url,
        "SIDECAR_CONTENT_URL": settings.content_url,
    }
    return CliRunner().invoke(main, arguments, env=env)


def test_check_prints_a_line_a_file(settings: Settings, package: Path) -> None:
    result = run(settings, "package", "check", str(package), str(package), "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [set(line) for line in lines] == [{"file", "verdict", "version", "title", "findings", "accessibility"}] * 2
    assert (lines[0]["file"], lines[0]["verdict"], lines[0]["version"]) == (str(package), "accept", "scorm-1.2")
    for finding in lines[0]["findings"]:
        assert set(finding) == {"level", "code", "where", "message"}


def test_check_lists_what_keeps_people_out_where_it_is_asked_for(settings: Settings, package: Path) -> None:
    result = run(settings, "package", "check", str(package))
    assert result.exit_code == 0
    assert "List them by --accessibility" in result.stdout
    result = run(settings, "package", "check", str(package), "--accessibility")
    assert "WCAG 3.1.1: The page does not say its language." in result.stdout


def test_check_takes_a_source_and_says_what_is_wrong_with_it(settings: Settings, tmp_path: Path) -> None:
    source = tmp_path / "brann"
    write_example(source, ("nb",), "Brann")
    page = min((source / "pages").iterdir())
    page.write_text(page.read_text("utf-8") + "\n\n[les mer](https://a.test)\n", "utf-8")
    result = run(settings, "package", "check", str(source), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["verdict"], told["version"], told["title"]) == (0, "accept", "source", "Brann")
    (found,) = told["accessibility"]["static"]
    assert (found["level"], found["code"], found["page"]) == ("warning", "link-vague", f"pages/{page.name}")
    assert told["accessibility"]["browser"] == "not run"
    assert "warning: pages/" in run(settings, "package", "check", str(source)).stdout
    page.write_text("# <b>x</b>", "utf-8")
    result = run(settings, "package", "check", str(source), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["verdict"]) == (1, "reject")
    assert {"level", "code", "where", "message"} == set(told["findings"][0])
    assert run(settings, "package", "check", str(tmp_path / "none"), "--json").exit_code == 2


def test_evidence_is_written_whole_or_not_at_all(settings: Settings, package: Path, tmp_path: Path) -> None:
    target = tmp_path / "bevis.html"
    result = run(settings, "package", "evidence", str(package), "-o", str(target), "--language", "nn", "--json")
    assert (result.exit_code, json.loads(result.stdout)["browser"]) == (0, "not run")
    assert "Eit menneske må vurdere dette." in target.read_text("utf-8")
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no zip")
    for source, out in ((bad, target.with_name("b.html")), (package, tmp_path / "none" / "a.html")):
        result = run(settings, "package", "evidence", str(source), "-o", str(out), "--json")
        assert result.exit_code == 1
        assert json.loads(result.stderr)["error"]["code"] in {"package-rejected", "evidence-not-written"}
    assert {each.name for each in tmp_path.iterdir()} >= {"bevis.html"}
    assert not [each for each in tmp_path.iterdir() if each.name.endswith(".making")]


def test_a_check_in_a_browser_that_is_not_there_says_so(
    settings: Settings, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "find_browser", lambda: None)
    result = run(settings, "package", "check", str(package), "--browser", "--json")
    told = json.loads(result.stdout)["accessibility"]
    assert (result.exit_code, told["browser"], told["not_run"]) == (0, "not run", "there is no Chromium on PATH")
    assert (
        "Browser: not run: there is no Chromium" in run(settings, "package", "check", str(package), "--browser").stdout
    )


def test_check_needs_no_database(tmp_path: Path, package: Path) -> None:
    env = {"SIDECAR_DATA": str(tmp_path / "none"), "SIDECAR_DATABASE_URL": "sqlite:////nowhere/at/all"}
    assert CliRunner().invoke(main, ["package", "check", str(package)], env=env).exit_code == 0


def test_check_says_what_is_rejected_and_what_could_not_be_read(
    settings: Settings, package: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no zip")
    result = run(settings, "package", "check", str(package), str(bad), "--json")
    assert result.exit_code == 1
    assert [json.loads(line)["verdict"] for line in result.stdout.splitlines()] == ["accept", "reject"]
    result = run(settings, "package", "check", str(bad), str(tmp_path / "none.zip"), str(package), "--json")
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 2
    assert json.loads(result.stderr)["error"]["code"] == "not-found"
    assert run(settings, "package", "check").exit_code == 2


def test_add_twice_and_list(settings: Settings, sidecar: Sidecar, package: Path) -> None:
    first = run(settings, "package", "add", str(package), "--key", "brannvern", "--json")
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout) | {"version_id": ""} == {
        "course": "brannvern",
        "title": "Brannvern",
        "version": 1,
        "version_id": "",
        "added": True,
    }
    again = run(settings, "package", "add", str(package), "--key", "brannvern")
    assert again.exit_code == 0
    assert "Nothing changed" in again.stdout
    listed = json.loads(run(settings, "package", "list", "--json").stdout)
    assert [(row["key"], row["version"], row["reviewed"]) for row in listed] == [("brannvern", 1, True)]


def test_a_draft_is_published_taken_back_and_retired(settings: Settings, sidecar: Sidecar, tmp_path: Path) -> None:
    def said(*arguments: str) -> dict[str, object]:
        result = run(settings, "package", *arguments, "--json")
        assert result.exit_code == 0, result.output
        found: dict[str, object] = json.loads(result.stdout)
        return found

    def listed() -> tuple[object, ...]:
        row = json.loads(run(settings, "package", "list", "--json").stdout)[0]
        return row["status"], row["version"], row["newest"]

    for number in (1, 2):
        package = make_package(tmp_path / f"{number}.zip", pages={"a": f"<title>{number}</title>"})
        said("add", str(package), "--key", "brann", "--draft")
    assert listed() == ("draft", None, 2)
    assert said("publish", "brann", "1", "--yes")["version"] == 1
    assert run(settings, "package", "publish", "brann", "2").exit_code == 1  # nobody said yes
    said("publish", "brann", "2", "--review-by", "2020-01-01", "--yes")
    assert listed() == ("review-due", 2, 2)
    assert said("rollback", "brann", "--yes") == {"course": "brann", "version": 1, "starting_over": 0}
    assert listed() == ("review-due", 1, 2)
    assert run(settings, "package", "rollback", "brann", "7", "--yes").exit_code == 1
    assert run(settings, "package", "retire", "brann").exit_code == 1
    said("retire", "brann", "--yes")
    assert listed() == ("retired", 1, 2)
    assert said("retire", "brann", "--undo")["retired_at"] is None


def test_add_refuses_with_the_reasons(settings: Settings, sidecar: Sidecar, tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no zip")
    result = run(settings, "package", "add", str(bad), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stderr)["error"]["code"] == "package-rejected"
    assert "zip" in run(settings, "package", "add", str(bad)).stderr
    assert run(settings, "package", "add", str(tmp_path / "none.zip")).exit_code == 1
    assert run(settings, "package", "add", str(bad), "--municipality", "unknown").exit_code == 1


def test_add_names_the_owner(settings: Settings, sidecar: Sidecar, kongsberg: object, package: Path) -> None:
    result = run(settings, "package", "add", str(package), "--municipality", "kongsberg", "--title", "Egen tittel")
    assert result.exit_code == 0, result.output
    assert "egen-tittel" in result.stdout


def test_remove_takes_a_version_nobody_has_begun(settings: Settings, sidecar: Sidecar, package: Path) -> None:
    assert run(settings, "package", "add", str(package), "--key", "brann").exit_code == 0
    assert run(settings, "package", "remove", "brann", "1").exit_code == 1  # nobody said yes
    assert run(settings, "package", "remove", "brann", "2", "--yes", "--json").exit_code == 1
    removed = run(settings, "package", "remove", "brann", "1", "--yes", "--json")
    assert (removed.exit_code, json.loads(removed.stdout)["removed"]) == (0, True)
    assert json.loads(run(settings, "package", "list", "--json").stdout)[0]["version"] is None


def test_describe(settings: Settings, sidecar: Sidecar, package: Path) -> None:
    run(settings, "package", "add", str(package), "--key", "brann")
    result = run(settings, "package", "describe", "brann", "--summary", " Om  brann. ", "--json")
    assert json.loads(result.stdout) == {"course": "brann", "summary": "Om brann.", "language": ""}
    spoken = run(settings, "package", "describe", "brann", "--language", "nb", "--json")
    assert json.loads(spoken.stdout) == {"course": "brann", "summary": "Om brann.", "language": "nb"}
    assert run(settings, "package", "describe", "brann", "--language", "<b>").exit_code == 1
    assert run(settings, "package", "describe", "brann").exit_code == 2
    assert run(settings, "package", "describe", "brann", "--summary", "").exit_code == 0
    assert run(settings, "package", "describe", "ukjent", "--summary", "Om").exit_code == 1
    assert run(settings, "package", "describe", "brann", "--summary", "x" * 1001).exit_code == 1
    with sidecar.reading() as db:
        assert db.scalars(select(Course.summary)).one() is None
