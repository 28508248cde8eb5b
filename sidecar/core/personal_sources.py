"""List what a person's data say in the quarantine of sources, and what a person asked of sources."""

from __future__ import annotations

from typing import Final

from sqlalchemy import or_, select

from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment
from sidecar.core.people_sources import Source, SyncChange, SyncRun
from sidecar.core.personal_sections import Section

SOURCES: Final = (
    Section(
        "source_changes",
        ("sync_change",),
        lambda s: (
            select(
                Municipality.name.label("municipality"),
                Employment.employee_number,
                SyncChange.kind,
                SyncChange.before,
            )
            .join(Employment, Employment.id == SyncChange.employment_id)
            .join(Municipality, Municipality.id == Employment.municipality_id)
            .where(Employment.id.in_(s.employment_ids))
            .order_by(SyncChange.id)
        ),
    ),
    Section(
        "source_runs",
        ("sync_run",),
        lambda s: (
            select(Source.kind, SyncRun.asked_at, SyncRun.decided_at, SyncRun.state)
            .join(Source, Source.id == SyncRun.source_id)
            .where(or_(SyncRun.asked_by.in_(s.identity_ids), SyncRun.decided_by.in_(s.identity_ids)))
            .order_by(SyncRun.asked_at, SyncRun.id)
        ),
    ),
)
"""`after` of a change is left out: where a number becomes another's, it is that other person's name."""
