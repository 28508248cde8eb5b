"""Whatever is wrong with a source is told by file and line, all of it at once, and nothing is built of it."""

import os
import tomllib
from pathlib import Path
from unittest.mock import patch

import pytest

from scorm_packages.authoring.problems import SourceError
from scorm_packages.authoring.source import read_source
from scorm_packages.authoring.source_folder import TEXT_BYTES
from scorm_packages.authoring.toml_text import MOST_UNKNOWN
from tests.scorm_packages.authoring.sources import (
    COURSE,
    MP4,
    SVG,
    TWO,
    VTT,
    Files,
    problems,
    read,
    told,
    told_of,
    write_source,
)

PAGE = {"pages/01-start.md": "# Start\n\nTekst."}


def test_all_problems_are_told_at_once_in_order(tmp_path: Path) -> None:
    files = {
        "pages/02-b.md": "Tekst.\n\n![](media/b.png)\n\n<b>fet</b>",
        "pages/01-a.md": "# A\n\n[x](javascript:alert(1))\n\n::: ukjent\n:::\n",
    }
    assert told(problems(tmp_path, files, f"{COURSE}color = 1\n")) == [
        ("course.toml:2", "unknown-key"),
        ("pages/01-a.md:3", "link-refused"),
        ("pages/01-a.md:5", "unknown-block"),
        ("pages/02-b.md:1", "no-title"),
        ("pages/02-b.md:3", "file-missing"),
        ("pages/02-b.md:3", "no-alt"),
        ("pages/02-b.md:5", "raw-html"),
        ("pages/02-b.md:5", "raw-html"),
    ]


def test_a_course_file_that_cannot_be_read_accuses_no_page_of_its_language(tmp_path: Path) -> None:
    files = {"pages/01-a.nb.md": "# A", "pages/01-a.nn.md": "# A"}
    course = 'languages = ["nb", "nn"]\ntitle = "A'
    assert told(problems(tmp_path, files, course)) == [("course.toml:2", "broken-toml")]


def test_the_error_says_how_many_and_where(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"Problems: 2, the first in pages/01-a\.md:2"):
        read(tmp_path, {"pages/01-a.md": "# A\n<i>\n\n![x](ftp:x)"})


@pytest.mark.parametrize(
    ("course", "wrong"),
    [
        ('title = "Brann', ("course.toml:1", "broken-toml")),
        ('title = "Brann"\n\nowner = [1, 2\nlicence = 3', ("course.toml:4", "broken-toml")),
        ('title = "a"\ntitle = "b"', ("course.toml:2", "broken-toml")),
        ("title = " + "[" * 5_000, ("course.toml:1", "broken-toml")),
        ('title = "a"\npass_mark = ' + "9" * 5_000, ("course.toml:1", "broken-toml")),
        ('owner = "x"', ("course.toml", "key-missing")),
        ('title = "a"\nfarge = "rød"', ("course.toml:2", "unknown-key")),
        ('owner = """\nfarge = 1\n"""\ntitle = "a"\n[farge]\nx = 1', ("course.toml:5", "unknown-key")),
        ('title = "a"\nkey = "Brann vern"', ("course.toml:2", "bad-value")),
        ('title = ["a"]', ("course.toml:1", "bad-value")),
        ('title = "a\\u001b"', ("course.toml:1", "bad-value")),
        (f'title = "{"a" * 201}"', ("course.toml:1", "text-too-long")),
        ('title = "a"\nlanguages = ["norsk"]', ("course.toml:2", "bad-value")),
        ('title = "a"\nlanguages = ["nb", "nb"]', ("course.toml:2", "bad-value")),
        ('title = "a"\nduration_minutes = 0', ("course.toml:2", "bad-value")),
        ('title = "a"\npass_mark = 101', ("course.toml:2", "bad-value")),
        ('title = "a"\npass_mark = true', ("course.toml:2", "bad-value")),
        ('title = "a"\nreview_by = "2027-01-01"', ("course.toml:2", "bad-value")),
        ('title = "a"\nsubject = "brann"', ("course.toml:2", "bad-value")),
        ('title = "a"\nlicence = "gratis!"', ("course.toml:2", "bad-value")),
        ('title = "a"\ncover = "media/x.png"', ("course.toml:2", "file-missing")),
        ('title = "a"\npass_mark = 80', ("course.toml:2", "nothing-decides")),
        ('title = { nb = "a", nn = "b" }\nowner = "x"\naudience = "c"', ("course.toml:3", "text-not-translated")),
        ('title = { nb = "a", nn = "b" }\nkeywords = { nb = ["a"] }', ("course.toml:2", "text-not-translated")),
        ('languages = ["nb"]\n\n[title]\nnb = "a"\nse = "b"', ("course.toml:5", "language-not-listed")),
    ],
    ids=range(25),
)
def test_a_course_file_that_cannot_be_used(tmp_path: Path, course: str, wrong: tuple[str, str]) -> None:
    assert wrong in told(problems(tmp_path, PAGE, course))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('+++\ntitle = "a\n+++\n\nx', (2, "broken-toml")),
        ('\n+++\n\ntitle = "a"\nmeny = false\n+++\n\nx', (5, "unknown-key")),
        ("+++\ntitle = 1\n+++\n\nx", (2, "bad-value")),
        ('+++\ntitle = "a"\nmenu = "no"\n+++\n\nx', (3, "bad-value")),
        ('+++\ntitle = "a"\n\nx', (1, "front-matter-open")),
        ('+++\ntitle = "a"\n+++\n\n# b\n\nx', (5, "two-titles")),
        ('+++\ntitle = "a"\n+++\n\n<b>', (5, "raw-html")),
    ],
)
def test_front_matter_that_cannot_be_used(tmp_path: Path, text: str, wrong: tuple[int, str]) -> None:
    found = problems(tmp_path, {"pages/01-a.md": text})
    assert wrong in [(each.line, each.code.removeprefix("source-")) for each in found]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("\n# To", (2, "two-titles")),
        ("\n![](media/a.svg)", (2, "no-alt")),
        ("en\nto ![](media/a.svg)", (2, "no-alt")),
        ("![a](media/mangler.svg)", (1, "file-missing")),
        ("![a](media/A.svg)", (1, "file-cased")),
        ("![a](../media/a.svg)", (1, "not-in-media")),
        ("![a](media/../../a.svg)", (1, "not-in-media")),
        ("![a](media/%2e%2e/a.svg)", (1, "not-in-media")),
        ("![a](https://x.no/a.png)", (1, "picture-outside")),
        ("![a](//x.no/a.png)", (1, "picture-outside")),
        ("![a](data:image/png;base64,AAAA)", (1, "picture-outside")),
        ("![a](media/f.mp4)", (1, "media-type")),
        ("![a](media/en film.svg)", (1, "link-not-read")),
        ("[a](media/x.html)", (1, "media-type")),
        ("[a](javascript:alert(1))", (1, "link-refused")),
        ("[a]( &#106;avaScript:alert(1))", (1, "link-refused")),
        ("[a](<java\tscript:alert(1)>)", (1, "link-refused")),
        ("[a](data:text/html,x)", (1, "link-refused")),
        ("[a](vbscript:x)", (1, "link-refused")),
        ("<javascript:alert(1)>", (1, "link-refused")),
        ("[a][b]\n\n[b]: javascript:alert(1)", (1, "link-refused")),
        ("[a](//x.no)", (1, "link-refused")),
        ("[a](https://)", (1, "link-refused")),
        ("[a](#her)", (1, "link-refused")),
        ("[a](09-nei.md)", (1, "page-missing")),
        ("[](https://x.no)", (1, "link-empty")),
        ("\n\n<script>alert(1)</script>", (3, "raw-html")),
        ("a <b onclick=x>c</b>", (1, "raw-html")),
        ("<!-- skjult -->", (1, "raw-html")),
        ("::: note\n<div>\n:::", (2, "raw-html")),
        ("::: nota\nx\n:::", (1, "unknown-block")),
        ("::: note\nx", (1, "block-open")),
        ("::: columns\n::: column\na\n:::\n::: column\nb\n:::\n:::\n", (2, "block-open")),
        ("a\n\n:::\n", (3, "stray-colons")),
        ("::: note\n:::", (1, "block-empty")),
        ("::: column\nx\n:::", (1, "block-misplaced")),
        (":::: columns\n::: column\nx\n:::\n::::", (1, "only-columns")),
        (":::: columns\n::: column\nx\n:::\ny\n::::", (1, "only-columns")),
        (":::: note\n::: quiz\nx\n:::\n::::", (2, "block-misplaced")),
        (":::: question\n::: reflection\nx\n:::\n::::", (2, "block-misplaced")),
        ("::: accordion\nx\n:::", (1, "block-title")),
        ("::: glossary\nbare tekst\n:::", (1, "not-a-glossary")),
        ("::: glossary\nA\n: b\n\nC\n: d\n\na\n: e\n:::", (8, "term-twice")),
        ("::: video\n:::", (1, "block-file")),
        ("::: video media/f.mp4\ncaptions: media/f.vtt\n\nx\n:::", (1, "block-title")),
        ("::: video media/f.mp4 Film\ntranscript: media/f.md\n:::", (1, "no-captions")),
        ("::: video media/f.mp4 Film\ncaptions: media/f.vtt\n:::", (1, "no-transcript")),
        ("::: video media/f.mp4 Film\ncaptions: media/f.vtt\nundertekst: x\n:::", (3, "unknown-setting")),
        ("::: video media/f.mp4 Film\ncaptions: media/f.md\n\nx\n:::", (2, "media-type")),
        ("::: download media/f.exe Program\n:::", (1, "media-type")),
        ("- " * 40 + "a", (1, "too-deep")),
        ("> " * 40 + "a", (1, "too-deep")),
        ("![" * 500 + "](x)" * 500, (1, "not-in-media")),
        ("a" * 10_001, (1, "paragraph-too-long")),
    ],
)
def test_a_page_that_cannot_be_used(tmp_path: Path, text: str, wrong: tuple[int, str]) -> None:
    media: Files = {"media/a.svg": SVG, "media/f.mp4": MP4, "media/f.vtt": VTT, "media/f.md": "x"}
    more: Files = {"media/x.html": "<p>", "media/f.exe": b"MZ"}
    assert wrong in told_of(tmp_path, text, {**media, **more})


def test_html_in_code_is_text(tmp_path: Path) -> None:
    assert told_of(tmp_path, "\n`<b>` \\<b> 1 < 2 &lt;b&gt;\n\n    <b>\n") == []


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({}, ("pages", "no-pages")),
        ({"pages/start.md": "x"}, ("pages/start.md", "stray-file")),
        ({"pages/01-a.txt": "x"}, ("pages/01-a.txt", "stray-file")),
        ({"pages/01-a/b.md": "x"}, ("pages/01-a/b.md", "stray-file")),
        ({"pages/01-a.md": "# A\n\nx", "pages/01-b.md": "# B\n\nx"}, ("pages/01-b.md", "same-order")),
        ({"pages/01-a.md": "# A\n\nx", "pages/01-A.md": "# B\n\nx"}, ("pages/01-a.md", "same-name")),
        ({"pages/01-å.md": "# A\n\nx", "pages/01-a\u030a.md": "# B\n\nx"}, ("pages/01-å.md", "same-name")),
        ({"pages/01-a.md": "# A\n\nx", "pages/01-a.nb.md": "# B\n\nx"}, ("pages/01-a.nb.md", "same-name")),
        ({"pages/01-a.md": "# A\n\nx", "pages/02-b.en.md": "# B\n\nx"}, ("pages/02-b.en.md", "unknown-language")),
        ({"pages/01-a.md": "# A"}, ("pages/01-a.md", "empty-page")),
        ({"pages/01-a.md": ""}, ("pages/01-a.md", "empty-page")),
        ({"pages/01-a.md": b"# A\n\nbl\xe5"}, ("pages/01-a.md:3", "not-utf-8")),
        ({"pages/01-a.md": "# A\n\nx".encode("utf-16")}, ("pages/01-a.md:1", "not-utf-8")),
        ({"pages/01-a.md": "# A\n\nx\x1b[31m"}, ("pages/01-a.md:3", "control-character")),
        ({"pages/01-a.md": b"a" * (TEXT_BYTES + 1)}, ("pages/01-a.md", "text-too-large")),
        ({"pages/01-a.md": b"a\n" * 5 * 2**20}, ("pages/01-a.md", "text-too-large")),
        ({"pages/01-a\u202eb.md": "x"}, ("pages/01-a\u202eb.md".encode("unicode_escape").decode(), "name-unusable")),
        ({"pages/01-a\\b.md": "x"}, ("pages/01-a\\b.md", "name-unusable")),
    ],
    ids=range(18),
)
def test_files_that_cannot_be_used(tmp_path: Path, files: dict[str, str | bytes], wrong: tuple[str, str]) -> None:
    assert wrong in told(problems(tmp_path, files))


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    folder = write_source(tmp_path, PAGE)
    (folder / "pages" / os.fsdecode(b"02-bl\xe5.md")).write_text("# x\n\nx")
    with pytest.raises(SourceError) as caught:
        read_source(folder)
    assert told(caught.value.problems) == [("pages/02-bl\\udce5.md", "name-unusable")]


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.svg").write_text(SVG)
    folder = write_source(tmp_path / "course", {"pages/01-a.md": "# A\n\n![a](media/s.svg)", "media/b.svg": SVG})
    (folder / "media" / "s.svg").symlink_to(tmp_path / "secret.svg")
    (folder / "pages" / "02-b.md").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pages" / "03-c.md")
    with pytest.raises(SourceError) as caught:
        read_source(folder)
    wrong = told(caught.value.problems)
    for place in ("media/s.svg", "pages/02-b.md", "pages/03-c.md"):
        assert (place, "not-a-file") in wrong


@pytest.mark.parametrize("linked", ["pages", "media", "course.toml"])
def test_folders_outside_are_not_entered(tmp_path: Path, linked: str) -> None:
    outside = write_source(tmp_path / "outside", {**PAGE, "media/a.svg": SVG})
    folder = write_source(tmp_path / "course", PAGE)
    (folder / "pages" / "01-start.md").write_text("# Start\n\n![a](media/a.svg)")
    if linked == "pages":
        (folder / "pages" / "01-start.md").unlink()
        (folder / "pages").rmdir()
    elif linked == "course.toml":
        (folder / "course.toml").unlink()
    (folder / linked).symlink_to(outside / linked)
    with pytest.raises(SourceError) as caught:
        read_source(folder)
    assert (linked, "not-a-file") in told(caught.value.problems)


@pytest.mark.parametrize("name", ["nowhere", "file.txt"])
def test_what_is_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(SourceError) as caught:
        read_source(tmp_path / name)
    (problem,) = caught.value.problems
    assert problem.code == "source-no-folder"
    assert f"“{tmp_path / name}”" in problem.message


def test_a_folder_without_a_course(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_source(tmp_path)
    assert told(caught.value.problems) == [("course.toml", "no-course-file")]


ASK = ":::: quiz\n{rules}\n\n::: question {word}\nHva?\n\n{answers}\n:::\n::::\n"
MAIN = ASK.format(rules="pass: 80", word="", answers="- [x] a\n- [ ] b")


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        ("x", (1, "number of quizzes")),
        ("x", (1, "number of questions")),
        (ASK.format(rules="pass: 70", word="", answers="- [x] a\n- [ ] b"), (1, "settings of a quiz")),
        (ASK.format(rules="pass: 80", word="", answers="- [ ] a\n- [x] b"), (6, "right answers")),
        (ASK.format(rules="pass: 80", word="", answers="- [x] a\n- [ ] b\n- [ ] c"), (6, "number of options")),
        (ASK.format(rules="pass: 80", word="", answers="= 112"), (6, "kinds of questions")),
        (MAIN + "\n::: reflection\nHva?\n:::", (1, "number of text boxes")),
    ],
)
def test_languages_that_do_not_ask_the_same(tmp_path: Path, other: str, wrong: tuple[int, str]) -> None:
    files = {"pages/01-a.nb.md": f"# A\n\n{MAIN}", "pages/01-a.nn.md": f"# A\n\n{other}"}
    found = problems(tmp_path, files, TWO)
    assert {(problem.file, problem.code) for problem in found} == {("pages/01-a.nn.md", "source-languages-differ")}
    line, reason = wrong
    assert any(problem.facts["reason"] == reason and (problem.line or 1) == line for problem in found)


def test_a_page_missing_in_a_language(tmp_path: Path) -> None:
    files = {"pages/01-a.nb.md": "# A\n\nx", "pages/01-a.nn.md": "# A\n\nx", "pages/02-b.nb.md": "# B\n\nx"}
    assert told(problems(tmp_path, files, TWO)) == [("pages/02-b.nb.md", "page-not-translated")]
    assert ("pages/03-c.md", "no-language") in told(problems(tmp_path, {"pages/03-c.md": "# C\n\nx"}, TWO))


def test_thousands_of_unknown_keys_are_told_of_without_reading_the_text_for_each(tmp_path: Path) -> None:
    keys = "".join(f"k{number} = 1\n" for number in range(3000))
    with patch("scorm_packages.authoring.toml_text.tomllib.loads", wraps=tomllib.loads) as loads:
        found = problems(tmp_path, {"pages/01-start.md": f"+++\n{keys}+++\n# Start\n\nTekst."}, COURSE + keys)
    assert len(found) == 2 * MOST_UNKNOWN
    assert (found[0].file, found[0].line) == ("course.toml", 2)
    assert loads.call_count < 300
