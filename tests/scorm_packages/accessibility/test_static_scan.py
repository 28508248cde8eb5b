"""Look at pages that keep people out, at pages that don't, and at pages that are made to hurt the one who looks."""

import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from scorm_packages.accessibility.barrier import Barrier
from scorm_packages.accessibility.criteria import BINDING
from scorm_packages.accessibility.rules import RULES
from scorm_packages.accessibility.source_check import check_source
from scorm_packages.accessibility.static_scan import ScanLimits, StaticScan
from scorm_packages.building.package import build_package
from scorm_packages.check import check_package
from tests.data.scorm.parts import course
from tests.fakes.course import make_course

HEAD = '<!doctype html><html lang="nb"><head><meta charset="utf-8"><title>Side</title></head><body><h1>Side</h1>'
NORWEGIAN = "Det er ikke alltid lett å vite hva som er på vei når det brenner, og det er noen som blir igjen. " * 3

WRONG = {
    "image-no-alt": ('<img src="dor.png">', '<img src="dor.png" alt="">', '<img src="a.png" aria-hidden="true">'),
    "video-no-captions": ("<video></video>", '<video><track kind="captions" src="a.vtt"></video>'),
    "audio-no-transcript": ("<audio></audio>", "<figure><audio></audio><a href='t'>Tekstversjon</a></figure>"),
    "heading-skipped": ("<h2>To</h2><h4>Fire</h4>", "<h2>To</h2><h3>Tre</h3><h2>To</h2>"),
    "table-no-headers": (
        "<table><tr><td>1<td>2<tr><td>3<td>4</table>",
        "<table><tr><th>1<th>2<tr><td>3<td>4<tr><td>5<td>6</table>",
        '<table role="presentation"><tr><td>1<td>2<tr><td>3<td>4</table>',
    ),
    "autoplay": ('<video autoplay><track kind="captions"></video>', "<video autoplay muted></video>"),
    "contrast-low": (
        '<p style="color: #777; background-color: #888">x',
        '<p style="color: #000; background-color: #fff">x',
        '<p style="color: #777; background: url(a.png)">x',
        '<p style="color: #767676; background: white">x',
        '<p style="color: #949494; background: white; font-size: 24px">x',
        '<p style="color: var(--x); background: white">x',
    ),
    "zoom-blocked": (
        '<meta name="viewport" content="width=device-width, user-scalable=no">',
        '<meta name="viewport" content="width=device-width, initial-scale=1, maximum-scale=5">',
    ),
    "refresh": ('<meta http-equiv="refresh" content="30; url=x">', '<meta http-equiv="refresh" content="0; url=x">'),
    "tabindex-positive": ('<p tabindex="3">x', '<p tabindex="0">x<p tabindex="-1">x<p tabindex="">x'),
    "link-empty": ('<a href="x"></a>', '<a href="x"><img src="a" alt="Hjem"></a>', "<a id=x></a>"),
    "link-vague": ('<a href="x">Klikk her …</a>', '<a href="x">Les mer om brann</a>'),
    "id-duplicate": ("<p id=a><p id=a>", "<p id=a><p id=b>"),
    "field-no-label": (
        '<input name="q">',
        '<label>Navn <input></label><label for="n">Navn</label><input id="n"><input type="hidden"><input title="Navn">',
    ),
    "button-empty": ("<button></button>", '<button aria-label="Lukk"></button>'),
    "frame-no-title": ('<iframe src="a"></iframe>', '<iframe src="a" title="Film"></iframe>'),
}
"""By code: a page's part that is wrong, and parts that are right."""


def look(html: str | bytes, path: str = "side.html", limits: ScanLimits | None = None) -> tuple[Barrier, ...]:
    scan = StaticScan(limits or ScanLimits())
    file = scan.open(path)
    assert file is not None
    content = html.encode() if isinstance(html, str) else html
    for start in range(0, len(content), 65_536):
        file.feed(content[start : start + 65_536])
    file.end()
    return scan.barriers


@pytest.mark.parametrize("code", WRONG)
def test_what_is_wrong_is_found_with_page_element_and_how_to_mend_it(code: str) -> None:
    wrong, *right = WRONG[code]
    (found,) = look(HEAD + wrong)
    assert (found.code, found.page) == (code, "side.html")
    assert found.element
    assert found.message
    assert found.mend
    assert found.criterion in {each.number for each in BINDING}
    for part in right:
        assert look(HEAD + part) == ()


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ("<title>x</title><h1>x", "language-missing"),
        ('<html lang="norsk bokmål"><title>x</title><h1>x', "language-invalid"),
        (f'<html lang="en"><title>x</title><h1>x</h1>{NORWEGIAN}', "language-wrong"),
        ('<html lang="nb"><h1>x', "title-missing"),
        (f'<html lang="nb"><title>x</title><p>{NORWEGIAN}', "heading-none"),
    ],
)
def test_what_a_page_as_such_lacks_is_found(page: str, code: str) -> None:
    assert [found.code for found in look(page)] == [code]


def test_a_language_that_fits_or_cannot_be_told_is_believed() -> None:
    for language in ("nb", "nn", "no", "nb-NO", "se"):
        assert look(f'<html lang="{language}"><title>x</title><h1>x</h1>{NORWEGIAN}') == ()


def test_a_style_sheet_tells_its_rule() -> None:
    (found,) = look(
        "@media screen { .a > b { color: #999; background: #fff } } a:disabled {color:#aaa;background:#fff}", "x.css"
    )
    assert found.element == ".a > b"
    assert found.facts["ratio"] == "2.84"


NASTY = {
    "attributes": b"<img " + b" ".join(b"a%d=1" % number for number in range(80_000)) + b">",
    "deep": b"<div>" * 300_000,
    "links": b"<a href=x>" * 100_000,
    "fields": b"<div>" * 240 + b"<input>" * 100_000,
    "picture": b'<img src="data:image/png;base64,' + b"A" * 1_000_000 + b'">',
    "nul": b"\0" * 500_000,
    "controls": bytes(range(256)) * 2_000,
    "utf-16": "<p>hei".encode("utf-16") * 1_000,
    "utf-7": b"<meta charset=utf-7><p>+ADw-script" * 1_000,
    "cut": b"<!doctype html><table><tr><td><a href=",
    "names": '<æøå 1x="2" :y="3" xml:lang="q"><svg xlink:href="x"><x:y>'.encode() * 1_000,
    "roots": b"<html><html><body></html></html><p>x<html lang=x>",
    "style": b"<style>" + b"{" * 500_000,
    "doctype": b'<!DOCTYPE a [<!ENTITY x "' + b"y" * 9_000 + b'">]><p>&x;&x;',
}


@pytest.mark.parametrize("name", NASTY)
def test_a_hostile_page_costs_little_and_breaks_nothing(name: str) -> None:
    began = time.process_time()
    tracemalloc.start()
    try:
        found = look(NASTY[name])
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 60
    assert all(each.element.isprintable() and len(each.element) <= 240 for each in found)


@pytest.mark.parametrize(
    "css", [b"{" * 200_000, b"a{color:" + b"(" * 200_000, b"@media x{" * 20_000, bytes(range(256))]
)
def test_a_hostile_style_sheet_breaks_nothing(css: bytes) -> None:
    assert look(css, "x.css") == ()


def test_what_was_not_looked_at_is_said() -> None:
    few = ScanLimits(files=2, file_bytes=95, findings=3, of_a_kind=2)
    cut = look(HEAD + "<p>mer", limits=few)
    assert [found.code for found in cut] == ["page-cut"]
    scan = StaticScan(replace(few, file_bytes=10_000))
    for number in range(3):
        if file := scan.open(f"{number}.html"):
            file.feed(HEAD.encode() + b"<img><img><img>")
            file.end()
    told = {found.code: found.facts for found in scan.barriers}
    assert [found.code for found in scan.barriers].count("image-no-alt") == 3
    assert told["findings-cut"] == {"count": "3"}
    assert told["pages-cut"] == {"count": "1"}


def test_what_a_package_of_others_lacks_is_advice_and_changes_no_verdict(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(course(**{"side.html": b"<img src=x onerror='alert(1)'>\x1b[2J"}))
    report = check_package(path)
    told = report.to_json()["accessibility"]
    assert (report.verdict, told["browser"]) == ("accept", "not run")
    assert {each["level"] for each in told["static"]} == {"advice"}
    assert {"code", "page", "element", "criterion", "message", "mend"} <= set(told["static"][0])


def test_our_own_courses_have_nothing_in_the_way(tmp_path: Path) -> None:
    made = make_course(tmp_path)
    assert check_source(made) == ()
    report = check_package(build_package(made, tmp_path / "a.zip").path)
    assert (report.barriers, report.is_ours, report.barrier_level) == ((), True, "warning")


def test_a_source_is_told_the_file_to_mend(tmp_path: Path) -> None:
    made = make_course(tmp_path)
    first, *rest = made.pages["nn"]
    worse = replace(first, html=first.html + '<p><a href="https://a.test">klikk her</a></p>')
    (found,) = check_source(replace(made, pages={**made.pages, "nn": (worse, *rest)}))
    assert (found.code, found.page) == ("link-vague", first.place.file)


def test_every_rule_is_about_a_criterion_that_binds_or_about_the_check_itself() -> None:
    binding = {each.number for each in BINDING}
    unbound = {code for code, rule in RULES.items() if rule.criterion not in binding}
    assert unbound == {"axe", "page-cut", "elements-cut", "pages-cut", "page-unread", "findings-cut"}
