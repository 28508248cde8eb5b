"""List what is kept of a person as an employee and a learner."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, case, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from sidecar.core import employer_sight
from sidecar.core.attempts import Attempt, Commit, CommitPiece, ScoState
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.data_subjects import DataSubject
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.deliveries import Delivery, DeliveryItem
from sidecar.core.evidence import Evidence
from sidecar.core.grades import Grade
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.personal_sections import Section
from sidecar.core.platforms import Platform
from sidecar.core.previews import Preview
from sidecar.core.rosters import Roster, RosterMember


def _of_attempts(table: type[ScoState | Commit | CommitPiece], subject: DataSubject) -> ColumnElement[bool]:
    mine = select(Attempt.id).where(Attempt.identity_id.in_(subject.identity_ids))
    return table.attempt_id.in_(mine)


def _is_told(subject: DataSubject) -> ColumnElement[bool]:
    """Return the condition on `Completion`: all for the person, what their employer is told for a contact."""
    if subject.is_whole:
        return true()
    here = Employment.person_id == Completion.person_id, Employment.id.in_(subject.employment_ids)
    return (
        exists().where(*here, Course.id == Completion.course_id, employer_sight.is_told()).correlate(Completion, Course)
    )


def _is_own_evidence(subject: DataSubject) -> ColumnElement[bool]:
    """Return the condition on `Evidence`: all for the person; for a contact, of what their employer is told."""
    if subject.is_whole:
        mine = Evidence.identity_id.in_(subject.all_identity_ids)
        return or_(mine, Evidence.person_id == subject.person_id) if subject.person_id else mine
    told = select(Completion.id).join(Course, Course.id == Completion.course_id).where(_is_told(subject))
    return Evidence.completion_id.in_(told.where(Completion.person_id == subject.person_id))


def _theirs(subject: DataSubject, column: InstrumentedAttribute[str | None]) -> ColumnElement[str | None]:
    """Return a column of `Evidence`: for a contact only of what their own municipality entered, else NULL."""
    if subject.is_whole:
        return column.label(column.key)
    return case((Evidence.municipality_id.in_(subject.municipality_ids), column)).label(column.key)


LEARNING: Final = (
    Section(
        "person",
        ("person",),
        lambda s: select(Person.id, Person.first_name, Person.last_name, Person.email, Person.erased_at).where(
            Person.id == s.person_id
        ),
    ),
    Section(
        "employments",
        ("employment",),
        lambda s: (
            select(
                Employment.id,
                Municipality.name.label("municipality"),
                Municipality.org_number,
                Employment.employee_number,
                Employment.unit,
                Employment.position,
                Employment.percentage,
                Employment.started_on,
                Employment.ended_on,
                Employment.imported_at,
            )
            .join(Municipality, Municipality.id == Employment.municipality_id)
            .where(Employment.id.in_(s.employment_ids))
        ),
    ),
    Section(
        "identities",
        ("identity",),
        lambda s: (
            select(
                Identity.id,
                Platform.name.label("platform"),
                Identity.subject,
                Identity.name,
                Identity.email,
                Identity.person_sourcedid,
                Identity.language,
                Identity.employment_id,
                Identity.placed_at,
                Identity.first_seen_at,
                Identity.last_seen_at,
                Identity.is_only_listed,
            )
            .outerjoin(Platform, Platform.id == Identity.platform_id)
            .where(Identity.id.in_(s.identity_ids))
        ),
    ),
    Section(
        "launches",
        ("launch",),
        lambda s: (
            select(
                Launch.launched_at,
                Platform.name.label("platform"),
                Course.title.label("course"),
                Launch.deployment_id,
                Launch.resource_link_id,
                Launch.context_id,
                Launch.lineitem_url,
                Launch.return_url,
                Launch.language,
            )
            .join(Platform, Platform.id == Launch.platform_id)
            .outerjoin(Course, Course.id == Launch.course_id)
            .where(Launch.identity_id.in_(s.identity_ids))
            .order_by(Launch.launched_at)
        ),
    ),
    Section(
        "pickers",
        ("deep_link_request",),
        lambda s: (
            select(
                DeepLinkRequest.asked_at,
                Platform.name.label("platform"),
                DeepLinkRequest.deployment_id,
                DeepLinkRequest.context_id,
                DeepLinkRequest.return_url,
                DeepLinkRequest.language,
                DeepLinkRequest.answered_at,
            )
            .join(Platform, Platform.id == DeepLinkRequest.platform_id)
            .where(DeepLinkRequest.identity_id.in_(s.identity_ids))
            .order_by(DeepLinkRequest.asked_at)
        ),
    ),
    Section(
        "previews",
        ("preview",),
        lambda s: (
            select(
                Preview.created_at,
                Course.title.label("course"),
                CourseVersion.number.label("version"),
                Preview.origin,
                Preview.language,
                Preview.state,
                Preview.saved_at,
                Preview.expires_at,
                Preview.parts,
                Preview.pieces,
            )
            .join(CourseVersion, CourseVersion.id == Preview.version_id)
            .join(Course, Course.id == CourseVersion.course_id)
            .where(Preview.identity_id.in_(s.identity_ids))
            .order_by(Preview.created_at)
        ),
    ),
    Section(
        "attempts",
        ("attempt",),
        lambda s: (
            select(
                Attempt.id,
                Course.title.label("course"),
                CourseVersion.number.label("version"),
                Attempt.number,
                Attempt.state,
                Attempt.started_at,
                Attempt.saved_at,
                Attempt.finished_at,
                Attempt.trimmed_at,
            )
            .join(Course, Course.id == Attempt.course_id)
            .join(CourseVersion, CourseVersion.id == Attempt.version_id)
            .where(Attempt.identity_id.in_(s.identity_ids))
            .order_by(Attempt.started_at.desc(), Attempt.id)
        ),
    ),
    Section(
        "attempt_states",
        ("sco_state",),
        lambda s: select(ScoState.attempt_id, ScoState.sco_id, ScoState.saved_at, ScoState.elements).where(
            _of_attempts(ScoState, s)
        ),
    ),
    Section(
        "attempt_commits",
        ("attempt_commit",),
        lambda s: (
            select(Commit.attempt_id, Commit.seq, Commit.sco_id, Commit.received_at, Commit.flag, Commit.changes)
            .where(_of_attempts(Commit, s))
            .order_by(Commit.attempt_id, Commit.seq)
        ),
    ),
    Section(
        "attempt_pieces",
        ("attempt_commit_piece",),
        lambda s: select(CommitPiece.attempt_id, CommitPiece.seq, CommitPiece.number, CommitPiece.text).where(
            _of_attempts(CommitPiece, s)
        ),
    ),
    Section(
        "completions",
        ("completion",),
        lambda s: (
            select(
                Completion.id,
                Course.title.label("course"),
                CourseVersion.number.label("version"),
                Completion.completed_at,
                Completion.valid_until,
                Completion.score,
                Completion.origin,
                Completion.recorded_at,
                Completion.withdrawn_at,
            )
            .join(Course, Course.id == Completion.course_id)
            .outerjoin(CourseVersion, CourseVersion.id == Completion.version_id)
            .where(Completion.person_id == s.person_id, _is_told(s))
            .order_by(Completion.completed_at.desc(), Completion.id)
        ),
    ),
    Section(
        "evidence",
        ("evidence",),
        lambda s: (
            select(
                Evidence.id,
                Evidence.completion_id,
                Course.title.label("course"),
                CourseVersion.number.label("version"),
                Evidence.origin,
                Evidence.completed_at,
                Evidence.score,
                Evidence.state,
                _theirs(s, Evidence.holder),
                Evidence.basis,
                _theirs(s, Evidence.place),
                _theirs(s, Evidence.note),
                _theirs(s, Evidence.reason),
                _theirs(s, Evidence.file_name),
                Evidence.recorded_at,
                Evidence.decided_at,
            )
            .join(Course, Course.id == Evidence.course_id)
            .outerjoin(CourseVersion, CourseVersion.id == Evidence.version_id)
            .where(_is_own_evidence(s))
            .order_by(Evidence.completed_at.desc(), Evidence.id)
        ),
    ),
    Section(
        "grades",
        ("grade",),
        lambda s: (
            select(
                Platform.name.label("platform"),
                Course.title.label("course"),
                Grade.state,
                Grade.score,
                Grade.sent_score,
                Grade.sent_at,
                Grade.lineitem_url,
                Grade.error_code,
            )
            .join(Platform, Platform.id == Grade.platform_id)
            .join(Course, Course.id == Grade.course_id)
            .where(Grade.identity_id.in_(s.identity_ids))
        ),
    ),
    Section(
        "rosters",
        ("roster_member",),
        lambda s: (
            select(
                Platform.name.label("platform"),
                Roster.title.label("lms_course"),
                RosterMember.roles,
                RosterMember.joined_at,
                RosterMember.seen_at,
                RosterMember.left_at,
            )
            .join(Roster, Roster.id == RosterMember.roster_id)
            .join(Platform, Platform.id == Roster.platform_id)
            .where(RosterMember.identity_id.in_(s.identity_ids))
            .order_by(RosterMember.joined_at.desc(), Roster.id)
        ),
    ),
    Section(
        "reports",
        ("delivery", "delivery_item"),
        lambda s: (
            select(
                Delivery.id.label("delivery"),
                Municipality.name.label("municipality"),
                Delivery.period,
                Delivery.state,
                Delivery.created_at,
                Delivery.delivered_at,
                func.count().label("completions"),
            )
            .join(DeliveryItem, DeliveryItem.delivery_id == Delivery.id)
            .join(Municipality, Municipality.id == Delivery.municipality_id)
            .where(DeliveryItem.employment_id.in_(s.employment_ids))
            .group_by(Delivery.id, Municipality.name)
            .order_by(Delivery.created_at.desc(), Delivery.id)
        ),
    ),
)
"""Who they are, how they came, what they did and what was reported of it."""
