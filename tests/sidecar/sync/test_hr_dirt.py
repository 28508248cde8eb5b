"""Every kind of dirt that HR systems export: see the facts on Norwegian municipalities."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from sidecar.connecting import add_connection
from sidecar.core.hash_keys import HashKey
from sidecar.core.people import Employment, Position
from sidecar.core.person_matches import PersonIdentifier
from sidecar.core.units import Unit, UnitPlace
from sidecar.sync import sources
from sidecar.sync.people_previews import preview
from tests.sidecar.sync.hr import OPERATOR, Hr, error_of, finish, remarks_of

NATIONAL_ID = "15108695088"
D_NUMBER = "55108600100"
RICH = "ansattnr;fornavn;etternavn;enhetskode;enhet;overordnet enhet;stilling;stillingskode;prosent"
RICH += ";startdato;sluttdato;leder"


def employments(hr: Hr) -> dict[str, Employment]:
    with hr.sidecar.reading() as db:
        found = db.scalars(select(Employment)).all()
        db.expunge_all()
    return {one.employee_number: one for one in found}


def test_no_unit(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;;;Lege")
    assert hr.run().state == "done"
    assert hr.people()["1"] == ("Kari", "Nordmann", None, "")
    assert employments(hr)["1"].unit_id is None


def test_no_position_code_and_no_start_date(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;10;Helse;;Lege;;80,5 %;;;", head=RICH)
    assert hr.run().state == "done"
    kari = employments(hr)["1"]
    assert (kari.started_on, kari.percentage, kari.position) == (None, 80.5, "Lege")


@pytest.mark.parametrize(
    "day", ["2026-02-01", "01.02.2026", "1.2.2026", "20260201", "01/02/2026", "2026-02-01T00:00:00"]
)
def test_days_as_they_are_written(hr: Hr, day: str) -> None:
    hr.write(f"1;Kari;Nordmann;10;Helse;;Lege;;100;{day};31.12.9999;", head=RICH)
    assert hr.run().state == "done"
    kari = employments(hr)["1"]
    assert (kari.started_on, kari.ended_on) == (date(2026, 2, 1), None)


def test_several_positions_in_one_unit_and_in_two(hr: Hr) -> None:
    hr.write(
        "1;Kari;Nordmann;10;Helse;;Lege;1;50;;;",
        "2;Ola;Hansen;20;Skole;;Rektor;2;100;;;",
        "1;Kari;Nordmann;10;Helse;;Vakt;3;20;;;",
        "1;Kari;Nordmann;20;Skole;;Lærer;4;30;;;",
        head=RICH,
    )
    assert hr.run().counts == {"added": 2}
    with hr.sidecar.reading() as db:
        kari = employments(hr)["1"]
        held = db.scalars(select(Position).where(Position.employment_id == kari.id)).all()
        assert sorted((one.title, one.percentage, one.is_main) for one in held) == [
            ("Lege", 50, True),
            ("Lærer", 30, False),
            ("Vakt", 20, False),
        ]
    assert (kari.unit, kari.percentage) == ("Helse", 100)
    assert hr.run().counts == {"unchanged": 2}


def test_a_second_position_that_is_told_no_more_ends(hr: Hr) -> None:
    rows = ["1;Kari;Nordmann;10;Helse;;Lege;;50;;;", "1;Kari;Nordmann;20;Skole;;Lærer;;50;;;"]
    hr.write(*rows, head=RICH)
    hr.run()
    hr.write(rows[0], head=RICH)
    assert hr.run().state == "done"
    with hr.sidecar.reading() as db:
        assert set(db.scalars(select(Position.ended_on))) == {hr.sidecar.today()}
    assert employments(hr)["1"].percentage == 50


def test_units_without_direct_staff_are_in_the_tree(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;10;Avdeling;1;Lege;;;;;", head=RICH)
    hr.run()
    with hr.sidecar.reading() as db:
        keys = {one.id: one.key for one in db.scalars(select(Unit))}
        below = {keys[one.unit_id]: keys.get(one.parent_id or "") for one in db.scalars(select(UnitPlace))}
    assert below == {"10": "1", "1": None}


def test_a_wrong_email_address_is_kept_out_and_the_person_comes_in(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;ikke en adresse;Helse;", "2;Ola;Hansen;ola@x.no;Skole;")
    run = hr.run()
    assert (run.state, run.counts) == ("done", {"added": 2, "emails_kept_out": 1})
    assert hr.people()["1"][2] is None


def test_an_address_that_several_have_is_nobodys(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;post@x.no;Helse;", "2;Ola;Hansen;POST@x.no;Skole;", "3;Eva;Li;eva@x.no;Skole;")
    assert hr.run().counts == {"added": 3, "emails_kept_out": 2}
    assert [row[2] for row in hr.people().values()] == [None, None, "eva@x.no"]
    assert hr.run().counts == {"unchanged": 3, "emails_kept_out": 2}
    hr.write("1;Kari;Nordmann;post@x.no;Helse;", "2;Ola;Hansen;ola@x.no;Skole;", "3;Eva;Li;eva@x.no;Skole;")
    assert hr.run().counts == {"changed": 2, "unchanged": 1}
    assert hr.people()["1"][2] == "post@x.no"


def test_a_feed_that_drops_half_the_staff_changes_nothing(hr: Hr) -> None:
    hr.write(*hr.staff(40))
    hr.run()
    hr.write(*hr.staff(20))
    assert hr.run().state == "quarantined"
    assert len(hr.people()) == 40


def test_another_municipality_s_staff_is_refused_by_its_organisation_number(hr: Hr) -> None:
    head = "ansattnr;fornavn;etternavn;orgnr"
    hr.write(*(f"{n};K;N{n};942402465" for n in range(5)), head=head)
    assert hr.run().state == "done"
    hr.write(*(f"{n};O;R{n};964963282" for n in range(5)), head=head)
    run = hr.run()
    assert (run.state, run.error_code) == ("failed", "people-feed-bad")
    assert {one["code"] for one in remarks_of(run)} == {"people-file-other-employer"}
    assert hr.people()["1"][1] == "N1"


def test_a_municipality_number_that_changed_in_a_reform_changes_nobody(hr: Hr) -> None:
    head = "ansattnr;fornavn;etternavn;kommunenr;orgnr"
    hr.write("1;Kari;Nordmann;3006;942 402 465", head=head)
    hr.run()
    hr.write("1;Kari;Nordmann;3303;942402465", head=head)
    assert hr.run().counts == {"unchanged": 1}


@pytest.mark.parametrize("number", [NATIONAL_ID, D_NUMBER, "151086 95088"])
def test_a_national_id_as_employee_number_is_kept_out(hr: Hr, number: str) -> None:
    hr.write(f"{number};Kari;Nordmann;;;", "2;Ola;Hansen;;;")
    run = hr.run()
    assert (run.state, run.counts) == ("done", {"added": 1, "set_aside": 1})
    assert run.remarks == [{"line": 2, "code": "people-file-national-id"}]


def test_a_file_with_national_ids_for_numbers_is_refused(hr: Hr) -> None:
    hr.write(f"{NATIONAL_ID};Kari;Nordmann;;;", f"{D_NUMBER};Ola;Hansen;;;")
    assert hr.run().error_code == "people-feed-bad"
    assert hr.people() == {}


@pytest.mark.sqlite
def test_a_mapped_national_id_is_hashed_and_kept_nowhere(hr: Hr) -> None:
    hr.write(f"1;Kari;Nordmann;{NATIONAL_ID}", head="ansattnr;fornavn;etternavn;fnr")
    assert hr.run().state == "done"
    assert hr.count(HashKey) == 0  # nobody mapped the column, so nobody read it
    mapping = sources.read_columns([("fnr", "national_id")])
    sources.configure(hr.sidecar, OPERATOR, hr.source_id, mapping=mapping)
    hr.run()
    with hr.sidecar.reading() as db:
        [kept] = db.scalars(select(PersonIdentifier).where(PersonIdentifier.kind == "national-id-hash"))
    assert len(kept.value) == 64
    assert NATIONAL_ID not in (hr.sidecar.settings.data / "sidecar.sqlite3").read_bytes().decode("latin-1")


BAD_ROWS = {
    "ragged": ("1;Kari", "people-file-ragged"),
    "nameless": ("1;;Nordmann;;;", "people-file-value-missing"),
    "formula": ("1;=K;Nordmann;;;", "people-file-formula"),
    "formula first": ("=1;Kari;Nordmann;;;", "people-file-formula"),
    "formula behind spaces": ("1;Kari;Nordmann;;; \u00a0＝K", "people-file-formula"),
    "national id": ("1;Kari;Nordmann;;;151086 95088", "people-file-national-id"),
    "national id in a long text": (f"1;Åse;Nordmann;;Helse {NATIONAL_ID}.;", "people-file-national-id"),
    "long number": (f"{'1' * 101};Kari;Nordmann;;;", "people-file-value-too-long"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_set_aside_and_told_and_the_rest_goes_in(hr: Hr, name: str) -> None:
    row, code = BAD_ROWS[name]
    hr.write(row, "2;Ola;Hansen;;;")
    run = hr.run()
    assert (run.state, run.counts, run.remarks) == (
        "done",
        {"added": 1, "set_aside": 1},
        [{"line": 2, "code": code}],
    )


def test_whose_row_is_bad_today_has_not_left(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;;;", "2;Ola;Hansen;;;")
    hr.run()
    hr.write("1;;Nordmann;;;", "2;Ola;Hansen;;;")
    assert hr.run().counts == {"unchanged": 1, "set_aside": 1}
    assert set(hr.people()) == {"1", "2"}


def test_two_people_with_one_number_are_both_left_as_they_were(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;;;", "2;Ola;Hansen;;;")
    hr.run()
    hr.write("1;Kari;Nordmann;;Ny;", "1;Per;Li;;Helse;", "2;Ola;Hansen;;;")
    run = hr.run()
    assert run.counts == {"unchanged": 1, "set_aside": 1}
    assert remarks_of(run)[0]["code"] == "people-file-duplicate"
    assert hr.people()["1"] == ("Kari", "Nordmann", None, "")


def test_too_many_bad_rows_refuse_the_feed(hr: Hr) -> None:
    hr.write(*[f"{n};;;;;" for n in range(6)], *hr.staff(50, first=100))
    run = hr.run()
    assert (run.state, run.error_code, error_of(run)["facts"]) == (
        "failed",
        "people-feed-bad",
        {"count": 6, "total": 56},
    )
    assert hr.people() == {}


def test_yesterday_s_file_again_changes_nothing(hr: Hr) -> None:
    hr.write(*hr.staff(5))
    hr.run()
    assert hr.run().counts == {"unchanged": 5}


def test_who_had_left_before_we_knew_them_is_not_taken_in(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;;;;;;;2020-01-01;2021-01-01;", "2;Ola;Hansen;;;;;;;;;", head=RICH)
    assert hr.run().counts == {"added": 1, "left_before": 1}


def test_a_last_day_ends_the_employment(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;;;;;;;;;", head=RICH)
    hr.run()
    hr.write("1;Kari;Nordmann;;;;;;;;2026-12-31;", head=RICH)
    assert hr.run().counts == {"changed": 1, "ended": 1}
    assert employments(hr)["1"].ended_on == date(2026, 12, 31)


def test_a_workbook_is_read_like_a_file(hr: Hr, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet(index=0)
    sheet.append(["Ansattnr", "Fornavn", "Etternavn", "Startdato", "Prosent", "Ukjent"])
    sheet.append([1001, "Kari", "Nordmann", date(2026, 2, 1), 0.8, "x"])
    sheet.append([])
    sheet.append([1002.0, "Ola", "Hansen", None, None, None])
    book.save(hr.file)
    assert hr.run().counts == {"added": 2}
    kari = employments(hr)["1001"]
    assert (kari.started_on, kari.percentage) == (date(2026, 2, 1), 80)


def test_a_broken_workbook_is_refused(hr: Hr) -> None:
    hr.file.write_bytes(b"PK\x03\x04 nothing of the kind")
    assert hr.run().error_code == "people-file-workbook"


def test_the_mapping_is_kept_and_a_mapped_column_that_is_gone_refuses_the_file(hr: Hr) -> None:
    pairs = [("Nr", "employee_number"), ("Navn 1", "first_name"), ("Navn 2", "last_name"), ("Enhet", "")]
    sources.configure(hr.sidecar, OPERATOR, hr.source_id, mapping=sources.read_columns(pairs))
    hr.write("1;Kari;Nordmann;Helse", head="Nr;Navn  1;Navn 2;Enhet")
    assert hr.run().state == "done"
    assert hr.people()["1"] == ("Kari", "Nordmann", None, "")
    hr.write("1;Kari;Nordmann", head="Nummer;Navn 1;Navn 2")
    assert hr.run().state == "failed"


def test_a_preview_says_all_and_changes_nothing(hr: Hr) -> None:
    hr.write("1;Kari;Nordmann;kari@x.no;Helse;x", "2;;Hansen;;;x", head="ansattnr;fornavn;etternavn;epost;enhet;Farge")
    found = preview(hr.sidecar, OPERATOR, hr.source_id)
    assert (found.rows, found.would_add, found.bad_rows) == (1, 1, 1)
    assert found.columns
    assert dict(zip(found.columns.headings, found.columns.meanings, strict=True))["Farge"] == ""
    assert [(one.employee_number, one.unit) for one in found.sample] == [("1", "Helse")]
    assert hr.rows() == []
    hr.write(*hr.staff(20))
    hr.run()
    hr.write(*hr.staff(10), "99;Ny;Nysen;;;")
    found = preview(hr.sidecar, OPERATOR, hr.source_id)
    assert (found.would_add, found.would_end, found.unchanged, found.asks_first) == (1, 10, 10, True)


def test_an_uploaded_file_is_read_once_and_forgotten(hr: Hr) -> None:
    connection = add_connection(hr.sidecar, OPERATOR, hr.municipality.id, "hr_upload", {})
    source = sources.add_source(hr.sidecar, OPERATOR, connection.id)
    stored = hr.sidecar.storage.put([b"ansattnr;fornavn;etternavn\n1;Kari;Nordmann\n"])
    run = finish(hr.sidecar, sources.run_file(hr.sidecar, OPERATOR, source.id, stored.digest))
    assert run.counts == {"added": 1}
    hr.source_id = source.id
    run = hr.run()
    assert (run.state, run.error_code) == ("failed", "people-file-none")
