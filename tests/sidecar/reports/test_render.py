"""Test what a municipality's spreadsheet and its systems read."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pytest
from openpyxl import load_workbook

from sidecar.core.periods import read_period
from sidecar.reports.render import file_stem, subject, to_csv, to_xlsx
from sidecar.reports.report import Report, Row

ROW = Row("Helse", "Ås", "Kåre", "0071", "Brannvern", 2, date(2026, 9, 3), False, 0.855, "Moodle")
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", '=HYPERLINK("https://evil.example")', "https://x.no"]


def _report(*rows: Row) -> Report:
    return Report("id", "Kongsberg kommune", read_period("2026-09"), rows, frozenset())


def _sheet(content: bytes) -> list[list[str | None]]:
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]  # type: ignore[misc]  # all are text, asserted below


def test_csv_to_the_byte() -> None:
    assert to_csv(_report(ROW), "nb") == (
        "\ufeffansattnummer;etternavn;fornavn;enhet;kurs;kursversjon;status;fullført;resultat;kilde\r\n"
        "0071;Ås;Kåre;Helse;Brannvern;2;fullført;2026-09-03;85,5 %;Moodle\r\n".encode()
    )


@pytest.mark.parametrize(
    ("language", "heading", "late", "score"),
    [
        ("nb", "ansattnummer;etternavn;fornavn;enhet", "fullført (etterslep)", "85,5 %"),
        ("nn", "tilsettnummer;etternamn;fornamn;eining", "fullført (etterslep)", "85,5 %"),
        ("en", "employee number;last name;first name;unit", "completed (late)", "85.5 %"),
    ],
)
def test_the_municipality_s_language(language: str, heading: str, late: str, score: str) -> None:
    lines = to_csv(_report(replace(ROW, late=True)), language).decode("utf-8-sig").splitlines()
    assert lines[0].startswith(heading)
    assert lines[1].split(";")[6] == late
    assert lines[1].split(";")[8] == score


@pytest.mark.parametrize(
    ("score", "text"), [(None, ""), (0.0, "0 %"), (1.0, "100 %"), (0.8, "80 %"), (2 / 3, "66,7 %"), (0.9999, "100 %")]
)
def test_results(score: float | None, text: str) -> None:
    assert to_csv(_report(replace(ROW, score=score)), "nb").decode().splitlines()[1].split(";")[8] == text


@pytest.mark.parametrize("value", HOSTILE)
def test_no_cell_of_the_csv_is_run_as_a_formula(value: str) -> None:
    row = replace(ROW, last_name=value, unit=value, course=value, employee_number=value, source=value)
    text = to_csv(_report(row), "nb").decode("utf-8-sig")
    cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in cells)
    assert cells[1].removeprefix("'") == value


def test_separators_and_quotes_stay_in_their_cell() -> None:
    text = to_csv(_report(replace(ROW, unit='Skole; "barn"\r\nSFO')), "nb").decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1][3] == 'Skole; "barn"\r\nSFO'


def test_the_workbook_holds_the_same_as_text() -> None:
    content = to_xlsx(_report(ROW, replace(ROW, score=None)), "nb")
    rows = _sheet(content)
    assert rows[0][:2] == ["ansattnummer", "etternavn"]
    assert rows[1] == ["0071", "Ås", "Kåre", "Helse", "Brannvern", "2", "fullført", "2026-09-03", "85,5 %", "Moodle"]
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:J3")


@pytest.mark.parametrize("value", [one for one in HOSTILE if one[0] not in "\r\n\t"])
def test_no_cell_of_the_workbook_is_a_formula_or_a_link(value: str) -> None:
    content = to_xlsx(_report(replace(ROW, last_name=value, course=value)), "nb")
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert [(cell.data_type, cell.value, cell.hyperlink) for cell in (sheet["B2"], sheet["E2"])] == [
        ("s", value, None)
    ] * 2


def test_an_empty_report_has_headings_alone() -> None:
    assert len(to_csv(_report(), "nb").decode().splitlines()) == 1
    assert len(_sheet(to_xlsx(_report(), "nb"))) == 1


def test_the_same_rows_give_the_same_bytes() -> None:
    assert to_xlsx(_report(ROW), "nb") == to_xlsx(_report(ROW), "nb")


def test_no_row_is_lost_past_the_end_of_a_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.reports.render._SHEET_ROWS", 2)
    workbook = load_workbook(io.BytesIO(to_xlsx(_report(ROW, ROW, ROW), "nb")))
    assert [sheet.max_row for sheet in workbook.worksheets] == [3, 2]


def test_names() -> None:
    days = replace(_report(), period=read_period("2026-01-01/2026-03-31"))
    assert file_stem(days, "kongsberg", "nb") == "fullforinger-kongsberg-2026-01-01--2026-03-31"
    assert file_stem(_report(), "hjartdal", "nn") == "fullforingar-hjartdal-2026-09"
    assert subject("Kongsberg kommune", "2026-09", "nb") == "Fullføringer Kongsberg kommune 2026-09"
