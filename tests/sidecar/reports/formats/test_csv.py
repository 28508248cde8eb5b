"""Test what a municipality's spreadsheet and its systems read as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from sidecar.core.cells import as_it_was
from sidecar.reports.document import Document
from sidecar.reports.formats import csv as csv_format
from tests.sidecar.reports.formats.documents import HOSTILE, ROW, document, row


def _text(one: Document, folder: Path) -> str:
    csv_format.write(one, folder / "report")
    return (folder / "report").read_bytes().decode("utf-8-sig")


def _rows(one: Document, folder: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(_text(one, folder), newline=""), delimiter=";"))


def test_to_the_byte(tmp_path: Path) -> None:
    csv_format.write(document(ROW), tmp_path / "report")
    assert (tmp_path / "report").read_bytes() == (
        "\ufeffansattnummer;etternavn;enhet;kurs;kursversjon;fullført;resultat\r\n"
        "0071;Ås;Helse;Brannvern;2;2026-09-03;85,5 %\r\n".encode()
    )


@pytest.mark.parametrize(("language", "score"), [("nb", "85,5 %"), ("nn", "85,5 %"), ("en", "85.5 %")])
def test_a_share_in_the_language(tmp_path: Path, language: str, score: str) -> None:
    assert _rows(document(ROW, language=language), tmp_path)[1][6] == score


@pytest.mark.parametrize(
    ("score", "text"), [(None, ""), (0.0, "0 %"), (1, "100 %"), (0.8, "80 %"), (2 / 3, "66,7 %"), (0.9999, "100 %")]
)
def test_shares(tmp_path: Path, score: float | None, text: str) -> None:
    assert _rows(document(row(score=score)), tmp_path)[1][6] == text


@pytest.mark.parametrize("value", HOSTILE)
def test_no_cell_is_run_as_a_formula(tmp_path: Path, value: str) -> None:
    cells = _rows(document(row(last_name=value, unit=value, course=value, employee_number=value)), tmp_path)[1]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in cells)
    assert as_it_was(cells[1]) == value


def test_separators_and_quotes_stay_in_their_cell(tmp_path: Path) -> None:
    assert _rows(document(row(unit='Skole; "barn"\r\nSFO')), tmp_path)[1][2] == 'Skole; "barn"\r\nSFO'


def test_an_empty_report_has_headings_alone(tmp_path: Path) -> None:
    assert len(_text(document(), tmp_path).splitlines()) == 1
