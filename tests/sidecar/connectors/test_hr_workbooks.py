"""A workbook says what it says in a spreadsheet, and a file made to do harm takes neither memory nor work."""

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import MAC_EPOCH

from sidecar.connectors import hr_workbook_parts, hr_workbooks
from sidecar.connectors.hr_tables import HopelessError, Row, rows_of

NS = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = "xl/worksheets/sheet1.xml"
STYLES = "xl/styles.xml"
LINKS = "xl/_rels/workbook.xml.rels"
STRINGS = "xl/sharedStrings.xml"
MB = 1_000_000
MEMORY_MB = 150
"""How much more than to begin with a process may take to read what is at most 20 MB and of one row."""

READ = f"""
import resource, sys
from pathlib import Path
from sidecar.connectors.hr_tables import HopelessError, rows_of
began = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (began + {MEMORY_MB * MB},) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
try:
    print(sum(1 for _ in rows_of(Path(sys.argv[1]), lambda _: True)))
except HopelessError as stop:
    print(stop.problem.code)
"""


def read_apart(path: Path) -> str:
    """Return the number of rows, or the code of what is wrong, as a process without much memory finds it."""
    command = [sys.executable, "-c", READ, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout.strip()


def cell(place: str, text: str) -> bytes:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'.encode()


def row(line: int, *cells: bytes) -> bytes:
    return b'<row r="%d">%b</row>' % (line, b"".join(cells))


def sheet(*rows: bytes) -> bytes:
    return b"<worksheet %b><sheetData>%b</sheetData></worksheet>" % (NS, b"".join(rows))


def workbook(
    folder: Path,
    others: Mapping[str, bytes] | None = None,
    *,
    compression: int = zipfile.ZIP_DEFLATED,
    **parts: bytes,
) -> Path:
    """Write a workbook with other parts instead: the sheet, styles, strings, or others by their whole names."""
    book = io.BytesIO()
    new = openpyxl.Workbook()
    assert new.active
    new.active.append(["ansattnr", "fornavn"])
    new.save(book)
    names = {"sheet": SHEET, "styles": STYLES, "strings": STRINGS}
    instead = {names[name]: content for name, content in parts.items()} | dict(others or {})
    path = folder / "fil.xlsx"
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(path, "w", compression) as file:
        for name in [*old.namelist(), *(one for one in instead if one not in old.namelist())]:
            file.writestr(name, instead.get(name) or old.read(name))
    return path


def read(path: Path) -> list[Row]:
    return list(rows_of(path, lambda _: True))


def code_of(path: Path) -> str:
    with pytest.raises(HopelessError) as stop:
        read(path)
    return stop.value.problem.code


@pytest.fixture
def chunks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What kind of part each chunk that was read belonged to."""
    counted: list[str] = []
    whole = hr_workbook_parts.Part.read

    def counting(part: hr_workbook_parts.Part, file: io.BytesIO) -> Iterator[None]:
        for _ in whole(part, file):
            counted.append(type(part).__name__)
            yield

    monkeypatch.setattr(hr_workbook_parts.Part, "read", counting)
    return counted


def test_what_stands_in_a_spreadsheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page
    page.append(["ansattnr", "navn", "dag", "prosent", "leder", "tid"])
    page.append([1001, "Kari & <Åse>", date(2026, 5, 4), 80.5, True, datetime(2026, 5, 4, 12)])  # noqa: DTZ001
    page["A5"], page["C5"], page["F5"] = "007", datetime(2000, 2, 29), 100.0  # noqa: DTZ001
    page["H9"].number_format = "0.00"
    book.create_sheet("Annet").append(["noe annet"])
    book.save(tmp_path / "fil.xlsx")
    assert read(tmp_path / "fil.xlsx") == [
        (1, ["ansattnr", "navn", "dag", "prosent", "leder", "tid"]),
        (2, ["1001", "Kari & <Åse>", "2026-05-04", "80.5", "True", "2026-05-04"]),
        (5, ["007", "", "2000-02-29", "", "", "100"]),
    ]


def test_days_counted_from_1904(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = MAC_EPOCH
    assert book.active
    book.active.append([date(2026, 5, 4)])
    book.save(tmp_path / "fil.xlsx")
    assert read(tmp_path / "fil.xlsx") == [(1, ["2026-05-04"])]


def test_texts_in_pieces_and_cells_without_a_place(tmp_path: Path) -> None:
    pieces = b'<c t="inlineStr"><is><r><t>Ka</t></r><r><t>ri</t></r><rPh><t>sound</t></rPh></is></c>'
    formula = b'<c t="str"><f>A1&amp;"x"</f><v>Karix</v></c><c t="e"><v>#N/A</v></c>'
    path = workbook(tmp_path, sheet=sheet(b"<row>%b%b</row>" % (pieces, formula), row(3, cell("b3", "x"))))
    assert read(path) == [(1, ["Kari", "Karix", "#N/A"]), (3, ["", "x", ""])]


def test_names_with_prefixes(tmp_path: Path) -> None:
    content = b'<x:row r="1"><x:c r="A1"><x:v>1.0</x:v></x:c></x:row>'
    content = b'<x:worksheet xmlns:x="y"><x:sheetData>%b</x:sheetData></x:worksheet>' % content
    assert read(workbook(tmp_path, sheet=content)) == [(1, ["1"])]


def test_styles_that_unpack_to_much_are_not_read(tmp_path: Path, chunks: list[str]) -> None:
    styles = b"<styleSheet %b><fonts>%b</fonts></styleSheet>" % (NS, b'<font><sz val="11"/></font>' * 2_000_000)
    path = workbook(tmp_path, styles=styles)
    assert path.stat().st_size < MB
    assert code_of(path) == "people-file-too-large"
    assert {"Styles", "Sheet"}.isdisjoint(chunks)


def test_styles_as_large_as_they_may_be_take_little_memory(tmp_path: Path) -> None:
    styles = b"<styleSheet %b><fonts>%b</fonts></styleSheet>" % (NS, b'<font><sz val="11"/></font>' * 290_000)
    assert read_apart(workbook(tmp_path, styles=styles)) == "1"


def test_shared_texts_under_another_name_are_bounded_too(tmp_path: Path) -> None:
    texts = b"<sst %b>%b</sst>" % (NS, b"<si><t>a</t></si>" * 2_000_000)
    path = workbook(tmp_path, {"xl/texts.xml": texts, LINKS: links_with(b"texts.xml")})
    assert code_of(path) == "people-file-too-large"


def links_with(target: bytes) -> bytes:
    """Return which files belong to a workbook, with the shared texts at another place."""
    book = io.BytesIO()
    openpyxl.Workbook().save(book)
    with zipfile.ZipFile(book) as archive:
        links = re.sub(rb"<Relationship [^>]*sharedStrings[^>]*/>", b"", archive.read(LINKS))
    kind = b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"'
    link = b'<Relationship Id="rIdS" %b Target="%b"/></Relationships>' % (kind, target)
    return links.replace(b"</Relationships>", link)


def test_rows_that_are_left_out_are_not_filled_in(tmp_path: Path) -> None:
    assert read(workbook(tmp_path, sheet=sheet(row(1, cell("A1", "a")), row(1_048_576, cell("A1048576", "b"))))) == [
        (1, ["a"]),
        (1_048_576, ["b"]),
    ]


@pytest.mark.parametrize(("line", "code"), [(2_000_000_000, "people-file-too-many-rows"), (1, "people-file-workbook")])
def test_lines_that_no_spreadsheet_has(tmp_path: Path, line: int, code: str) -> None:
    path = workbook(tmp_path, sheet=sheet(row(1, cell("A1", "a")), row(line, cell(f"A{line}", "b"))))
    assert code_of(path) == code


def test_a_row_of_many_cells_is_refused_where_it_has_too_many(tmp_path: Path, chunks: list[str]) -> None:
    unit = b'<c t="inlineStr"><is><t></t></is></c>'
    path = workbook(tmp_path, sheet=sheet(row(1, unit * 500_000)))
    assert code_of(path) == "people-file-too-many-columns"
    read_bytes = chunks.count("Sheet") * hr_workbook_parts.CHUNK_BYTES
    assert read_bytes <= hr_workbook_parts.MAX_CELLS * len(unit) + 2 * hr_workbook_parts.CHUNK_BYTES
    path = workbook(tmp_path, sheet=sheet(row(1, unit * 900_000)))
    assert code_of(path) == "people-file-too-large"


@pytest.mark.parametrize("place", ["ALM1", "XFD1"])
def test_empty_columns_far_out_are_left_out_and_filled_ones_refused(tmp_path: Path, place: str) -> None:
    styled = b'<c r="%b" s="0"/>' % place.encode()
    assert read(workbook(tmp_path, sheet=sheet(row(1, cell("A1", "a"), styled)))) == [(1, ["a"])]
    filled = workbook(tmp_path, sheet=sheet(row(1, cell("A1", "a"), cell(place, "b"))))
    assert code_of(filled) == "people-file-too-many-columns"


def test_a_cell_of_hundreds_of_megabytes_is_refused_unread(tmp_path: Path, chunks: list[str]) -> None:
    path = workbook(tmp_path, sheet=sheet(row(1, cell("A1", "a" * 100 * MB))))
    assert path.stat().st_size < MB
    assert code_of(path) == "people-file-too-large"
    assert "Sheet" not in chunks


def test_a_long_cell_is_cut_and_takes_little_memory(tmp_path: Path) -> None:
    path = workbook(tmp_path, sheet=sheet(row(1, cell("A1", "a" * 19 * MB))))
    assert [len(text) for text in read(path)[0][1]] == [hr_workbook_parts.MAX_CHARACTERS]
    assert read_apart(path) == "1"


def test_a_long_text_in_many_cells_of_a_row(tmp_path: Path) -> None:
    texts = b"<sst %b><si><t>%b</t></si></sst>" % (NS, b"a" * 4000)
    many = b'<c t="s"><v>0</v></c>' * 30
    path = workbook(tmp_path, {LINKS: links_with(b"/xl/sharedStrings.xml")}, strings=texts, sheet=sheet(row(1, many)))
    assert code_of(path) == "people-file-too-many-columns"


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + sheet(row(1, cell("A1", "&a;"))),
        b"<x>" * 5_000_000,
        b"<worksheet><!--" + b"a" * 10 * MB + b"--></worksheet>",
        b'<worksheet a="' + b"a" * 10 * MB + b'"/>',
        sheet(row(1, b'<c r="A1" t="s"><v>5</v></c>')),
        sheet(row(1, b'<c r="A1"><v>five</v></c>')),
        sheet(row(1, cell("AAAA1", "a"))),
        b"<worksheet>",
        b"no xml",
    ],
    ids=["entity", "deep", "comment", "attribute", "no-such-text", "no-number", "column", "cut", "text"],
)
def test_what_is_no_sheet_is_refused_in_little_memory(tmp_path: Path, content: bytes) -> None:
    path = workbook(tmp_path, sheet=content)
    assert read_apart(path) == "people-file-workbook"


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_bounds_is_not_unpacked(tmp_path: Path, compression: int) -> None:
    assert code_of(workbook(tmp_path, compression=compression)) == "people-file-workbook"


def test_a_table_of_contents_of_many_files_is_not_read(tmp_path: Path) -> None:
    many = {f"xl/{number}/{'a' * 200}": b"a" for number in range(6_000)}
    assert code_of(workbook(tmp_path, many)) == "people-file-too-large"


def test_a_bound_of_its_own_for_who_reads_in_a_web_process(tmp_path: Path) -> None:
    rows = (row(line, cell(f"A{line}", f"{line * 7919 % 99991}")) for line in range(1, 40_000))
    path = workbook(tmp_path, sheet=sheet(*rows))
    assert sum(1 for _ in rows_of(path, lambda _: True)) == 39_999
    with pytest.raises(HopelessError) as stop:
        list(rows_of(path, lambda _: True, unpacked_mb=1))
    assert stop.value.problem.code == "people-file-too-large"


def test_a_large_sheet_takes_little_memory_and_may_be_much_more_than_the_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hr_workbooks, "RATIO_FLOOR_MB", 0)
    texts = ("Åse", "Nordmann", "Sykehjemmet", "Helsefagarbeider")
    lines = range(1, 12_000)
    path = workbook(
        tmp_path, sheet=sheet(*(row(n, cell(f"A{n}", f"{n}"), *(cell(f"B{n}", text) for text in texts)) for n in lines))
    )
    assert len(read(path)) == len(lines)
    assert read_apart(path) == str(len(lines))


def test_headings_beyond_number_are_refused_before_they_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "fil.csv"
    looked_at: list[str] = []

    def knows(heading: str) -> bool:
        looked_at.append(heading)
        return False

    for count in (1_001, 499_000, 5_000_000):
        path.write_bytes(b"a;" * count + b"a\n1;2\n")
        with pytest.raises(HopelessError) as stop:
            list(rows_of(path, knows))
        assert stop.value.problem.code == "people-file-too-many-columns"
    assert len(looked_at) <= 3 * 3 * (hr_workbook_parts.MAX_COLUMNS + 1)
    assert read_apart(path) == "people-file-too-many-columns"


def test_a_row_of_many_lines_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "fil.csv"
    path.write_bytes(b"a;b\n" + b'"x\n";' * 4_000_000 + b"1\n")
    assert read_apart(path) == "people-file-too-many-columns"
