"""Test all that a connection to Moodle needs, as far as one can get, and leave no trace.

Which capabilities a role has can't be asked: each is found out by doing, once, what needs it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Final

from sidecar.connectors.base import ConnectorError, RejectedError
from sidecar.connectors.inspection import Found
from sidecar.connectors.moodle import completion, courses, people, reports, site
from sidecar.connectors.moodle.bulk import prove_time_zone
from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.errors import FieldsHiddenError, PeopleHiddenError
from sidecar.connectors.moodle.findings import failed, found
from sidecar.connectors.moodle.members import member_ids
from sidecar.connectors.moodle.reports import PARTICIPANTS, ReportPage
from sidecar.connectors.moodle.rows import FULL_NAME, layout_of
from sidecar.connectors.moodle.site import Site

FOR_ALL: Final = (site.GET_SITE_INFO, people.USERS_BY_FIELD)
FOR_REPORT: Final = (reports.LIST_REPORTS, reports.RETRIEVE, reports.SET_FILTERS, reports.RESET_FILTERS)
FOR_EACH: Final = (courses.GET_COURSES, courses.ENROLLED_USERS, courses.USERS_COURSES, completion.COURSE_STATUS)
FOR_PEOPLE: Final = (people.GET_COHORTS, people.COHORT_MEMBERS)
WRITING: Final = (courses.CREATE_COURSES, courses.ENROL_USERS)
FOR_PATHS: Final = (courses.COURSES_BY_FIELD, courses.ENROLLED_USERS, *WRITING)
"""What sets up a learning path; a service that only reads has no need of it."""

SEEING_REPORTS: Final = ("webservice/rest:use", "moodle/reportbuilder:view", "moodle/reportbuilder:viewall")
SEEING_EACH: Final = (
    *("webservice/rest:use", "moodle/course:view", "moodle/course:viewparticipants", "moodle/course:enrolreview"),
    *("moodle/user:viewdetails", "moodle/user:viewalldetails", "report/completion:view"),
)
SEEING_PEOPLE: Final = (
    *("webservice/rest:use", "moodle/cohort:view", "moodle/user:viewdetails", "moodle/user:viewalldetails"),
    *("moodle/site:viewfullnames", "moodle/site:viewuseridentity"),
)

ENGLISH: Final = "en"
UTC_NAMES: Final = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "Etc/GMT", "GMT"})
LOOKED_AT: Final = 500
"""How many rows of the report are looked at."""

ENROLMENT_STATUS: Final = "enrolment:status_value"
PROGRESS: Final = "Student progress"


@dataclass(frozen=True)
class Needs:
    """What a connection is for."""

    report_id: int | None
    cohort: str

    @property
    def reads_each(self) -> bool:
        """Whether completions are read a person at a time; a connection with only a cohort is for people."""
        return self.report_id is None and not self.cohort

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions the service must have, each once."""
        report = FOR_REPORT if self.report_id is not None else ()
        each = FOR_EACH if self.reads_each else ()
        cohort = FOR_PEOPLE if self.cohort else ()
        return tuple(dict.fromkeys((*FOR_ALL, *report, *each, *cohort)))

    @property
    def capabilities(self) -> tuple[str, ...]:
        """The capabilities of the role, each once."""
        report = SEEING_REPORTS if self.report_id is not None else ()
        each = SEEING_EACH if self.reads_each else ()
        return tuple(dict.fromkeys((*report, *each, *(SEEING_PEOPLE if self.cohort else ()))))


@dataclass
class Examination:
    """What was found, in order; `errors` are those that came in the way."""

    calls: Calls
    needs: Needs
    found: list[Found] = field(default_factory=list)
    errors: list[ConnectorError] = field(default_factory=list)

    def note(self, code: str, **facts: str | int) -> None:
        """Note what was found."""
        self.found.append(found(code, **facts))

    def attempt(self, step: Callable[[Examination], None]) -> None:
        """Take a step; an error in it is noted."""
        try:
            step(self)
        except ConnectorError as error:
            self.errors.append(error)
            self.found.append(failed(error))

    def has_failed(self) -> bool:
        """Tell whether anything must be set right."""
        return any(each.outcome == "failed" for each in self.found)


def examine(calls: Calls, needs: Needs) -> Examination:
    """Test all that a connection needs."""
    whole = Examination(calls, needs)
    whole.attempt(_look_at_site)
    if not whole.errors:
        if needs.report_id is not None:
            whole.attempt(_look_at_report)
        elif needs.reads_each:
            whole.note("no-report")
            whole.attempt(_look_at_each)
        if needs.cohort:
            whole.attempt(_look_at_cohort)
    if needs.reads_each or (whole.has_failed() and needs.report_id is not None):
        whole.note("make-report")
    if whole.has_failed():
        listed = {"capabilities": ", ".join(needs.capabilities), "functions": ", ".join(needs.functions)}
        whole.note("make-user", **listed)
    return whole


def _look_at_site(whole: Examination) -> None:
    told = site.get_site(whole.calls)
    whole.note("site", release=told.release)
    missing = [name for name in whole.needs.functions if name not in told.functions]
    for name in missing:
        whole.note("function-missing", function=name)
    if not missing:
        whole.note("functions", count=len(whole.needs.functions))
    if told.functions.intersection(WRITING):
        _look_for_paths(whole, told)
    if told.is_admin:
        whole.note("administrator")
    if told.language != ENGLISH:
        whole.note("language-other", language=told.language)
    else:
        whole.note("language")
    if people.USERS_BY_FIELD in told.functions:
        _look_at_zone(whole, told)


def _look_for_paths(whole: Examination, told: Site) -> None:
    """Look whether learning paths can be set up, as far as that leaves no trace."""
    missing = [name for name in FOR_PATHS if name not in told.functions]
    if missing:
        whole.note("paths-lack", functions=", ".join(missing))
    else:
        whole.note("paths")


def _look_at_zone(whole: Examination, told: Site) -> None:
    """Look at the zone of the token's own user, whom Moodle shows to itself; only a report is written in it."""
    zones = [each.time_zone for each in people.users_by_field(whole.calls, "id", [told.user_id])]
    if whole.needs.report_id is not None and zones and zones[0] and zones[0] not in UTC_NAMES:
        whole.note("zone-other", zone=zones[0])


def _look_at_report(whole: Examination) -> None:
    report_id = whole.needs.report_id or 0
    seen = {each.id: each for each in reports.list_reports(whole.calls)}
    page = reports.retrieve(whole.calls, report_id, 0, LOOKED_AT)
    if report_id not in seen:
        whole.note("report-unlisted", report=report_id)
    if page.report.source != PARTICIPANTS:
        whole.note("report-source")
    if not _names_status(page.report.conditions):
        whole.note("report-condition")
    layout = layout_of(page.headings)
    whole.note("report", rows=page.total)
    if FULL_NAME not in page.headings:
        whole.note("report-column-advised", column=FULL_NAME)
    if PROGRESS in page.headings:
        whole.note("report-progress")
    if not _stand_together([row[layout.id_number] for row in page.rows]):
        whole.note("report-unsorted")
    _look_at_filter(whole, report_id, page)


def _names_status(conditions: str) -> bool:
    try:
        values = json.loads(conditions or "{}")
    except ValueError:
        return False
    return isinstance(values, dict) and ENROLMENT_STATUS in values


def _stand_together(holders: Sequence[str]) -> bool:
    groups = [holder for holder, _ in groupby(holders)]
    return len(groups) == len(set(groups))


def _look_at_filter(whole: Examination, report_id: int, page: ReportPage) -> None:
    """See that the filter works, by asking for 1970, when nobody completed anything; and that times are UTC."""
    reports.filter_by_time(whole.calls, report_id, 1, 2)
    try:
        old = reports.retrieve(whole.calls, report_id, 0, 1)
    finally:
        reports.reset_filters(whole.calls, report_id)
    if old.total:
        whole.note("filter-missing")
    else:
        whole.note("filter")
    whole.note("zone" if not old.total and prove_time_zone(whole.calls, report_id, page) else "zone-unproven")


def _look_at_each(whole: Examination) -> None:
    for course in courses.list_courses(whole.calls):
        for person in islice(courses.list_enrolled(whole.calls, course.id), 1):
            if not courses.courses_of(whole.calls, person.id):
                raise PeopleHiddenError(seen=0, asked=1)
            if course.has_completion:
                _look_at_status(whole, course.id, person.id)
                whole.note("each")
                return
    whole.note("each-empty")


def _look_at_status(whole: Examination, course_id: int, user_id: int) -> None:
    try:
        completion.course_status(whole.calls, course_id, user_id)
    except RejectedError:
        return  # of this course and person, e.g. it has no criteria: that could be told, so that it may be seen


def _look_at_cohort(whole: Examination) -> None:
    cohort = whole.needs.cohort
    ids = member_ids(whole.calls, cohort)
    if not ids:
        whole.note("cohort-empty", cohort=cohort)
        return
    some = ids[:50]
    shown = people.users_by_field(whole.calls, "id", some)
    if len(shown) < len(some):
        raise PeopleHiddenError(seen=len(shown), asked=len(some))
    if not any(each.id_number for each in shown) or not any(each.last_name for each in shown):
        raise FieldsHiddenError
    whole.note("cohort", cohort=cohort, count=len(ids))
