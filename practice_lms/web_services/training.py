"""Know the courses of the practice LMS, who takes part, and what each has completed.

The course of the LTI links is completed by the grades of its links; the others by what tests and overrides set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from practice_lms.people import Person

if TYPE_CHECKING:
    from practice_lms.state import Lms

LINKS_COURSE = 5
CATEGORY = 2
MANUAL, COHORT_SYNC, SELF = "Manual enrolments", "Cohort sync", "Self enrolment (Student)"
SEED_AT = 1_783_273_080
"""Sunday, 5 July 2026, 5:38 PM in UTC."""


@dataclass(frozen=True)
class Course:
    """A course; `modules` are its activities, all of which it asks for."""

    id: int
    short_name: str
    full_name: str
    has_completion: bool = True
    has_criteria: bool = True
    category: int = CATEGORY
    id_number: str = ""
    modules: tuple[int, ...] = ()
    is_visible: bool = True

    @property
    def can_complete(self) -> bool:
        """Say whether it can be completed at all."""
        return self.has_completion and self.has_criteria


COURSES = (
    Course(3, "BRANN", "Brannvern grunnkurs", id_number="KURS-BRANN", modules=(31, 32)),
    Course(4, "GDPR", "Personvern & GDPR", id_number="KURS-GDPR", modules=(41, 42)),
    Course(LINKS_COURSE, "OBLIG", "Obligatorisk opplæring", id_number="KURS-OBLIG"),
    Course(8, "NOCOMP", "Kurs uten fullføring", has_completion=False, id_number="KURS-NOCOMP"),
    Course(10, "WSKURS", "WS kurs", has_criteria=False, id_number="KURS-WS"),
)


@dataclass(frozen=True)
class Done:
    """An activity that somebody has completed; `by`: who set it, where that was by hand."""

    at: int
    by: int | None = None


class Row(NamedTuple):
    """A row of the report on participants; `person` is None for a way of enrolment that nobody uses."""

    person: Person | None
    course: Course
    method: str
    at: int | None
    has_begun: bool
    cohort: str = ""


@dataclass
class Training:
    """Hold what the web services tell of; change it through its methods, so that reports are made anew."""

    lms: Lms = field(repr=False)
    courses: dict[int, Course] = field(default_factory=lambda: {one.id: one for one in COURSES})
    enrolments: dict[int, dict[str, str]] = field(default_factory=dict)
    done: dict[tuple[str, int], Done] = field(default_factory=dict)
    twice: set[tuple[str, int]] = field(default_factory=set)
    cohorts: dict[str, list[str]] = field(default_factory=dict)
    changes: int = 0

    def __post_init__(self) -> None:
        learners = [one for one in self.lms.people.values() if one.role == "learner"]
        for course in self.courses.values():
            self.enrolments[course.id] = {one.user_id: MANUAL for one in learners}
        for place in self.lms.region.municipalities:
            self.cohorts[f"kommune-{place.slug}"] = [one.user_id for one in learners if one.municipality == place]
        for number, one in enumerate(learners):
            if number % 2:
                self.complete(one.user_id, 3, SEED_AT + number * 100_000)
            if number % 3:
                self.complete(one.user_id, 4, SEED_AT + number * 200_000 + 7)

    def add_course(self, course: Course) -> None:
        """Make a course that nobody takes part in."""
        self.courses[course.id] = course
        self.enrolments[course.id] = {}
        self.changes += 1

    def enrol(self, user_id: str, course_id: int, method: str = MANUAL) -> None:
        """Enrol somebody; a second way of enrolment stands beside the first."""
        enrolled = self.enrolments[course_id]
        if enrolled.setdefault(user_id, method) != method:
            self.twice.add((user_id, course_id))
        self.changes += 1

    def unenrol(self, user_id: str, course_id: int) -> None:
        """Take somebody out of a course."""
        self.enrolments[course_id].pop(user_id, None)
        self.changes += 1

    def complete(self, user_id: str, course_id: int, at: int) -> None:
        """Let somebody have completed a course."""
        self.done |= {(user_id, module): Done(at) for module in self.courses[course_id].modules}
        self.changes += 1

    def set_done(self, user_id: str, module: int, done: Done | None) -> None:
        """Set one activity complete, or incomplete with None."""
        if done:
            self.done[user_id, module] = done
        else:
            self.done.pop((user_id, module), None)
        self.changes += 1

    def modules_of(self, course: Course) -> tuple[int, ...]:
        """Return the activities that count; those of the links' course are its graded links."""
        if course.id != LINKS_COURSE:
            return course.modules
        return tuple(LINKS_COURSE * 100 + int(link.link_id) for link in self.lms.config.links if link.graded)

    def done_of(self, user_id: str, module: int) -> Done | None:
        """Return how somebody has completed an activity, or None."""
        found = self.done.get((user_id, module))
        if found or module // 100 != LINKS_COURSE:
            return found
        grade = self.lms.grade_of(user_id, str(module % 100))
        return Done(int(grade.at.timestamp())) if grade and grade.score is not None else None

    def completed_at(self, user_id: str, course: Course) -> int | None:
        """Return when somebody completed a course, in seconds, or None."""
        modules = self.modules_of(course)
        done = [self.done_of(user_id, module) for module in modules]
        if not modules or not course.can_complete:
            return None
        times = [each.at for each in done if each]
        return max(times) if len(times) == len(modules) else None

    def rows(self, *, with_cohorts: bool, with_unused: bool) -> Iterator[Row]:
        """Yield the rows of the report, in no order that is promised."""
        for course in self.courses.values():
            if with_unused:
                yield Row(None, course, SELF, None, has_begun=False)
            for user_id, method in self.enrolments[course.id].items():
                row = self._row(self.lms.people[user_id], course, method)
                rows = [row, row._replace(method=COHORT_SYNC)] if (user_id, course.id) in self.twice else [row]
                yield from self._by_cohort(rows) if with_cohorts else rows

    def _row(self, person: Person, course: Course, method: str) -> Row:
        has_begun = course.can_complete and any(self.done_of(person.user_id, each) for each in self.modules_of(course))
        return Row(person, course, method, self.completed_at(person.user_id, course), has_begun)

    def _by_cohort(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            mine = [name for name, members in self.cohorts.items() if row.person and row.person.user_id in members]
            yield from (row._replace(cohort=name) for name in mine or [""])

    @property
    def version(self) -> tuple[int, ...]:
        """Change whenever anything that reports tell of may have changed."""
        return self.changes, len(self.lms.score_calls), len(self.lms.people)
