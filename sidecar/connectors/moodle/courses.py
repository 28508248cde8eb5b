"""Read and make courses; read who takes part, and enrol.

Making and enrolling are what a learning path needs that is set up in Moodle; nothing that runs by itself writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sidecar.connectors.moodle.calls import Calls
from sidecar.connectors.moodle.errors import UnknownShapeError
from sidecar.connectors.moodle.shapes import Item, items, unwarned

GET_COURSES: Final = "core_course_get_courses"
COURSES_BY_FIELD: Final = "core_course_get_courses_by_field"
CREATE_COURSES: Final = "core_course_create_courses"
ENROLLED_USERS: Final = "core_enrol_get_enrolled_users"
USERS_COURSES: Final = "core_enrol_get_users_courses"
ENROL_USERS: Final = "enrol_manual_enrol_users"

SITE_FORMAT: Final = "site"
"""The format of the front page, which Moodle lists as a course."""

ENROLLED_PAGE: Final = 1000
STUDENT_ROLE: Final = 5
"""The role “student” as a new Moodle numbers it."""


@dataclass(frozen=True)
class Course:
    """A course; `has_completion`: whether completion is turned on in it."""

    id: int
    short_name: str
    full_name: str
    id_number: str
    category_id: int
    has_completion: bool


@dataclass(frozen=True)
class Enrolled:
    """Somebody who takes part in a course; "" for what Moodle does not show."""

    id: int
    id_number: str
    institution: str
    department: str


@dataclass(frozen=True)
class CourseOfUser:
    """A course as one of its participants has it; None where completion is off or has no criteria."""

    id: int
    short_name: str
    full_name: str
    progress: float | None
    is_completed: bool | None


@dataclass(frozen=True)
class NewCourse:
    """A course to make; completion is turned on in it."""

    short_name: str
    full_name: str
    category_id: int
    id_number: str = ""
    is_visible: bool = True


def list_courses(calls: Calls) -> list[Course]:
    """Return the courses of the site, without its front page."""
    found = items(calls.read(GET_COURSES), GET_COURSES)
    return [_course(each) for each in found if each.text("format") != SITE_FORMAT]


def courses_by_field(
    calls: Calls, field: Literal["id", "shortname", "idnumber", "category"], value: str | int
) -> list[Course]:
    """Return the courses whose field has this value."""
    answer = calls.read(COURSES_BY_FIELD, {"field": field, "value": value})
    return [_course(each) for each in unwarned(answer, COURSES_BY_FIELD).items("courses")]


def _course(found: Item) -> Course:
    return Course(
        id=found.whole("id"),
        short_name=found.text("shortname"),
        full_name=found.text("fullname"),
        id_number=found.text("idnumber"),
        category_id=found.whole("categoryid"),
        has_completion=bool(found.flag("enablecompletion")),
    )


def create_courses(calls: Calls, courses: Sequence[NewCourse]) -> dict[str, int]:
    """Make courses; return the id of each by its short name.

    Raises:
        RefusedCallError: a short name is taken, and none is made.
    """
    wanted = [
        {
            "fullname": one.full_name,
            "shortname": one.short_name,
            "categoryid": one.category_id,
            "idnumber": one.id_number,
            "visible": one.is_visible,
            "enablecompletion": True,
        }
        for one in courses
    ]
    made = items(calls.write(CREATE_COURSES, {"courses": wanted}), CREATE_COURSES)
    return {each.text("shortname"): each.whole("id") for each in made}


def list_enrolled(calls: Calls, course_id: int) -> Iterator[Enrolled]:
    """Yield who takes part in a course now, by id."""
    begin = 0
    while True:
        found = items(calls.read(ENROLLED_USERS, _page_of_enrolled(course_id, begin)), ENROLLED_USERS)
        yield from (_enrolled(each) for each in found)
        if len(found) < ENROLLED_PAGE:
            return
        begin += ENROLLED_PAGE


def _page_of_enrolled(course_id: int, begin: int) -> dict[str, int | list[dict[str, str | int]]]:
    options: dict[str, str | int] = {
        "onlyactive": 1,
        "userfields": "id,idnumber,department,institution",
        "sortby": "id",
        "limitfrom": begin,
        "limitnumber": ENROLLED_PAGE,
    }
    return {"courseid": course_id, "options": [{"name": name, "value": value} for name, value in options.items()]}


def _enrolled(found: Item) -> Enrolled:
    texts = (found.text(name) for name in ("idnumber", "institution", "department"))
    return Enrolled(found.whole("id"), *texts)


def courses_of(calls: Calls, user_id: int) -> list[CourseOfUser]:
    """Return the courses of one user; there is no time of completion in it."""
    return [
        CourseOfUser(
            each.whole("id"),
            each.text("shortname"),
            each.text("fullname"),
            each.number("progress"),
            each.flag("completed"),
        )
        for each in items(calls.read(USERS_COURSES, {"userid": user_id}), USERS_COURSES)
    ]


def enrol(calls: Calls, course_id: int, user_ids: Sequence[int], role_id: int = STUDENT_ROLE) -> None:
    """Enrol users by hand, as Moodle calls it; who is enrolled stays so.

    Raises:
        RefusedCallError: the course has no such way of enrolment, and nobody is enrolled.
    """
    wanted = [{"roleid": role_id, "userid": user_id, "courseid": course_id} for user_id in user_ids]
    if wanted and calls.write(ENROL_USERS, {"enrolments": wanted}) is not None:
        raise UnknownShapeError(function=ENROL_USERS, place="answer")
