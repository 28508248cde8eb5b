"""Test that what municipalities' systems read stays as it is: headings, words, names of files, to the byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sidecar.core.report_specs import BASIC, COLUMNS, Defined, Spec
from sidecar.reports import words
from sidecar.reports.columns import Value, columns_of, eraser_of, readers_of
from sidecar.reports.document import Document, Line
from sidecar.reports.formats import csv
from sidecar.reports.sorted_rows import canonical

VALUES: tuple[Value, ...] = (
    "0071", "Ås", "Kåre", "Helse", "Brannvern", 2, "completed", "2026-09-03", 0.855, "Moodle",
)  # fmt: skip


def _csv(target: Path, language: str, values: tuple[Value, ...] = VALUES, *, is_erased: bool = False) -> bytes:
    columns = columns_of(BASIC.spec, language)
    cells = tuple(read(canonical(value)) for read, value in zip(readers_of(columns, language), values, strict=True))
    line = Line(eraser_of(columns, language)(cells) if is_erased else cells, "e")
    document = Document(
        kind="completions",
        title="Fullføringer",
        municipality="Kongsberg kommune",
        org_number="942402465",
        period="2026-09",
        first_day=date(2026, 9, 1),
        last_day=date(2026, 9, 30),
        language=language,
        columns=columns,
        row_count=1,
        lines=lambda: iter([line]),
    )
    csv.write(document, target)
    return target.read_bytes()


def test_csv_to_the_byte(tmp_path: Path) -> None:
    assert _csv(tmp_path / "csv", "nb") == (
        "\ufeffansattnummer;etternavn;fornavn;enhet;kurs;kursversjon;status;fullført;resultat;kilde\r\n"
        "0071;Ås;Kåre;Helse;Brannvern;2;fullført;2026-09-03;85,5 %;Moodle\r\n".encode()
    )


@pytest.mark.parametrize(
    ("language", "headings", "row"),
    [
        (
            "nb",
            "ansattnummer;etternavn;fornavn;enhet;kurs;kursversjon;status;fullført;resultat;kilde",
            "0071;Ås;Kåre;Helse;Brannvern;2;fullført (etterslep);2026-09-03;85,5 %;kursspilleren",
        ),
        (
            "nn",
            "tilsettnummer;etternamn;fornamn;eining;kurs;kursversjon;status;fullført;resultat;kjelde",
            "0071;Ås;Kåre;Helse;Brannvern;2;fullført (etterslep);2026-09-03;85,5 %;kursspelaren",
        ),
        (
            "en",
            "employee number;last name;first name;unit;course;course version;status;completed;result;source",
            "0071;Ås;Kåre;Helse;Brannvern;2;completed (late);2026-09-03;85.5 %;course player",
        ),
    ],
)
def test_the_municipality_s_language(tmp_path: Path, language: str, headings: str, row: str) -> None:
    late = (*VALUES[:6], "late", *VALUES[7:9], "player")
    assert _csv(tmp_path / "csv", language, late).decode("utf-8-sig").splitlines() == [headings, row]


@pytest.mark.parametrize(("language", "word"), [("nb", "slettet"), ("nn", "sletta"), ("en", "erased")])
def test_the_erased_have_a_word_for_a_name(tmp_path: Path, language: str, word: str) -> None:
    bare = ("", "", "", "", *VALUES[4:8], None, "lms")
    row = _csv(tmp_path / "csv", language, bare, is_erased=True).decode("utf-8-sig").splitlines()[1]
    assert row.split(";")[:4] == [word, word, word, ""]
    assert row.split(";")[8] == ""


def test_every_column_and_state_has_its_words() -> None:
    for language in ("nb", "nn", "en"):
        assert all(words.heading(key, language) for keys in COLUMNS.values() for key in keys)
        assert all(words.state_word(one, language) for one in ("finished", "started", "missing", "expiring"))
        assert all(words.kind_title(kind, language) for kind in COLUMNS)


def test_names() -> None:
    assert words.file_stem(BASIC, "kongsberg", "2026-01-01/2026-03-31", "nb") == (
        "fullforinger-kongsberg-2026-01-01--2026-03-31"
    )
    assert words.file_stem(BASIC, "hjartdal", "2026-09", "nn") == "fullforingar-hjartdal-2026-09"
    named = Defined("d", "Lovpålagt: år/måned", 1, replace(Spec(), kind="status"))
    assert words.file_stem(named, "hjartdal", "2026", "nn") == "lovpalagt-ar-maned-hjartdal-2026"
    assert words.title_of(named, "nn") == "Lovpålagt: år/måned"
    title = words.title_of(BASIC, "nb")
    assert words.subject(title, "Kongsberg kommune", "2026-09") == "Fullføringer Kongsberg kommune 2026-09"
