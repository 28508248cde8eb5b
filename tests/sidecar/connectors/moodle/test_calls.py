"""Every error of Moodle is told by its errorcode; every other answer is one of few errors, and no token gets out."""

from __future__ import annotations

import json

import pytest

from sidecar import errors as outer
from sidecar.connectors.base import ConnectorError, MisconfiguredError, RefusedError, RejectedError, UnreachableError
from sidecar.connectors.moodle import errors
from sidecar.connectors.moodle.calls import PATH, PAUSES_S, Calls, flatten
from sidecar.connectors.moodle.site import get_site
from sidecar.http import AnswerTooLargeError, Response
from tests.fakes.moodle import RECORDINGS, TOKEN, URL, SaidMoodle, of_recording, recording

F = "core_user_get_users"

BY_RECORDING: dict[str, type[ConnectorError]] = {
    "error_invalid_token": errors.TokenRefusedError,
    "error_missing_capability": errors.NotPermittedError,
    "error_missing_capability_cohorts": errors.NotPermittedError,
    "error_missing_capability_other_user_completion": errors.NotPermittedError,
    "course_completion_disabled_course_error": errors.NotPermittedError,
    "least_priv_enrolled_users_error": errors.NotPermittedError,
    "reportbuilder_no_access_error": errors.NotPermittedError,
    "error_function_not_in_service": errors.FunctionMissingError,
    "error_unknown_function": errors.RefusedCallError,
    "error_unknown_record": errors.RefusedCallError,
    "error_invalid_parameter": errors.RefusedCallError,
    "error_invalid_parameter_missing": errors.RefusedCallError,
    "error_invalid_parameter_type": errors.RefusedCallError,
    "create_user_duplicate_error": errors.RefusedCallError,
    "create_course_duplicate_error": errors.RefusedCallError,
    "create_user_weak_password_error": errors.RefusedCallError,
    "course_completion_guest_user_error": errors.RefusedCallError,
    "course_completion_nocriteria_error": errors.RefusedCallError,
    "course_completion_user_not_enrolled_error": errors.RefusedCallError,
    "course_completion_site_admin_not_enrolled": errors.RefusedCallError,
    "reportbuilder_unknown_report_error": errors.RefusedCallError,
}


@pytest.mark.parametrize("name", BY_RECORDING)
@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_recorded_error_is_told_by_its_code_whatever_the_status(name: str, status: int) -> None:
    moodle = of_recording(name)
    moodle.status = status
    with pytest.raises(ConnectorError) as raised:
        moodle.calls().read(F)
    assert type(raised.value) is BY_RECORDING[name]
    assert len(moodle.forms) == 1  # another try would not help


def test_every_recorded_error_is_in_the_table() -> None:
    found = {path.stem for path in RECORDINGS.glob("*.json") if '"errorcode"' in path.read_text("utf-8")}
    assert found == set(BY_RECORDING)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.TokenRefusedError, RefusedError),
        (errors.NotPermittedError, RefusedError),
        (errors.FunctionMissingError, MisconfiguredError),
        (errors.RefusedCallError, RejectedError),
        (errors.MaintenanceError, UnreachableError),
        (errors.MoodleDownError, UnreachableError),
        (errors.LanguageError, MisconfiguredError),
        (errors.NoReportError, MisconfiguredError),
    ],
)
def test_each_error_says_what_becomes_of_the_connection(
    error: type[ConnectorError], kind: type[ConnectorError]
) -> None:
    assert issubclass(error, kind)


def test_html_in_the_errorcode_is_not_shown() -> None:
    with pytest.raises(errors.RefusedCallError) as raised:
        of_recording("create_user_weak_password_error").calls().read(F)
    assert raised.value.facts["errorcode"] == "unknown"
    assert "<" not in str(raised.value)


@pytest.mark.parametrize("code", ["sitemaintenance", "upgraderunning", "dmlreadexception"])
def test_maintenance_is_tried_again_and_then_told(code: str) -> None:
    moodle = SaidMoodle(lambda _: {"exception": "x", "errorcode": code, "message": ""})
    with pytest.raises(errors.MaintenanceError):
        moodle.calls().read(F)
    assert len(moodle.forms) == 1 + len(PAUSES_S)


def test_the_literal_null_is_an_answer() -> None:
    assert recording("enrol_user_null_response")["response"]["text"] == "null"
    assert of_recording("enrol_user_null_response").calls().write(F) is None


@pytest.mark.parametrize(
    ("status", "body", "error", "tries"),
    [
        (502, b"<html><h1>502 Bad Gateway</h1>", errors.MoodleDownError, 3),
        (503, b"", errors.MoodleDownError, 3),
        (429, b"slow down", errors.MoodleDownError, 3),
        (200, b"<!DOCTYPE html><title>Maintenance</title>", errors.NotMoodleError, 3),
        (200, b'[{"id": 3, "userna', errors.NotMoodleError, 3),
        (200, b"", errors.NotMoodleError, 3),
        (200, b"\xff\xfe\x00", errors.NotMoodleError, 3),
        (200, b"[" * 200_000, errors.NotMoodleError, 3),
        (200, b"9" * 5_000, errors.NotMoodleError, 3),
        (404, b"<html>not here", errors.WrongAddressError, 1),
        (302, b"", errors.WrongAddressError, 1),
        (403, b"", errors.WebServicesOffError, 1),
        (404, b"[]", errors.WrongAddressError, 1),
    ],
)
def test_what_is_no_answer_of_moodle_is_told(status: int, body: bytes, error: type[ConnectorError], tries: int) -> None:
    moodle = SaidMoodle(lambda _: body, status)
    with pytest.raises(error):
        moodle.calls().read(F)
    assert len(moodle.forms) == tries


def test_what_comes_right_on_the_second_try_is_taken() -> None:
    answers = iter([Response(502, {}, b"no"), Response(200, {}, b"[]")])
    assert SaidMoodle(lambda _: next(answers)).calls().read(F) == []


def test_what_changes_something_is_tried_once() -> None:
    moodle = SaidMoodle(lambda _: b"", 502)
    with pytest.raises(errors.MoodleDownError):
        moodle.calls().write("core_course_create_courses")
    assert len(moodle.forms) == 1


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (outer.ForbiddenAddressError(host="10.0.0.1"), errors.AddressForbiddenError),
        (outer.UnreachableError(host="moodle.example"), errors.MoodleSilentError),
        (AnswerTooLargeError(host="moodle.example", limit_bytes=1), errors.AnswerTooLongError),
    ],
)
def test_what_the_way_out_refuses_is_told(raised: Exception, error: type[ConnectorError]) -> None:
    def refuse(_: object) -> None:
        raise raised

    with pytest.raises(error):
        SaidMoodle(refuse).calls().read(F)


def test_the_token_stands_in_the_form_only() -> None:
    moodle = SaidMoodle(lambda _: [])
    calls = moodle.calls()
    calls.read(F, {"criteria": [{"key": "email", "value": "%@x"}]})
    [(method, url, headers)] = moodle.requests
    assert (method, url) == ("POST", URL + PATH)
    assert TOKEN not in url + json.dumps(dict(headers)) + repr(calls)
    assert moodle.forms == [
        {
            "wstoken": TOKEN,
            "wsfunction": F,
            "moodlewsrestformat": "json",
            "criteria[0][key]": "email",
            "criteria[0][value]": "%@x",
        }
    ]


@pytest.mark.parametrize(
    "name",
    [path.stem for path in sorted(RECORDINGS.glob("*.json")) if not path.stem.startswith("lti_")],
)
def test_parameters_become_the_recorded_forms(name: str) -> None:
    request = recording(name)["request"]
    assert dict(flatten(request["params"])) == request["form"]


def test_the_site_says_what_the_token_may_call() -> None:
    site = get_site(of_recording("site_info").calls())
    assert (site.release, site.language, site.is_admin) == ("4.5.6 (Build: 20250811)", "en", True)
    assert "core_reportbuilder_retrieve_report" in site.functions
    assert len(site.functions) == 191


@pytest.mark.parametrize("answer", [[], "x", None, {"userid": "2"}, {"userid": True}, {"userid": 2, "functions": [1]}])
def test_an_answer_of_another_shape_is_told_with_its_place(answer: object) -> None:
    moodle = SaidMoodle(lambda _: answer)
    with pytest.raises(errors.UnknownShapeError):
        get_site(Calls(moodle, URL, TOKEN))
