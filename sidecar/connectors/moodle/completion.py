"""Read what one user has completed, and the grades; set an activity complete.

Setting one complete is what a learning path needs that is set up in Moodle; nothing that runs by itself writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.errors import UnknownShapeError
from sidecar.connectors.moodle.shapes import Item, item, unwarned

COURSE_STATUS: Final = "core_completion_get_course_completion_status"
ACTIVITIES_STATUS: Final = "core_completion_get_activities_completion_status"
OVERRIDE: Final = "core_completion_override_activity_completion_status"
GRADE_ITEMS: Final = "gradereport_user_get_grade_items"

ALL: Final = 1
"""How criteria are put together: all of them; 2 is any."""

COMPLETE_STATES: Final = frozenset({1, 2, 3})
"""Complete, passed, failed; 0 is incomplete. Moodle counts an activity that was failed as done."""


@dataclass(frozen=True)
class Criterion:
    """One thing that a course asks for; what Moodle calls it is in the reader's language, and left out."""

    kind: int
    is_complete: bool
    completed_at: datetime | None


@dataclass(frozen=True)
class CourseStatus:
    """How far one user is in one course."""

    is_completed: bool
    needs_all: bool
    criteria: tuple[Criterion, ...]

    @property
    def completed_at(self) -> datetime | None:
        """When the course was completed, as far as its criteria tell: Moodle does not say it itself."""
        times = [each.completed_at for each in self.criteria if each.is_complete and each.completed_at]
        if not self.is_completed or not times:
            return None
        return max(times) if self.needs_all else min(times)


@dataclass(frozen=True)
class ActivityStatus:
    """How far one user is in one activity; `state` is 0 incomplete, 1 complete, 2 passed, 3 failed."""

    module_id: int
    kind: str
    state: int
    completed_at: datetime | None
    is_overridden: bool


@dataclass(frozen=True)
class GradeItem:
    """A grade of one user; `grade` is None where there is none."""

    id: int
    name: str
    kind: str
    grade: float | None
    lowest: float
    highest: float
    graded_at: datetime | None


def course_status(calls: Calls, course_id: int, user_id: int) -> CourseStatus:
    """Return how far a user is in a course.

    Raises:
        NotPermittedError: the role may not see it, or the course has completion turned off: Moodle says the same.
        RefusedCallError: usernotenroled, nocriteriaset, guestsarenotallowed.
    """
    answer = calls.read(COURSE_STATUS, {"courseid": course_id, "userid": user_id})
    status = unwarned(answer, COURSE_STATUS).one("completionstatus")
    return CourseStatus(
        bool(status.flag("completed")),
        status.whole("aggregation") == ALL,
        tuple(
            Criterion(each.whole("type"), bool(each.flag("complete")), each.moment("timecompleted"))
            for each in status.items("completions")
        ),
    )


def activity_statuses(calls: Calls, course_id: int, user_id: int) -> list[ActivityStatus]:
    """Return how far a user is in the activities of a course; none where the course has completion turned off."""
    answer = calls.read(ACTIVITIES_STATUS, {"courseid": course_id, "userid": user_id})
    return [_activity(each) for each in unwarned(answer, ACTIVITIES_STATUS).items("statuses")]


def _activity(found: Item) -> ActivityStatus:
    state = found.whole("state")
    at = found.moment("timecompleted") if state in COMPLETE_STATES else None
    return ActivityStatus(found.whole("cmid"), found.text("modname"), state, at, found.number("overrideby") is not None)


def override_activity(calls: Calls, module_id: int, user_id: int, *, is_complete: bool) -> None:
    """Set an activity complete, or incomplete, for a user.

    Raises:
        UnknownShapeError: Moodle says that it is not so.
    """
    wanted = {"userid": user_id, "cmid": module_id, "newstate": int(is_complete)}
    if item(calls.write(OVERRIDE, wanted), OVERRIDE).whole("state") != int(is_complete):
        raise UnknownShapeError(function=OVERRIDE, place="state")


def grade_items(calls: Calls, course_id: int, user_id: int) -> list[GradeItem]:
    """Return the grades of a user in a course."""
    answer = calls.read(GRADE_ITEMS, {"courseid": course_id, "userid": user_id})
    return [
        _grade(each) for one in unwarned(answer, GRADE_ITEMS).items("usergrades") for each in one.items("gradeitems")
    ]


def _grade(found: Item) -> GradeItem:
    return GradeItem(
        id=found.whole("id"),
        name=found.text("itemname"),
        kind=found.text("itemtype"),
        grade=found.number("graderaw"),
        lowest=found.number("grademin") or 0.0,
        highest=found.number("grademax") or 0.0,
        graded_at=found.moment("gradedategraded"),
    )
