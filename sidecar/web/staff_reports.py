"""Preview a municipality's report, as one of the definitions asks, and deliver it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from babel import dates
from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core.checklists import find_visible
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import Period, half, month, month_before, read_period, year
from sidecar.core.report_definitions import list_for
from sidecar.core.report_specs import BASIC, Defined
from sidecar.errors import NotFoundError
from sidecar.reports import asking, municipal_runs, running, words
from sidecar.reports.channels import channels_of
from sidecar.reports.formats.cell_texts import plain_texts
from sidecar.reports.previewing import Preview, preview
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.rendering import gettext as _
from sidecar.web.rendering import locale
from sidecar.web.staff_menu import SEES_REPORTS

MONTHS_OFFERED = 14
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
        offered = list_for(db, viewer, municipality, today)
        defined = _choose(offered, request.args.get("report", ""))
        channels = [one for one in channels_of(db, municipality.id) if asking.goes_out_by(defined, one)]
        db.expunge_all()
    shown = _preview(municipality, defined, period)
    page = render_template(
        "staff/reports.html",
        municipality=municipality,
        channels=channels,
        shown=shown,
        report=shown.document,
        rows=_rows(shown),
        defined=defined,
        reports=[(one.id, words.title_of(one, current().language)) for one in offered],
        period=period,
        periods=_offered(today, period),
        rows_shown=ROWS_SHOWN,
    )
    looks.note("report-preview", municipality.id, shown.person_ids)
    return page


@blueprint.post("/staff/municipalities/<slug>/reports")
@audience(*SEES_REPORTS)
def run(slug: str) -> Response:
    """Deliver the report of a period over each of the municipality's channels, by a run."""
    viewer, here = current().viewer, sidecar()
    period = read_period(request.form.get("period", ""))
    with here.reading() as db:
        municipality = find_visible(db, viewer, slug)
        defined = _choose(list_for(db, viewer, municipality, here.today()), request.form.get("report", ""))
    if viewer.everything or municipality.id in viewer.rkk_for:
        run_id = running.run_now(here, viewer, defined.id, period, [municipality.id])
    else:
        run_id = municipal_runs.run_for(here, viewer, municipality.id, period, defined)
    return redirect(f"/staff/report-runs/{run_id}", 303)


def _choose(offered: Sequence[Defined], key: str) -> Defined:
    """Return the definition of a key; without one the first, the list that every installation has before others.

    Raises:
        NotFoundError: it is not offered.
    """
    in_order = sorted(offered, key=lambda one: one.id != BASIC.id)
    found = next((one for one in in_order if key in ("", one.id)), None)
    if found is None:
        raise NotFoundError(what="report definition", key=key[:40])
    return found


def _preview(municipality: Municipality, defined: Defined, period: Period) -> Preview:
    """Build a report as it is delivered, with its figures whatever the formats."""
    shown = replace(defined, spec=replace(defined.spec, formats=("html",)))
    return preview(sidecar(), current().viewer, municipality, shown, period, count=ROWS_SHOWN)


def _rows(shown: Preview) -> list[list[str]]:
    """Return the cells as text."""
    texts = plain_texts(shown.document.columns, shown.document.language)
    return [[say(cell) for say, cell in zip(texts, line.cells, strict=True)] for line in shown.lines]


def _offered(today: date, chosen: Period) -> list[tuple[str, str]]:
    """Return the periods to choose from: months, halves and years, the newest first; and the chosen one."""
    months = [month(today.year, today.month)]
    while len(months) < MONTHS_OFFERED:
        months.append(month_before(months[-1].start))
    halves = [half(y, h) for y in (today.year, today.year - 1) for h in (2, 1)]
    offered = [*months, *(one for one in halves if one.start <= today), year(today.year), year(today.year - 1)]
    if chosen not in offered:
        offered.insert(0, chosen)
    return [(one.name, _in_words(one, today)) for one in offered]


def _in_words(period: Period, today: date) -> str:
    name = period.name
    if "/" in name:
        days = (period.start, period.end)
        first, last = (dates.format_date(day, "medium", locale=locale()) for day in days)
        return f"{first} – {last}"
    if "H1" in name:
        return _("First half of {year}").format(year=period.start.year)
    if "H2" in name:
        return _("Second half of {year}").format(year=period.start.year)
    words_of_it = dates.format_date(period.start, "LLLL y", locale=locale()).capitalize() if "-" in name else name
    return _("{month} so far").format(month=words_of_it) if "-" in name and period.end > today else words_of_it
