"""List what is kept of a person as one of the staff who share learning paths with other regions."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from sidecar.core.courses import Course
from sidecar.core.offered_paths import OfferedPath
from sidecar.core.path_offers import PathOffer
from sidecar.core.paths import LearningPath
from sidecar.core.peer_invitations import PeerInvitation
from sidecar.core.peers import Peer
from sidecar.core.personal_sections import Section
from sidecar.core.rings import Ring

SHARING: Final = (
    Section(
        "regions_trusted",
        ("peer",),
        lambda s: (
            select(Peer.name, Peer.address, Peer.added_at)
            .where(Peer.added_by.in_(s.identity_ids))
            .order_by(Peer.added_at)
        ),
    ),
    Section(
        "regions_invited",
        ("peer_invitation",),
        lambda s: (
            select(
                PeerInvitation.note,
                PeerInvitation.created_at,
                PeerInvitation.expires_at,
                PeerInvitation.used_at,
                PeerInvitation.revoked_at,
            )
            .where(PeerInvitation.made_by.in_(s.identity_ids))
            .order_by(PeerInvitation.created_at)
        ),
    ),
    Section(
        "rings_recorded",
        ("ring",),
        lambda s: (
            select(Ring.name, Ring.agreed_on, Ring.created_at)
            .where(Ring.created_by.in_(s.identity_ids))
            .order_by(Ring.created_at)
        ),
    ),
    Section(
        "paths_offered",
        ("path_offer",),
        lambda s: (
            select(Course.title.label("path"), PathOffer.audience, PathOffer.offered_at, PathOffer.withdrawn_at)
            .join(LearningPath, LearningPath.id == PathOffer.path_id)
            .join(Course, Course.id == LearningPath.course_id)
            .where(PathOffer.offered_by.in_(s.identity_ids))
            .order_by(PathOffer.offered_at)
        ),
    ),
    Section(
        "paths_wanted",
        ("offered_path",),
        lambda s: (
            select(OfferedPath.title.label("path"), OfferedPath.origin, OfferedPath.wanted_at)
            .where(OfferedPath.wanted_by.in_(s.identity_ids))
            .order_by(OfferedPath.wanted_at)
        ),
    ),
)
"""Whom they trusted and invited, what they agreed, offered and asked for."""
