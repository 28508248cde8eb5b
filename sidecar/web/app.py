"""Make the Flask application of the application's origin."""

from __future__ import annotations

from flask import Flask

from sidecar.runtime import Sidecar
from sidecar.web import (
    access,
    api_changes,
    assets,
    contact_reports,
    contact_sign_in,
    error_pages,
    forms,
    headers,
    launch,
    limits,
    my_data,
    my_learning,
    my_wishes,
    pages,
    player,
    preview,
    rendering,
    requests_log,
    scim,
    sign_in,
    staff_admin,
    staff_audit,
    staff_browser_checks,
    staff_channels,
    staff_checks,
    staff_completion_files,
    staff_completions,
    staff_contacts,
    staff_course_audience,
    staff_course_facts,
    staff_course_life,
    staff_course_rules,
    staff_course_use,
    staff_courses,
    staff_deliveries,
    staff_erasure_requests,
    staff_failures,
    staff_invitations,
    staff_keys,
    staff_ledger,
    staff_matching,
    staff_menu,
    staff_municipalities,
    staff_people,
    staff_person,
    staff_platform_life,
    staff_platforms,
    staff_proofs,
    staff_report_definitions,
    staff_report_runs,
    staff_reports,
    staff_roles,
    staff_rosters,
    staff_row_errors,
    staff_sign_ins,
    staff_source_files,
    staff_sources,
    staff_start,
    staff_tokens,
    staff_units,
    staff_web_services,
    staff_why,
    upload_request,
    wire,
)

OWN = (
    assets,
    pages,
    sign_in,
    launch,
    player,
    preview,
    my_data,
    my_learning,
    my_wishes,
    scim,
    api_changes,
    staff_start,
    staff_completions,
    staff_completion_files,
    staff_course_audience,
    staff_course_facts,
    staff_course_rules,
    staff_course_life,
    staff_course_use,
    staff_courses,
    staff_municipalities,
    staff_channels,
    staff_people,
    staff_person,
    staff_matching,
    staff_units,
    staff_report_definitions,
    staff_report_runs,
    staff_reports,
    staff_deliveries,
    staff_ledger,
    staff_sign_ins,
    staff_admin,
    staff_platforms,
    staff_platform_life,
    staff_invitations,
    staff_tokens,
    staff_keys,
    staff_roles,
    staff_audit,
    staff_why,
    staff_rosters,
    staff_sources,
    staff_source_files,
    staff_checks,
    staff_web_services,
    staff_browser_checks,
    staff_failures,
    staff_erasure_requests,
    staff_proofs,
    staff_contacts,
    staff_row_errors,
    contact_sign_in,
    contact_reports,
    wire,
)
"""The modules with a `blueprint`."""


def create_app(sidecar: Sidecar) -> Flask:
    """Make the application around an opened Sidecar."""
    app = Flask(__name__, static_folder=None)
    app.request_class = upload_request.UploadRequest
    app.extensions["sidecar"] = sidecar
    app.before_request(requests_log.begin_request)
    app.before_request(access.admit)
    app.before_request(forms.refuse_null_characters)
    limits.add_limits(app, sidecar)
    app.before_request(sign_in.note_use)
    app.after_request(headers.protect)
    app.after_request(requests_log.end_request)
    rendering.prepare_templates(app)
    app.jinja_env.globals["menu"] = staff_menu.menu
    error_pages.add_error_pages(app)
    for module in OWN:
        app.register_blueprint(module.blueprint)
    access.refuse_undeclared(app)
    return app
