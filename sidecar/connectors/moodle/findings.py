"""Say what a test of the connection may find, and exactly what to do in Moodle; docs/moodle.md has the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.connectors.base import ConnectorError
from sidecar.connectors.inspection import Found, Outcome
from sidecar.language import N_

TEXTS: Final[Mapping[str, tuple[Outcome, str]]] = {
    "site": ("ok", N_("Moodle {release} answers at this address, and takes the token.")),
    "functions": ("ok", N_("The service has all {count} functions that are needed.")),
    "function-missing": (
        "failed",
        N_(
            "The service lacks the function {function}. Add it under Site administration > Server > Web services > "
            "External services > Functions."
        ),
    ),
    "paths": (
        "ok",
        N_(
            "The service has the functions that make the course of a learning path and enrol people. Whether the role "
            "may do so shows when a path is set up."
        ),
    ),
    "paths-lack": (
        "warning",
        N_("To set up learning paths, the service lacks {functions}. Add them, or take out those that write."),
    ),
    "administrator": (
        "warning",
        N_(
            "The token belongs to a site administrator, and can do far more than is needed. Make a user of its own for "
            "it, with a role that has only what this test asks for."
        ),
    ),
    "language": ("ok", N_("The language of the token's user is English.")),
    "language-other": (
        "failed",
        N_("The language of the token's user is {language}. Set it to English (en) in that user's profile."),
    ),
    "zone-other": (
        "failed",
        N_("The time zone of the token's user is {zone}. Set it to UTC in that user's profile (99: the server's own)."),
    ),
    "zone": ("ok", N_("The times in the report are UTC.")),
    "zone-unproven": (
        "warning",
        N_(
            "It can't be told yet whether the times in the report are UTC, as no row shows a time that could be looked "
            "for. See that the time zone of the token's user is UTC, and test again once somebody has completed "
            "a course."
        ),
    ),
    "no-report": (
        "warning",
        N_(
            "No report is set up: completions are read a person at a time, which takes hours where people are many. "
            "Better make a report."
        ),
    ),
    "report": ("ok", N_("The report has the columns it needs, and {rows} rows.")),
    "report-unlisted": (
        "failed",
        N_(
            "The token's user does not see the report {report}. Give the role webservice/rest:use, "
            "moodle/reportbuilder:view and moodle/reportbuilder:viewall for the whole site."
        ),
    ),
    "report-source": (
        "failed",
        N_("The report does not rest on the source “Course participants”. Make a new one."),
    ),
    "report-condition": (
        "warning",
        N_(
            "The report has no condition on the status of enrolments, so that it shows those that have ended, too. "
            "Add the condition Enrolment > Status, is equal to Active."
        ),
    ),
    "report-column-advised": (
        "warning",
        N_("The report has no column “{column}”. It is better with it: courses then stand here by their full name."),
    ),
    "report-progress": (
        "warning",
        N_("The report has the column “Student progress”, which makes Moodle seven times slower. Take it out."),
    ),
    "report-unsorted": (
        "warning",
        N_(
            "The rows of a person do not stand together. Set the sorting of the report to ID number, and then Course "
            "short name: without it Moodle promises no order, and pages may overlap."
        ),
    ),
    "filter": (
        "ok",
        N_("The report keeps to its filter “Time completed”, so that only what is new is read each time."),
    ),
    "filter-missing": (
        "failed",
        N_(
            "The report does not keep to the filter “Time completed”. Add it: Filters > Course completion > "
            "Time completed."
        ),
    ),
    "make-report": (
        "skipped",
        N_(
            "How the report is made: Site administration > Reports > Report builder > Custom reports > New report; "
            "source “Course participants”, without the default setup. Columns in this order: User: ID number, "
            "Course: Course short name, Course: Course full name, Course completion: Completed, "
            "Course completion: Time completed. Don't rename them. Conditions: Enrolment: Status is equal to Active. "
            "Filters: Course completion: Time completed. Sorting: ID number, then Course short name. Its number is the "
            "last one in the address of its page; set up the connection with it."
        ),
    ),
    "make-user": (
        "skipped",
        N_(
            "How the token is made: a user of its own with language English and time zone UTC; a role for the whole "
            "site with {capabilities}, given to that user; Site administration > Server > Web services: turn on web "
            "services and the protocol REST, add an external service with “Authorised users only” and the functions "
            "{functions}; authorise the user, and make a token for that user and service."
        ),
    ),
    "each": ("ok", N_("Courses, who takes part, and what they have completed can be read.")),
    "each-empty": ("warning", N_("The token's user sees no course that anybody takes part in.")),
    "cohort": ("ok", N_("The cohort {cohort} has {count} people, who are shown with name and ID number.")),
    "cohort-empty": ("warning", N_("The cohort {cohort} is empty.")),
}


def found(code: str, **facts: str | int) -> Found:
    """Return what was found; the facts are those of its text."""
    outcome, text = TEXTS[code]
    return Found(code, outcome, text, facts)


def failed(error: ConnectorError) -> Found:
    """Return an error as what was found; its text says what to do."""
    return Found(error.code, "failed", error.text(), error.facts)
