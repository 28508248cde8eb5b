"""Write a report as CSV: `;`, UTF-8 with byte order mark, CRLF, ISO dates, no cell that a spreadsheet would run."""

from __future__ import annotations

from pathlib import Path

from sidecar.core.cells import row_writer
from sidecar.reports.document import Document
from sidecar.reports.formats.cell_texts import plain_texts


def write(document: Document, target: Path) -> None:
    """Write the lines below their headings."""
    texts = plain_texts(document.columns, document.language)
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        write_row = row_writer(file)
        write_row(column.heading for column in document.columns)
        for line in document.lines():
            write_row(say(cell) for say, cell in zip(texts, line.cells, strict=True))
