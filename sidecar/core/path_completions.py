"""Tell of completions which learning path, and which version of one, they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, aliased

from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.evidence import PATH, VALID, Evidence
from sidecar.core.paths import LearningPath, LearningPathStep, LearningPathVersion

KEYS_A_TIME: Final = 5_000
"""How many courses one statement names: PostgreSQL and SQLite take some 32,000 parameters."""


def version_number() -> ColumnElement[int | None]:
    """Return which version of its course, or of its path, a `Completion` is of, in a query that joins `CourseVersion`.

    It is None where that is not known, as of what was not completed here.
    """
    finished_by = (
        select(func.max(LearningPathVersion.number))
        .join(Evidence, Evidence.source_key == LearningPathVersion.id)
        .where(Evidence.completion_id == Completion.id, Evidence.origin == PATH, Evidence.state == VALID)
        .correlate(Completion)
        .scalar_subquery()
    )
    return case((Completion.origin == PATH, finished_by), else_=CourseVersion.number)


def list_paths_by_step(db: Session, course_keys: Collection[str]) -> Mapping[str, Sequence[str]]:
    """Return the keys of the paths of which any version has, or had, a step about each of some courses, by key."""
    step, path = aliased(Course), aliased(Course)
    query = (
        select(step.key, path.key)
        .join(LearningPathStep, LearningPathStep.course_id == step.id)
        .join(LearningPathVersion, LearningPathVersion.id == LearningPathStep.version_id)
        .join(LearningPath, LearningPath.id == LearningPathVersion.path_id)
        .join(path, path.id == LearningPath.course_id)
        .distinct()
    )
    found, left = defaultdict[str, list[str]](list), iter(course_keys)
    while some := list(islice(left, KEYS_A_TIME)):
        for course, key in db.execute(query.where(step.key.in_(some))):
            found[course].append(key)
    return found
