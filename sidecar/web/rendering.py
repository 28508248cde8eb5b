"""Give templates their words, dates, numbers and URLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from babel import dates, numbers
from flask import Flask, g

from sidecar.connectors.registry import find_connector
from sidecar.core.periods import OSLO, day_of
from sidecar.errors import SidecarError
from sidecar.language import NAMES, catalogue, say, say_template, translator
from sidecar.web.access import CARRIED_FIELD, CSRF_FIELD, current
from sidecar.web.assets import asset
from sidecar.web.pointers import address_of

_OPAQUE_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


def gettext(message: str) -> str:
    """Translate a message into the visitor's language."""
    return translator(current().language)(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a message that depends on a number."""
    return catalogue(current().language).ngettext(singular, plural, count)


def local_time(moment: datetime | None) -> str:
    """Write a moment as date and time in Norway; "" for none."""
    if moment is None:
        return ""
    local = moment.astimezone(OSLO)
    return f"{dates.format_date(local, 'medium', locale=locale())} {local:%H:%M}"


def local_span(start: datetime, end: datetime) -> str:
    """Write from when till when something lasts, in Norway; the day of its end only where it is another."""
    if day_of(start) == day_of(end):
        return f"{local_time(start)}–{end.astimezone(OSLO):%H:%M}"
    return f"{local_time(start)} – {local_time(end)}"


def local_date(day: date | datetime | None) -> str:
    """Write a day; a moment counts as the day it is in Norway."""
    if day is None:
        return ""
    day = day_of(day) if isinstance(day, datetime) else day
    return dates.format_date(day, "long", locale=locale())


def number(value: float) -> str:
    """Write a number as the language does."""
    return _in_digits(value, locale())


@lru_cache(maxsize=10_000)
def _in_digits(value: float, spoken: str) -> str:
    """Write a number; a list has many, and Babel takes longer for each than the rest of its line."""
    return numbers.format_decimal(value, locale=spoken)


def percent(value: float | None) -> str:
    """Write a share of 0..1 in per cent; "" for none."""
    return "" if value is None else numbers.format_percent(value, locale=locale())


def file_size(size_bytes: int) -> str:
    """Write a file's size in kB, MB or GB."""
    if size_bytes < 1_000_000:
        return f"{number(max(1, round(size_bytes / 1000)))} kB"
    if size_bytes < 1_000_000_000:
        return f"{number(round(size_bytes / 1_000_000, 1))} MB"
    return f"{number(round(size_bytes / 1_000_000_000, 1))} GB"


def in_words(problem: Exception) -> str:
    """Write an error in the visitor's language."""
    return say(problem, current().language)


def recorded_in_words(problem: Mapping[str, Any]) -> str:
    """Write an error as it was recorded (`template`, `facts`) in the visitor's language."""
    return say_template(problem["template"], problem["facts"], current().language)


def translated(text: str) -> str:
    """Translate a text that is not written in a template: a connector's title or the help of a setting."""
    return translator(current().language)(text) if text else ""


def connector_title(name: str) -> str:
    """Write what people call a connector; its name where it is not installed any more."""
    try:
        return translated(find_connector(name).title)
    except SidecarError:
        return name


def is_opaque_id(text: object) -> bool:
    """Tell whether something is an id as `core.db.new_id` makes them, and nothing that a visitor made up."""
    return isinstance(text, str) and _OPAQUE_ID.fullmatch(text) is not None


def prepare_templates(app: Flask) -> None:
    """Add our filters and names to the templates."""
    env = app.jinja_env
    env.trim_blocks = env.lstrip_blocks = True
    env.add_extension("jinja2.ext.i18n")
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # by the extension
    env.tests["opaque_id"] = is_opaque_id
    env.filters.update(
        local_time=local_time,
        local_span=local_span,
        local_date=local_date,
        number=number,
        percent=percent,
        file_size=file_size,
        in_words=in_words,
        recorded_in_words=recorded_in_words,
        translated=translated,
        connector_title=connector_title,
        address=address_of,
    )
    env.globals.update(asset=asset, csrf_field=CSRF_FIELD, carried_field=CARRIED_FIELD, language_names=NAMES)
    app.context_processor(lambda: {"visitor": current(), "reference": g.get("reference", "")})


def locale() -> str:
    """Return the locale that dates and numbers are written in."""
    return {"nb": "nb_NO", "nn": "nn_NO", "en": "en_GB"}[current().language]
