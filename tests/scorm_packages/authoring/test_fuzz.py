"""Whatever stands in a page, it becomes safe HTML or problems with their lines; and it takes no long time."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorm_packages.authoring.media import MediaShelf
from scorm_packages.authoring.pages import find_pages, read_pages
from scorm_packages.authoring.problems import Problems, SourceError, SourceProblem
from scorm_packages.authoring.source import read_source
from scorm_packages.authoring.source_folder import SourceFolder
from tests.scorm_packages.authoring.sources import MP4, SVG, VTT, Files, told_of, write_source

PIECES = (
    *(
        "# ",
        "## ",
        "\n",
        "\n\n",
        " ",
        "- ",
        "1. ",
        "> ",
        "    ",
        "::: ",
        ":::\n",
        ":::: ",
        "\n::::\n",
        "+++\n",
        "| a |\n|---|\n",
    ),
    *(
        "note\n",
        "quiz A\n",
        "question\n",
        "question true\n",
        "video media/f.mp4 A\n",
        "accordion ",
        "columns\n",
        "column\n",
    ),
    *(
        "glossary\n",
        "reflection\n",
        "download media/f.vtt A\n",
        "captions: media/f.vtt\n",
        "pass: 80\n",
        "draw: 1\n",
        "A\n: b\n",
    ),
    *(
        "- [ ] ",
        "- [x] ",
        " => ",
        "{{a|b}}",
        "= 1..2\n",
        "right: ",
        "*",
        "**",
        "~~",
        "`",
        "[",
        "](",
        ")",
        "![",
        "<",
        ">",
        '"',
    ),
    *(
        "<script>",
        "<img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://x.no",
        "media/a.svg",
    ),
    *(
        "[a]: javascript:x\n",
        "[a]",
        "&lt;script&gt;",
        "&#x3c;",
        "\\",
        "æøå",
        "🚒",
        "\u202e",
        "\r",
        "\t",
        "title = 1\n",
        "'",
    ),
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=30).map("".join)
ELEMENTS = {
    *("html", "head", "body", "p", "em", "strong", "s", "code", "pre", "a", "img", "figure", "figcaption", "ul", "ol"),
    *("li", "blockquote", "hr", "br", "h1", "h2", "h3", "h4", "h5", "h6", "div", "span", "table", "thead", "tbody"),
    *("tr", "th", "td", "dl", "dt", "dd", "details", "summary", "video", "audio", "source", "track"),
}
SCHEMES = ("https:", "http:", "mailto:", "tel:", "#", "media/")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    media: Files = {"media/a.svg": SVG, "media/f.mp4": MP4, "media/f.vtt": VTT}
    return write_source(tmp_path_factory.mktemp("course"), {"pages/01-a.md": "# A\n\nx", **media})


def read_or_told(folder: Path) -> None:
    """Read a source; every problem of it has a text and a file."""
    found: tuple[SourceProblem, ...] = ()
    try:
        read_source(folder)
    except SourceError as error:
        found = error.problems
    assert all(problem.file and "{" not in problem.message[:1] for problem in found)


def assert_safe(html: str) -> None:
    for element in html5lib.parse(html, namespaceHTMLElements=False).iter():
        assert element.tag in ELEMENTS  # a comment has a function for a tag
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name not in {"style", "id"} or value.startswith("term-")
            assert name not in {"href", "src", "poster"} or not value or value.startswith(SCHEMES)


@given(text=TEXTS)
def test_any_page_is_safe_even_where_it_is_refused(folder: Path, text: str) -> None:
    (folder / "pages" / "01-a.md").write_bytes(f"# A\n\nx\n\n{text}".encode("utf-8", "replace"))
    problems = Problems()
    source = SourceFolder(folder, problems)
    files = find_pages(source, ["nb"], problems)["nb"]
    for read in read_pages(source, files, "nb", MediaShelf(source, problems), problems):
        for html in read.page.pieces():
            assert_safe(html)
    with suppress(SourceError):
        problems.refuse()


@given(
    text=st.text(max_size=60)
    | st.lists(st.sampled_from(("title", "=", '"', "'", "[", "]", "{", "}", "\n", "nb", "."))).map("".join)
)
def test_any_course_file_is_read_or_told(folder: Path, text: str) -> None:
    (folder / "course.toml").write_bytes(text.encode("utf-8", "replace"))
    (folder / "pages" / "01-a.md").write_text("# A\n\nx")
    read_or_told(folder)


@given(
    data=st.binary(max_size=80), name=st.sampled_from(["a.svg", "a.png", "a.gif", "a.jpg", "a.webp", "a.avif", "f.vtt"])
)
def test_any_file_is_taken_or_told(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    begun = {
        "png": b"\x89PNG\r\n\x1a\n",
        "gif": b"GIF89a",
        "jpg": b"\xff\xd8\xff",
        "webp": b"RIFF\0\0\0\0WEBP",
        "svg": b"<svg",
    }
    page = f"# A\n\n[a](media/{name})"
    files: Files = {"pages/01-a.md": page, f"media/{name}": begun.get(name[2:], b"") + data}
    read_or_told(write_source(tmp_path_factory.mktemp("media"), files))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "![" * 10_000,
        "<!--" * 5_000,
        "*a **b" * 3_000,
        "`" * 20_000,
        "::: note\n\n" * 5_000,
        "[a\n" * 6_000,
    ],
    ids=["brackets", "pictures", "comments", "stars", "ticks", "blocks", "references"],
)
def test_odd_texts_take_no_long_time(tmp_path: Path, text: str) -> None:
    started = time.process_time()
    told_of(tmp_path, f"\n{text}")
    assert time.process_time() - started < 20


def test_many_pages_take_no_long_time(tmp_path: Path) -> None:
    page = "# Side\n\n" + "Tekst med *vekt*, [lenke](https://x.no) og `kode`.\n\n- a\n- b\n\n::: note\nx\n:::\n\n" * 8
    write_source(tmp_path, {f"pages/{number:03}-a.md": page for number in range(60)})
    started = time.process_time()
    assert len(read_source(tmp_path).pages["nb"]) == 60
    assert time.process_time() - started < 15
