"""Build and preview course sources from the command line: whole packages, or every problem with file and line."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from werkzeug.test import Client

from sidecar.cli import main
from sidecar.cli.preview_desk import Desk
from sidecar.core.courses import CourseVersion
from sidecar.core.previews import Preview
from sidecar.runtime import Sidecar
from sidecar.web.hosts import make_wsgi
from tests.conftest import PUBLIC_URL
from tests.fakes.ports import free_port
from tests.sidecar.web.signed_in import SAME_ORIGIN

COURSE = """title = {{ nb = "Brann", nn = "Brann" }}
description = {{ nb = "Om brann.", nn = "Om brann." }}
languages = ["nb", "nn"]
subject = ["brann"]
audience = {{ nb = "Alle", nn = "Alle" }}
licence = "CC-BY-4.0"
owner = "Kongsbergregionen"
duration_minutes = 5
review_by = {year}-01-01
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "kilde"
    (folder / "pages").mkdir(parents=True)
    (folder / "course.toml").write_text(COURSE.format(year=2099), "utf-8")
    for language in ("nb", "nn"):
        (folder / "pages" / f"01-start.{language}.md").write_text("# Start\n\nGå ut.\n", "utf-8")
    return folder


def build(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["package", "build", *map(str, arguments)])


def test_a_source_becomes_a_package_with_both_languages(source: Path, tmp_path: Path) -> None:
    result = build(source, "-o", tmp_path / "kurs.zip", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["standard"], told["languages"]) == ("scorm-2004", ["nb", "nn"])
    with zipfile.ZipFile(tmp_path / "kurs.zip") as archive:
        assert archive.namelist()[0] == "imsmanifest.xml"
    assert told["size_bytes"] == (tmp_path / "kurs.zip").stat().st_size


def test_each_language_gets_a_package_of_its_own(source: Path, tmp_path: Path) -> None:
    result = build(source, "-o", tmp_path / "kurs.zip", "--standard", "web", "--each-language")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.glob("*.zip")) == ["kurs.nb.zip", "kurs.nn.zip"]
    assert len(result.stdout.splitlines()) == 2


def test_every_problem_is_told_in_a_line_with_its_place_and_the_old_package_stays(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "kurs.zip"
    target.write_bytes(b"old")
    (source / "pages" / "01-start.nb.md").write_text("# Start\n\n![](media/no.png)\n\n[x](javascript:a)\n", "utf-8")
    result = build(source, "-o", target)
    assert result.exit_code == 1
    places = {line.partition(": ")[0] for line in result.stderr.splitlines()}
    assert places == {"pages/01-start.nb.md:3", "pages/01-start.nb.md:5"}
    told = json.loads(build(source, "-o", target, "--json").stderr)["error"]
    assert told["code"] == "source-refused"
    assert {(one["file"], one["line"]) for one in told["problems"]} == {
        ("pages/01-start.nb.md", 3),
        ("pages/01-start.nb.md", 5),
    }
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kilde", "kurs.zip"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--language", "se"], "not written in “se”"), (["-o", "/no/such/folder/a.zip"], "can't be written")],
)
def test_what_else_is_in_the_way_is_told(source: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    result = build(source, "-o", tmp_path / "kurs.zip", *arguments)
    assert result.exit_code == 1
    assert said in result.stderr


def test_the_desk_shows_each_build_in_the_same_preview_and_problems_until_they_are_mended(
    sidecar: Sidecar, source: Path
) -> None:
    told: list[str] = []
    desk = Desk(sidecar, source, told.append)
    assert desk.look()
    assert not desk.look(), "nothing changed"
    client = Client(desk.wrap(make_wsgi(sidecar)))
    page = source / "pages" / "01-start.nb.md"
    page.write_text("# Start\n\n![](media/no.png)\n", "utf-8")
    assert not desk.look()
    state = json.loads(client.get("/desk/state?lang=en", base_url=PUBLIC_URL).text)
    assert (state["builds"], state["heading"]) == (1, f"To mend in the source: {len(told)}")
    assert [f"{one['place']}: {one['message']}" for one in state["problems"]] == told
    norwegian = json.loads(client.get("/desk/state?lang=nn", base_url=PUBLIC_URL).text)
    assert norwegian["heading"].startswith("Å rette i kjelda: ")
    assert not {one["message"] for one in norwegian["problems"]} & {one["message"] for one in state["problems"]}
    assert told
    assert all(line.startswith("pages/01-start.nb.md:3: ") for line in told)
    page.write_text("# Start\n\nGå helt ut.\n", "utf-8")
    assert desk.look()
    state = json.loads(client.get("/desk/state", base_url=PUBLIC_URL).text)
    assert (state["builds"], state["problems"]) == (2, [])
    with sidecar.reading() as db:
        (preview,) = db.scalars(select(Preview))
        assert db.get_one(CourseVersion, preview.version_id).number == 2


def test_the_players_page_gets_the_script_that_reloads_it_and_no_other_host_does(
    sidecar: Sidecar, source: Path
) -> None:
    course = source / "course.toml"
    course.write_text(course.read_text("utf-8").replace('["nb", "nn"]', '["nn", "nb"]'), "utf-8")
    desk = Desk(sidecar, source, print)
    desk.look()
    client = Client(desk.wrap(make_wsgi(sidecar)))
    entered = client.post("/preview", base_url=PUBLIC_URL, data={"secret": desk.secret}, headers=SAME_ORIGIN)
    shown = client.get(entered.headers["Location"], base_url=PUBLIC_URL)
    assert shown.status_code == 200
    assert '<html lang="nn"' in shown.text, "the page speaks the course's main language"
    assert '<script src="/desk/desk.js" defer></script></head>' in shown.text
    assert "fetch" in client.get("/desk/desk.js", base_url=PUBLIC_URL).text
    assert client.get("/desk/../secret", base_url=PUBLIC_URL).status_code == 404
    assert client.get("/desk/state", base_url="https://evil.example").status_code == 421


@pytest.mark.slow
def test_a_preview_serves_till_it_is_stopped_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    port = str(free_port())
    command = [sys.executable, "-m", "sidecar.cli", "package", "preview", str(source), "--port", port, "--no-browser"]
    env = {**os.environ, "TMPDIR": str(temporary), "SIDECAR_DATABASE_URL": "sqlite:////nowhere/at/all"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stderr is not None
        assert f"http://127.0.0.1:{port}/preview#" in process.stderr.readline()
        assert any(temporary.iterdir())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert list(temporary.iterdir()) == []
