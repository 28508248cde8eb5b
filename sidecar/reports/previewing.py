"""Show what a report would hold before it is saved or delivered: its first lines and its figures, of one municipality.

It is built as it would be delivered, but for the lines that are not shown, in a folder that is gone afterwards; nothing
is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from sqlalchemy.orm import Session

from sidecar.core import report_definitions, report_runs
from sidecar.core.access import Viewer
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import Period
from sidecar.core.report_schedules import period_before, period_since
from sidecar.core.report_specs import Defined, Spec
from sidecar.errors import NotFoundError
from sidecar.reports.build import build
from sidecar.reports.channels import channels_of
from sidecar.reports.document import Document, Line
from sidecar.reports.workrooms import open_workroom
from sidecar.runtime import Sidecar

LINES_SHOWN: Final = 50


@dataclass(frozen=True)
class Preview:
    """What a report would hold.

    Attributes:
        lines: the first ones; `document` says how many there are, and its own are not to be read any more.
        person_ids: of whom these lines are.
    """

    document: Document
    lines: Sequence[Line]
    person_ids: Sequence[str]
    late_count: int


def preview(
    sidecar: Sidecar,
    viewer: Viewer,
    municipality: Municipality,
    defined: Defined,
    period: Period,
    *,
    count: int = LINES_SHOWN,
) -> Preview:
    """Build a report of a municipality for looking at.

    Args:
        count: how many lines.

    Raises:
        NotFoundError: the viewer may not see all of the municipality's people.
        FuturePeriodError: the period has not begun.
        SidecarError: the report can't be built.
    """
    if not viewer.sees_municipality(municipality.id):
        raise NotFoundError(what="municipality", key=municipality.slug)
    with sidecar.reading() as db, open_workroom(sidecar) as spool:
        channels = channels_of(db, municipality.id)
        channel = channels[0].id if channels else ""
        built = build(db, viewer, municipality, defined, period, channel, sidecar.today(), spool, count)
        lines = list(islice(built.document.lines(), count))
        people = _distinct(person_id for _, person_id in islice(built.people(), count) if person_id)
        return Preview(replace(built.document, lines=lambda: iter(lines)), lines, people, built.late_count)


def _distinct(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def next_period(db: Session, sidecar: Sidecar, defined: Defined, municipality_id: str) -> Period:
    """Return the period that a definition would report of a municipality if it ran now."""
    found = period_before(defined.spec.period, sidecar.now())
    if found is None:
        last = report_runs.last_delivered(db, defined.id, municipality_id, defined.spec.connectors)
        found = period_since(last, sidecar.now()) or Period(sidecar.today(), sidecar.today())
    return found


def to_look_at(db: Session, sidecar: Sidecar, viewer: Viewer, defined: Defined) -> Sequence[Municipality]:
    """Return the municipalities of which a viewer may preview a definition, by name."""
    today = Period(sidecar.today(), sidecar.today())
    named = defined.spec.municipalities
    owners = report_definitions.looked_after(db, None, today)
    return [one for one in owners if viewer.sees_municipality(one.id) and (not named or one.slug in named)]


def draft(title: str, spec: Spec) -> Defined:
    """Return a definition that is not saved, for looking at."""
    return Defined("", title, 0, spec)
