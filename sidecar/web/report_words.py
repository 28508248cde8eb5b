"""Say in the visitor's language what a report asks for, when it comes, and how its runs stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from babel import dates

from sidecar.core.periods import OSLO, read_period
from sidecar.core.report_runs import SINCE_LAST
from sidecar.core.report_schedules import PRESETS, preset_of
from sidecar.core.report_specs import COLUMNS, FORMATS, KINDS, Defined, Spec
from sidecar.reports import words
from sidecar.web.access import current
from sidecar.web.rendering import connector_title, locale
from sidecar.web.rendering import gettext as _

CUSTOM = "cron"
STATE_COLOURS = {"done": "success", "failed": "danger", "waiting": "info", "running": "info", "cancelled": "warning"}


def title_of(defined: Defined) -> str:
    """Write what a report is called."""
    return words.title_of(defined, current().language)


def kinds() -> list[tuple[str, str]]:
    """Return what a report can tell."""
    return [(kind, words.kind_title(kind, current().language)) for kind in KINDS]


def periods() -> list[tuple[str, str]]:
    """Return what a run can be about."""
    return [
        ("month", _("The month before")),
        ("term", _("The term (half-year) before")),
        ("year", _("The year before")),
        ("since-last", _("What was not delivered yet")),
    ]


def schedules() -> list[tuple[str, str]]:
    """Return the schedules to choose from."""
    said = {
        "monthly": _("On the first of each month at 6"),
        "weekly": _("On Mondays at 6"),
        "each-term": _("On 1 January and 1 July at 6"),
        "yearly": _("On 1 January at 6"),
        "by-hand": _("By hand only"),
    }
    return [*((name, said[name]) for name in PRESETS), (CUSTOM, _("At other times (cron)"))]


def schedule_in_words(cron: str) -> str:
    """Write a schedule; one that is none of those to choose from stands as it is."""
    preset = preset_of(cron)
    return dict(schedules())[preset] if preset else cron


def languages() -> list[tuple[str, str]]:
    """Return the languages of a report."""
    return [("", _("The municipality's own")), ("nb", "Bokmål"), ("nn", "Nynorsk"), ("en", "English")]


def formats() -> list[tuple[str, str]]:
    """Return the file formats."""
    return [(one, one.upper()) for one in FORMATS]


def columns() -> list[tuple[str, str]]:
    """Return every column that a report of any kind with lines for each person can have."""
    keys = dict.fromkeys(key for kind, known in COLUMNS.items() if kind != "participation" for key in known)
    return [(key, words.heading(key, current().language).capitalize()) for key in keys]


def state_name(state: str) -> str:
    """Write how a run stands."""
    said = {
        "waiting": _("Waiting"),
        "running": _("Under way"),
        "done": _("Done"),
        "failed": _("Failed"),
        "cancelled": _("Cancelled"),
    }
    return said.get(state, state)


def period_in_words(name: str) -> str:
    """Write the period of a run."""
    if name == SINCE_LAST:
        return _("What was not delivered yet")
    period = read_period(name)
    return f"{_day(period.start)} – {_day(period.end)}"


def _day(day: date) -> str:
    return dates.format_date(day, "medium", locale=locale())


def clock(moment: datetime) -> str:
    """Write what the clock shows in Norway at a moment."""
    return f"{moment.astimezone(OSLO):%H:%M}"


def left_in_words(left: timedelta) -> str:
    """Write how long something will take still."""
    return dates.format_timedelta(left, locale=locale())


def spec_in_words(spec: Spec, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a report asks for, label and text.

    Args:
        names: of municipalities by slug, and of courses by key.
    """
    every = _("All")
    layout = _("A line for each person") if spec.per_person else _("Counted, without names")
    headings = dict(columns())
    return [
        (_("What it tells"), dict(kinds())[spec.kind]),
        (_("Courses"), ", ".join(names.get(one, one) for one in spec.courses) or every),
        (_("Municipalities"), ", ".join(names.get(one, one) for one in spec.municipalities) or every),
        (_("Units"), ", ".join(spec.units) or every),
        (_("Positions"), ", ".join(spec.positions) or every),
        (_("Period"), dict(periods())[spec.period]),
        (_("Layout"), layout),
        (_("Columns"), ", ".join(headings.get(one, one) for one in spec.columns) or every),
        (_("Days"), str(spec.days)),
        (_("Language"), dict(languages())[spec.language]),
        (_("Formats"), ", ".join(one.upper() for one in spec.formats)),
        (_("Schedule"), schedule_in_words(spec.schedule)),
        (_("Channels"), ", ".join(map(connector_title, spec.connectors)) or every),
    ]
