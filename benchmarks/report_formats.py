"""Measure how fast a long report is written, against the libraries alone, and how much memory each format takes.

Run it with `python -m benchmarks.report_formats [rows]`. The peers, in the same run: xlsxwriter's constant_memory with
strings, and the csv module, each fed the same cells. Exits 1 where a workbook is not `FASTER` times as fast as that, if
it has `JUDGED` rows: of fewer, most is what every workbook costs.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import xlsxwriter

from sidecar.reports.document import Cell, Column, Document, Figure, Line, Series
from sidecar.reports.formats import csv as csv_format
from sidecar.reports.formats import html, ndjson, pdf, xlsx

ROWS = 200_000
FASTER = 3.0
JUDGED = 20_000
WORDS = ("employee_number", "last_name", "first_name", "unit", "course", "status", "source")
PDF_ROWS = pdf.MOST_ROWS
HTML_ROWS = html.MOST_ROWS
_CHILD = """
import resource, sys, time
from pathlib import Path
from benchmarks import report_formats
write = report_formats.WRITERS[sys.argv[1]]
document = report_formats.make(int(sys.argv[2]))
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
write(document, Path(sys.argv[3]))
print(time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def main() -> int:
    """Print the measurements and judge them; each is made in a process of its own, for its memory."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    sizes = dict.fromkeys(WRITERS, rows) | {"pdf": min(rows, PDF_ROWS), "html": min(rows, HTML_ROWS)}
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, count in sizes.items():
            seconds[name], more_mb = _measure(name, count, Path(folder) / name)
            print(
                f"{name:16} {count:8} rows {seconds[name]:7.2f} s {count / seconds[name]:9.0f} rows/s +{more_mb:.0f} MB"
            )
    workbook, text = seconds["xlsxwriter alone"] / seconds["xlsx"], seconds["csv alone"] / seconds["csv"]
    print(f"XLSX is {workbook:.1f} times as fast as xlsxwriter alone (at least {FASTER})")
    print(f"CSV is {text:.2f} times as fast as the csv module alone")
    return int(rows >= JUDGED and workbook < FASTER)


def make(count: int) -> Document:
    """Return a report of so many rows, which are made while they are read."""
    columns = (
        *(Column(word, word) for word in WORDS),
        Column("version", "version", "integer"),
        Column("completed_on", "completed", "date"),
        Column("score", "result", "percent"),
    )
    figure = Figure("Status", "Unit", ("A", "B"), (Series("Finished", (7, 9)), Series("Missing", (5, None))))
    first, last = date(2026, 9, 1), date(2026, 9, 30)
    return Document(
        "completions",
        "Completions",
        "Kongsberg",
        "942402465",
        "2026-09",
        first,
        last,
        "en",
        columns,
        count,
        lambda: _lines(count),
        (figure,),
    )


def _lines(count: int) -> Iterator[Line]:
    day = date(2026, 9, 3)
    for number in range(count):
        yield Line((f"{number:06d}", "Nordmann", "Kari", "Helse", "Brannvern", "completed", "Moodle", 2, day, 0.855))


def _measure(name: str, count: int, target: Path) -> tuple[float, float]:
    command = [sys.executable, "-c", _CHILD, name, str(count), str(target)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(told[0]), float(told[1]) / 1024


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _csv_alone(document: Document, target: Path) -> None:
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(line.cells for line in document.lines())


def _xlsxwriter_alone(document: Document, target: Path) -> None:
    workbook = xlsxwriter.Workbook(str(target), {"constant_memory": True})
    sheet = workbook.add_worksheet()
    for number, line in enumerate(document.lines()):
        for column, cell in enumerate(line.cells):
            sheet.write_string(number, column, _text(cell))
    workbook.close()


WRITERS = {
    "csv": csv_format.write,
    "csv alone": _csv_alone,
    "xlsx": xlsx.write,
    "xlsxwriter alone": _xlsxwriter_alone,
    "ndjson": ndjson.write,
    "html": html.write,
    "pdf": pdf.write,
}

if __name__ == "__main__":
    sys.exit(main())
