"""Preview a municipality's completion report, and deliver it."""

from __future__ import annotations

from datetime import date

from babel import dates
from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core.checklists import find_visible
from sidecar.core.periods import Period, half, month_before, read_period, year
from sidecar.reports import deliver
from sidecar.reports.build import build_report
from sidecar.reports.channels import channels_of
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.rendering import gettext as _
from sidecar.web.rendering import locale
from sidecar.web.staff_menu import SEES_REPORTS

MONTHS_OFFERED = 13
ROWS_SHOWN = 200

blueprint = Blueprint("staff_reports", __name__)


@blueprint.get("/staff/municipalities/<slug>/reports")
@audience(*SEES_REPORTS)
def show(slug: str) -> str:
    """Show what the report of a period would hold."""
    viewer, today = current().viewer, sidecar().today()
    period = read_period(request.args.get("period") or month_before(today).name)
    with sidecar().reading() as db:
        municipality = find_visible(db, viewer, slug)
        channels = channels_of(db, municipality.id)
        channel_id = channels[0].id if channels else ""
        report = build_report(db, viewer, municipality, period, channel_id, today)
        page = render_template(
            "staff/reports.html",
            municipality=municipality,
            channels=channels,
            report=report,
            period=period,
            periods=_offered(today, period),
            rows_shown=ROWS_SHOWN,
        )
    looks.note("report-preview", municipality.id, filter(None, report.person_ids[:ROWS_SHOWN]))
    return page


@blueprint.post("/staff/municipalities/<slug>/reports")
@audience(*SEES_REPORTS)
def run(slug: str) -> Response:
    """Deliver the report of a period over each of the municipality's channels."""
    viewer, here = current().viewer, sidecar()
    period = read_period(request.form.get("period", ""))
    with here.reading() as db:
        municipality = find_visible(db, viewer, slug)
    deliver.request_for(here, viewer, municipality.id, period)
    return redirect(f"/staff/ledger?municipality={municipality.slug}", 303)


def _offered(today: date, chosen: Period) -> list[tuple[str, str]]:
    """Return the periods to choose from: months, halves and years, the newest first; and the chosen one."""
    months, day = [], today
    for _number in range(MONTHS_OFFERED):
        months.append(month_before(day))
        day = months[-1].start
    halves = [half(y, h) for y in (today.year, today.year - 1) for h in (2, 1)]
    offered = [*months, *(one for one in halves if one.start <= today), year(today.year), year(today.year - 1)]
    if chosen not in offered:
        offered.insert(0, chosen)
    return [(one.name, _in_words(one)) for one in offered]


def _in_words(period: Period) -> str:
    name = period.name
    if "/" in name:
        days = (period.start, period.end)
        first, last = (dates.format_date(day, "medium", locale=locale()) for day in days)
        return f"{first} – {last}"
    if "H1" in name:
        return _("First half of {year}").format(year=period.start.year)
    if "H2" in name:
        return _("Second half of {year}").format(year=period.start.year)
    return dates.format_date(period.start, "LLLL y", locale=locale()).capitalize() if "-" in name else name
