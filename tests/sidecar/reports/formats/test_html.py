"""Test the page that people look at: axe, choices without a script, and no text that becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import html5lib
import pytest
from playwright.sync_api import Browser

from sidecar.reports.document import Column, Document, Figure, Series
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
