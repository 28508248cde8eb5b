"""Build reports for tests, and read them as rows by the keys of their columns."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import Period
from sidecar.core.report_specs import BASIC, Defined
from sidecar.reports.build import build
from sidecar.reports.document import Cell, Document

ENGLISH = replace(BASIC, spec=replace(BASIC.spec, language="en", formats=("csv",)))


@dataclass(frozen=True)
class Listed:
    """A report whose lines are all read, though its folder is gone."""

    document: Document
    rows: Sequence[dict[str, Cell]]
    about: Sequence[str]
    items: frozenset[tuple[str, str]]
    people: Sequence[tuple[str, str]]
    content_hash: str
    late_count: int
    erased_count: int
    figures: object


def list_report(
    db: Session,
    viewer: Viewer,
    municipality: Municipality,
    period: Period,
    connection_id: str,
    today: date,
    defined: Defined = ENGLISH,
) -> Listed:
    """Build a report and read it: by default the list that every installation has, in English."""
    with tempfile.TemporaryDirectory() as folder:
        built = build(db, viewer, municipality, defined, period, connection_id, today, Path(folder))
        lines = list(built.document.lines())
        keys = [column.key for column in built.document.columns]
        assert len(lines) == built.document.row_count
        return Listed(
            document=built.document,
            rows=[dict(zip(keys, line.cells, strict=True)) for line in lines],
            about=[line.about for line in lines],
            items=frozenset(built.items()),
            people=list(built.people()),
            content_hash=built.content_hash,
            late_count=built.late_count,
            erased_count=built.erased_count,
            figures=built.figures,
        )


def is_late(row: dict[str, Cell]) -> bool:
    """Tell whether a row of the English list is late."""
    return row["status"] == "completed (late)"
