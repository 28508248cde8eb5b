"""The course that one begins with works, shows everything there is, and is written whole or not at all."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from scorm_packages.authoring import example_course
from scorm_packages.authoring.blocks import BLOCKS
from scorm_packages.authoring.example_course import write_example
from scorm_packages.authoring.questions import KINDS
from scorm_packages.authoring.source import read_source
from scorm_packages.building.package import build_package
from scorm_packages.check import check_package


@pytest.mark.parametrize("languages", [["nb", "nn", "en"], ["nn"], ["se", "nb-NO"]])
def test_it_builds_without_a_finding(tmp_path: Path, languages: list[str]) -> None:
    write_example(tmp_path / "Kurs på nytt", languages, 'Brann "her" \\ og <der>')
    source = read_source(tmp_path / "Kurs på nytt")
    assert source.facts.languages == tuple(languages)
    assert set(source.facts.title.values()) == {'Brann "her" \\ og <der>'}
    build_package(source, tmp_path / "course.zip")
    report = check_package(tmp_path / "course.zip")
    assert (report.verdict, report.findings) == ("accept", ())


def test_it_shows_every_block_and_every_kind_of_question(tmp_path: Path) -> None:
    write_example(tmp_path / "course", ["en"])
    texts = "\n".join(path.read_text() for path in (tmp_path / "course" / "pages").iterdir())
    assert [name for name in BLOCKS if f"::: {name}" not in texts] == []
    pages = chain.from_iterable(read_source(tmp_path / "course").pages.values())
    assert {question.kind for page in pages for question in page.questions} == set(KINDS.values())


def test_a_folder_in_use_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    for folder in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(FileExistsError):
            write_example(folder, ["nb"])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "course").mkdir()
    monkeypatch.chdir(tmp_path / "course")
    write_example(Path(), ["nb"])
    assert (tmp_path / "course" / "course.toml").exists()


def test_nothing_half_written_remains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(example_course, "_copy_in", break_off)
    with pytest.raises(OSError, match="No space"):
        write_example(tmp_path / "course", ["nb"])
    assert list(tmp_path.iterdir()) == []
