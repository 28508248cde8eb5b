"""Set up a learning path in an LMS: make the course, and enrol those who are expected to take it.

Run again, it makes nothing twice: the course is found by its number, who takes part is asked of the LMS, and who is
expected since is enrolled. Who is expected no more is told of, and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy.orm import Session

from sidecar.connectors.base import CourseTarget, RejectedError
from sidecar.connectors.records import CoursePlan, CourseThere
from sidecar.core import audit, paths
from sidecar.core.access import Viewer
from sidecar.core.connections import Connection, find_connection, list_connections
from sidecar.core.path_accounts import Employee, list_employees, list_expected_accounts
from sidecar.core.paths import PathLine, PathRetiredError
from sidecar.core.platforms import Platform
from sidecar.errors import SidecarError
from sidecar.outside import open_connection
from sidecar.runtime import Sidecar

Progress = Callable[[int, int], None]
"""Is told how many have been enrolled, of how many."""

AT_A_TIME: Final = 100
"""How many people are enrolled by one call."""

FIRST_CATEGORY: Final = 1
"""The category that a new Moodle has."""


class PathNotPublishedError(SidecarError):
    """The learning path "{key}" is not published yet. Publish it, then set it up in the LMS."""

    code = "path-not-published"


class NotATargetError(SidecarError):
    """The connection can't make courses. Name one of an LMS, such as Moodle, by its id or by the name of the LMS."""

    code = "connection-not-a-target"


@dataclass(frozen=True)
class Wished:
    """How the course shall be: `short_name`: "" is the key of the path, `category`: as the LMS numbers it."""

    category: int = FIRST_CATEGORY
    short_name: str = ""
    with_audience: bool = True


@dataclass(frozen=True)
class Provisioned:
    """How a path stands in an LMS now, or would if it were no trial.

    Attributes:
        url: of the course; "" where it is not made yet.
        is_new: the course was made, or would be.
        expected: how many people are, of whom `already` took part, `enrolled` do now, `without_account` have no account
            there that we know of, and `refused` are those whose account the LMS does not enrol.
        unexpected: who takes part and is not expected to.
    """

    url: str
    is_new: bool
    expected: int = 0
    already: int = 0
    enrolled: int = 0
    without_account: int = 0
    refused: int = 0
    unexpected: Sequence[Employee] = ()


@dataclass(frozen=True)
class _Place:
    """Where a path goes, and who is to take part there, each with their accounts."""

    line: PathLine
    target: CourseTarget
    accounts: Mapping[str, Sequence[str]]
    employees: Mapping[str, Employee]


def provision(
    sidecar: Sidecar,
    viewer: Viewer,
    key: str,
    connection: str,
    wished: Wished,
    *,
    is_trial: bool = False,
    progress: Progress | None = None,
) -> Provisioned:
    """Make the course of a path in an LMS, hidden from learners, and enrol its audience.

    Args:
        connection: the id of a connection, or the name of its LMS.
        is_trial: only look; nothing is made, and nobody enrolled.
        progress: is told how many have been enrolled, of how many.

    Raises:
        NotFoundError: there is no such path or connection that the viewer looks after.
        PathNotPublishedError, PathRetiredError: the path can't be taken.
        NotATargetError: the connection can't make courses.
        ConnectorError: the LMS can't be reached, or refuses; run again, it goes on where it ended.
    """
    place = _look_up(sidecar, viewer, key, connection)
    number = f"laeringslop/{key}"
    there = place.target.find_course(number)
    is_new = there is None
    if there is None and not is_trial:
        plan = CoursePlan(number, wished.short_name or key, place.line.course.title, wished.category)
        there = place.target.make_course(plan)
    found = Provisioned(there.url if there else "", is_new)
    if wished.with_audience:
        found = _enrol_audience(place, found, there, is_trial=is_trial, progress=progress)
    if not is_trial:
        _record(sidecar, viewer, place.line, found)
    return found


def _record(sidecar: Sidecar, viewer: Viewer, line: PathLine, found: Provisioned) -> None:
    with sidecar.transaction() as db:
        audit.record(
            db,
            "learning_path.provisioned",
            line.path.id,
            at=sidecar.now(),
            identity_id=viewer.identity_id,
            course=line.course.key,
            enrolled=found.enrolled,
        )


def _look_up(sidecar: Sidecar, viewer: Viewer, key: str, connection: str) -> _Place:
    today = sidecar.today()
    with sidecar.reading() as db:
        line = paths.find_path(db, viewer, key)
        if line.course.retired_at:
            raise PathRetiredError
        if line.newest is None:
            raise PathNotPublishedError(key=key)
        found = _find_connection(db, viewer, connection)
        target = open_connection(sidecar, found)
        if found.platform_id is None or not isinstance(target, CourseTarget):
            raise NotATargetError
        accounts = list_expected_accounts(db, viewer, line.course.id, found.platform_id, today)
        employees = list_employees(db, viewer, found.platform_id, today)
        db.expunge_all()
    return _Place(line, target, accounts, employees)


def _find_connection(db: Session, viewer: Viewer, name: str) -> Connection:
    for one in list_connections(db, viewer):
        if one.platform_id and db.get_one(Platform, one.platform_id).name == name:
            return one
    return find_connection(db, viewer, name)


def _enrol_audience(
    place: _Place,
    found: Provisioned,
    there: CourseThere | None,
    *,
    is_trial: bool,
    progress: Progress | None,
) -> Provisioned:
    taking_part = place.target.list_taking_part(there) if there else frozenset[str]()
    with_account = {person: accounts for person, accounts in place.accounts.items() if accounts}
    new = [accounts[0] for accounts in with_account.values() if taking_part.isdisjoint(accounts)]
    expected = {account for accounts in with_account.values() for account in accounts}
    others = tuple(place.employees[one] for one in sorted(taking_part - expected) if one in place.employees)
    refused = 0 if is_trial or there is None else _enrol(place.target, there, new, progress)
    return Provisioned(
        url=found.url,
        is_new=found.is_new,
        expected=len(place.accounts),
        already=len(with_account) - len(new),
        enrolled=len(new) - refused,
        without_account=len(place.accounts) - len(with_account),
        refused=refused,
        unexpected=others,
    )


def _enrol(target: CourseTarget, there: CourseThere, accounts: Sequence[str], progress: Progress | None) -> int:
    """Enrol all that the LMS takes; return how many it does not."""
    refused, left, done = 0, iter(accounts), 0
    while some := list(islice(left, AT_A_TIME)):
        refused += _enrol_some(target, there, some)
        done += len(some)
        if progress:
            progress(done, len(accounts))
    return refused


def _enrol_some(target: CourseTarget, there: CourseThere, accounts: Sequence[str]) -> int:
    """Enrol some at once, or one by one where the LMS refuses one of them; return how many it refuses."""
    try:
        target.enrol(there, accounts)
    except RejectedError:
        if len(accounts) == 1:
            return 1
        return sum(_enrol_some(target, there, [one]) for one in accounts)
    return 0
