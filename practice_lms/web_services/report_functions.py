"""Answer for custom reports."""

from typing import Any

from practice_lms.state import Lms
from practice_lms.web_services import shapes
from practice_lms.web_services.accounts import Account
from practice_lms.web_services.errors import no_record, report_hidden
from practice_lms.web_services.form import text, whole
from practice_lms.web_services.reporting import Report

PAGE = 10


def list_reports(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """List the reports that the token's user may see."""
    page, size = whole(form, "page", 0), whole(form, "perpage", PAGE)
    seen = list(lms.reports.known.values()) if _may_view(account) else []
    return {"reports": [shapes.report(lms, one) for one in seen[page * size : (page + 1) * size]], "warnings": []}


def retrieve(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """Show a page of a report."""
    report = _report(lms, account, form)
    page = lms.reports.page(report, account, whole(form, "page", 0), whole(form, "perpage", PAGE))
    return {"details": shapes.report(lms, report), "data": page, "warnings": []}


def set_filters(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """Keep a filter for the token's user."""
    return account.set_filter(_report(lms, account, form).id, text(form, "values", "{}"))


def reset_filters(lms: Lms, account: Account, form: dict[str, Any]) -> object:
    """Forget the filter of the token's user."""
    account.filters.pop(_report(lms, account, form).id, None)
    return True


def _report(lms: Lms, account: Account, form: dict[str, Any]) -> Report:
    report = lms.reports.known.get(whole(form, "reportid"))
    if report is None:
        raise no_record("reportbuilder_report")
    if not _may_view(account):
        raise report_hidden()
    return report


def _may_view(account: Account) -> bool:
    return account.may("moodle/reportbuilder:view") and account.may("moodle/reportbuilder:viewall")
