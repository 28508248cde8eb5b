"""Test what a spreadsheet program reads."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook, load_workbook

from sidecar.reports.document import Document
from sidecar.reports.formats import xlsx
from tests.sidecar.reports.formats.documents import FIGURE, HOSTILE, ROW, document, row


def _write(one: Document, folder: Path) -> Path:
    xlsx.write(one, folder / "report.xlsx")
    return folder / "report.xlsx"


def _book(one: Document, folder: Path) -> Workbook:
    return load_workbook(_write(one, folder))


def test_cells_have_types(tmp_path: Path) -> None:
    sheet = _book(document(ROW, row(score=None)), tmp_path).worksheets[0]
    assert [cell.value for cell in sheet[1]][:2] == ["ansattnummer", "etternavn"]
    told = ["0071", "Ås", "Helse", "Brannvern", 2, datetime(2026, 9, 3), 0.855]  # noqa: DTZ001 (a day)
    assert [cell.value for cell in sheet[2]] == told
    assert [cell.number_format for cell in sheet[2]][4:] == ["0", "yyyy-mm-dd", "0.0 %"]
    assert sheet["G3"].value is None
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet["A1"].font.b) == ("A2", "A1:G3", True)
    assert 20 <= sheet.column_dimensions["B"].width < 22


@pytest.mark.parametrize("value", HOSTILE)
def test_no_cell_is_a_formula_or_a_link(tmp_path: Path, value: str) -> None:
    sheet = _book(document(row(last_name=value, course=value)), tmp_path).worksheets[0]
    cells = [
        (cell.data_type, str(cell.value).replace("_x000D_", "\r"), cell.hyperlink)
        for cell in (sheet["B2"], sheet["D2"])
    ]
    assert cells == [("s", value, None)] * 2


def test_what_no_workbook_can_hold_is_left_out(tmp_path: Path) -> None:
    sheet = _book(document(row(last_name="a\x00\x01\x0b\ufffeb", course="y" * 40_000)), tmp_path).worksheets[0]
    assert sheet["B2"].value == "ab"
    assert len(str(sheet["D2"].value)) == 32_767


def test_the_summary_has_head_chart_and_table(tmp_path: Path) -> None:
    one = document(ROW, figures=(FIGURE, FIGURE), facts=(("Gjelder", "alle ansatte"),), notes=("Tall under 5 …",))
    path = _write(one, tmp_path)
    book = load_workbook(path)
    assert book.sheetnames == ["Rader", "Sammendrag", "Sammendrag 2"]
    cells = [[cell.value for cell in each][:3] for each in book["Sammendrag"].iter_rows()]
    texts = [each[0] for each in cells]
    assert texts[0] == "Fullføringer – Kongsberg kommune 2026-09"
    assert {"Gjelder: alle ansatte", "Tall under 5 …"} < set(texts)
    assert cells[-4:] == [
        ["Enhet", "Fullført", "Mangler"],
        ["Kommunen", 12, 8],
        ["    Helse", 7, 6],
        ["        Sykehjemmet", "–", "–"],
    ]
    with ZipFile(path) as parts:
        assert parts.testzip() is None
        assert "Søylediagram: Status per enhet" in parts.read("xl/drawings/drawing2.xml").decode()
        assert "$B$" in parts.read("xl/charts/chart1.xml").decode()


def test_a_report_without_figures_tells_how_many_rows_it_has(tmp_path: Path) -> None:
    sheet = _book(document(ROW, ROW), tmp_path)["Sammendrag"]
    assert [cell.value for cell in list(sheet.iter_rows())[-1]][:2] == ["Rader", 2]


def test_title_and_language_of_the_document(tmp_path: Path) -> None:
    book = _book(document(ROW, municipality="Nore & Uvdal", language="nn"), tmp_path)
    assert (book.properties.title, book.properties.language) == ("Fullføringer – Nore & Uvdal 2026-09", "nn")


def test_an_empty_report_has_headings_alone(tmp_path: Path) -> None:
    sheet = _book(document(), tmp_path).worksheets[0]
    assert sheet["A1"].value == "ansattnummer"
    assert all(cell.value is None for cell in sheet[2])


def test_columns_of_one_name_are_all_there(tmp_path: Path) -> None:
    sheet = _book(document(("a", "b"), columns=(document().columns[0],) * 2), tmp_path).worksheets[0]
    assert [[cell.value for cell in each] for each in sheet] == [["ansattnummer", "ansattnummer (2)"], ["a", "b"]]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    first = _write(document(ROW, figures=(FIGURE,)), tmp_path).read_bytes()
    assert _write(document(ROW, figures=(FIGURE,)), tmp_path).read_bytes() == first
    assert b"2000-01-01T00:00:00Z" in ZipFile(tmp_path / "report.xlsx").read("docProps/core.xml")


def test_no_row_is_lost_past_the_end_of_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "SHEET_ROWS", 2)
    book = _book(document(ROW, ROW, ROW), tmp_path)
    assert [(sheet.title, sheet.max_row) for sheet in book.worksheets[:2]] == [("Rader", 3), ("Rader 2", 2)]
