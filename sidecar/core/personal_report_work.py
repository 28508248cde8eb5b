"""List what is kept of a person as one of the staff who defined reports and ran them; never whom these were about."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from sidecar.core.personal_sections import Section
from sidecar.core.report_definitions import ReportDefinitionVersion
from sidecar.core.report_runs import ReportRun

REPORT_WORK: Final = (
    Section(
        "reports_defined",
        ("report_definition_version",),
        lambda s: (
            select(ReportDefinitionVersion.title, ReportDefinitionVersion.number, ReportDefinitionVersion.made_at)
            .where(ReportDefinitionVersion.made_by.in_(s.identity_ids))
            .order_by(ReportDefinitionVersion.made_at)
        ),
    ),
    Section(
        "reports_run",
        ("report_run",),
        lambda s: (
            select(ReportRun.period, ReportRun.asked_at, ReportRun.state)
            .where(ReportRun.asked_by.in_(s.identity_ids))
            .order_by(ReportRun.asked_at)
        ),
    ),
)
"""What they defined and ran."""
