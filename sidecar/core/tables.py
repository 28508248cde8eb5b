"""Know every table: whoever imports this module has the whole metadata."""

from __future__ import annotations

from sidecar.core import (
    attempts,
    audit,
    completions,
    connections,
    courses,
    deliveries,
    grades,
    launches,
    municipalities,
    outbox,
    people,
    plans,
    platforms,
    regions,
    sign_ins,
    signing_keys,
    staff,
)
from sidecar.core.db import Base

ROOMS = (
    attempts,
    audit,
    completions,
    connections,
    courses,
    deliveries,
    grades,
    launches,
    municipalities,
    outbox,
    people,
    plans,
    platforms,
    regions,
    sign_ins,
    signing_keys,
    staff,
)
"""The modules that declare tables."""

METADATA = Base.metadata
"""Every table of the application."""
