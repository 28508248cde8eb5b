"""Be the connection to a Moodle: who completed what, and the people of a municipality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from sidecar.connectors.base import (
    CompletionSource,
    CourseTarget,
    MisconfiguredError,
    PeopleSource,
    RejectedError,
    SettingMissingError,
    connector,
    setting,
)
from sidecar.connectors.inspection import Inspection
from sidecar.connectors.moodle import bulk, courses, members, one_by_one
from sidecar.connectors.moodle.calls import PATH, Calls
from sidecar.connectors.moodle.courses import NewCourse
from sidecar.connectors.moodle.examination import Needs, examine
from sidecar.connectors.over_http import OverHttp
from sidecar.connectors.records import CompletionPage, CoursePlan, CourseThere, Cursor, PeopleFeed

NAME: Final = "moodle"


class MoodleLacksError(MisconfiguredError):
    """Moodle is not set up for this connection yet ({count} to do). The test of the connection names each thing."""

    code = "moodle-lacks"


@connector(NAME, "Moodle (web services)")
class Moodle(OverHttp, CompletionSource, PeopleSource, CourseTarget):
    """Read completions from a report, or a person at a time, and people from a cohort; make courses, and enrol."""

    url: str = setting("The address of Moodle, with https and without /login, as in https://moodle.example.no")
    token: str = setting("The token of the web service that was made for the sidecar.", secret=True)
    report_id: int | None = setting(
        "The number of the report with completions: the last one in the address of its page. Without it "
        "completions are read a person at a time, which is slow.",
        default=None,
    )
    people_cohort: str = setting(
        "For a municipality's people: the ID of its cohort in Moodle, for example kommune-rollag.", default=""
    )
    number_prefix: str = setting(
        "What stands before the employee number in Moodle's ID number, for example “rollag-”; most often nothing.",
        default="",
    )

    def __post_init__(self) -> None:
        """Refuse an address that can't be one.

        Raises:
            MisconfiguredError: it is none, or holds a user name or a query.
        """
        try:
            parts = urlsplit(self.url)
            is_one = parts.scheme in ("https", "http") and bool(parts.hostname)
        except ValueError:
            is_one = False
        if not is_one or parts.query or parts.fragment or "@" in parts.netloc:
            raise MisconfiguredError(setting="url")

    @property
    def calls(self) -> Calls:
        """How its functions are called."""
        return Calls(self.fetch, self.url.rstrip("/").removesuffix(PATH), self.token)

    def check(self) -> None:
        """Test all that is needed.

        Raises:
            ConnectorError: the first thing that can't work, or that something must be set up in Moodle.
        """
        if problem := self.inspect().problem:
            raise problem

    def inspect(self) -> Inspection:
        """Test all that is needed, thing by thing."""
        once = replace(self.calls, pauses_s=())  # somebody waits
        whole = examine(once, Needs(self.report_id, self.people_cohort))
        failed = [each for each in whole.found if each.outcome == "failed"]
        lacks = MoodleLacksError(count=len(failed)) if failed else None
        return Inspection(whole.found, whole.errors[0] if whole.errors else lacks)

    def completions(self, since: datetime | None = None, checkpoint: Cursor | None = None) -> Iterator[CompletionPage]:
        """Yield completions, from the report where one is set up; never two at once with one token.

        A delta reaches a day further back, and can't tell what was taken back.
        """
        if self.report_id is None:
            return one_by_one.pull(self.calls, since, checkpoint)
        return bulk.Pull(self.calls, self.report_id, since).pages(checkpoint)

    def people(self, since: Cursor | None = None) -> PeopleFeed:  # noqa: ARG002 (Moodle can't tell what changed)
        """Return everybody who is in the cohort now.

        Raises:
            SettingMissingError: no cohort is set.
        """
        if not self.people_cohort:
            raise SettingMissingError(setting="people_cohort")
        return members.people_of(self.calls, self.people_cohort, self.number_prefix)

    def find_course(self, number: str) -> CourseThere | None:
        """Return the course of an ID number."""
        found = courses.courses_by_field(self.calls, "idnumber", number)
        return self._there(found[0].id) if found else None

    def make_course(self, plan: CoursePlan) -> CourseThere:
        """Make a hidden course, in which completion is turned on.

        Raises:
            RefusedCallError: the short name is taken, or there is no such category.
        """
        new = NewCourse(plan.short_name, plan.title, plan.category, plan.number, is_visible=False)
        return self._there(courses.create_courses(self.calls, [new])[plan.short_name])

    def list_taking_part(self, course: CourseThere) -> frozenset[str]:
        """Return the ids of the users who take part."""
        return frozenset(str(one.id) for one in courses.list_enrolled(self.calls, int(course.id)))

    def enrol(self, course: CourseThere, users: Sequence[str]) -> None:
        """Enrol users by hand, as students.

        Raises:
            RefusedCallError: the course has no such way of enrolment, or a user is gone; nobody is enrolled.
        """
        if not all(user.isascii() and user.isdigit() for user in users):
            raise RejectedError(reason="an account is none of Moodle's")
        courses.enrol(self.calls, int(course.id), [int(user) for user in users])

    def _there(self, course_id: int) -> CourseThere:
        return CourseThere(str(course_id), f"{self.calls.url}/course/view.php?id={course_id}")
