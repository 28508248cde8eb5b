"""Test the people CSV: every spelling that is accepted, every bad file by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.connectors import hr_csv
from sidecar.connectors.base import RejectedError
from sidecar.connectors.hr_csv import HrCsv, read_people
from sidecar.connectors.hr_csv_problems import FileUnreadableError, PeopleFileRefusedError
from sidecar.connectors.records import PersonRecord

HEAD = "employee_number;first_name;last_name;email;unit;position"
KARI = PersonRecord("1001", "Kåre Øyvind", "Ås", "kare@example.no", "Helse", "Lege")
LINE = "1001;Kåre Øyvind;Ås;kare@example.no;Helse;Lege"


@pytest.mark.parametrize(
    "heading",
    [
        HEAD,
        "Ansattnummer;Fornavn;Etternavn;E-post;Enhet;Stilling",
        "ANSATTNUMMER;FORNAVN;ETTERNAVN;EPOST;AVDELING;STILLING",
        "Tilsettnummer;Fornamn;Etternamn;E-post;Eining;Stilling",
        "Ansatt nr.; First name ;lastName;e_post;Unit;position",
        '"Ansattnummer";"Fornavn";"Etternavn";"E-post";"Enhet";"Stilling"',
    ],
)
def test_headings_in_three_languages(heading: str) -> None:
    assert read_people(f"{heading}\r\n{LINE}\r\n".encode()) == [KARI]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_separators_and_line_ends(separator: str, line_end: str) -> None:
    text = line_end.join([HEAD, LINE, ""]).replace(";", separator)
    assert read_people(text.encode()) == [KARI]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert read_people(f"{HEAD}\n{LINE}\n".encode(encoding)) == [KARI]


def test_any_order_and_missing_optional_columns() -> None:
    people = read_people(b"etternavn,ansattnummer,fornavn\nHansen,007,Ida\n")
    assert people == [PersonRecord("007", "Ida", "Hansen", None, None, None)]


def test_empty_rows_empty_trailing_columns_and_blanks_are_passed_over() -> None:
    text = f"\n{HEAD};;\n;;;;;;;\n  1001 ;Kåre Øyvind ; Ås;kare@example.no;Helse;Lege;;\n   \n\n"
    assert read_people(text.encode()) == [KARI]


def test_quoted_separators_and_quotes() -> None:
    people = read_people(f'{HEAD}\n1;Ida;"Berg; ""Lillebror""";;"Skole, barn";\n'.encode())
    assert (people[0].last_name, people[0].unit, people[0].email) == ('Berg; "Lillebror"', "Skole, barn", "")


def test_letters_are_composed() -> None:
    assert read_people(f"{HEAD}\n1;A\u030asa;O;;;\n".encode())[0].first_name == "Åsa"


BAD: dict[str, tuple[str | bytes, str, dict[str, str | int]]] = {
    "empty": ("", "people-file-empty", {}),
    "only_blanks": (" \n;;\n", "people-file-empty", {}),
    "headings_alone": (f"{HEAD}\n", "people-file-empty", {}),
    "no_headings": ("1001;Kari;Nordmann;;;\n", "people-file-no-headings", {}),
    "nul_byte": (f"{HEAD}\n1;K\0;N;;;\n", "people-file-not-text", {}),
    "mixed_encodings": (
        f"{HEAD}\n".encode() + "1;Kåre;Ås;;;\n".encode() + "2;Kåre;Ås;;;\n".encode("latin-1"),
        "people-file-garbled",
        {"line": 2},
    ),
    "utf8_twice": (f"{HEAD}\n1;Kåre;Ås;;;\n".encode().decode("cp1252").encode(), "people-file-garbled", {"line": 2}),
    "unclosed_quote": (f'{HEAD}\n1;"Kari;N;;;\n2;O;N;;;\n', "people-file-quotes", {}),
    "text_after_quote": (f'{HEAD}\n1;"Kari"x;N;;;\n', "people-file-quotes", {"line": 2}),
    "unknown_column": (
        f"{HEAD};Fødselsdato\n1;K;N;;;;x\n",
        "people-file-unknown-column",
        {"found": "Fødselsdato", "column": 7},
    ),
    "nameless_column": (
        "employee_number;;first_name;last_name\n1;x;K;N\n",
        "people-file-unknown-column",
        {"column": 2},
    ),
    "column_twice": (f"{HEAD};ansattnummer\n1;K;N;;;;1\n", "people-file-column-twice", {"column": 7, "first": 1}),
    "column_missing": ("ansattnummer;fornavn\n1;K\n", "people-file-column-missing", {"heading": "last name"}),
    "row_too_short": (f"{HEAD}\n1;K;N\n", "people-file-ragged", {"line": 2, "found": 3, "expected": 6}),
    "row_too_long": (f"{HEAD}\n1;K;N;;;;more\n", "people-file-ragged", {"line": 2, "found": 7, "expected": 6}),
    "duplicate": (f"{HEAD}\n1;K;N;;;\n2;O;N;;;\n1;K;N;;;\n", "people-file-duplicate", {"line": 4, "first": 2}),
    "number_missing": (f"{HEAD}\n ;K;N;;;\n", "people-file-value-missing", {"line": 2, "heading": "employee number"}),
    "name_missing": (f"{HEAD}\n1;K;;;;\n", "people-file-value-missing", {"line": 2, "heading": "last name"}),
    "number_too_long": (
        f"{HEAD}\n{'1' * 101};K;N;;;\n",
        "people-file-value-too-long",
        {"heading": "employee number", "limit": 100},
    ),
    "name_too_long": (f"{HEAD}\n1;{'K' * 201};N;;;\n", "people-file-value-too-long", {"heading": "first name"}),
    "email_too_long": (f"{HEAD}\n1;K;N;{'k' * 321};;\n", "people-file-value-too-long", {"heading": "email"}),
    "huge_cell": (f"{HEAD}\n1;{'K' * 200_000};N;;;\n", "people-file-quotes", {"line": 2}),
    "formula_equals": (f"{HEAD}\n1;=1+1;N;;;\n", "people-file-formula", {"line": 2, "heading": "first name"}),
    "formula_plus": (f"{HEAD}\n1;K;+N;;;\n", "people-file-formula", {"heading": "last name"}),
    "formula_minus": (f"{HEAD}\n1;K;N;;-;\n", "people-file-formula", {"heading": "unit"}),
    "formula_at": (f"{HEAD}\n1;K;N;@x;;\n", "people-file-formula", {"heading": "email"}),
    "formula_tab": (f"{HEAD}\n1;\tK;N;;;\n", "people-file-formula", {"heading": "first name"}),
    "formula_return": (f'{HEAD}\n1;"\rK";N;;;\n', "people-file-formula", {"heading": "first name"}),
    "formula_after_blank": (f"{HEAD}\n1; =K;N;;;\n", "people-file-formula", {"heading": "first name"}),
    "formula_in_number": (f"{HEAD}\n=1;K;N;;;\n", "people-file-formula", {"heading": "employee number"}),
    "line_break_in_cell": (f'{HEAD}\n1;"K\nL";N;;;\n', "people-file-control-character", {"heading": "first name"}),
    "escape_in_cell": (f"{HEAD}\n1;K\x1b[31m;N;;;\n", "people-file-control-character", {"heading": "first name"}),
    "national_id": (
        f"{HEAD}\n15108695088;K;N;;;\n",
        "people-file-national-id",
        {"line": 2, "heading": "employee number"},
    ),
    "national_id_spaced": (f"{HEAD}\n151086 95088;K;N;;;\n", "people-file-national-id", {"heading": "employee number"}),
    "national_id_d_number": (f"{HEAD}\n1;K;N;;55108600100;\n", "people-file-national-id", {"heading": "unit"}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_a_reason(name: str) -> None:
    text, code, facts = BAD[name]
    with pytest.raises(PeopleFileRefusedError) as refused:
        read_people(text if isinstance(text, bytes) else text.encode())

    found = refused.value.problems[0]
    assert found.code == code
    assert found.facts.items() >= facts.items()
    assert refused.value.facts == {"count": 1}
    assert isinstance(refused.value, RejectedError)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(PeopleFileRefusedError) as refused:
        read_people(f"{HEAD}\n1;=K;N;;;\n1;K;;;;\n3;K\n".encode())
    assert [one.code for one in refused.value.problems] == [
        "people-file-formula",
        "people-file-value-missing",
        "people-file-duplicate",
        "people-file-ragged",
    ]


def test_what_is_told_is_bounded_and_the_rest_counted() -> None:
    with pytest.raises(PeopleFileRefusedError) as refused:
        read_people(f"{HEAD}\n{'=1;K;N;;;' + chr(10)}".encode() + b"2;=K;N;;;\n" * 1 + b";;N;;;\n" * 500)
    assert len(refused.value.problems) == hr_csv.MAX_TOLD
    assert refused.value.facts["count"] == 1002


def test_a_problem_never_tells_what_stands_in_a_cell() -> None:
    text = f"{HEAD}\n15108695088;=Hemmelig;Navn\x07;;;\n1001;Kari;Nordmann\n".encode()
    with pytest.raises(PeopleFileRefusedError) as refused:
        read_people(text)
    told = " ".join([str(refused.value), *map(str, refused.value.problems)])
    assert not any(word in told for word in ("Hemmelig", "15108695088", "Navn", "Kari", "Nordmann"))


def test_a_file_without_headings_is_not_quoted() -> None:
    with pytest.raises(PeopleFileRefusedError) as refused:
        read_people(b"1001;Kari;Nordmann;kari@example.no;Helse;Lege\n")
    assert "Nordmann" not in str(refused.value.problems[0])


def test_a_workbook_is_refused_with_advice() -> None:
    with pytest.raises(PeopleFileRefusedError) as refused:
        read_people(b"PK\x03\x04\x14\x00\x06\x00\x08\x00")
    assert "CSV UTF-8" in str(refused.value.problems[0])


def test_limits_of_size_and_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hr_csv, "MAX_ROWS", 2)
    two = f"{HEAD}\n1;K;N;;;\n2;K;N;;;\n"
    assert len(read_people(two.encode())) == 2
    with pytest.raises(PeopleFileRefusedError) as rows:
        read_people(f"{two}3;K;N;;;\n".encode())
    monkeypatch.setattr(hr_csv, "MAX_MB", 0)
    with pytest.raises(PeopleFileRefusedError) as size:
        read_people(two.encode())
    assert [rows.value.problems[0].code, size.value.problems[0].code] == [
        "people-file-too-many-rows",
        "people-file-too-large",
    ]


def test_the_connector_reads_its_file(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(f"{HEAD}\n{LINE}\n")
    source = HrCsv(file=tmp_path / "people.csv")
    source.check()
    assert list(source.read()) == [KARI]
    [person] = source.people().people
    assert (person.employee_number, person.last_name, person.unit) == (KARI.employee_number, KARI.last_name, KARI.unit)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError):
        HrCsv(file=tmp_path / "gone.csv").check()


@pytest.mark.parametrize("number", ["\u200b", "10\u202e01", "\u00ad", "10\u200b01"])
def test_what_cannot_be_seen_is_refused(number: str) -> None:
    with pytest.raises(PeopleFileRefusedError) as refused:
        read_people(f"ansattnummer;fornavn;etternavn\n{number};Blåbær;Prøvesen\n".encode())
    assert [one.code for one in refused.value.problems] == ["people-file-control-character"]
