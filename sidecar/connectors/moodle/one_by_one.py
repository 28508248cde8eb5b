"""Read completions a person at a time, where no report is set up: slow, but with the same records.

A call for each course, one for each person, and one for each completion, for its time. Times are cut to the minute,
as a report shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from typing import Final

import structlog

from sidecar.connectors.moodle.bulk import OVERLAP
from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.completion import course_status
from sidecar.connectors.moodle.courses import Course, CourseOfUser, Enrolled, courses_of, list_courses, list_enrolled
from sidecar.connectors.moodle.errors import PeopleHiddenError, RefusedCallError
from sidecar.connectors.records import CompletionPage, CompletionRecord, Cursor

PEOPLE_TO_A_PAGE: Final = 50
NOT_COMPLETED: Final = frozenset({"nocriteriaset", "usernotenroled"})
"""How Moodle refuses to tell of a course without criteria, and of somebody who has left it while others were read."""

log = structlog.get_logger()


@dataclass
class _Participant:
    person: Enrolled
    courses: list[Course] = field(default_factory=list)


def pull(calls: Calls, since: datetime | None, checkpoint: Cursor | None) -> Iterator[CompletionPage]:
    """Yield what everybody has completed, some people to a page, by their number in Moodle.

    Args:
        since: only what was completed from then (and a day before) on; everybody is asked about nevertheless.
        checkpoint: names the last person who was taken in.

    Raises:
        ConnectorError: somebody can't be read.
    """
    begin = since.astimezone(UTC).replace(second=0, microsecond=0) - OVERLAP if since else None
    everybody = _participants(calls)
    total = sum(len(each.courses) for each in everybody.values())
    waiting = sorted(user_id for user_id in everybody if user_id > _last_done(checkpoint))
    for start in range(0, len(waiting), PEOPLE_TO_A_PAGE):
        some = waiting[start : start + PEOPLE_TO_A_PAGE]
        found = [record for user_id in some for record in _records(calls, everybody[user_id])]
        kept = [each for each in found if begin is None or (each.completed_at and each.completed_at >= begin)]
        yield CompletionPage(kept, {"user": some[-1]}, total)


def _last_done(checkpoint: Mapping[str, object] | None) -> int:
    last = (checkpoint or {}).get("user")
    return last if isinstance(last, int) else 0


def _participants(calls: Calls) -> dict[int, _Participant]:
    found: dict[int, _Participant] = {}
    for course in list_courses(calls):
        for person in list_enrolled(calls, course.id):
            found.setdefault(person.id, _Participant(person)).courses.append(course)
    return found


def _records(calls: Calls, participant: _Participant) -> Iterator[CompletionRecord]:
    person = participant.person
    told = {each.id: each for each in courses_of(calls, person.id)}
    if not told:
        _refuse_hidden(calls, participant)
        return
    for course in participant.courses:
        is_completed, at = _completed(calls, person.id, course, told.get(course.id))
        if is_completed and at is None:
            log.warning("completion.skipped", course=course.id)
            continue
        holder = person.id_number.strip()
        if holder or at:
            yield CompletionRecord(holder, unescape(course.short_name), unescape(course.full_name), at)


def _refuse_hidden(calls: Calls, participant: _Participant) -> None:
    """Tell who has left all courses since they were listed from whom Moodle hides: it answers both with nothing.

    Raises:
        PeopleHiddenError: they still take part in one.
    """
    for course in participant.courses:
        if any(each.id == participant.person.id for each in list_enrolled(calls, course.id)):
            raise PeopleHiddenError(seen=0, asked=1)


def _completed(calls: Calls, user_id: int, course: Course, told: CourseOfUser | None) -> tuple[bool, datetime | None]:
    """Tell whether a user has completed a course, and when; a hidden course is not among those of its users."""
    if not course.has_completion or (told is not None and not told.is_completed):
        return False, None
    try:
        status = course_status(calls, course.id, user_id)
    except RefusedCallError as error:
        if error.facts["errorcode"] in NOT_COMPLETED:
            return False, None
        raise
    at = status.completed_at
    return status.is_completed, at.replace(second=0, microsecond=0) if at else None
