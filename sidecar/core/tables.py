"""Know every table: whoever imports this module has the whole metadata."""

from __future__ import annotations

from sidecar.core import (
    access_log,
    attempts,
    audit,
    completions,
    connections,
    courses,
    deliveries,
    erasures,
    grades,
    heartbeats,
    launches,
    mails,
    municipalities,
    notices,
    outbox,
    people,
    plans,
    platforms,
    regions,
    retention,
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
    deliveries,
    erasures,
    grades,
    heartbeats,
    launches,
    mails,
    municipalities,
    notices,
    outbox,
    people,
    plans,
    platforms,
    regions,
    retention,
    sign_ins,
    signing_keys,
    staff,
)
"""The modules that declare tables."""

METADATA = Base.metadata
"""Every table of the application."""
