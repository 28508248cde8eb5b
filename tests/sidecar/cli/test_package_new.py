"""`sidecar package new` needs no installation: it writes a folder, or says why not."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sidecar.cli import main
from sidecar.course_building import Order, build


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["package", "new", *map(str, arguments)])


def test_it_writes_a_course_that_builds(tmp_path: Path) -> None:
    result = run(tmp_path / "brannvern", "--title", "Brannvern på jobben", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"folder": str(tmp_path / "brannvern"), "languages": ["nb", "nn"]}
    [built] = build(tmp_path / "brannvern", tmp_path / "course.zip", Order())
    assert built.path.exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["used"], "folder-in-use"),
        (["used/a.txt"], "folder-in-use"),
        (["used/a.txt/b"], "folder-not-made"),
        (["new", "--language", "norsk"], "invalid-input"),
        (["new", "--title", " "], "invalid-input"),
        (["new", "--title", "\x7f"], "invalid-input"),
        (["new", "--title", "x" * 201], "invalid-input"),
    ],
)
def test_it_refuses_and_writes_nothing(tmp_path: Path, arguments: list[str], code: str) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "a.txt").write_text("x")
    result = run(tmp_path / arguments[0], *arguments[1:], "--json")
    assert result.exit_code == 1
    assert json.loads(result.stderr)["error"]["code"] == code
    assert [path.name for path in tmp_path.rglob("*")] == ["used", "a.txt"]
