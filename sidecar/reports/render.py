"""Render a report as CSV and XLSX, in the municipality's language."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

import xlsxwriter

from sidecar.core.cells import as_it_was, row_writer
from sidecar.reports.report import Report, Row

HEADINGS = {
    "nb": "ansattnummer;etternavn;fornavn;enhet;kurs;kursversjon;status;fullført;resultat;kilde",
    "nn": "tilsettnummer;etternamn;fornamn;eining;kurs;kursversjon;status;fullført;resultat;kjelde",
    "en": "employee number;last name;first name;unit;course;course version;status;completed;result;source",
}
"""The headings are part of the file format that municipalities' systems read: they stand here, not among UI texts."""

STATUS = {
    "nb": ("fullført", "fullført (etterslep)"),
    "nn": ("fullført", "fullført (etterslep)"),
    "en": ("completed", "completed (late)"),
}
"""The words for a completion of the period and for a late one."""

ERASED = {"nb": "slettet", "nn": "sletta", "en": "erased"}
"""What stands for the names and the number of an employee who was erased."""

SOURCES = {
    "nb": {"player": "kursspilleren", "lms": "LMS-et", "file": "importert fil", "manual": "registrert manuelt"},
    "nn": {"player": "kursspelaren", "lms": "LMS-et", "file": "importert fil", "manual": "registrert manuelt"},
    "en": {"player": "course player", "lms": "the LMS", "file": "imported file", "manual": "entered by hand"},
}
"""The words for where a completion is known from, for one that no LMS account has."""

STEMS = {"nb": "fullforinger", "nn": "fullforingar", "en": "completions"}
"""How file names begin."""

SUBJECTS = {"nb": "Fullføringer", "nn": "Fullføringar", "en": "Completions"}
"""How the subject of a report begins; the municipality and the period follow."""

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_WIDTHS = (16, 20, 20, 28, 40, 12, 22, 12, 10, 24)
_SHEET_ROWS = 1_000_000
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 (no moment: a fixed date, so that the same rows give the same bytes)


def file_stem(report: Report, slug: str, language: str) -> str:
    """Return the name of the report's files without their ending, in ASCII."""
    return f"{STEMS[language]}-{slug}-{report.period.name.replace('/', '--')}"


def subject(municipality_name: str, period_name: str, language: str) -> str:
    """Return a line that says what a report is."""
    return f"{SUBJECTS[language]} {municipality_name} {period_name}"


def cells(row: Row, language: str) -> tuple[str, ...]:
    """Return a row as text, in the order of the headings."""
    erased = (ERASED[language],) * 3
    return (
        *(erased if row.is_erased else (row.employee_number, row.last_name, row.first_name)),
        row.unit,
        row.course,
        "" if row.course_version is None else str(row.course_version),
        STATUS[language][row.late],
        row.completed_on.isoformat(),
        _percent(row.score, language),
        SOURCES[language].get(row.source, row.source),
    )


def _percent(score: float | None, language: str) -> str:
    if score is None:
        return ""
    text = f"{round(score * 100, 1):g} %"
    return text if language == "en" else text.replace(".", ",")


def to_csv(report: Report, language: str) -> bytes:
    """Return the report as CSV: `;`, UTF-8 with byte order mark, CRLF, ISO dates, no cell a spreadsheet would run."""
    return write_csv([cells(row, language) for row in report.rows], language)


def write_csv(rows: Sequence[Sequence[str]], language: str) -> bytes:
    """Return rows of cells below their headings as CSV."""
    text = io.StringIO(newline="")
    write = row_writer(text)
    write(HEADINGS[language].split(";"))
    for row in rows:
        write(row)
    return text.getvalue().encode("utf-8-sig")


def read_csv(content: bytes) -> tuple[list[list[str]], str] | None:
    """Return the rows of cells that `write_csv` wrote, and their language; None where the headings are others."""
    headings, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
    language = next((key for key, line in HEADINGS.items() if line.split(";") == headings), None)
    return ([[as_it_was(cell) for cell in row] for row in rows], language) if language else None


def to_xlsx(report: Report, language: str) -> bytes:
    """Return the report as a workbook of text cells; the same rows give the same bytes."""
    title = subject(report.municipality_name, report.period.name, language)
    return write_xlsx([cells(row, language) for row in report.rows], language, title)


def write_xlsx(rows: Sequence[Sequence[str]], language: str, title: str) -> bytes:
    """Return rows of cells below their headings as a workbook."""
    content = io.BytesIO()
    workbook = xlsxwriter.Workbook(content, {"constant_memory": True})
    workbook.set_properties({"title": title, "created": _CREATED})
    bold = workbook.add_format({"bold": True})
    for start in range(0, max(len(rows), 1), _SHEET_ROWS):
        _fill(workbook.add_worksheet(), rows[start : start + _SHEET_ROWS], HEADINGS[language].split(";"), bold)
    workbook.close()
    return content.getvalue()


def _fill(
    sheet: xlsxwriter.worksheet.Worksheet,
    rows: Sequence[Sequence[str]],
    headings: Sequence[str],
    bold: xlsxwriter.format.Format,
) -> None:
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(rows), len(headings) - 1)
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, bold)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell)
