"""List everything that is kept of a person, section by section, as the export gives it and their own page shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session

from sidecar.core.access_log import Look
from sidecar.core.attempts import Attempt, Commit, CommitPiece, ScoState
from sidecar.core.audit import AuditEntry
from sidecar.core.completions import Completion
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.data_subjects import DataSubject
from sidecar.core.deliveries import Delivery, DeliveryItem
from sidecar.core.grades import Grade
from sidecar.core.launches import Launch
from sidecar.core.mails import Mail
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.platforms import Platform, ResourceLink
from sidecar.core.regions import Region
from sidecar.core.sign_ins import SignIn, SignInLink
from sidecar.core.staff import Grant

ROWS_A_TIME: Final = 500
Query = Callable[[DataSubject], Select[*tuple[Any, ...]]]


@dataclass(frozen=True)
class Section:
    """One list of the export.

    Attributes:
        name: its key; the names of its columns are the keys of each entry.
        tables: what it tells of.
    """

    name: str
    tables: tuple[str, ...]
    query: Query


def list_section(db: Session, subject: DataSubject, name: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of a section, read from the database a piece at a time."""
    section = next(one for one in SECTIONS if one.name == name)
    rows = db.execute(section.query(subject), execution_options={"yield_per": ROWS_A_TIME})
    yield from map(dict, rows.mappings())


def _of_attempts(table: type[ScoState | Commit | CommitPiece], subject: DataSubject) -> ColumnElement[bool]:
    mine = select(Attempt.id).where(Attempt.identity_id.in_(subject.identity_ids))
    return table.attempt_id.in_(mine)


def _where_seen(subject: DataSubject) -> ColumnElement[bool]:
    return true() if subject.is_whole else Look.municipality_id.in_(subject.municipality_ids)


SECTIONS: Final = (
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
                Completion.score,
                Completion.source,
                Completion.recorded_at,
            )
            .join(Course, Course.id == Completion.course_id)
            .join(CourseVersion, CourseVersion.id == Completion.version_id)
            .where(Completion.identity_id.in_(s.all_identity_ids))
            .order_by(Completion.completed_at.desc(), Completion.id)
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
    Section(
        "roles",
        ("staff_grant",),
        lambda s: (
            select(
                Grant.role,
                Municipality.name.label("municipality"),
                Region.name.label("region"),
                Grant.unit,
                Grant.granted_at,
                Grant.ends_at,
                Grant.revoked_at,
            )
            .outerjoin(Municipality, Municipality.id == Grant.municipality_id)
            .outerjoin(Region, Region.id == Grant.region_id)
            .where(Grant.identity_id.in_(s.identity_ids))
        ),
    ),
    Section(
        "sign_ins",
        ("sign_in",),
        lambda s: select(SignIn.created_at, SignIn.last_seen_at, SignIn.expires_at, SignIn.ended_at).where(
            SignIn.identity_id.in_(s.identity_ids)
        ),
    ),
    Section(
        "sign_in_links",
        ("sign_in_link",),
        lambda s: select(SignInLink.created_at, SignInLink.expires_at, SignInLink.used_at).where(
            SignInLink.identity_id.in_(s.identity_ids)
        ),
    ),
    Section(
        "acts",
        ("audit_entry",),
        lambda s: (
            select(AuditEntry.at, AuditEntry.action, AuditEntry.subject, AuditEntry.facts)
            .where(AuditEntry.identity_id.in_(s.identity_ids))
            .order_by(AuditEntry.at)
        ),
    ),
    Section(
        "courses_uploaded",
        ("course_version",),
        lambda s: (
            select(Course.title.label("course"), CourseVersion.number.label("version"), CourseVersion.uploaded_at)
            .join(Course, Course.id == CourseVersion.course_id)
            .where(CourseVersion.uploaded_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "courses_reviewed",
        ("course_version",),
        lambda s: (
            select(Course.title.label("course"), CourseVersion.number.label("version"), CourseVersion.reviewed_at)
            .join(Course, Course.id == CourseVersion.course_id)
            .where(CourseVersion.reviewed_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "links_bound",
        ("resource_link",),
        lambda s: (
            select(Course.title.label("course"), ResourceLink.resource_link_id, ResourceLink.bound_at)
            .join(Course, Course.id == ResourceLink.course_id)
            .where(ResourceLink.bound_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "mails",
        ("mail",),
        lambda s: select(Mail.address, Mail.phase, Mail.state, Mail.created_at, Mail.sent_at).where(
            func.lower(Mail.address).in_(select(func.lower(Identity.email)).where(Identity.id.in_(s.identity_ids)))
        ),
    ),
    Section(
        "seen_by",
        ("access_log",),
        lambda s: (
            select(
                Look.day,
                Look.first_at,
                Look.last_at,
                Look.looks,
                Look.what,
                Look.role,
                Identity.name.label("viewer"),
                Municipality.name.label("municipality"),
            )
            .outerjoin(Identity, Identity.id == Look.viewer_id)
            .outerjoin(Municipality, Municipality.id == Look.municipality_id)
            .where(Look.subject_id.in_(s.seen_as), _where_seen(s))
            .order_by(Look.last_at.desc(), Look.what)
        ),
    ),
    Section(
        "looks_at_others",
        ("access_log",),
        lambda s: (
            select(Look.day, Look.what, Look.role, func.count().label("people"), func.sum(Look.looks).label("looks"))
            .where(Look.viewer_id.in_(s.identity_ids))
            .group_by(Look.day, Look.what, Look.role)
            .order_by(Look.day)
        ),
    ),
)
"""What the export holds; `docs/privacy.md` describes it, and a test holds both against the tables."""
