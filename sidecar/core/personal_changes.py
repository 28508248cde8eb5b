"""List what is kept of a person's completions for the systems of their employers to fetch."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from sidecar.core.change_feed import ChangeEntry
from sidecar.core.municipalities import Municipality
from sidecar.core.personal_sections import Section

CHANGES: Final = (
    Section(
        "changes_offered",
        ("change_entry", "change_known"),
        lambda s: (
            select(
                Municipality.name.label("municipality"),
                ChangeEntry.seq,
                ChangeEntry.change_type,
                ChangeEntry.changed_at,
                ChangeEntry.record,
            )
            .join(Municipality, Municipality.id == ChangeEntry.municipality_id)
            .where(ChangeEntry.employment_id.in_(s.employment_ids))
            .order_by(ChangeEntry.municipality_id, ChangeEntry.seq)
        ),
    ),
)
"""Each change as it is told."""
