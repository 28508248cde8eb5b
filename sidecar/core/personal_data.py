"""List everything that is kept of a person, section by section, as the export gives it and their own page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy.orm import Session

from sidecar.core.data_subjects import DataSubject
from sidecar.core.personal_changes import CHANGES
from sidecar.core.personal_course_work import COURSE_WORK
from sidecar.core.personal_crossing import CROSSING
from sidecar.core.personal_learning import LEARNING
from sidecar.core.personal_matches import KNOWN
from sidecar.core.personal_path_work import PATH_WORK
from sidecar.core.personal_report_work import REPORT_WORK
from sidecar.core.personal_sections import Section
from sidecar.core.personal_sharing import SHARING
from sidecar.core.personal_sources import SOURCES
from sidecar.core.personal_steps import STEPS
from sidecar.core.personal_traces import TRACES

ROWS_A_TIME: Final = 500

SECTIONS: Final[tuple[Section, ...]] = (
    LEARNING + KNOWN + TRACES + COURSE_WORK + CHANGES + CROSSING + PATH_WORK + REPORT_WORK + SHARING + SOURCES + STEPS
)
"""What the export holds; `docs/privacy.md` describes it, and a test holds both against the tables."""


def list_section(db: Session, subject: DataSubject, name: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of a section, read from the database a piece at a time."""
    section = next(one for one in SECTIONS if one.name == name)
    rows = db.execute(section.query(subject), execution_options={"yield_per": ROWS_A_TIME})
    yield from map(dict, rows.mappings())
