"""The pictures of the pages exist, are used, are described, and stay small."""

import re
from pathlib import Path

import pytest

from tests.house.screenshots import FOLDER, LARGEST_BYTES
from tests.house.sources import ROOT, prose

MOST_PICTURES = 8
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def pictures_in(page: Path) -> list[tuple[str, Path]]:
    """Return the description and the file of each picture of a page."""
    found = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", prose(page))
    return [(text, (page.parent / target).resolve()) for text, target in found]


def test_every_picture_that_is_named_exists_and_every_one_that_exists_is_used() -> None:
    named = {file for page in PAGES for _, file in pictures_in(page)}
    assert named == {file.resolve() for file in FOLDER.iterdir()}
    assert 0 < len(named) <= MOST_PICTURES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_says_what_it_shows_in_words(page: Path) -> None:
    assert [file.name for text, file in pictures_in(page) if len(text.split()) < 6] == []


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*")), ids=lambda file: file.name)
def test_every_picture_is_a_small_png(file: Path) -> None:
    content = file.read_bytes()
    assert content.startswith(SIGNATURE)
    assert len(content) < LARGEST_BYTES
