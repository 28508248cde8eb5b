"""Test that a report as PDF can be read aloud, and that nothing in it is taken for typst's language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sidecar.reports.document import Document, Figure, Series
from sidecar.reports.formats import pdf
from sidecar.reports.formats.pdf_letters import _PLAIN, _try, shown
from tests.sidecar.reports.formats.documents import FIGURE, HOSTILE, MARKUP, ROW, document, row

ODD = ["", "ø" * 3000, "محمد", "李雷", "Kurs 🎓", "a\u0301\u00ad\u200d\u2028"]


def _bytes(one: Document, folder: Path) -> bytes:
    pdf.write(one, folder / "report.pdf")
    return (folder / "report.pdf").read_bytes()


@pytest.mark.parametrize(("language", "tag"), [("nb", b"nb-NO"), ("nn", b"nn-NO"), ("en", b"en-GB")])
def test_it_is_tagged_and_says_its_language_and_title(tmp_path: Path, language: str, tag: bytes) -> None:
    content = _bytes(document(ROW, figures=(FIGURE,), language=language), tmp_path)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    assert b"/Lang(%s)" % tag in content
    assert b"/DisplayDocTitle true" in content
    assert "Fullføringer – Kongsberg kommune 2026-09".encode() in content
    assert content.count(b"/S/TH") >= len(document().columns) + 3
    assert re.search(rb"/S/Figure.{0,400}/Alt|/Alt.{0,400}/S/Figure", content, re.DOTALL)


@pytest.mark.parametrize(
    "text", [*HOSTILE, *MARKUP, "", "ø" * 3000, "محمد", "李雷", "Kurs 🎓", "a\u0301\u00ad\u200d\u2028"]
)
def test_text_is_never_markup(tmp_path: Path, text: str) -> None:
    figure = Figure(text, text, (text,), (Series(text, (1,)),))
    one = document(row(last_name=text, unit=text), title=text, municipality=text, facts=((text, text),), notes=(text,))
    assert _bytes(Document(**vars(one) | {"figures": (figure,)}), tmp_path).startswith(b"%PDF-")


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    assert _bytes(document(ROW), tmp_path) == _bytes(document(ROW), tmp_path)


def test_many_rows_are_left_to_the_spreadsheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_ROWS", 1)
    few, many = _bytes(document(ROW), tmp_path), _bytes(document(ROW, ROW), tmp_path)
    assert (b"/S/TH" in few, b"/S/TH" in many) == (True, False)


def test_a_report_without_rows_says_so(tmp_path: Path) -> None:
    assert b"/S/TH" not in _bytes(document(), tmp_path)


def test_a_figure_of_many_units_stays_on_its_page(tmp_path: Path) -> None:
    units = tuple(f"Enhet {number}" for number in range(300))
    figure = Figure("Status", "Enhet", units, (Series("Fullført", tuple(range(300))),))
    assert _bytes(document(ROW, figures=(figure,)), tmp_path).startswith(b"%PDF-")


def test_signs_without_a_letter_are_told_of() -> None:
    assert shown({"a": ["Šárá Ŋuorta 😀", 3]}) == {"a": ["Šárá Ŋuorta ?", 3]}
    assert all(_try(sign) for sign in sorted(_PLAIN))
