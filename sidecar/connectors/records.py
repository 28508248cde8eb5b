"""Say in which records connectors tell of people and completions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

Cursor = Mapping[str, Any]
"""Where a source goes on, as JSON; only the connector reads it."""


@dataclass(frozen=True)
class UnitRecord:
    """A unit as a source tells it; `key` is the source's own, `parent_key` None at the top."""

    key: str
    name: str
    parent_key: str | None = None


class PositionRecord(NamedTuple):
    """A position as a source tells it; `key` tells an employee's positions apart, `percentage` is 0..100."""

    key: str
    unit_key: str | None = None
    title: str = ""
    code: str | None = None
    percentage: float | None = None
    is_main: bool = True
    is_manager: bool = False
    started_on: date | None = None
    ended_on: date | None = None


class PersonRecord(NamedTuple):
    """An employee as a source tells it; None where the source does not know the field at all.

    Attributes:
        unit, position: the names of the main ones.
        manager_number: the employee number of who leads them.
        national_id: only to know one person again in another municipality; it is hashed, and never kept.
        external_id: what the source calls them, where that is not the employee number.
        positions: all of them, where the source tells more than the main one.
    """

    employee_number: str
    first_name: str
    last_name: str
    email: str | None = None
    unit: str | None = None
    position: str | None = None
    started_on: date | None = None
    ended_on: date | None = None
    percentage: float | None = None
    manager_number: str | None = None
    national_id: str | None = None
    external_id: str | None = None
    positions: tuple[PositionRecord, ...] = ()

    def __repr__(self) -> str:
        """Tell all but the national id."""
        told = {name: value for name, value in self._asdict().items() if name != "national_id"}
        return f"PersonRecord({told})"


@dataclass(frozen=True)
class SetAside:
    """A row that a source tells and that can't be taken in.

    Attributes:
        line: of the file, or the place in the feed, from 1.
        code: of what is wrong with it.
        employee_number: where it has a usable one: whoever it is has not left.
    """

    line: int
    code: str
    employee_number: str = field(default="", repr=False)


@dataclass(frozen=True)
class PeopleFeed:
    """What a source tells at one time.

    Attributes:
        is_full: everybody is in it, so that who is not has left.
        people: read once, a piece at a time.
        units: all of them, or those that changed.
        gone: employee numbers that a delta takes away.
        cursor: where the next delta begins; None where the source has none.
        total: how many people, as far as the source says.
        set_aside: what can't be taken in; complete once the people are read.
    """

    is_full: bool
    people: Iterable[PersonRecord]
    units: Sequence[UnitRecord] = ()
    gone: Sequence[str] = ()
    cursor: Cursor | None = None
    total: int | None = None
    set_aside: Sequence[SetAside] = ()


@dataclass(frozen=True)
class CompletionRecord:
    """What a source tells of somebody and a course.

    Attributes:
        holder: the ID number by which the LMS knows the person, as `lis.person_sourcedid` has it; "" for none.
        course_key: the source's own.
        completed_at: aware UTC; None where it says that they have not completed it, or not any more.
        score: scaled 0..1.
    """

    holder: str
    course_key: str
    course_title: str
    completed_at: datetime | None
    score: float | None = None


@dataclass(frozen=True)
class CompletionPage:
    """A piece of a feed of completions; `checkpoint`: where a run that is cut off after it goes on."""

    rows: Sequence[CompletionRecord]
    checkpoint: Cursor
    total: int | None = None


@dataclass(frozen=True)
class CoursePlan:
    """A course to make in an LMS; `number`: what it is found by again, `category`: where, as the LMS numbers it."""

    number: str
    short_name: str
    title: str
    category: int


@dataclass(frozen=True)
class CourseThere:
    """A course of an LMS; `id`: the LMS's own."""

    id: str
    url: str
