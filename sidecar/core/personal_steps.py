"""List what is kept of a person about tasks and gatherings of learning paths: their own part, and as one of staff."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, select, true

from sidecar.core.courses import Course
from sidecar.core.data_subjects import DataSubject
from sidecar.core.gatherings import Gathering, GatheringAttendance
from sidecar.core.personal_sections import Section
from sidecar.core.sign_off_requests import SignOffRequest


def _is_theirs(subject: DataSubject) -> ColumnElement[bool]:
    """Return the condition on `Gathering`: all for the person; for a contact, those of their own municipality."""
    return true() if subject.is_whole else Gathering.municipality_id.in_(subject.municipality_ids)


STEPS: Final = (
    Section(
        "sign_offs_asked",
        ("sign_off_request",),
        lambda s: (
            select(Course.title.label("task"), SignOffRequest.asked_at)
            .join(Course, Course.id == SignOffRequest.course_id)
            .where(SignOffRequest.person_id.in_(s.person_ids))
            .order_by(SignOffRequest.asked_at)
        ),
    ),
    Section(
        "gatherings",
        ("gathering_attendance",),
        lambda s: (
            select(
                Course.title.label("course"),
                Gathering.starts_at,
                Gathering.ends_at,
                Gathering.place,
                GatheringAttendance.state,
                GatheringAttendance.signed_up_at,
                GatheringAttendance.changed_at,
            )
            .join(Gathering, Gathering.id == GatheringAttendance.gathering_id)
            .join(Course, Course.id == Gathering.course_id)
            .where(GatheringAttendance.person_id.in_(s.person_ids), _is_theirs(s))
            .order_by(Gathering.starts_at, GatheringAttendance.id)
        ),
    ),
    Section(
        "gatherings_made",
        ("gathering",),
        lambda s: (
            select(Course.title.label("course"), Gathering.starts_at, Gathering.made_at)
            .join(Course, Course.id == Gathering.course_id)
            .where(Gathering.made_by.in_(s.identity_ids))
            .order_by(Gathering.made_at)
        ),
    ),
    Section(
        "gathering_lists_kept",
        ("gathering_attendance",),
        lambda s: (
            select(Course.title.label("course"), Gathering.starts_at, GatheringAttendance.changed_at)
            .join(Gathering, Gathering.id == GatheringAttendance.gathering_id)
            .join(Course, Course.id == Gathering.course_id)
            .where(GatheringAttendance.changed_by.in_(s.identity_ids))
            .order_by(GatheringAttendance.changed_at)
        ),
    ),
)
"""What they asked for and took part in; what they made and said of others, without whom it was about."""
