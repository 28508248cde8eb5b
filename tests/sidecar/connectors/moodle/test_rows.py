"""Rows of a report are read from English display texts, by heading; anything else is told, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sidecar.connectors.moodle import reports
from sidecar.connectors.moodle.errors import LanguageError, ReportLayoutError
from sidecar.connectors.moodle.rows import Layout, layout_of, read_moment, records
from sidecar.connectors.records import CompletionRecord
from tests.fakes.moodle import SaidMoodle, of_recording, recorded

EIGHT = ["ID number", "Email address", "Institution", "Department", "Course short name", "Name", "Completed"]
EIGHT += ["Time completed"]


def _records(name: str) -> list[CompletionRecord]:
    page = reports.retrieve(of_recording(name).calls(), 1, 0, 10)
    return list(records(page, layout_of(page.headings), {}, None))


def test_the_whole_recorded_report() -> None:
    found = _records("reportbuilder_retrieve_all_2000")
    assert len(found) == 1011
    assert sum(one.completed_at is not None for one in found) == 491
    assert {one.holder for one in found} >= {"EMP00001", "EMP00200"}
    assert found[1] == CompletionRecord("EMP00001", "GDPR", "GDPR", datetime(2026, 7, 5, 17, 38, tzinfo=UTC))


@pytest.mark.parametrize(
    "name",
    [
        "reportbuilder_retrieve_page0",
        "reportbuilder_retrieve_page1",
        "reportbuilder_retrieve_with_cohort",
        "least_priv_retrieve_report",
    ],
)
def test_other_columns_and_headings_that_repeat_do_no_harm(name: str) -> None:
    whole = {(one.holder, one.course_key): one for one in _records("reportbuilder_retrieve_all_2000")}
    for one in _records(name):
        assert one == whole[one.holder, one.course_key]


def test_a_report_without_other_columns() -> None:
    [first, *_] = _records("reportbuilder_retrieve_after_filter")
    at = datetime(2026, 11, 19, 10, 35, tzinfo=UTC)
    assert first == CompletionRecord("EMP00004", "SMITTE", "SMITTE", at)


@pytest.mark.parametrize("column", ["ID number", "Course short name", "Completed", "Time completed"])
def test_a_column_that_is_missing_or_there_twice_is_told(column: str) -> None:
    without = [name for name in EIGHT if name != column]
    for headings, count in ((without, 0), ([*EIGHT, column], 2)):
        with pytest.raises(ReportLayoutError) as raised:
            layout_of(headings)
        assert raised.value.facts == {"column": column, "count": count}


def test_headings_of_another_language_are_told_as_such() -> None:
    with pytest.raises(LanguageError):
        layout_of(["ID-nummer", "E-postadresse", "Kortnavn på kurs", "Navn", "Fullført", "Tidspunkt fullført"])


def _row(*cells: str) -> list[CompletionRecord]:
    page = reports.ReportPage(reports.Report(1, "", "", ""), tuple(EIGHT), [list(cells)], 1)
    return list(records(page, layout_of(EIGHT), {}, None))


TIME = "Sunday, 5 July 2026, 5:38 PM"


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("Ja", TIME),
        ("Nei", ""),
        ("yes", TIME),
        ("1", TIME),
        ("Yes", ""),
        ("Yes", "søndag, 5. juli 2026, 17:38"),
        ("Yes", "Sunday, July 5, 2026, 5:38 PM"),
        ("Yes", "5/07/26, 17:38"),
        ("Yes", "1783273080"),
        ("Yes", "Monday, 5 July 2026, 5:38 PM"),
        ("Yes", "Sunday, 32 July 2026, 5:38 PM"),
        ("Yes", "Sunday, 5 July 2026, 17:38"),
        ("Yes", "Sunday, 5 July 2026, 0:38 PM"),
        ("Yes", "Sunday, 5 July 2026, 5:61 PM"),
    ],
)
def test_what_is_not_english_is_told_and_says_what_to_set(said: str, time: str) -> None:
    with pytest.raises(LanguageError) as raised:
        _row("EMP1", "a@x", "", "", "BRANN", "Manual", said, time)
    assert "language of the token's user to English" in str(raised.value)


@pytest.mark.parametrize("said", ["No", ""])
def test_who_has_not_completed_or_not_begun_is_told_without_a_time(said: str) -> None:
    [one] = _row("EMP1", "a@x", "", "", "BRANN", "Manual", said, "")
    assert one.completed_at is None


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [("12:00 AM", 0, 0), ("12:59 AM", 0, 59), ("1:05 AM", 1, 5), ("12:00 PM", 12, 0), ("11:59 PM", 23, 59)],
)
def test_noon_and_midnight(text: str, hour: int, minute: int) -> None:
    assert read_moment(f"Sunday, 5 July 2026, {text}") == datetime(2026, 7, 5, hour, minute, tzinfo=UTC)


def test_a_way_of_enrolment_without_a_user_is_no_row() -> None:
    assert _row("", "", "", "", "BRANN", "Self enrolment (Student)", "", "") == []


def test_of_somebody_without_a_number_is_told_that_they_completed_and_not_who_they_are() -> None:
    [one] = _row("", "a@x", "", "", "BRANN", "Manual", "Yes", TIME)
    assert one.holder == ""
    assert "a@x" not in repr(one)
    assert _row("", "a@x", "", "", "BRANN", "Manual", "No", "") == []


def test_two_people_without_a_number_are_not_one() -> None:
    rows = [["", address, "", "", "BRANN", "Manual", "Yes", TIME] for address in ("a@x", "b@x")]
    page = reports.ReportPage(reports.Report(1, "", "", ""), tuple(EIGHT), rows, 2)
    assert len(list(records(page, layout_of(EIGHT), {}, None))) == 2


def test_several_ways_of_enrolment_and_cohorts_are_one_record_also_over_pages() -> None:
    rows = [["EMP1", "a@x", "", "", "BRANN", way, "Yes", TIME] for way in ("Manual", "Cohort sync", "Self")]
    page = reports.ReportPage(reports.Report(1, "", "", ""), tuple(EIGHT), rows, 3)
    layout = layout_of(EIGHT)
    assert len(list(records(page, layout, {}, None))) == 1
    assert list(records(page, layout, {}, ("EMP1", "BRANN"))) == []


def test_names_of_courses_come_as_they_were_typed() -> None:
    [one] = _row("EMP1", "a@x", "", "", "HMS &amp; ledelse", "Manual", "No", "")
    assert one.course_key == "HMS & ledelse"


def test_the_full_name_is_the_title_where_the_report_has_it() -> None:
    headings = ["ID number", "Course short name", "Course full name", "Completed", "Time completed"]
    assert layout_of(headings) == Layout(0, 1, 2, 3, 4)
    page = reports.ReportPage(reports.Report(1, "", "", ""), tuple(headings), [["E1", "B", "Brann", "No", ""]], 1)
    assert [one.course_title for one in records(page, layout_of(headings), {}, None)] == ["Brann"]


def test_a_page_past_the_end_has_no_records() -> None:
    assert recorded("reportbuilder_retrieve_past_end")["data"]["totalrowcount"] == 1011
    assert _records("reportbuilder_retrieve_past_end") == []
    assert SaidMoodle(lambda _: None).forms == []
