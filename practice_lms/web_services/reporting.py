"""Show custom reports as Moodle does: display texts in the language and time zone of the token's user."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from practice_lms.web_services.accounts import Account
from practice_lms.web_services.training import Row, Training

SOURCE = "core_course\\reportbuilder\\datasource\\participants"
ACTIVE = '{"enrolment:status_operator":1,"enrolment:status_value":0}'
RANGE = 3
TIME = "completion:timecompleted"

HEADINGS: Mapping[str, tuple[str, str]] = {
    "user:idnumber": ("ID number", "ID-nummer"),
    "user:email": ("Email address", "E-postadresse"),
    "user:institution": ("Institution", "Institusjon"),
    "user:department": ("Department", "Avdeling"),
    "course:shortname": ("Course short name", "Kortnavn på kurs"),
    "course:fullname": ("Course full name", "Fullt navn på kurs"),
    "enrol:name": ("Name", "Navn"),
    "completion:completed": ("Completed", "Fullført"),
    TIME: ("Time completed", "Tidspunkt fullført"),
    "completion:progresspercent": ("Student progress", "Studentens framdrift"),
    "cohort:name": ("Name", "Navn"),
}
"""Each column's heading in English and in Norwegian."""

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "nb": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
}
_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "nb": (
        *("januar", "februar", "mars", "april", "mai", "juni"),
        *("juli", "august", "september", "oktober", "november", "desember"),
    ),
}
_YES_NO = {"en": ("Yes", "No"), "nb": ("Ja", "Nei")}

_PERSON = ("user:idnumber", "user:email", "user:institution", "user:department")
_COMPLETION = ("completion:completed", TIME)
_RECORDED = (*_PERSON, "course:shortname", "enrol:name", *_COMPLETION)


@dataclass(frozen=True)
class Report:
    """A custom report on participants; `filters` are those that it has, others are kept and do nothing."""

    id: int
    name: str
    columns: tuple[str, ...]
    is_sorted: bool = True
    has_condition: bool = True
    filters: frozenset[str] = frozenset()
    source: str = SOURCE


ASKED_FOR = Report(
    6,
    "sidecar",
    ("user:idnumber", "course:shortname", "course:fullname", *_COMPLETION),
    filters=frozenset({TIME}),
)
"""The report that the sidecar asks administrators to make."""

REPORTS = (
    Report(1, "sidecar completions (with progress)", (*_RECORDED, "completion:progresspercent")),
    Report(2, "sidecar completions (no progress)", _RECORDED),
    Report(3, "sidecar completions (no sort)", _RECORDED, is_sorted=False),
    Report(4, "sidecar completions + cohort", (*_RECORDED, "cohort:name")),
    Report(
        5,
        "sidecar completions delta (filters)",
        ("user:idnumber", "user:institution", "course:shortname", *_COMPLETION),
        has_condition=False,
        filters=frozenset({TIME, "user:institution", "completion:completed"}),
    ),
    ASKED_FOR,
)


@dataclass
class Reports:
    """Hold the reports, and the rows of each until something changes."""

    training: Training = field(repr=False)
    known: dict[int, Report] = field(default_factory=lambda: {one.id: one for one in REPORTS})
    _made: dict[int, tuple[tuple[int, ...], list[Row]]] = field(default_factory=dict)

    def page(self, report: Report, account: Account, number: int, size: int) -> dict[str, Any]:
        """Return a page as Moodle answers it; a size of 0 is everything."""
        rows = _filter(report, self._rows(report), account.filters.get(report.id, {}))
        shown = rows[number * size : (number + 1) * size] if size else rows
        cells = [_cell(name, account, self.training) for name in report.columns]
        index = 0 if account.language == "en" else 1
        return {
            "headers": [HEADINGS[name][index] for name in report.columns],
            "rows": [{"columns": [cell(row) for cell in cells]} for row in shown],
            "totalrowcount": len(rows),
        }

    def _rows(self, report: Report) -> list[Row]:
        version = self.training.version
        made = self._made.get(report.id)
        if made and made[0] == version:
            return made[1]
        with_cohorts = "cohort:name" in report.columns
        rows = list(self.training.rows(with_cohorts=with_cohorts, with_unused=not report.has_condition))
        if report.is_sorted:
            rows.sort(key=lambda row: (row.person.idnumber if row.person else "", row.course.short_name))
        self._made[report.id] = version, rows
        return rows


def _filter(report: Report, rows: list[Row], values: Mapping[str, Any]) -> list[Row]:
    """Return the rows that a filter leaves; one that the report does not have leaves all."""
    if TIME in report.filters and values.get(f"{TIME}_operator") == RANGE:
        begin, end = int(values.get(f"{TIME}_from") or 0), int(values.get(f"{TIME}_to") or 0)
        rows = [row for row in rows if row.at is not None and begin <= row.at and (not end or row.at <= end)]
    return rows


def _cell(name: str, account: Account, training: Training) -> Callable[[Row], str]:
    """Return what writes a column for somebody."""
    yes, no = _YES_NO[account.language]

    def completed(row: Row) -> str:
        if row.at is not None:
            return yes
        return no if row.has_begun else ""

    def progress(row: Row) -> str:
        if row.person is None or not row.course.can_complete:
            return ""
        modules = training.modules_of(row.course)
        done = [each for each in modules if training.done_of(row.person.user_id, each)]
        return f"{100 * len(done) / len(modules):.1f}%" if modules else "0.0%"

    zone = ZoneInfo(account.zone)
    cells: Mapping[str, Callable[[Row], str]] = {
        "user:idnumber": lambda row: row.person.idnumber if row.person else "",
        "user:email": lambda row: row.person.email if row.person else "",
        "user:institution": lambda row: row.person.municipality.name if row.person and row.person.municipality else "",
        "user:department": lambda row: row.person.unit if row.person else "",
        "course:shortname": lambda row: html.escape(row.course.short_name),
        "course:fullname": lambda row: html.escape(row.course.full_name),
        "enrol:name": lambda row: row.method,
        "completion:completed": completed,
        TIME: lambda row: write_time(row.at, account.language, zone) if row.at is not None else "",
        "completion:progresspercent": progress,
        "cohort:name": lambda row: row.cohort.removeprefix("kommune-").title(),
    }
    return cells[name]


def write_time(at: int, language: str, zone: ZoneInfo) -> str:
    """Return a moment as Moodle writes it: to the minute."""
    when = datetime.fromtimestamp(at, zone)
    day, month = _DAYS[language][when.weekday()], _MONTHS[language][when.month - 1]
    if language == "en":
        hour, half = when.hour % 12 or 12, "AM" if when.hour < 12 else "PM"
        return f"{day}, {when.day} {month} {when.year}, {hour}:{when.minute:02d} {half}"
    return f"{day}, {when.day}. {month} {when.year}, {when.hour:02d}:{when.minute:02d}"
