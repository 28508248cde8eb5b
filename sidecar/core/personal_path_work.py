"""List what is kept of a person as one of the staff who made learning paths; never who follows these."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from sidecar.core.courses import Course
from sidecar.core.paths import LearningPath, LearningPathVersion
from sidecar.core.personal_sections import Section

PATH_WORK: Final = (
    Section(
        "paths_drafted",
        ("learning_path",),
        lambda s: (
            select(Course.title.label("path"), LearningPath.drafted_at)
            .join(Course, Course.id == LearningPath.course_id)
            .where(LearningPath.drafted_by.in_(s.identity_ids))
            .order_by(LearningPath.drafted_at)
        ),
    ),
    Section(
        "paths_published",
        ("learning_path_version",),
        lambda s: (
            select(Course.title.label("path"), LearningPathVersion.number, LearningPathVersion.published_at)
            .join(LearningPath, LearningPath.id == LearningPathVersion.path_id)
            .join(Course, Course.id == LearningPath.course_id)
            .where(LearningPathVersion.published_by.in_(s.identity_ids))
            .order_by(LearningPathVersion.published_at)
        ),
    ),
)
"""What they drafted and published."""
