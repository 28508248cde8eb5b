"""List what is kept of a person as one of the staff who decided about courses and completions; never about whom."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from sidecar.core.course_rules import RuleRun
from sidecar.core.courses import Course
from sidecar.core.evidence import Evidence
from sidecar.core.people_sources import LmsCourse
from sidecar.core.personal_sections import Section

COURSE_WORK: Final = (
    Section(
        "lms_courses_mapped",
        ("lms_course",),
        lambda s: (
            select(LmsCourse.title.label("lms_course"), Course.title.label("course"), LmsCourse.mapped_at)
            .join(Course, Course.id == LmsCourse.course_id)
            .where(LmsCourse.mapped_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "course_rules_applied",
        ("course_rule_run",),
        lambda s: (
            select(Course.title.label("course"), RuleRun.asked_at, RuleRun.ended_at)
            .join(Course, Course.id == RuleRun.course_id)
            .where(RuleRun.asked_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "completions_entered",
        ("evidence",),
        lambda s: (
            select(Course.title.label("course"), Evidence.origin, Evidence.recorded_at)
            .join(Course, Course.id == Evidence.course_id)
            .where(Evidence.entered_by.in_(s.identity_ids))
            .order_by(Evidence.recorded_at)
        ),
    ),
    Section(
        "completions_decided",
        ("evidence",),
        lambda s: (
            select(Course.title.label("course"), Evidence.state, Evidence.decided_at)
            .join(Course, Course.id == Evidence.course_id)
            .where(Evidence.decided_by.in_(s.identity_ids))
            .order_by(Evidence.decided_at)
        ),
    ),
)
"""What they mapped, let hold, entered and decided."""
