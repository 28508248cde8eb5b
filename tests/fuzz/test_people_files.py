"""People files of any bytes: read whole or refused whole; what was written rightly comes back as it was."""

from __future__ import annotations

import csv
import io
import unicodedata
from typing import Final

from hypothesis import assume, example, given
from hypothesis import strategies as st

from sidecar.connectors.hr_csv import read_people
from sidecar.connectors.hr_csv_problems import PeopleFileRefusedError
from sidecar.connectors.records import PersonRecord

HEAD: Final = "employee_number;first_name;last_name;email;unit;position\n"
PIECES: Final = [
    "1001",
    "Kari",
    '"',
    '""',
    ";",
    ",",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "æøå",
    "\0",
    "=",
    "\ufeff",
    " ",
    "\u200b",
]
LETTERS: Final = st.characters(categories=["Lu", "Ll"], max_codepoint=0x17F, exclude_characters="Ã")
NAMES: Final = st.text(LETTERS | st.sampled_from(" -.,;\"'"), min_size=1, max_size=30).map(
    lambda text: unicodedata.normalize("NFC", text).strip()
)


def judge(content: bytes) -> None:
    try:
        people = read_people(content)
    except PeopleFileRefusedError as refused:
        codes = [one.code for one in refused.problems]
    else:
        check(people)
        return
    assert codes
    assert all(code.startswith("people-file-") for code in codes)


def check(people: list[PersonRecord]) -> None:
    numbers = [one.employee_number for one in people]
    assert people
    assert len(set(numbers)) == len(numbers)
    assert all(one.first_name and one.last_name for one in people)


@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe" + HEAD.encode("utf-16-le"))
def test_any_bytes(content: bytes) -> None:
    judge(content)


@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=40), st.sampled_from(["utf-8", "cp1252", "utf-16"])
)
def test_anything_below_right_headings(pieces: list[str], encoding: str) -> None:
    judge((HEAD + "".join(pieces)).encode(encoding, "replace"))


@given(st.lists(st.tuples(NAMES, NAMES, NAMES), min_size=1, max_size=6), st.sampled_from(";,\t"), st.booleans())
def test_what_is_written_rightly_comes_back(rows: list[tuple[str, str, str]], separator: str, is_bare: bool) -> None:
    assume(all(cell and cell[0] not in "-=+@" for row in rows for cell in row))
    text = io.StringIO(newline="")
    out = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_MINIMAL if is_bare else csv.QUOTE_ALL)
    out.writerow(HEAD.strip().split(";"))
    for number, (first, last, unit) in enumerate(rows):
        out.writerow([f"nr{number}", first, last, "", unit, ""])
    expected = [PersonRecord(f"nr{n}", first, last, "", unit, "") for n, (first, last, unit) in enumerate(rows)]
    assert read_people(text.getvalue().encode("utf-8-sig")) == expected
