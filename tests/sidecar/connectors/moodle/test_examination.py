"""A test of the connection names every thing that lacks, and what to do about it in Moodle."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from practice_lms.web_services.accounts import READER, Account
from practice_lms.web_services.reporting import ASKED_FOR, REPORTS
from practice_lms.web_services.server import FUNCTIONS
from sidecar.connectors.base import MisconfiguredError, RefusedError, UnreachableError, set_up, settings_of
from sidecar.connectors.moodle import errors
from sidecar.connectors.moodle.connector import Moodle, MoodleLacksError
from sidecar.connectors.moodle.examination import (
    FOR_ALL,
    FOR_EACH,
    FOR_PATHS,
    FOR_PEOPLE,
    FOR_REPORT,
    SEEING_EACH,
    SEEING_PEOPLE,
    SEEING_REPORTS,
)
from sidecar.connectors.moodle.findings import TEXTS
from sidecar.connectors.over_http import NoWayOutError
from tests.fakes.moodle import PracticeMoodle, SaidMoodle, of_recording
from tests.house.sources import ROOT

REPORT = ASKED_FOR.id


def _found(moodle: PracticeMoodle, report_id: int | None = REPORT, **settings: object) -> dict[str, str]:
    found = moodle.connector(report_id, **settings).inspect().found
    assert all(each.text for each in found)
    return {each.code: each.outcome for each in found}


def test_all_is_well_with_the_report_that_is_asked_for() -> None:
    moodle = PracticeMoodle(Account("reader"))
    found = _found(moodle)
    assert found == dict.fromkeys(("site", "functions", "paths", "language", "report", "filter", "zone"), "ok")
    assert moodle.lms.accounts["reader"].filters == {}
    moodle.connector(REPORT).check()


def test_each_function_that_lacks_is_named() -> None:
    lacking = {"core_reportbuilder_set_filters", "core_reportbuilder_filters_reset"}
    moodle = PracticeMoodle(Account("reader", functions=frozenset(FUNCTIONS) - lacking))
    inspection = moodle.connector(REPORT).inspect()
    assert {each.facts["function"] for each in inspection.found if each.code == "function-missing"} == lacking
    assert isinstance(inspection.problem, errors.FunctionMissingError)
    [how] = [each.text for each in inspection.found if each.code == "make-user"]
    assert all(name in how for name in (*lacking, *READER, "webservice/rest:use", "UTC", "English"))


@pytest.mark.parametrize(
    ("functions", "found"),
    [
        (frozenset[str](), None),
        (frozenset({"core_course_create_courses"}), ("warning", 3)),
        (frozenset(FOR_PATHS), ("ok", 0)),
    ],
)
def test_it_tells_whether_learning_paths_can_be_set_up(
    functions: frozenset[str], found: tuple[str, int] | None
) -> None:
    moodle = PracticeMoodle(Account("reader", functions=frozenset({*FOR_ALL, *FOR_REPORT}) | functions))
    told = {each.code: each for each in moodle.connector(REPORT).inspect().found}
    one = told.get("paths") or told.get("paths-lack")
    lacking = str(one.facts.get("functions", "")).split(", ") if one else []
    assert (one and (one.outcome, len([*filter(None, lacking)]))) == found


def test_what_to_make_is_said_with_columns_in_order_sort_condition_and_filter() -> None:
    text = TEXTS["make-report"][1]
    places = [text.index(word) for word in ("ID number", "Course short name", "Course full name")]
    assert places == sorted(places)
    assert all(word in text for word in ("Active", "Filters", "Sorting", "Time completed", "Course participants"))


@pytest.mark.parametrize(
    ("account", "code", "error"),
    [
        (Account("a", language="nb"), "language-other", errors.LanguageError),
        (Account("a", zone="Europe/Oslo"), "zone-other", errors.TimeZoneError),
        (Account("a", can=frozenset()), "moodle-not-permitted", errors.NotPermittedError),
    ],
)
def test_what_is_wrong_with_the_tokens_user(account: Account, code: str, error: type[Exception]) -> None:
    moodle = PracticeMoodle(account)
    found = _found(moodle)
    assert found[code] == "failed"
    assert found["make-user"] == "skipped"
    with pytest.raises(error):
        moodle.connector(REPORT).check()


def test_the_time_zone_of_the_site_is_found_out_by_the_filter() -> None:
    class Hiding(PracticeMoodle):
        """Does not tell the zone of a user."""

    moodle = Hiding(Account("reader", zone="Europe/Oslo", functions=frozenset(FUNCTIONS)))
    account = moodle.lms.accounts["reader"]
    account.functions = frozenset(FUNCTIONS) - {"core_user_get_users_by_field"}
    found = _found(moodle)
    assert "zone-other" not in found
    assert found["moodle-time-zone"] == "failed"


@pytest.mark.parametrize(
    ("change", "code", "outcome"),
    [
        ({"source": "core_user\\reportbuilder\\datasource\\users"}, "report-source", "failed"),
        ({"has_condition": False}, "report-condition", "warning"),
        ({"filters": frozenset()}, "filter-missing", "failed"),
        ({"is_sorted": False}, "report-unsorted", "warning"),
        ({"columns": (*ASKED_FOR.columns, "completion:progresspercent")}, "report-progress", "warning"),
        ({"columns": ASKED_FOR.columns[:2] + ASKED_FOR.columns[3:]}, "report-column-advised", "warning"),
        ({"columns": ASKED_FOR.columns[1:]}, "moodle-report-layout", "failed"),
        ({"columns": ASKED_FOR.columns[:-1]}, "moodle-report-layout", "failed"),
    ],
)
def test_what_is_wrong_with_the_report(change: dict[str, object], code: str, outcome: str) -> None:
    moodle = PracticeMoodle(Account("reader"))
    moodle.lms.reports.known[REPORT] = replace(ASKED_FOR, **change)  # type: ignore[arg-type]  # the fields of it
    found = _found(moodle)
    assert found[code] == outcome
    assert ("make-report" in found) == (outcome == "failed")
    if outcome == "failed":
        with pytest.raises(MisconfiguredError):
            moodle.connector(REPORT).check()
    else:
        moodle.connector(REPORT).check()


def test_a_report_that_nobody_has_completed_anything_in_proves_no_zone() -> None:
    moodle = PracticeMoodle(Account("reader"))
    moodle.lms.training.done.clear()
    moodle.lms.training.changes += 1
    assert _found(moodle)["zone-unproven"] == "warning"


def test_the_recorded_reports_work() -> None:
    for report in REPORTS[:2]:
        found = _found(PracticeMoodle(Account("reader")), report.id)
        assert found["report"] == "ok"
        assert found["filter-missing"] == "failed"


def test_without_a_report_it_says_that_one_is_better_and_how_to_make_it() -> None:
    found = _found(PracticeMoodle(), None)
    assert found["no-report"] == "warning"
    assert found["each"] == "ok"
    assert found["make-report"] == "skipped"
    PracticeMoodle().connector().check()


def test_a_site_administrator_is_warned_of() -> None:
    assert _found(PracticeMoodle())["administrator"] == "warning"


def test_the_cohort() -> None:
    moodle = PracticeMoodle()
    assert _found(moodle, None, people_cohort="kommune-rollag")["cohort"] == "ok"
    assert "no-report" not in _found(moodle, None, people_cohort="kommune-rollag")
    assert _found(moodle, None, people_cohort="kommune-oslo")["moodle-no-cohort"] == "failed"
    blind = PracticeMoodle(Account("blind", can=frozenset({"moodle/cohort:view"})))
    assert _found(blind, None, people_cohort="kommune-rollag")["moodle-people-hidden"] == "failed"


def test_nothing_is_asked_for_that_only_writing_needs() -> None:
    writing = ("create", "enrol_manual", "add_cohort", "override")
    few = frozenset(name for name in FUNCTIONS if not any(word in name for word in writing))
    assert len(few) < len(FUNCTIONS)
    moodle = PracticeMoodle(Account("reader", functions=few))
    for cohort in ("", "kommune-rollag"):
        assert "function-missing" not in _found(moodle, REPORT, people_cohort=cohort)
    assert {entry.name for entry in settings_of(Moodle)} == {
        *("url", "token", "report_id", "people_cohort", "number_prefix")
    }


@pytest.mark.parametrize(
    ("moodle", "error"),
    [
        (of_recording("error_invalid_token"), RefusedError),
        (SaidMoodle(lambda _: b"<html>", 502), UnreachableError),
        (SaidMoodle(lambda _: b"<html>"), UnreachableError),
        (SaidMoodle(lambda _: b"", 403), MisconfiguredError),
    ],
)
def test_what_stops_the_test_is_what_it_raises_and_nothing_is_tried_twice(
    moodle: SaidMoodle, error: type[Exception]
) -> None:
    connection = Moodle(url="https://moodle.example/", token="t", report_id=1).reach_by(moodle)
    with pytest.raises(error):
        connection.check()
    assert len(moodle.forms) == 1
    assert [each.outcome for each in connection.inspect().found] == ["failed", "skipped", "skipped"]


def test_more_than_one_thing_to_do_is_counted() -> None:
    moodle = PracticeMoodle(Account("reader", language="nb", functions=frozenset(FUNCTIONS)))
    moodle.lms.reports.known[REPORT] = replace(ASKED_FOR, filters=frozenset())
    account = moodle.lms.accounts["reader"]
    account.language = "en"
    account.zone = "Europe/Oslo"
    with pytest.raises(MoodleLacksError) as raised:
        moodle.connector(REPORT).check()
    assert raised.value.facts == {"count": 2}


@pytest.mark.parametrize(
    "url",
    ["", "moodle.example.no", "ftp://moodle.example.no", "https://", "https://u:p@moodle.example", "https://m/?a=b"],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(MisconfiguredError):
        set_up(Moodle, {"url": url, "token": "t"})


def test_the_settings_are_read_from_text() -> None:
    made = set_up(Moodle, {"url": "https://moodle.example.no/", "token": "secret", "report_id": "5"})
    assert (made.report_id, made.people_cohort) == (5, "")
    assert "secret" not in repr(made)
    with pytest.raises(NoWayOutError):
        made.check()
    with pytest.raises(MisconfiguredError):
        set_up(Moodle, {"url": "https://moodle.example.no", "token": "t", "report_id": "five"})


def test_every_finding_and_all_that_is_to_make_is_in_the_docs() -> None:
    docs = (ROOT / "docs" / "moodle.md").read_text("utf-8")
    chapter = docs.partition("## Completions and people over web services")[2].partition("\n## ")[0]
    explained = re.findall(r"^\| `([a-z-]+)` \| .{10,} \|$", chapter, re.MULTILINE)
    assert sorted(explained) == sorted(TEXTS)
    needed = (*FOR_ALL, *FOR_REPORT, *FOR_EACH, *FOR_PEOPLE, *SEEING_REPORTS, *SEEING_EACH, *SEEING_PEOPLE)
    assert [name for name in needed if f"`{name}`" not in chapter] == []
