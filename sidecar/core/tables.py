"""Know every table: whoever imports this module has the whole metadata."""

from __future__ import annotations

from sidecar.core import (
    access_log,
    attempts,
    audit,
    completions,
    connections,
    courses,
    deep_links,
    deliveries,
    deployments,
    erased_subjects,
    erasures,
    grades,
    heartbeats,
    invitations,
    launches,
    line_items,
    mails,
    municipalities,
    notices,
    outbox,
    people,
    plans,
    platform_checks,
    platforms,
    regions,
    retention,
    rosters,
    sign_ins,
    signing_keys,
    staff,
)
from sidecar.core.db import Base

ROOMS = (
    access_log,
    attempts,
    audit,
    completions,
    connections,
    courses,
    deep_links,
    deliveries,
    deployments,
    erased_subjects,
    erasures,
    grades,
    heartbeats,
    invitations,
    launches,
    line_items,
    mails,
    municipalities,
    notices,
    outbox,
    people,
    plans,
    platform_checks,
    platforms,
    regions,
    retention,
    rosters,
    sign_ins,
    signing_keys,
    staff,
)
"""The modules that declare tables."""

METADATA = Base.metadata
"""Every table of the application."""
