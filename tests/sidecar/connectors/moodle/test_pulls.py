"""Whole pulls, deltas and pulls a person at a time tell the same, and none tells what can't be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from practice_lms.state import Grade
from practice_lms.web_services.accounts import READER, Account
from practice_lms.web_services.reporting import ASKED_FOR
from practice_lms.web_services.training import COHORT_SYNC, SEED_AT
from sidecar.connectors.moodle import bulk
from sidecar.connectors.moodle.bulk import Pull
from sidecar.connectors.moodle.errors import (
    FilterIgnoredError,
    LanguageError,
    NoReportError,
    NotPermittedError,
    PeopleHiddenError,
    ReportMovedError,
    TimeZoneError,
)
from sidecar.connectors.records import CompletionPage, CompletionRecord
from tests.fakes.moodle import Form, PracticeMoodle

REPORT = ASKED_FOR.id
RETRIEVE = "core_reportbuilder_retrieve_report"
SEEDED = datetime.fromtimestamp(SEED_AT, UTC)


def _rows(pages: Iterable[CompletionPage]) -> list[CompletionRecord]:
    return [row for page in pages for row in page.rows]


def _by_key(rows: Iterable[CompletionRecord]) -> dict[tuple[str, str], CompletionRecord]:
    return {(row.holder, row.course_key): row for row in rows}


def _whole(moodle: PracticeMoodle, rows: int = 10, report_id: int = REPORT) -> list[CompletionRecord]:
    return _rows(Pull(moodle.calls, report_id, rows=rows).pages())


@pytest.mark.parametrize("report_id", [1, 2, 3, 4, 5, REPORT])
def test_a_report_and_a_person_at_a_time_tell_the_same(report_id: int) -> None:
    moodle = PracticeMoodle()
    moodle.lms.training.enrol("10", 3, COHORT_SYNC)
    moodle.lms.training.cohorts["ledere"] = ["10", "11"]
    at_once = _by_key(_rows(moodle.connector(report_id).completions()))
    one_by_one = _by_key(_rows(moodle.connector().completions()))
    assert at_once == one_by_one
    assert len(at_once) == 21 * 5
    assert any(row.completed_at for row in at_once.values())
    assert {row.course_title for row in at_once.values()} >= {"Personvern & GDPR", "Kurs uten fullføring"}


def test_deltas_tell_the_same_too() -> None:
    moodle = PracticeMoodle()
    since = SEEDED + timedelta(days=30)
    at_once = _by_key(_rows(moodle.connector(REPORT).completions(since)))
    assert at_once == _by_key(_rows(moodle.connector().completions(since)))
    whole = _by_key(_rows(moodle.connector(REPORT).completions()))
    begin = since.replace(second=0) - bulk.OVERLAP
    assert at_once == {key: r for key, r in whole.items() if r.completed_at and r.completed_at >= begin}
    assert 0 < len(at_once) < len(whole)


def test_grades_complete_the_course_of_the_links() -> None:
    moodle = PracticeMoodle()
    at = datetime(2026, 9, 1, 8, 30, 59, tzinfo=UTC)
    for item in moodle.lms.line_items.values():
        moodle.lms.grades[item.item_id, "10"] = Grade(100.0, at)
    found = _by_key(_whole(moodle))
    assert found[moodle.lms.people["10"].idnumber, "OBLIG"].completed_at == at.replace(second=0)


@pytest.mark.parametrize("size", [1, 7, 10, 104, 105, 106, 5000])
def test_pages_of_any_size_give_each_once(size: int) -> None:
    moodle = PracticeMoodle()
    found = _whole(moodle, size)
    assert len(found) == len(_by_key(found)) == 105


def test_a_delta_in_which_nothing_is_new_takes_three_calls() -> None:
    moodle = PracticeMoodle(Account("reader"))
    pages = list(moodle.connector(REPORT).completions(datetime(2030, 1, 1, tzinfo=UTC)))
    assert _rows(pages) == []
    assert len(moodle.lms.ws_calls) == 3
    assert moodle.lms.accounts["reader"].filters == {}


def test_five_thousand_rows_take_one_call() -> None:
    moodle = PracticeMoodle(Account("reader"))
    assert len(_whole(moodle, 5000)) == 105
    assert moodle.lms.ws_calls.count(RETRIEVE) == 3  # the page, and two of one row that prove it


def test_a_run_that_was_cut_off_goes_on_after_the_last_page() -> None:
    moodle = PracticeMoodle()
    first = list(islice(Pull(moodle.calls, REPORT, rows=20).pages(), 2))
    rest = Pull(moodle.calls, REPORT, rows=20).pages(first[-1].checkpoint)
    assert _rows(first) + _rows(rest) == _whole(moodle)
    whole = _rows(moodle.connector().completions())
    page = next(iter(moodle.connector().completions()))
    assert len(page.rows) == len(whole)  # 21 people are one page
    assert _rows(moodle.connector().completions(None, {"user": 20})) == whole[11 * 5 :]
    assert _rows(moodle.connector().completions(None, page.checkpoint)) == []


def test_a_checkpoint_that_is_not_ours_begins_anew() -> None:
    moodle = PracticeMoodle()
    assert len(_rows(Pull(moodle.calls, REPORT).pages({"page": "x", "total": None}))) == 105


def _when_page(moodle: PracticeMoodle, number: int, act: object) -> None:
    """Do something once, before a page is read."""
    waiting = [act]

    def before(form: Form) -> None:
        if form["wsfunction"] == RETRIEVE and form["page"] == str(number) and waiting:
            waiting.pop()()  # type: ignore[operator]  # it is what a test wants done

    moodle.before = before


def test_who_leaves_while_pages_are_read_hides_nobody() -> None:
    moodle = PracticeMoodle()
    everybody = set(_by_key(_whole(moodle)))
    gone = min(moodle.lms.people.values(), key=lambda one: one.idnumber or "~")
    _when_page(moodle, 4, lambda: moodle.lms.training.unenrol(gone.user_id, 3))
    found = set(_by_key(_whole(moodle)))
    assert found == everybody  # the row that was gone had been read; the one that took its place is not missed


def test_who_comes_while_pages_are_read_is_told_at_most_twice() -> None:
    moodle = PracticeMoodle()
    moodle.lms.training.unenrol("10", 3)
    without = set(_by_key(_whole(moodle)))
    _when_page(moodle, 4, lambda: moodle.lms.training.enrol("10", 3))
    assert set(_by_key(_whole(moodle))) >= without


def test_a_report_that_shrinks_by_more_than_a_page_is_not_trusted() -> None:
    moodle = PracticeMoodle()
    _when_page(moodle, 3, lambda: _clear(moodle))
    with pytest.raises(ReportMovedError):
        _whole(moodle)


def _clear(moodle: PracticeMoodle) -> None:
    for course_id in (3, 4, 5):
        moodle.lms.training.enrolments[course_id].clear()
    moodle.lms.training.changes += 1


def test_a_filter_that_somebody_sets_meanwhile_does_not_look_like_withdrawals() -> None:
    moodle = PracticeMoodle(Account("reader"))
    account = moodle.lms.accounts["reader"]
    values = '{"completion:timecompleted_operator": 3, "completion:timecompleted_from": 1}'
    _when_page(moodle, 0, lambda: account.set_filter(REPORT, values))
    assert len(_whole(moodle, 5000)) == 105  # it was noticed, and read again

    moodle.before = lambda form: account.set_filter(REPORT, values) if form.get("perpage") == "5000" else None  # type: ignore[assignment]
    with pytest.raises(ReportMovedError):
        _whole(moodle, 5000)


def test_a_filter_left_from_a_delta_that_was_killed_is_reset() -> None:
    moodle = PracticeMoodle(Account("reader"))
    next(iter(Pull(moodle.calls, REPORT, SEEDED, rows=5).pages()))
    assert moodle.lms.accounts["reader"].filters
    assert len(_whole(moodle)) == 105


def test_a_report_without_the_filter_is_no_delta() -> None:
    moodle = PracticeMoodle()
    with pytest.raises(FilterIgnoredError):
        _rows(moodle.connector(2).completions(SEEDED + timedelta(days=30)))


@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/New_York", "Asia/Kolkata"])
def test_another_time_zone_is_found_out_before_anything_is_told(zone: str) -> None:
    moodle = PracticeMoodle(Account("reader", zone=zone))
    with pytest.raises(TimeZoneError):
        next(iter(moodle.connector(REPORT).completions()))
    assert moodle.lms.accounts["reader"].filters == {}


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT"])
def test_utc_by_any_name_is_fine(zone: str) -> None:
    assert _rows(PracticeMoodle(Account("reader", zone=zone)).connector(REPORT).completions())


def test_another_language_is_told() -> None:
    moodle = PracticeMoodle(Account("reader", language="nb"))
    with pytest.raises(LanguageError):
        next(iter(moodle.connector(REPORT).completions()))


def test_the_least_privilege_is_enough_for_a_report_and_nothing_more() -> None:
    moodle = PracticeMoodle(Account("reader", can=READER))
    assert len(_rows(moodle.connector(REPORT).completions())) == 105
    assert {row.course_title for row in _rows(moodle.connector(2).completions())} >= {"GDPR"}  # no full names
    with pytest.raises(NotPermittedError):
        _rows(moodle.connector().completions())


def test_an_empty_list_that_means_not_allowed_is_told() -> None:
    moodle = PracticeMoodle(Account("half", can=frozenset({"moodle/course:view", "report/completion:view"})))
    with pytest.raises(PeopleHiddenError):
        _rows(moodle.connector().completions())


@pytest.mark.parametrize("courses", [[3], [3, 4, 5, 8, 10]])
def test_who_leaves_courses_while_they_are_read_breaks_nothing_off(courses: list[int]) -> None:
    moodle = PracticeMoodle()
    whole = _by_key(_rows(moodle.connector().completions()))

    def leave(form: Form) -> None:
        if form["wsfunction"] == "core_enrol_get_users_courses":
            for course in courses:
                moodle.lms.training.unenrol("11", course)

    moodle.before = leave
    left = _by_key(_rows(moodle.connector().completions()))
    gone = {key for key, row in whole.items() if row != left.get(key)}
    [holder] = {holder for holder, _ in gone}
    assert holder == "kongsberg-1002"
    assert not any(row.completed_at for (who, course), row in left.items() if who == holder and course == "BRANN")


def test_no_such_report() -> None:
    with pytest.raises(NoReportError):
        _rows(PracticeMoodle().connector(99).completions())


def test_a_layout_that_changes_between_pages_is_not_trusted() -> None:
    moodle = PracticeMoodle()
    known = moodle.lms.reports.known
    other = known[2]
    _when_page(moodle, 2, lambda: known.update({REPORT: other}))
    with pytest.raises(ReportMovedError):
        _whole(moodle)
