"""Each function reads what was recorded of a Moodle 4.5.6, and sends what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sidecar.connectors.moodle import completion, courses, people, reports
from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.errors import (
    NoReportError,
    NotPermittedError,
    RefusedCallError,
    UnknownShapeError,
    WarnedError,
)
from sidecar.connectors.moodle.people import NotSearchableError
from tests.fakes.moodle import PracticeMoodle, SaidMoodle, of_recording, recorded, recording

AT = datetime.fromtimestamp(1795312451, UTC)


def _sent(name: str, call: Callable[[Calls], Any]) -> Any:  # noqa: ANN401 (whatever the call returns)
    """Call against a recording, and see that the form was the recorded one."""
    moodle = of_recording(name)
    answer = call(moodle.calls())
    form = recording(name)["request"]
    sent = {key: value for key, value in moodle.forms[0].items() if key not in ("wstoken", "moodlewsrestformat")}
    assert sent == {"wsfunction": form["wsfunction"], **form["form"]}
    return answer


def test_users_by_field() -> None:
    [user] = _sent("users_by_field_idnumber", lambda calls: people.users_by_field(calls, "idnumber", ["EMP00001"]))
    assert user == people.User(
        *(3, "u001", "Bjørn", "Ødegård", "u001@kongsberg.example.invalid", "EMP00001", "Kongsberg"),
        *("Oppvekst og skole", "Europe/Oslo", False),
    )
    wanted = ["u001", "u100"]
    two = _sent("users_by_field_username", lambda calls: people.users_by_field(calls, "username", wanted))
    assert [one.id for one in two] == [3, 102]
    assert _sent("users_by_field_none_found", lambda c: people.users_by_field(c, "username", ["doesnotexist"])) == []


def test_nobody_is_asked_for_without_a_call() -> None:
    moodle = SaidMoodle(lambda _: [])
    assert people.users_by_field(moodle.calls(), "id", []) == []
    assert people.list_members(moodle.calls(), []) == {}
    people.add_members(moodle.calls(), "kommune-tinn", [])
    courses.enrol(moodle.calls(), 3, [])
    assert moodle.forms == []


def test_users_are_found_by_a_wildcard() -> None:
    address = "%@rollag.example.invalid"
    found = _sent("users_search_by_email_wildcard", lambda calls: people.find_users(calls, "email", address))
    assert len(found) == 8
    assert {user.institution for user in found} == {"Rollag"}


def test_a_search_that_would_return_everybody_is_refused_before_and_after() -> None:
    moodle = of_recording("users_search_unknown_key_returns_ALL_with_warning")
    with pytest.raises(NotSearchableError):
        people.find_users(moodle.calls(), "institution", "Rollag")
    assert moodle.forms == []
    with pytest.raises(WarnedError) as raised:
        people.find_users(moodle.calls(), "email", "%@rollag.example.invalid")
    assert raised.value.facts["warning"] == "invalidfieldparameter"


def test_cohorts_and_their_members() -> None:
    cohorts = _sent("cohorts_all", people.list_cohorts)
    assert cohorts[-1] == people.Cohort(7, "Rollag", "kommune-rollag")
    members = _sent("cohort_members", lambda calls: people.list_members(calls, [7, 6]))
    assert (len(members[7]), len(members[6])) == (8, 10)


def test_somebody_is_put_into_a_cohort() -> None:
    moodle = of_recording("cohort_add_member")
    people.add_members(moodle.calls(), "kommune-tinn", [204])
    assert moodle.forms[0]["members[0][cohorttype][value]"] == "kommune-tinn"
    assert moodle.forms[0]["members[0][usertype][type]"] == "id"
    assert moodle.forms[0]["members[0][usertype][value]"] == "204"


def test_courses() -> None:
    listed = _sent("courses_all", courses.list_courses)
    assert "kbr" not in {one.short_name for one in listed}  # the front page
    assert {one.short_name: one.has_completion for one in listed}["NOCOMP"] is False
    [found] = _sent("courses_by_field_shortname", lambda c: courses.courses_by_field(c, "shortname", "BRANN"))
    assert found == courses.Course(3, "BRANN", "Brannvern grunnkurs", "KURS-BRANN", 2, has_completion=True)
    assert _sent("courses_by_field_none", lambda c: courses.courses_by_field(c, "shortname", "NOPE")) == []


def test_a_course_is_made_and_a_short_name_that_is_taken_refused() -> None:
    wanted = courses.NewCourse("WSKURS", "WS kurs", 2, "KURS-WS")
    moodle = of_recording("create_course")
    assert courses.create_courses(moodle.calls(), [wanted]) == {"WSKURS": 10}
    assert moodle.forms[0]["courses[0][enablecompletion]"] == "1"
    with pytest.raises(RefusedCallError) as raised:
        courses.create_courses(of_recording("create_course_duplicate_error").calls(), [wanted])
    assert raised.value.facts["errorcode"] == "shortnametaken"


def test_enrolling_answers_null() -> None:
    _sent("enrol_user_null_response", lambda calls: courses.enrol(calls, 10, [204]))
    with pytest.raises(UnknownShapeError):
        courses.enrol(SaidMoodle(lambda _: {"warnings": []}).calls(), 10, [204])


def test_who_takes_part_in_a_course() -> None:
    [first, *_] = courses.list_enrolled(of_recording("enrolled_users_fields").calls(), 3)
    assert first == courses.Enrolled(3, "EMP00001", "Kongsberg", "Oppvekst og skole")
    assert len(list(courses.list_enrolled(of_recording("enrolled_users_page").calls(), 3))) == 3


def test_who_takes_part_is_read_in_pages() -> None:
    person = recorded("enrolled_users_fields")[0]

    def says(form: dict[str, str]) -> object:
        begin, size = (int(form[f"options[{place}][value]"]) for place in (3, 4))
        return [person | {"id": number} for number in range(begin, min(begin + size, 2_500))]

    moodle = SaidMoodle(says)
    assert [one.id for one in courses.list_enrolled(moodle.calls(), 3)] == list(range(2_500))
    assert len(moodle.forms) == 3


def test_the_courses_of_a_user_without_times() -> None:
    found = _sent("users_courses", lambda calls: courses.courses_of(calls, 3))
    by_name = {one.short_name: one for one in found}
    assert by_name["NOCOMP"].is_completed is None
    assert by_name["NOCOMP"].progress is None
    assert by_name["LEGEM"].is_completed is False
    assert by_name["LEGEM"].progress == 50


@pytest.mark.parametrize(
    ("name", "user_id", "at"),
    [
        ("course_completion_completed_user", 4, AT),
        ("course_completion_partial_user", 3, None),
        ("course_completion_nothing_done_user", 9, None),
    ],
)
def test_the_status_of_a_course(name: str, user_id: int, at: datetime | None) -> None:
    status = _sent(name, lambda calls: completion.course_status(calls, 3, user_id))
    assert (status.is_completed, status.completed_at) == (at is not None, at)
    assert len(status.criteria) == 2


def test_the_last_of_all_criteria_counts_and_the_first_of_any() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    criteria = (completion.Criterion(4, True, early), completion.Criterion(4, True, late))
    assert completion.CourseStatus(True, True, criteria).completed_at == late
    assert completion.CourseStatus(True, False, criteria).completed_at == early
    assert completion.CourseStatus(False, False, criteria).completed_at is None


def test_completion_that_is_off_looks_like_a_missing_capability() -> None:
    with pytest.raises(NotPermittedError):
        completion.course_status(of_recording("course_completion_disabled_course_error").calls(), 8, 3)


def test_activities() -> None:
    done = _sent("activities_completion_completed_user", lambda c: completion.activity_statuses(c, 3, 4))
    assert [(one.module_id, one.state, one.completed_at) for one in done] == [(5, 1, AT), (6, 1, AT)]
    partly = _sent("activities_completion_partial_user", lambda c: completion.activity_statuses(c, 3, 3))
    assert [(one.state, one.completed_at) for one in partly] == [(1, AT), (0, None)]
    assert _sent("activities_completion_disabled_course", lambda c: completion.activity_statuses(c, 8, 3)) == []


def test_an_activity_is_set_complete_and_incomplete() -> None:
    _sent("override_activity_completion", lambda c: completion.override_activity(c, 6, 9, is_complete=True))
    _sent("override_activity_completion_undo", lambda c: completion.override_activity(c, 6, 9, is_complete=False))
    with pytest.raises(UnknownShapeError):
        completion.override_activity(of_recording("override_activity_completion_undo").calls(), 6, 9, is_complete=True)


def test_grades() -> None:
    [grade] = _sent("grade_items_user", lambda calls: completion.grade_items(calls, 3, 4))
    assert (grade.kind, grade.grade, grade.highest, grade.graded_at) == ("course", None, 0.0, None)


def test_reports() -> None:
    listed = reports.list_reports(of_recording("reportbuilder_list_reports").calls())
    assert {one.source for one in listed} == {reports.PARTICIPANTS}
    assert {one.id for one in reports.list_reports(of_recording("least_priv_list_reports").calls())} == {1, 2, 3, 4}
    page = _sent("least_priv_retrieve_report", lambda calls: reports.retrieve(calls, 1, 0, 5))
    assert (page.report.id, len(page.rows), page.total) == (1, 5, 1011)
    empty = _sent("reportbuilder_retrieve_past_end", lambda calls: reports.retrieve(calls, 2, 999, 10))
    assert (empty.rows, empty.total) == ([], 1011)


def test_a_report_that_is_not_there_and_one_that_may_not_be_seen() -> None:
    with pytest.raises(NoReportError) as raised:
        reports.retrieve(of_recording("reportbuilder_unknown_report_error").calls(), 9999, 0, 10)
    assert raised.value.facts == {"report": 9999}
    with pytest.raises(NotPermittedError):
        reports.retrieve(of_recording("reportbuilder_no_access_error").calls(), 2, 0, 10)


def test_the_filter_is_set_as_recorded_and_reset() -> None:
    _sent(
        "reportbuilder_set_filters_timecompleted_range",
        lambda calls: reports.filter_by_time(calls, 5, 1794707200, 1795312000),
    )
    _sent("reportbuilder_filters_reset", lambda calls: reports.reset_filters(calls, 5))
    with pytest.raises(UnknownShapeError):
        reports.reset_filters(SaidMoodle(lambda _: False).calls(), 5)


@pytest.mark.parametrize(
    "change",
    [
        {"headers": None},
        {"headers": [1, 2]},
        {"rows": None},
        {"rows": [["a"]]},
        {"rows": [{"columns": ["too", "few"]}]},
        {"rows": [{}]},
        {"rows": [{"columns": "text"}]},
        {"totalrowcount": "1011"},
    ],
)
def test_a_report_of_another_shape_is_told(change: dict[str, object]) -> None:
    answer = recorded("reportbuilder_retrieve_page0")
    answer["data"] |= change
    with pytest.raises(UnknownShapeError):
        reports.retrieve(SaidMoodle(lambda _: answer).calls(), 1, 0, 10)


def test_what_is_written_can_be_read_back() -> None:
    moodle = PracticeMoodle()
    calls = moodle.calls
    made = courses.create_courses(calls, [courses.NewCourse("NY", "Nytt kurs", 2)])
    courses.enrol(calls, made["NY"], [10])
    assert [one.id for one in courses.list_enrolled(calls, made["NY"])] == [10]
    people.add_members(calls, "kommune-rollag", [10])
    assert "10" in moodle.lms.training.cohorts["kommune-rollag"]
    with pytest.raises(WarnedError):
        people.add_members(calls, "kommune-oslo", [10])
    for module in (31, 32):
        completion.override_activity(calls, module, 10, is_complete=True)
    assert completion.course_status(calls, 3, 10).is_completed
    assert [one.is_overridden for one in completion.activity_statuses(calls, 3, 10)] == [True, True]
