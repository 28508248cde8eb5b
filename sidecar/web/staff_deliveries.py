"""Answer for a month whether everything is delivered, and mend what is not."""

from __future__ import annotations

from datetime import date

from babel import dates
from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.connectors.base import MisconfiguredError, RefusedError
from sidecar.core.delivery_following import NeverAnsweredError
from sidecar.core.delivery_months import Cause, answer
from sidecar.core.periods import BadPeriodError, Period, month, month_before, read_period
from sidecar.errors import SidecarError
from sidecar.reports import mending, running, words
from sidecar.reports.channels import is_channel
from sidecar.web.access import audience, current, sidecar
from sidecar.web.rendering import locale
from sidecar.web.staff_menu import ADMINISTERS

MONTHS_OFFERED = 13
NAMED = 5
"""How many municipalities a cause names before it counts the others."""

CONTACT_CODES = ("email-no-contact", "email-contacts-refused")
"""What is mended among a municipality's contacts."""

blueprint = Blueprint("staff_deliveries", __name__)


@blueprint.get("/staff/deliveries")
@audience(*ADMINISTERS)
def show() -> str:
    """Say for each municipality what was due in a month and what became of it, and what failed by cause."""
    here, viewer, args = sidecar(), current().viewer, request.args
    wanted = _read_month(args.get("month", ""))
    with here.reading() as db:
        told = answer(db, viewer, wanted, is_channel)
        return render_template(
            "staff/deliveries.html",
            told=told,
            month=wanted,
            months=_offered(here.today(), wanted),
            month_text=month_in_words(wanted),
            named=NAMED,
            place_of=_place_of,
            asks=NeverAnsweredError.code,
            title_of=lambda defined: words.title_of(defined, current().language),
            done=args.get("done", ""),
            count=args.get("count", 0, type=int),
        )


@blueprint.post("/staff/deliveries/mend")
@audience(*ADMINISTERS)
def mend() -> Response:
    """Try everything again that failed for one cause, or ask after all that was never answered."""
    here, viewer, form = sidecar(), current().viewer, request.form
    wanted, code = _read_month(form.get("month", "")), form.get("code", "")
    with here.reading() as db:
        causes = answer(db, viewer, wanted, is_channel).causes
    same = [one for one in causes if (one.code, one.connector) == (code, form.get("connector", ""))]
    count = mending.mend(here, viewer, code, [each for one in same for each in one.delivery_ids])
    done = "asked" if code == NeverAnsweredError.code else "retried"
    return redirect(f"/staff/deliveries?month={wanted.name}&done={done}&count={count}", 303)


@blueprint.post("/staff/deliveries/missing")
@audience(*ADMINISTERS)
def make_missing() -> Response:
    """Make the reports of a definition that were due and were not made."""
    here, viewer, form = sidecar(), current().viewer, request.form
    wanted, key = _read_month(form.get("month", "")), form.get("definition", "")
    with here.reading() as db:
        missing = [one for one in answer(db, viewer, wanted, is_channel).missing if one.due.defined.id == key]
    owners = sorted({one.municipality_id for one in missing})
    if owners:
        running.run_now(here, viewer, key, missing[0].due.period, owners)
    return redirect(f"/staff/deliveries?month={wanted.name}&done=made&count={len(owners)}", 303)


def _read_month(text: str) -> Period:
    """Return a month; this one where none is named."""
    today = sidecar().today()
    if not text:
        return month(today.year, today.month)
    found = read_period(text)
    if found != month(found.start.year, found.start.month):
        raise BadPeriodError(period=text)
    return found


def _offered(today: date, chosen: Period) -> list[tuple[str, str]]:
    """Return the months to choose from, the newest first, and the chosen one."""
    months = [month(today.year, today.month)]
    while len(months) < MONTHS_OFFERED:
        months.append(month_before(months[-1].start))
    if chosen not in months:
        months.insert(0, chosen)
    return [(one.name, month_in_words(one)) for one in months]


def month_in_words(period: Period) -> str:
    """Write a month as the visitor's language does."""
    return dates.format_date(period.start, "LLLL y", locale=locale())


def _place_of(cause: Cause, slug: str) -> str:
    """Return the page where what is wrong for a municipality can be mended."""
    page = f"/staff/municipalities/{slug}"
    if cause.code in CONTACT_CODES:
        return f"{page}/contacts"
    if cause.code in _codes_of_settings():
        return f"{page}#channels"
    return f"/staff/ledger?municipality={slug}&state=attention"


def _codes_of_settings() -> set[str]:
    """Return the codes of errors that are mended in the settings of a connection."""
    found: set[str] = set()
    left: list[type[SidecarError]] = [MisconfiguredError, RefusedError]
    while left:
        kind = left.pop()
        found.add(kind.code)
        left += kind.__subclasses__()
    return found
