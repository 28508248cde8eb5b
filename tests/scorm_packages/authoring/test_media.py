"""Files are what they say, and none can run or burst."""

from pathlib import Path

import pytest

from tests.scorm_packages.authoring.sources import MP4, PDF, VTT, Files, png, problems, read_page, told

PICTURE = "# A\n\n![a](media/{name})"
FILM = "# A\n\n::: video media/f.mp4 Film\ncaptions: media/f.vtt\n\nTekst.\n:::\n"


def wrong_picture(folder: Path, name: str, data: bytes) -> list[tuple[str, str]]:
    return told(problems(folder, {"pages/01-a.md": PICTURE.format(name=name), f"media/{name}": data}))


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.png", png(60_000, 60_000), "picture-too-large"),
        ("a.png", png(8_001, 1), "picture-too-large"),
        ("a.png", png(0, 5), "media-content"),
        ("a.png", png(5, 5)[:12], "media-content"),
        ("a.png", b"<svg/>", "media-content"),
        ("a.jpg", png(5, 5), "media-content"),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\0", "media-content"),
        ("a.gif", b"GIF89a", "media-content"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "media-content"),
        ("a.avif", b"\0\0\0\x18ftypavif" + b"\0" * 40, "media-content"),
        ("a.png", b"", "media-empty"),
    ],
)
def test_a_picture_that_cannot_be_used(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    assert wrong_picture(tmp_path, name, data) == [("pages/01-a.md:3", code)]


def test_a_film_of_3_gb_is_refused_by_its_size(tmp_path: Path) -> None:
    files: Files = {"pages/01-a.md": FILM, "media/f.mp4": MP4, "media/f.vtt": VTT}
    assert problems(tmp_path, files) == ()
    with (tmp_path / "media" / "f.mp4").open("r+b") as film:
        film.truncate(3 * 10**9)  # a hole: it takes no room
    [problem] = problems(tmp_path, {})
    assert (problem.place, problem.code) == ("pages/01-a.md:3", "source-media-too-large")
    assert "“media/f.mp4” is 3.0 GB large; 2.0 GB are allowed" in problem.message


def test_a_drawing_too_large_is_told_so_as_any_file(tmp_path: Path) -> None:
    drawing = svg("<g/>").replace(b"<g/>", b"<g/>" * 1_300_000)
    [problem] = problems(tmp_path, {"pages/01-a.md": PICTURE.format(name="a.svg"), "media/a.svg": drawing})
    assert (problem.place, problem.code) == ("pages/01-a.md:3", "source-media-too-large")
    assert "“media/a.svg” is 5.2 MB large; 5.0 MB are allowed" in problem.message


def test_a_size_is_written_as_its_readers_write_numbers(tmp_path: Path) -> None:
    page = read_page(tmp_path, "::: download media/f.pdf Skjema\n:::", {"media/f.pdf": PDF.ljust(3_200_000, b" ")})
    assert '<span class="size">(PDF, 3,2 MB)</span>' in page.html


@pytest.mark.parametrize(
    ("captions", "wrong"),
    [
        ("1\n00:00:00,000 --> 00:00:02,000\nSRT\n", ("media/f.vtt:1", "captions-broken")),
        ("WEBVTT\n", ("media/f.vtt", "captions-broken")),
        ("WEBVTT\n\n00:00,000 --> 00:02,000\nx\n", ("media/f.vtt:3", "captions-broken")),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", ("media/f.vtt:3", "captions-broken")),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n\n", ("media/f.vtt", "captions-broken")),
        (b"WEBVTT\n\n\xff", ("media/f.vtt:3", "not-utf-8")),
    ],
)
def test_captions_that_no_browser_shows(tmp_path: Path, captions: str | bytes, wrong: tuple[str, str]) -> None:
    assert told(problems(tmp_path, {"pages/01-a.md": FILM, "media/f.mp4": MP4, "media/f.vtt": captions})) == [wrong]


def svg(inside: str, before: str = "", attributes: str = "") -> bytes:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"{before}<svg {names} {attributes}>\n\n{inside}</svg>".encode()


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (svg("<script>alert(1)</script>"), ":3"),
        (svg('<x:script xmlns:x="http://www.w3.org/1999/xhtml"/>'), ":3"),
        (svg('<x:p xmlns:x="http://www.w3.org/1999/xhtml"/>'), ":3"),
        (svg("", attributes='onload="alert(1)"'), ":1"),
        (svg("<g><rect oNclick='x()'/></g>"), ":3"),
        (svg("<foreignObject/>"), ":3"),
        (svg('<a href="javascript:alert(1)"/>'), ":3"),
        (svg('<a xlink:href="https://x.no"/>'), ":3"),
        (svg('<image href="https://x.no/a.png"/>'), ":3"),
        (svg('<image href="data:image/svg+xml;base64,AAAA"/>'), ":3"),
        (svg('<use xlink:href="other.svg#a"/>'), ":3"),
        (svg('<set attributeName="xlink:href" to="javascript:x"/>'), ":3"),
        (svg("<style>@import 'https://x.no/a.css';</style>"), ":3"),
        (svg("<style>a { fill: url( https://x.no/a ) }</style>"), ":3"),
        (svg('<rect style="fill:u\\72l(https://x.no)"/>'), ":3"),
        (svg('<rect fill="url(https://x.no/#a)"/>'), ":3"),
        (svg('<rect mask="image-set(&quot;https://x.no/a.png&quot; 1x)"/>'), ":3"),
        (svg("", before='<?xml-stylesheet href="https://x.no/a.css"?>'), ":1"),
        (svg("<g xml:base='https://x.no/'/>"), ":3"),
        (svg("&a;", before='<!DOCTYPE svg [\n<!ENTITY a SYSTEM "file:///etc/passwd">]>'), ":2"),
        (svg("", before='<!DOCTYPE svg PUBLIC ">" "x" [\n<!ATTLIST svg onload CDATA "alert(1)">]>'), ":2"),
    ],
    ids=range(21),
)
def test_a_drawing_that_could_run_or_load(tmp_path: Path, data: bytes, place: str) -> None:
    assert (f"media/a.svg{place}", "svg-unsafe") in wrong_picture(tmp_path, "a.svg", data)


@pytest.mark.parametrize(
    "data",
    [
        svg("<g>"),
        svg("&unknown;"),
        b"<html/>",
        b"<svg/>",
        svg("", before='<?xml version="1.0" encoding="utf-7"?>'),
        svg("<g>" * 400 + "</g>" * 400),
    ],
    ids=range(6),
)
def test_a_drawing_that_is_none(tmp_path: Path, data: bytes) -> None:
    [(place, code)] = wrong_picture(tmp_path, "a.svg", data)
    assert place.startswith("media/a.svg:")
    assert code in {"svg-broken", "svg-unsafe"}


@pytest.mark.parametrize(
    "data",
    [
        svg('<use href="#a"/><rect fill="url(#b)" style="fill:url( \'#c\')"/><style>a{fill:url("#d")}</style>'),
        svg(
            '<image xlink:href="data:image/png;base64,iVBORw0KGgo="/>',
            before='<?xml version="1.0"?>\n<!-- Inkscape -->\n',
        ),
        svg("", before='<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/SVG/1.1/DTD/svg11.dtd">\n'),
        svg('<g xmlns:i="http://www.inkscape.org" i:export="C:\\bilder\\a.png"/><text>onload=url(x)</text>'),
    ],
    ids=range(4),
)
def test_a_drawing_of_the_usual_programs_is_taken(tmp_path: Path, data: bytes) -> None:
    assert wrong_picture(tmp_path, "a.svg", data) == []
