"""What docs/authoring.md shows is what the reader takes; what the reader takes is shown there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from scorm_packages.authoring.blocks import BLOCKS
from scorm_packages.authoring.course_facts import EXAMPLES
from scorm_packages.authoring.example_course import EXAMPLE
from scorm_packages.authoring.questions import KINDS
from scorm_packages.authoring.source import read_source
from scorm_packages.building.package import build_package
from tests.house.sources import ROOT
from tests.scorm_packages.authoring.sources import SVG, read, write_source

TEXT = (ROOT / "docs" / "authoring.md").read_text("utf-8")
PAGES = re.findall(r"^```markdown\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COURSES = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_every_page_shown_can_be_built(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "media", tmp_path / "media")
    pages = {"pages/01-start.md": "# Start\n\nTekst.", "media/blå strek.svg": SVG}
    for number, shown in enumerate(PAGES, 2):
        text = shown if shown.startswith(("# ", "+++")) else f"# Side {number}\n\n{shown}"
        pages[f"pages/{number:02}-vist.md"] = text
    source = read_source(write_source(tmp_path, pages))
    assert len(source.pages["nb"]) == len(PAGES) + 1 > 5
    build_package(source, tmp_path / "course.zip")


@pytest.mark.parametrize("course", COURSES)
def test_every_course_file_shown_can_be_read(tmp_path: Path, course: str) -> None:
    quiz = "# Test\n\n:::: quiz\n::: question true\nRøyk stiger.\n:::\n::::\n"
    languages = ["en"] if '["en"]' in course else ["nb", "nn"]
    files = {f"pages/01-test.{language}.md": quiz for language in languages}
    assert read(tmp_path, {**files, "media/door.svg": SVG}, course).facts.languages == tuple(languages)


def test_everything_that_can_be_written_is_shown() -> None:
    assert [key for key in EXAMPLES if not re.search(rf"^{key} = ", COURSES[0], re.MULTILINE)] == []
    assert [name for name in (*BLOCKS, *KINDS) if name not in TEXT] == []
