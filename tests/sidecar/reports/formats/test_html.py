"""Test the page that people look at: axe, choices without a script, and no text that becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest
from playwright.sync_api import Browser

from sidecar.reports.document import Column, Document, Figure, Line, PlacedUnit, Series
from sidecar.reports.formats import html
from tests.browsers import violations
from tests.sidecar.reports.formats.documents import COLUMNS, FIGURE, HOSTILE, MARKUP, ROW, document, row

STATUS = Column("status", "status")


def _text(one: Document, folder: Path) -> str:
    html.write(one, folder / "report.html")
    return (folder / "report.html").read_text("utf-8")


def _of_states(**fields: object) -> Document:
    rows = [
        (*row(unit=unit, last_name=f"Navn {number}"), ("fullført", "mangler")[number % 2])
        for unit in ("Helse", "Skole")
        for number in range(4)
    ]
    rows.append((*row(unit="", last_name="Alene"), "fullført"))
    return document(*rows, columns=(*COLUMNS, STATUS), figures=(FIGURE,), **fields)


def test_it_is_well_formed_and_needs_nothing_else(tmp_path: Path) -> None:
    text = _text(_of_states(notes=("Merk dette.",), facts=(("Gjelder", "alle"),)), tmp_path)
    html5lib.HTMLParser(strict=True).parse(text)
    assert not any(word in text for word in ("<script", "src=", "href=", "@import", "url("))


@pytest.mark.parametrize("value", [*HOSTILE, *MARKUP, "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_text_is_never_markup(tmp_path: Path, value: str) -> None:
    figure = Figure(value, value, (value,), (Series(value, (3,)),))
    rows = [(*row(last_name=value, unit=value), status) for status in (value, "fullført")]
    one = document(*rows, columns=(*COLUMNS, STATUS), figures=(figure,), notes=(value,), facts=((value, value),))
    plain = document(*[(*row(), status) for status in ("x", "fullført")], columns=(*COLUMNS, STATUS), figures=(figure,))
    assert _tags(_text(one, tmp_path)) - {"ul", "li"} == _tags(_text(plain, tmp_path))


def _tags(text: str) -> set[str]:
    tags: set[str] = set()
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: tags.update((tag,))  # type: ignore[method-assign]
    reader.feed(text)
    return tags


TREE = tuple(
    PlacedUnit(name, depth)
    for name, depth in (
        ("Kommunen", 0),
        ("Helse", 1),
        ("Sykehjemmet", 2),
        ("Kontoret", 2),
        ("Skole", 1),
        ("Kontoret", 2),
        ("Teknisk", 1),
    )
)


def _tree(text: str) -> list[Any]:
    """Return the units as [summary, rows of its own, units below]."""
    page = html5lib.parse(text, namespaceHTMLElements=False)

    def read(above: Element) -> list[Any]:
        return [
            [
                "".join(text for part in one.findall("summary") for text in part.itertext()),
                len(one.findall("div/table/tbody/tr")),
                read(one),
            ]
            for one in above.findall("details")
        ]

    return read(next(one for one in page.iter("div") if one.get("id") == "all"))


def test_rows_stand_in_the_tree_of_units_and_each_counts_what_is_below(tmp_path: Path) -> None:
    units = ("Borte", "Helse", "Kontoret", "Skole", "Skole", "Sykehjemmet", "")
    text = _text(document(*[row(unit=unit) for unit in units], units=TREE), tmp_path)
    assert _tree(text) == [
        [
            "Kommunen · 4 rader",
            0,
            [["Helse · 2 rader", 1, [["Sykehjemmet · 1 rad", 1, []]]], ["Skole · 2 rader", 2, []]],
        ],
        ["Borte · 1 rad", 1, []],
        ["Kontoret · 1 rad", 1, []],
        ["Uten enhet · 1 rad", 1, []],
    ]
    assert text.count("Flere enheter har dette navnet.") == 1


def test_numbers_stand_at_the_unit_that_they_count_and_nothing_is_added_up(tmp_path: Path) -> None:
    columns = (Column("unit", "enhet"), Column("finished", "fullført", "integer"), Column("employees", "ansatte"))
    told = {0: (20, 30), 1: (9, 12), 5: (None, 7)}  # 7 and 5 are not told, and stand nowhere
    lines = [Line((TREE[at].name, *numbers), unit_at=at) for at, numbers in told.items()]
    text = _text(document(columns=columns, lines=lambda: iter(lines), row_count=3, units=TREE), tmp_path)
    assert _tree(text) == [
        [
            "Kommunen · ansatte: 30",
            1,
            [["Helse · ansatte: 12", 1, []], ["Skole · 1 rad", 0, [["Kontoret · ansatte: 7", 1, []]]]],
        ]
    ]
    assert "Tallene for en enhet gjelder den og alle enheter under den." in text


def test_what_is_the_only_one_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "OPEN_ROWS", 1)
    text = _text(document(row(unit="Sykehjemmet"), row(unit="Skole"), units=TREE), tmp_path)
    rows = text[text.index('id="all"') :]
    assert (rows.count("<details open>"), rows.count("<details>")) == (1, 3)


def test_many_rows_are_left_to_the_spreadsheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MOST_ROWS", 1)
    assert "Rapporten har 2 rader" in _text(document(ROW, ROW), tmp_path)
    assert "Brannvern" not in _text(document(ROW, ROW), tmp_path)


def test_a_report_without_rows_says_so(tmp_path: Path) -> None:
    assert "Rapporten har ingen rader." in _text(document(), tmp_path)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 360])
def test_in_a_browser(bare_browser: Browser, tmp_path: Path, width: int) -> None:
    _text(_of_states(), tmp_path)
    with bare_browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=True) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto((tmp_path / "report.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        assert page.locator("#all tbody tr:visible").count() == 9
        page.get_by_label("mangler").check()
        assert page.locator("#all tbody tr:visible").count() == 4
        assert page.locator("#all details:visible").count() == 2
        page.locator("#all summary").first.click()
        assert page.locator("#all tbody tr:visible").count() == 2
        assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 360])
def test_the_tree_in_a_browser_by_keyboard(bare_browser: Browser, tmp_path: Path, width: int) -> None:
    rows = [
        (*row(unit=unit, last_name=f"Navn {number}"), status)
        for unit in ("Helse", "Skole", "Sykehjemmet")
        for number, status in enumerate(["fullført"] * 20 + (["mangler"] if unit == "Sykehjemmet" else []))
    ]
    _text(document(*rows, columns=(*COLUMNS, STATUS), figures=(FIGURE,), units=TREE), tmp_path)
    with bare_browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.goto((tmp_path / "report.html").as_uri())
        assert violations(page) == []
        assert page.locator("#all summary:visible").all_inner_texts() == [
            "Kommunen · 61 rader",
            "Helse · 41 rader",
            "Skole · 20 rader",
        ]
        page.get_by_text("Helse ·").focus()
        page.keyboard.press("Enter")
        page.get_by_text("Sykehjemmet ·").focus()
        page.keyboard.press("Enter")
        assert page.locator("#all tbody tr:visible").count() == 41
        page.get_by_label("mangler").check()
        assert page.locator("#all tbody tr:visible").count() == 1
        assert page.locator("#all .scroll:visible").count() == 1
        assert page.locator("#all details:visible").count() == 3
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
