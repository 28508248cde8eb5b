"""The web services of the practice LMS answer in the shapes that were recorded of a Moodle 4.5.6."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.state import Grade, Lms
from practice_lms.web_services.accounts import Account
from practice_lms.web_services.reporting import ASKED_FOR
from practice_lms.web_services.training import Course

RECORDINGS = Path(__file__).parents[1] / "data" / "moodle"
OWN_IDS = {"courseid": "3", "userid": "11", "cmid": "31"}
"""What stands for the course, the user and the activity of a recording."""

LEFT_OUT = {"description", "descriptionformat", "preferences", "filters", "courseformatoptions", "fullmessagehtml"}
"""Fields that depend on what a site has, and that nobody reads."""


@pytest.fixture
def app() -> Flask:
    return create_app(Config(issuer="https://moodle.example", ws_token="admin"))


@pytest.fixture
def lms(app: Flask) -> Lms:
    return lms_of(app)


def _call(app: Flask, function: str, token: str = "admin", **form: object) -> Any:  # noqa: ANN401 (JSON)
    fields = {"wstoken": token, "wsfunction": function, "moodlewsrestformat": "json", **form}
    answer = app.test_client().post("/webservice/rest/server.php", data=fields)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    return json.loads(answer.data)


def _recording(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return found


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _shape(value: object, path: str = "") -> set[tuple[str, str]]:
    """Return the kind of every value by its place; all elements of a list stand in one place."""
    if isinstance(value, dict):
        inner = (_shape(each, f"{path}.{name}") for name, each in value.items() if name not in LEFT_OUT)
        return {(path, "object")}.union(*inner)
    if isinstance(value, list):
        return {(path, "list")}.union(*(_shape(each, f"{path}[]") for each in value))
    return {(path, _kind(value))}


def _places(shape: set[tuple[str, str]]) -> set[str]:
    return {place for place, _ in shape}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("activities_completion_completed_user", OWN_IDS),
        ("activities_completion_partial_user", OWN_IDS | {"userid": "10"}),
        ("activities_completion_disabled_course", OWN_IDS | {"courseid": "8"}),
        ("cohorts_all", {}),
        ("cohort_members", {}),
        ("course_completion_completed_user", OWN_IDS),
        ("course_completion_nothing_done_user", OWN_IDS | {"userid": "10"}),
        ("courses_all", {}),
        ("courses_by_field_shortname", {}),
        ("courses_by_field_none", {}),
        ("create_course", {"courses[0][shortname]": "NYTT"}),
        ("enrol_user_null_response", {"enrolments[0][userid]": "11"}),
        ("enrolled_users_fields", {"courseid": "3"}),
        ("users_courses", {"userid": "10"}),
        ("grade_items_user", OWN_IDS),
        ("override_activity_completion", OWN_IDS),
        ("override_activity_completion_undo", OWN_IDS),
        ("users_by_field_username", {"values[0]": "rollag1", "values[1]": "tinn2"}),
        ("users_by_field_none_found", {}),
        ("users_search_by_email_wildcard", {}),
        ("reportbuilder_list_reports", {}),
        ("reportbuilder_retrieve_page0", {}),
        ("reportbuilder_retrieve_page1", {}),
        ("reportbuilder_retrieve_past_end", {}),
        ("reportbuilder_retrieve_with_cohort", {}),
        ("reportbuilder_retrieve_all_2000", {}),
        ("reportbuilder_set_filters_timecompleted_range", {}),
        ("reportbuilder_filters_reset", {}),
        ("site_info", {}),
    ],
)
def test_an_answer_has_the_recorded_shape(app: Flask, name: str, changes: dict[str, str]) -> None:
    recording = _recording(name)
    request, expected = recording["request"], recording["response"]["json"]
    given = _call(app, request["wsfunction"], **(request["form"] | changes))
    recorded, practised = _shape(expected), _shape(given)
    if isinstance(expected, list) and not expected:
        assert given == []
        return
    known = _places(recorded)
    assert practised <= recorded | {(place, "null") for place in known} | _may_be_either(recorded)
    if _places(practised) != known:
        assert known - _places(practised) <= SOMETIMES, name


SOMETIMES = {"[].numsections", "[].hiddensections", ".data.rows[]", ".data.rows[].columns", ".data.rows[].columns[]"}
SOMETIMES |= {".statuses[].details[]", ".statuses[].details[].rulename", ".statuses[].details[].rulevalue"}
SOMETIMES |= {f".statuses[].details[].rulevalue.{name}" for name in ("status",)}
"""Places of a recording that an answer need not have."""


def _may_be_either(recorded: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return null made a number or text, as of what somebody has not done and somebody else has."""
    return {(place, kind) for place, found in recorded if found == "null" for kind in ("number", "str", "bool")}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("error_invalid_token", {}),
        ("error_unknown_function", {}),
        ("error_unknown_record", {}),
        ("error_invalid_parameter", {}),
        ("error_invalid_parameter_missing", {}),
        ("error_invalid_parameter_type", {}),
        ("course_completion_disabled_course_error", OWN_IDS | {"courseid": "8"}),
        ("course_completion_guest_user_error", {"courseid": "3"}),
        ("course_completion_nocriteria_error", {"courseid": "10", "userid": "10"}),
        ("course_completion_site_admin_not_enrolled", {"courseid": "3"}),
        ("course_completion_user_not_enrolled_error", {"courseid": "3", "userid": "3"}),
        ("reportbuilder_unknown_report_error", {}),
    ],
)
def test_a_refusal_is_the_recorded_one(app: Flask, name: str, changes: dict[str, str]) -> None:
    recording = _recording(name)
    request = recording["request"]
    token = "admin" if request["wstoken"] == "ADMIN_TOKEN" else "unknown"
    assert _call(app, request["wsfunction"], token, **(request["form"] | changes)) == recording["response"]["json"]


def test_a_short_name_that_is_taken(app: Flask) -> None:
    recording = _recording("create_course_duplicate_error")
    assert _call(app, "core_course_create_courses", **recording["request"]["form"]) == recording["response"]["json"]


@pytest.mark.parametrize(
    "name",
    [
        "error_missing_capability_cohorts",
        "error_missing_capability_other_user_completion",
        "reportbuilder_no_access_error",
        "least_priv_enrolled_users_error",
    ],
)
def test_what_a_role_lacks_is_refused_as_recorded(app: Flask, lms: Lms, name: str) -> None:
    lms.add_account(Account("poor", can=frozenset()))
    recording = _recording(name)
    form = recording["request"]["form"]
    assert _call(app, recording["request"]["wsfunction"], "poor", **form) == recording["response"]["json"]


def test_what_is_not_in_the_service_is_refused_as_recorded(app: Flask, lms: Lms) -> None:
    lms.add_account(Account("narrow", functions=frozenset({"core_webservice_get_site_info"})))
    assert (
        _call(app, "core_course_get_courses", "narrow")
        == _recording("error_function_not_in_service")["response"]["json"]
    )
    assert [each["name"] for each in _call(app, "core_webservice_get_site_info", "narrow")["functions"]] == [
        "core_webservice_get_site_info"
    ]


def test_an_unknown_key_finds_everybody_with_a_warning(app: Flask, lms: Lms) -> None:
    form = {"criteria[0][key]": "institution", "criteria[0][value]": "Rollag"}
    given = _call(app, "core_user_get_users", **form)
    expected = _recording("users_search_unknown_key_returns_ALL_with_warning")["response"]["json"]
    assert len(given["users"]) == len(lms.people)
    assert [each["warningcode"] for each in given["warnings"]] == [each["warningcode"] for each in expected["warnings"]]
    assert set(given["warnings"][0]) == set(expected["warnings"][0])


def test_who_may_see_nobody_gets_empty_lists(app: Flask, lms: Lms) -> None:
    lms.add_account(Account("reader"))
    assert _call(app, "core_user_get_users_by_field", "reader", **{"field": "id", "values[0]": "10"}) == []
    assert _call(app, "core_enrol_get_users_courses", "reader", userid="10") == []
    own = _call(app, "core_user_get_users_by_field", "reader", **{"field": "id", "values[0]": "900"})
    assert own[0]["timezone"] == "UTC"


def _page(app: Flask, token: str = "admin", report: int = ASKED_FOR.id, size: int = 0, page: int = 0) -> Any:  # noqa: ANN401 (JSON)
    form = {"reportid": report, "page": page, "perpage": size}
    return _call(app, "core_reportbuilder_retrieve_report", token, **form)["data"]


def test_a_grade_completes_and_is_shown_in_the_language_and_zone_of_the_tokens_user(app: Flask, lms: Lms) -> None:
    lms.add_account(Account("norsk", language="nb", zone="Europe/Oslo", can=None))
    for item in lms.line_items.values():
        lms.grades[item.item_id, "10"] = Grade(100.0, datetime(2026, 7, 5, 15, 38, 30, tzinfo=UTC))
    lms.training.changes += 1
    number = lms.people["10"].idnumber
    english = next(
        row["columns"] for row in _page(app)["rows"] if row["columns"][0] == number and "OBLIG" in row["columns"]
    )
    norwegian = _page(app, "norsk")
    other = next(
        row["columns"] for row in norwegian["rows"] if row["columns"][0] == number and "OBLIG" in row["columns"]
    )
    assert english[-2:] == ["Yes", "Sunday, 5 July 2026, 3:38 PM"]
    assert other[-2:] == ["Ja", "søndag, 5. juli 2026, 17:38"]
    assert norwegian["headers"][-2:] == ["Fullført", "Tidspunkt fullført"]


def test_a_filter_is_kept_for_the_tokens_user_alone(app: Flask, lms: Lms) -> None:
    for name in ("one", "two"):
        lms.add_account(Account(name))
    values = json.dumps({"completion:timecompleted_operator": 3, "completion:timecompleted_from": 1})
    everything = _page(app, "one")["totalrowcount"]
    assert _call(app, "core_reportbuilder_set_filters", "one", reportid=6, parameters="", values=values) is True
    assert 0 < _page(app, "one")["totalrowcount"] < everything == _page(app, "two")["totalrowcount"]
    assert _page(app, "one", report=2)["totalrowcount"] == everything
    assert _call(app, "core_reportbuilder_filters_reset", "one", reportid=6) is True
    assert _page(app, "one")["totalrowcount"] == everything


def test_unused_ways_of_enrolment_add_empty_rows_without_the_condition(app: Flask) -> None:
    rows = _page(app, report=5)["rows"]
    assert sum(row["columns"][0] == "" for row in rows) == 5
    assert not any(row["columns"][0] == "" for row in _page(app, report=2)["rows"])


@pytest.mark.slow
def test_a_hundred_thousand_rows_come_in_pages_of_five_thousand(app: Flask, lms: Lms) -> None:
    model = lms.people["10"]
    training = lms.training
    training.courses = {}
    training.enrolments = {}
    for number in range(20_000):
        user_id = str(100_000 + number)
        lms.people[user_id] = replace(model, user_id=user_id, idnumber=f"EMP{number:06}")
    for course_id in range(1001, 1006):
        training.add_course(Course(course_id, f"K{course_id}", f"Kurs {course_id}", modules=(course_id * 10,)))
        for number in range(20_000):
            training.enrolments[course_id][str(100_000 + number)] = "Manual enrolments"
            training.complete(str(100_000 + number), course_id, 1_780_000_000 + number)
    _page(app, size=1)
    rows = sum(len(_page(app, size=5000, page=number)["rows"]) for number in range(20))
    assert rows == 100_000
