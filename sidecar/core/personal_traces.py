"""List what is kept of a person as staff, and who looked at whom."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, ScalarSelect, func, select, true
from sqlalchemy.orm import aliased

from sidecar.core.access_log import Look
from sidecar.core.api_tokens import ApiToken
from sidecar.core.audit import AuditEntry
from sidecar.core.contacts import Contact
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.data_subjects import DataSubject
from sidecar.core.invitations import PlatformInvitation
from sidecar.core.mails import Mail
from sidecar.core.municipalities import Municipality
from sidecar.core.own_wishes import ErasureRequest, SharingConsent
from sidecar.core.people import Identity
from sidecar.core.personal_sections import Section
from sidecar.core.platform_checks import PlatformCheck
from sidecar.core.platforms import Platform, ResourceLink
from sidecar.core.regions import Region
from sidecar.core.row_errors import RowError
from sidecar.core.scim_resources import ScimMember, ScimResource
from sidecar.core.sign_ins import SignIn, SignInLink
from sidecar.core.staff import Grant


def _where_seen(subject: DataSubject) -> ColumnElement[bool]:
    return true() if subject.is_whole else Look.municipality_id.in_(subject.municipality_ids)


def _scim_groups() -> ScalarSelect[str]:
    """Return the names of a user's groups, in one text."""
    group = aliased(ScimResource)
    names = select(func.aggregate_strings(group.name, ", ")).join(ScimMember, ScimMember.group_id == group.id)
    return names.where(ScimMember.user_id == ScimResource.id).correlate(ScimResource).scalar_subquery()


def _is_given_to(subject: DataSubject) -> ColumnElement[bool]:
    """Return the condition on `SharingConsent`: all for the person; for a contact, what they may see by it."""
    return true() if subject.is_whole else SharingConsent.municipality_id.in_(subject.municipality_ids)


TRACES: Final = (
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
        "courses_sent_to_review",
        ("course_version",),
        lambda s: (
            select(Course.title.label("course"), CourseVersion.number.label("version"), CourseVersion.sent_at)
            .join(Course, Course.id == CourseVersion.course_id)
            .where(CourseVersion.sent_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "courses_published",
        ("course_version",),
        lambda s: (
            select(Course.title.label("course"), CourseVersion.number.label("version"), CourseVersion.published_at)
            .join(Course, Course.id == CourseVersion.course_id)
            .where(CourseVersion.published_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "courses_retired",
        ("course",),
        lambda s: select(Course.title.label("course"), Course.retired_at).where(Course.retired_by.in_(s.identity_ids)),
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
        "invitations_made",
        ("platform_invitation",),
        lambda s: select(
            PlatformInvitation.note,
            PlatformInvitation.created_at,
            PlatformInvitation.expires_at,
            PlatformInvitation.used_at,
            PlatformInvitation.revoked_at,
        ).where(PlatformInvitation.made_by.in_(s.identity_ids)),
    ),
    Section(
        "scim_users",
        ("scim_resource", "scim_member"),
        lambda s: (
            select(
                Municipality.name.label("municipality"),
                ScimResource.name,
                ScimResource.external_id,
                ScimResource.body,
                _scim_groups().label("groups"),
                ScimResource.created_at,
                ScimResource.changed_at,
            )
            .join(Municipality, Municipality.id == ScimResource.municipality_id)
            .where(ScimResource.employment_id.in_(s.employment_ids))
        ),
    ),
    Section(
        "tokens_made",
        ("api_token",),
        lambda s: (
            select(
                Municipality.name.label("municipality"),
                ApiToken.name,
                ApiToken.created_at,
                ApiToken.expires_at,
                ApiToken.revoked_at,
            )
            .join(Municipality, Municipality.id == ApiToken.municipality_id)
            .where(ApiToken.made_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "contacts_added",
        ("contact",),
        lambda s: (
            select(Municipality.name.label("municipality"), Contact.created_at)
            .join(Municipality, Municipality.id == Contact.municipality_id)
            .where(Contact.created_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "row_errors_answered",
        ("row_error",),
        lambda s: (
            select(Municipality.name.label("municipality"), RowError.kind, RowError.answered_at)
            .join(Municipality, Municipality.id == RowError.municipality_id)
            .where(RowError.answered_by.in_(s.identity_ids))
        ),
    ),
    Section(
        "connections_tested",
        ("platform_check",),
        lambda s: (
            select(Platform.name.label("platform"), PlatformCheck.checked_at)
            .join(Platform, Platform.id == PlatformCheck.platform_id)
            .where(PlatformCheck.checked_by.in_(s.identity_ids))
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
        "consents",
        ("sharing_consent",),
        lambda s: (
            select(
                Municipality.name.label("municipality"),
                Course.title.label("course"),
                SharingConsent.given_at,
                SharingConsent.withdrawn_at,
            )
            .join(Municipality, Municipality.id == SharingConsent.municipality_id)
            .join(Course, Course.id == SharingConsent.course_id)
            .where(SharingConsent.person_id == s.person_id, _is_given_to(s))
            .order_by(SharingConsent.given_at, SharingConsent.id)
        ),
    ),
    Section(
        "erasure_requests",
        ("erasure_request",),
        lambda s: (
            select(ErasureRequest.asked_at, ErasureRequest.outcome, ErasureRequest.reason, ErasureRequest.answered_at)
            .where(ErasureRequest.identity_id.in_(s.identity_ids))
            .order_by(ErasureRequest.asked_at, ErasureRequest.id)
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
"""Their roles and acts, the mails they got, and the looks at them and by them."""
