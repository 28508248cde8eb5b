"""Read the form that defines a report, and fill it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from sidecar.core.report_schedules import preset_of
from sidecar.core.report_specs import COLUMNS, Spec
from sidecar.errors import SidecarError
from sidecar.reports import defining
from sidecar.web.report_words import CUSTOM


class OrderError(SidecarError):
    """The order of the columns can't be read. Write a whole number from 1 beside each column that you want."""

    code = "report-column-order"


@dataclass(frozen=True)
class Typed:
    """What stands in the form."""

    title: str
    kind: str
    courses: Sequence[str]
    municipalities: Sequence[str]
    units: str
    positions: str
    period: str
    order: Mapping[str, str]
    layout: str
    days: str
    language: str
    formats: Sequence[str]
    schedule: str
    cron: str
    connectors: Sequence[str]


def of_spec(title: str, spec: Spec) -> Typed:
    """Return the form of a definition."""
    preset = preset_of(spec.schedule)
    return Typed(
        title=title,
        kind=spec.kind,
        courses=spec.courses,
        municipalities=spec.municipalities,
        units="\n".join(spec.units),
        positions="\n".join(spec.positions),
        period=spec.period,
        order={name: str(number) for number, name in enumerate(spec.columns, 1)},
        layout="people" if spec.per_person else "counted",
        days=str(spec.days),
        language=spec.language,
        formats=spec.formats,
        schedule=preset or CUSTOM,
        cron="" if preset else spec.schedule,
        connectors=spec.connectors,
    )


def of_form(form: MultiDict[str, str]) -> Typed:
    """Return what somebody typed."""
    several = form.getlist

    def one(name: str) -> str:
        return form.get(name, "").strip()

    return Typed(
        title=one("title"),
        kind=one("kind"),
        courses=several("courses"),
        municipalities=several("municipalities"),
        units=one("units"),
        positions=one("positions"),
        period=one("period"),
        order={key.removeprefix("order-"): text for key, text in form.items() if key.startswith("order-") and text},
        layout=one("layout"),
        days=one("days"),
        language=one("language"),
        formats=several("formats"),
        schedule=one("schedule"),
        cron=one("cron"),
        connectors=several("connectors"),
    )


def spec_of(typed: Typed) -> Spec:
    """Return what the form asks for.

    Raises:
        OrderError, BadSpecError, BadSpecFileError, BadScheduleError: it asks for what can't be.
    """
    asked: dict[str, Any] = {
        "kind": typed.kind,
        "courses": list(typed.courses),
        "municipalities": list(typed.municipalities),
        "units": _lines(typed.units),
        "positions": _lines(typed.positions),
        "period": typed.period,
        "columns": _columns(typed),
        "per_person": typed.layout != "counted" and typed.kind != "participation",
        "days": int(typed.days) if typed.days.isascii() and typed.days.isdecimal() and len(typed.days) < 6 else 0,
        "language": typed.language,
        "formats": list(typed.formats),
        "schedule": typed.cron if typed.schedule == CUSTOM else typed.schedule,
        "connectors": list(typed.connectors),
    }
    return defining.read_asked(asked)


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _columns(typed: Typed) -> list[str]:
    """Return the columns in the order of their numbers; those that the kind has not are left out."""
    known = {key for kind, keys in COLUMNS.items() if kind == typed.kind != "participation" for key in keys}
    chosen = {name: text.strip() for name, text in typed.order.items() if name in known and text.strip()}
    if not all(text.isascii() and text.isdecimal() and len(text) < 4 for text in chosen.values()):
        raise OrderError
    return sorted(chosen, key=lambda name: int(chosen[name]))
