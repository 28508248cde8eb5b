"""Take calls at Moodle's address: a form with token, function and parameters; errors come with HTTP 200.

Source: Moodle 4.5 webservice/rest/server.php.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request

from practice_lms.session import current_lms
from practice_lms.state import Lms
from practice_lms.web_services import course_functions, people_functions, report_functions, shapes
from practice_lms.web_services.accounts import Account
from practice_lms.web_services.errors import WsError, invalid_token, no_record, not_in_service
from practice_lms.web_services.form import read_form

blueprint = Blueprint("web_services", __name__)
Function = Callable[[Lms, Account, dict[str, Any]], object]


def _site_info(lms: Lms, account: Account, _form: dict[str, Any]) -> object:
    return shapes.site(
        lms, account, [name for name in FUNCTIONS if account.functions is None or name in account.functions]
    )


FUNCTIONS: Mapping[str, Function] = {
    "core_webservice_get_site_info": _site_info,
    "core_user_get_users_by_field": people_functions.users_by_field,
    "core_user_get_users": people_functions.find_users,
    "core_cohort_get_cohorts": people_functions.list_cohorts,
    "core_cohort_get_cohort_members": people_functions.list_members,
    "core_cohort_add_cohort_members": people_functions.add_members,
    "core_course_get_courses": course_functions.list_courses,
    "core_course_get_courses_by_field": course_functions.courses_by_field,
    "core_course_create_courses": course_functions.create_courses,
    "core_enrol_get_enrolled_users": course_functions.list_enrolled,
    "core_enrol_get_users_courses": course_functions.courses_of,
    "enrol_manual_enrol_users": course_functions.enrol,
    "core_completion_get_course_completion_status": course_functions.course_status,
    "core_completion_get_activities_completion_status": course_functions.activity_statuses,
    "core_completion_override_activity_completion_status": course_functions.override,
    "gradereport_user_get_grade_items": course_functions.grade_items,
    "core_reportbuilder_list_reports": report_functions.list_reports,
    "core_reportbuilder_retrieve_report": report_functions.retrieve,
    "core_reportbuilder_set_filters": report_functions.set_filters,
    "core_reportbuilder_filters_reset": report_functions.reset_filters,
}


@blueprint.post("/webservice/rest/server.php")
def call() -> Response:
    """Call a function."""
    lms = current_lms()
    try:
        with lms.lock():
            answer: object = _call(lms)
    except WsError as refused:
        answer = refused.answer
    headers = {
        "Cache-Control": "private, must-revalidate, pre-check=0, post-check=0, max-age=0",
        "Access-Control-Allow-Origin": "*",
    }
    return Response(json.dumps(answer, separators=(",", ":")), 200, headers, content_type="application/json")


def _call(lms: Lms) -> object:
    form = read_form(request.form.items(multi=True))
    account = lms.accounts.get(form.pop("wstoken", ""))
    if account is None:
        raise invalid_token()
    name = form.pop("wsfunction", "")
    lms.ws_calls.append(name)
    function = FUNCTIONS.get(name)
    if function is None:
        raise no_record("external_functions")
    if account.functions is not None and name not in account.functions:
        raise not_in_service()
    return function(lms, account, form)
