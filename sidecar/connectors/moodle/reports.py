"""Read a custom report of Moodle's report builder, page by page, and set the filter that a token's user has on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.errors import NoReportError, RefusedCallError, UnknownShapeError
from sidecar.connectors.moodle.shapes import Item, unwarned

LIST_REPORTS: Final = "core_reportbuilder_list_reports"
RETRIEVE: Final = "core_reportbuilder_retrieve_report"
SET_FILTERS: Final = "core_reportbuilder_set_filters"
RESET_FILTERS: Final = "core_reportbuilder_filters_reset"

PARTICIPANTS: Final = "core_course\\reportbuilder\\datasource\\participants"
"""The source “Course participants”."""

DATE_RANGE: Final = 3
LIST_PAGE: Final = 500


@dataclass(frozen=True)
class Report:
    """What Moodle says of a report; its sorting and its filters it does not say.

    Attributes:
        conditions: the values of its conditions as JSON, "" for none.
    """

    id: int
    name: str
    source: str
    conditions: str


@dataclass(frozen=True)
class ReportPage:
    """A page of a report: display texts by position, under headings that may repeat.

    Attributes:
        total: how many rows all pages have, also where this one is past the end.
    """

    report: Report
    headings: tuple[str, ...]
    rows: list[list[str]]
    total: int


def list_reports(calls: Calls) -> list[Report]:
    """Return the custom reports that the token's user may see."""
    answer = calls.read(LIST_REPORTS, {"page": 0, "perpage": LIST_PAGE})
    return [_report(each) for each in unwarned(answer, LIST_REPORTS).items("reports")]


def _report(found: Item) -> Report:
    texts = (found.text(name) for name in ("name", "source", "conditiondata"))
    return Report(found.whole("id"), *texts)


def retrieve(calls: Calls, report_id: int, page: int, rows: int) -> ReportPage:
    """Return a page of a report.

    Args:
        page: from 0.
        rows: how many to a page; Moodle takes 0 for all.

    Raises:
        NoReportError: there is none of this number.
    """
    try:
        answer = calls.read(RETRIEVE, {"reportid": report_id, "page": page, "perpage": rows})
    except RefusedCallError as error:
        raise _named(error, report_id) from None
    found = unwarned(answer, RETRIEVE)
    data = found.one("data")
    headings = data.content.get("headers")
    if not isinstance(headings, list) or not all(isinstance(each, str) for each in headings):
        raise UnknownShapeError(function=RETRIEVE, place="headers")
    content = _rows(data.content.get("rows"), len(headings))
    return ReportPage(_report(found.one("details")), tuple(headings), content, data.whole("totalrowcount"))


def _rows(content: object, width: int) -> list[list[str]]:
    """Return the texts of the rows; there may be a hundred thousand, so this looks at each once and makes nothing."""
    try:
        rows: list[list[str]] = [each["columns"] for each in content]  # type: ignore[attr-defined]  # told below
    except (TypeError, KeyError):
        raise UnknownShapeError(function=RETRIEVE, place="rows") from None
    if not all(type(row) is list and len(row) == width for row in rows):
        raise UnknownShapeError(function=RETRIEVE, place="columns")
    return rows


def filter_by_time(calls: Calls, report_id: int, begin: int, end: int) -> None:
    """Let the report show to the token's user only what was completed in a time, until the filter is reset.

    Moodle keeps it for the token's user: two who read with one token would filter each other's rows.

    Args:
        begin, end: in seconds since 1970.
    """
    name = "completion:timecompleted"
    values = {f"{name}_operator": DATE_RANGE, f"{name}_from": begin, f"{name}_to": end}
    wanted: dict[str, int | str] = {"reportid": report_id, "parameters": "", "values": json.dumps(values)}
    _must_be_true(calls, SET_FILTERS, wanted, report_id)


def reset_filters(calls: Calls, report_id: int) -> None:
    """Let the report show everything again to the token's user."""
    _must_be_true(calls, RESET_FILTERS, {"reportid": report_id}, report_id)


def _must_be_true(calls: Calls, function: str, wanted: dict[str, int | str], report_id: int) -> None:
    try:
        answer = calls.read(function, wanted)  # setting it once more sets the same
    except RefusedCallError as error:
        raise _named(error, report_id) from None
    if answer is not True:
        raise UnknownShapeError(function=function, place="answer")


def _named(error: RefusedCallError, report_id: int) -> NoReportError | RefusedCallError:
    return NoReportError(report=report_id) if error.facts["errorcode"] == "invalidrecord" else error
