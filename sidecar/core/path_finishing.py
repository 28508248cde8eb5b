"""Let what somebody finishes be told of them: who has done all that a learning path asks for has evidence of it.

`sidecar.core.settling` asks for it whenever completions have changed. What was finished by one version of a path stays
finished when another is published; it is withdrawn where a completion that it stood on is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.db import new_id
from sidecar.core.evidence import PATH, VALID, WITHDRAWN, Evidence
from sidecar.core.held_paths import DoneByCourse, list_done
from sidecar.core.path_contents import Content, content_of
from sidecar.core.path_progress import Done, holds_at, list_finishings
from sidecar.core.paths import LearningPath, LearningPathStep, LearningPathVersion

PEOPLE_A_TIME: Final = 1_000


@dataclass(frozen=True)
class _Version:
    """What a version asks for, and which course each step is about."""

    content: Content
    courses: Mapping[str, str]

    def done_by(self, completions: DoneByCourse) -> dict[str, Sequence[Done]]:
        return {step: completions.get(course_id, ()) for step, course_id in self.courses.items()}


@dataclass(frozen=True)
class _Path:
    """A path of which some steps are concerned; `versions` by id, the newest one being `newest`."""

    course: Course
    versions: Mapping[str, _Version]
    newest: str

    @property
    def course_ids(self) -> set[str]:
        return {course_id for one in self.versions.values() for course_id in one.courses.values()}


def renew(db: Session, pairs: Collection[tuple[str, str]], now: datetime) -> set[tuple[str, str]]:
    """Bring the evidence of finished paths up to date with completions that have just been reckoned.

    Args:
        pairs: of person and course, whose completions may have changed.

    Returns:
        The pairs of person and path whose evidence has changed: their completions are to be reckoned next.
    """
    concerned = _list_paths(db, {course_id for _, course_id in pairs})
    changed = set[tuple[str, str]]()
    for path in concerned:
        courses = path.course_ids
        changed |= _renew(db, path, sorted({person for person, course_id in pairs if course_id in courses}), now)
    return changed


def renew_some(db: Session, version_id: str, now: datetime) -> tuple[set[tuple[str, str]], bool]:
    """Look who has finished a path whose version is new, of some further people, in the caller's transaction.

    Returns:
        The pairs whose evidence has changed, and whether everybody was looked at.
    """
    version = db.get(LearningPathVersion, version_id, with_for_update=True)
    if version is None or version.looked_through is None:
        return set(), True
    steps = select(LearningPathStep.course_id).where(LearningPathStep.version_id == version_id)
    of_steps = Completion.course_id.in_(steps), Completion.withdrawn_at.is_(None)
    further = select(Completion.person_id).where(*of_steps, Completion.person_id > version.looked_through).distinct()
    people = db.scalars(further.order_by(Completion.person_id).limit(PEOPLE_A_TIME)).all()
    paths = _read_paths(db, {version.path_id}) if people else []
    changed = set[tuple[str, str]]().union(*(_renew(db, path, people, now) for path in paths))
    version.looked_through = people[-1] if len(people) == PEOPLE_A_TIME else None
    db.flush()
    return changed, version.looked_through is None


def _list_paths(db: Session, course_ids: Collection[str]) -> list[_Path]:
    query = (
        select(LearningPathVersion.path_id)
        .join(LearningPathStep, LearningPathStep.version_id == LearningPathVersion.id)
        .where(LearningPathStep.course_id.in_(course_ids))
    )
    return _read_paths(db, set(db.scalars(query.distinct())))


def _read_paths(db: Session, path_ids: Collection[str]) -> list[_Path]:
    if not path_ids:
        return []
    steps = defaultdict[str, dict[str, str]](dict)
    version_ids = select(LearningPathVersion.id).where(LearningPathVersion.path_id.in_(path_ids))
    for row in db.scalars(select(LearningPathStep).where(LearningPathStep.version_id.in_(version_ids))):
        steps[row.version_id][row.key] = row.course_id
    query = (
        select(LearningPathVersion, Course)
        .join(LearningPath, LearningPath.id == LearningPathVersion.path_id)
        .join(Course, Course.id == LearningPath.course_id)
        .where(LearningPathVersion.path_id.in_(path_ids))
        .order_by(LearningPathVersion.path_id, LearningPathVersion.number)
    )
    versions, courses = defaultdict[str, dict[str, _Version]](dict), dict[str, Course]()
    for one, course in db.execute(query):
        versions[one.path_id][one.id] = _Version(content_of(one.content), steps[one.id])
        courses[one.path_id] = course
    return [_Path(courses[key], found, newest=list(found)[-1]) for key, found in versions.items()]


def _renew(db: Session, path: _Path, people: Sequence[str], now: datetime) -> set[tuple[str, str]]:
    completions = list_done(db, Completion.person_id.in_(people), path.course_ids)
    told = _list_told(db, people, path.course.id)
    added: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    changed = set[str]()
    for person_id in people:
        kept, gone = _sort_out(path, told[person_id], completions[person_id])
        known = {one.completed_at: one for one in gone}
        for one in (one for one in gone if one.state == VALID):
            changes.append({"id": one.id, "state": WITHDRAWN, "decided_at": now})
            changed.add(person_id)
        newest = path.versions[path.newest]
        done = newest.done_by(completions[person_id])
        for moment in list_finishings(newest.content, path.course.rule, done, after=max(kept, default=None)):
            changed.add(person_id)
            if moment in known:  # it was withdrawn, and holds again
                back = {"id": known[moment].id, "source_key": path.newest, "state": VALID, "decided_at": None}
                changes = [one for one in changes if one["id"] != back["id"]] + [back]
            else:
                added.append(_row(person_id, path, moment, now))
    _write(db, added, changes)
    return {(person_id, path.course.id) for person_id in changed}


def _sort_out(
    path: _Path, told: Iterable[Evidence], completions: DoneByCourse
) -> tuple[list[datetime], list[Evidence]]:
    """Return the moments of the evidence that holds, and the evidence that doesn't."""
    kept, gone = [], []
    for one in told:
        version = path.versions.get(one.source_key or "")
        if one.state == VALID and version and holds_at(version.content, version.done_by(completions), one.completed_at):
            kept.append(one.completed_at)
        else:
            gone.append(one)
    return kept, gone


def _list_told(db: Session, people: Collection[str], course_id: str) -> defaultdict[str, list[Evidence]]:
    found = defaultdict[str, list[Evidence]](list)
    ours = Evidence.origin == PATH, Evidence.course_id == course_id, Evidence.person_id.in_(people)
    for one in db.scalars(select(Evidence).where(*ours).order_by(Evidence.completed_at)):
        found[one.person_id or ""].append(one)
    return found


def _row(person_id: str, path: _Path, moment: datetime, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "person_id": person_id,
        "course_id": path.course.id,
        "origin": PATH,
        "source_key": path.newest,
        "completed_at": moment,
        "recorded_at": now,
        "state": VALID,
    }


def _write(db: Session, added: list[dict[str, Any]], changes: list[dict[str, Any]]) -> None:
    if added:
        db.execute(insert(Evidence), added)
    if changes:
        db.execute(update(Evidence), changes)
