"""Say what a report definition asks for: a pure value, kept as JSON with each version of a definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

from sidecar.errors import SidecarError

Kind = Literal["completions", "status", "participation", "renewals"]
"""Completion list; status per unit (finished, started, missing, expiring); participation statistics; finished in the
last N days and expires in the next N."""

PeriodKind = Literal["month", "term", "year", "since-last"]
Format = Literal["csv", "xlsx", "pdf", "html", "ndjson"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
PERIODS: Final[tuple[PeriodKind, ...]] = get_args(PeriodKind)
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
_STANDING: Final = (
    "employee_number",
    "last_name",
    "first_name",
    "unit",
    "position",
    "course",
    "status",
    "completed_on",
    "valid_until",
)
COLUMNS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "completions": (
        "employee_number",
        "last_name",
        "first_name",
        "unit",
        "position",
        "course",
        "course_version",
        "status",
        "completed_on",
        "valid_until",
        "score",
        "source",
    ),
    "status": _STANDING,
    "participation": ("unit", "course", "employees", "started", "finished", "share"),
    "renewals": _STANDING,
}
"""The columns that each kind can have, per person, in the order they stand where none is chosen. A counted report has
unit and course, and a column for each state."""

DEFAULT_COLUMNS: Final[tuple[str, ...]] = tuple(
    one for one in COLUMNS["completions"] if one not in ("position", "valid_until")
)
"""Of the completion list that every installation has."""

MOST_DAYS: Final = 3650


class BadSpecError(SidecarError):
    """The report's "{field}" can't be "{value}". Choose one of: {known}"""

    code = "bad-report-spec"


@dataclass(frozen=True)
class Spec:
    """What a report holds and how it goes out.

    Attributes:
        courses: keys of the courses; empty: all.
        municipalities: slugs of whom it is for; empty: all that its owner looks after.
        units: names of units, each with all below it; empty: all.
        positions: words of which one stands in the title of the main position, whatever the case; empty: all.
        columns: in their order; empty: all of the kind. Left out of account where `per_person` is False.
        per_person: a line for each person; False: counted, with numbers under 5 not told.
        days: N, of the kind "renewals" and of what counts as expiring.
        language: nb, nn or en; "" is the municipality's.
        schedule: a cron expression of five fields, meant in Europe/Oslo; "" is by hand only.
        connectors: names of connectors of the municipality's channels; empty: all its channels.
    """

    kind: Kind = "completions"
    courses: tuple[str, ...] = ()
    municipalities: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    period: PeriodKind = "month"
    columns: tuple[str, ...] = ()
    per_person: bool = True
    days: int = 60
    language: str = ""
    formats: tuple[Format, ...] = ("csv", "xlsx")
    schedule: str = ""
    connectors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no report can be.

        Raises:
            BadSpecError: a field has a value it can't have.
        """
        _refuse("kind", self.kind, KINDS)
        _refuse("period", self.period, PERIODS)
        _refuse("language", self.language, ("", "nb", "nn", "en"))
        _refuse("days", self.days if 1 <= self.days <= MOST_DAYS else -1, (self.days,), f"1–{MOST_DAYS}")
        if not self.formats:
            _refuse("formats", "", FORMATS)
        for wanted in self.formats:
            _refuse("formats", wanted, FORMATS)
        for column in self.columns:
            _refuse("columns", column, COLUMNS[self.kind])
        _refuse("per_person", self.per_person, (False,) if self.kind == "participation" else (True, False))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def read_spec(value: Mapping[str, Any]) -> Spec:
    """Return what was kept as JSON.

    Raises:
        BadSpecError: a field is unknown, or has a value it can't have.
    """
    known = {one.name for one in fields(Spec)}
    for name in value:
        _refuse("field", name, tuple(sorted(known)))
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in value.items()}
    return Spec(**values)


def _refuse(field: str, value: object, known: tuple[object, ...], told: str = "") -> None:
    if value not in known:
        raise BadSpecError(field=field, value=str(value)[:100], known=told or ", ".join(map(str, known)))


@dataclass(frozen=True)
class Defined:
    """One version of a report definition; `title` "" stands for what reports of its kind are called."""

    id: str
    title: str
    version: int
    spec: Spec


DEFAULT: Final = Spec(columns=DEFAULT_COLUMNS, schedule="0 6 1 * *")
"""The list of last month's completions, on the first at six, for every municipality over each of its channels."""

BASIC: Final = Defined("completions", "", 1, DEFAULT)
"""The definition that every installation has, as it is before anybody changes it."""
