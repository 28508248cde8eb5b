"""Learning paths from the command line: as files, in versions, and what a file says wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.fakes.lms import add_course
from tests.sidecar.cli.shell import Shell

KEY = "ny-pa-sykehjemmet"


@pytest.fixture
def shell(settings: Settings, sidecar: Sidecar) -> Shell:
    for key in ("brannvern", "smittevern"):
        add_course(sidecar, key, key.title())
    return Shell(settings)


@pytest.fixture
def file(shell: Shell, tmp_path: Path) -> Path:
    """A file with the example that the command itself prints."""
    path = tmp_path / "path.json"
    path.write_text(shell.run("path", "new", "--example").stdout, "utf-8")
    return path


def told(shell: Shell, *words: str | Path) -> Any:  # noqa: ANN401 (what JSON says)
    done = shell.run("path", *words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | values), "utf-8")


def test_the_example_is_begun_shown_changed_and_published(shell: Shell, file: Path) -> None:
    assert told(shell, "new", "--file", file)["key"] == KEY
    assert told(shell, "show", KEY) == json.loads(file.read_text("utf-8"))
    assert told(shell, "publish", KEY, "--note", "Første")["version"] == 1
    change(file, title="Ny her", in_order=False)
    assert told(shell, "edit", KEY, "--file", file, "--draft", "1")["state"] == "changed"
    assert told(shell, "publish", KEY)["version"] == 2
    newest, first = told(shell, "versions", KEY)
    assert [(one["subject"], one["aspect"]) for one in newest["changes"]] == [("path", "title"), ("path", "in_order")]
    assert (first["note"], first["changes"]) == ("Første", [])
    assert told(shell, "show", KEY, "--version", "1")["title"] == "Ny på sykehjemmet"
    for words, shown in ((("list",), "Ny her"), (("show", KEY), "Ny her"), (("versions", KEY), "path in_order")):
        assert shown in shell.run("path", *words).stdout


def test_a_path_is_retired_and_brought_back(shell: Shell, file: Path) -> None:
    told(shell, "new", "--title", "Kort sti", "--key", "kort")
    assert told(shell, "retire", "kort")["retired"]
    assert told(shell, "list")[0]["state"] == "retired"
    assert shell.run("path", "edit", "kort", "--file", file).exit_code == 1
    told(shell, "bring-back", "kort")
    told(shell, "edit", "kort", "--file", file)
    assert (told(shell, "list")[0]["draft"], told(shell, "list")[0]["state"]) == (2, "draft")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1, column 2"),
        ("[]", "document"),
        ('{"title": "x", "parts": [{"key": "p", "steps": [{"key": "s", "kind": "link", "url": 7}]}]}', "steps.0.url"),
        ('{"title": "x", "parts": [{"key": "p", "steps": [{"key": "S", "kind": "task"}]}]}', "parts.0.steps.0.key"),
        ('{"title": "x", "colour": "red"}', "colour"),
        ('{"title": ""}', "title"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(shell: Shell, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text, "utf-8")
    refused = shell.run("path", "new", "--file", file)
    assert refused.exit_code == 1
    assert said in refused.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("new",), 2),
        (("new", "--title", "x", "--region", "finnes-ikke"), 1),
        (("new", "--title", "x", "--key", "brannvern"), 1),
        (("new", "--title", "x", "--key", "Æ"), 1),
        (("show", "finnes-ikke"), 1),
        (("show", "brannvern"), 1),
        (("publish", "brannvern"), 1),
        (("retire", "brannvern"), 1),
    ],
)
def test_what_can_not_be_done_is_refused(shell: Shell, words: tuple[str, ...], code: int) -> None:
    assert shell.run("path", *words).exit_code == code


def test_a_draft_that_another_has_changed_is_not_written_over(shell: Shell, file: Path) -> None:
    told(shell, "new", "--file", file)
    told(shell, "edit", KEY, "--file", file)
    refused = shell.run("path", "edit", KEY, "--file", file, "--draft", "1", "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stderr)["error"]["code"] == "path-draft-changed"
