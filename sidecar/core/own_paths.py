"""Tell somebody about their learning paths: where they are, what comes next, and what is due anew.

Whoever asks sees themselves alone: every query is bound by a data subject that `data_subjects.of_identity` has found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import course_audiences
from sidecar.core.completions import Completion
from sidecar.core.courses import PATH, Course
from sidecar.core.data_subjects import DataSubject
from sidecar.core.evidence import VALID, Evidence
from sidecar.core.held_paths import DoneByCourse, HeldPath, find_held_path, list_done, list_held_paths, list_paths_of
from sidecar.core.path_progress import Done, Progress
from sidecar.core.periods import day_of

State = Literal["new", "begun", "finished", "renew", "expired"]


@dataclass(frozen=True)
class OwnPath:
    """A path as somebody stands on it.

    Attributes:
        state: new and begun, not finished yet; finished; renew, still valid and to be done anew; expired.
        is_expected: they are in its audience today.
        finished_on, valid_until: of the newest time they finished it; None where they never did, or for good.
    """

    path: HeldPath
    progress: Progress
    state: State
    is_expected: bool
    finished_on: date | None = None
    valid_until: date | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether there is nothing to do now."""
        return self.state == "finished"

    @property
    def next_title(self) -> str:
        """What to do next; "" where there is nothing."""
        step = None if self.is_over else self.progress.next_step()
        return self.path.title_of(step) if step else ""


def list_own_paths(db: Session, subject: DataSubject, today: date) -> Sequence[OwnPath]:
    """Return the paths that somebody is expected to take, and the others that they have done a step of.

    What is to be done comes first, and what is expected before what is not.

    Args:
        today: the day in Europe/Oslo.
    """
    expected = _list_expected(db, subject, today)
    paths = {one.course.id: one for one in list_held_paths(db, Course.id.in_(expected))}
    paths |= {one.course.id: one for one in list_paths_of(db, _list_touched(db, subject))}
    done = _done_of(db, subject, paths.values())
    found = [_own(path, done, today, is_expected=key in expected) for key, path in paths.items()]
    return sorted(found, key=lambda one: (one.is_over, not one.is_expected, one.path.course.title.casefold()))


def find_own_path(db: Session, subject: DataSubject, key: str, today: date) -> OwnPath:
    """Return how somebody stands on any path that was published: a link of their LMS may open it for them.

    Raises:
        NotFoundError: there is none of this key.
    """
    path = find_held_path(db, key)
    is_expected = path.course.id in _list_expected(db, subject, today)
    return _own(path, _done_of(db, subject, [path]), today, is_expected=is_expected)


def _own(path: HeldPath, done: DoneByCourse, today: date, *, is_expected: bool) -> OwnPath:
    newest = max(done.get(path.course.id, ()), key=lambda one: one.completed_at, default=None)
    progress = path.reckon(done, today)
    if newest is None:
        return OwnPath(path, progress, "begun" if progress.is_begun else "new", is_expected)
    state: State = "finished"
    if newest.valid_until is not None and newest.valid_until < today:
        state = "expired"
    elif path.renewed_since(done, today) is not None:
        state = "renew"
    return OwnPath(path, progress, state, is_expected, day_of(newest.completed_at), newest.valid_until)


def _list_expected(db: Session, subject: DataSubject, today: date) -> frozenset[str]:
    """Return the ids of the paths' courses whose audience somebody is in, by any of their employments."""
    found = set[str]()
    for municipality_id in subject.municipality_ids:
        named = course_audiences.pairs(today, municipality_id).subquery()
        query = select(named.c.course_id).join(Course, Course.id == named.c.course_id)
        found |= set(db.scalars(query.where(named.c.employment_id.in_(subject.employment_ids), Course.kind == PATH)))
    return frozenset(found)


def _list_touched(db: Session, subject: DataSubject) -> Sequence[str]:
    """Return the ids of the courses that somebody has completed."""
    if subject.person_id is None:
        mine = Evidence.identity_id.in_(subject.all_identity_ids), Evidence.person_id.is_(None)
        return db.scalars(select(Evidence.course_id).where(*mine, Evidence.state == VALID).distinct()).all()
    held = Completion.person_id == subject.person_id, Completion.withdrawn_at.is_(None)
    return db.scalars(select(Completion.course_id).where(*held).distinct()).all()


def _done_of(db: Session, subject: DataSubject, paths: Iterable[HeldPath]) -> DoneByCourse:
    course_ids = frozenset[str]().union(*(one.course_ids for one in paths))
    if subject.person_id is None:
        return _earned(db, subject, course_ids)
    return list_done(db, Completion.person_id == subject.person_id, course_ids)[subject.person_id]


def _earned(db: Session, subject: DataSubject, course_ids: frozenset[str]) -> DoneByCourse:
    """Return what the accounts of somebody have earned who is matched with no employee yet: it counts once they are."""
    found: Mapping[str, list[Done]] = defaultdict(list)
    mine = Evidence.identity_id.in_(subject.all_identity_ids), Evidence.person_id.is_(None)
    query = select(Evidence.completed_at, Course).join(Course, Course.id == Evidence.course_id)
    for moment, course in db.execute(query.where(*mine, Evidence.state == VALID, Course.id.in_(course_ids))):
        found[course.id].append(Done(moment, course.rule.valid_until(day_of(moment))))
    return found
