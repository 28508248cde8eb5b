"""Build a municipality's report as its definition asks: a document whose lines are read from a file, and its hash."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import String, cast, select, text
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.db import JsonValue, new_id
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import FuturePeriodError, Period
from sidecar.core.report_specs import Defined, Spec
from sidecar.core.unit_trees import list_tree
from sidecar.reports import words
from sidecar.reports.columns import Value, columns_of, keys_of
from sidecar.reports.completion_list import Ledger, find_list
from sidecar.reports.counted import Counted, build_counted, summary_figure
from sidecar.reports.document import Document, Figure, PlacedUnit
from sidecar.reports.line_files import LineFile, about, in_blocks, write_lines
from sidecar.reports.remembered import Remembered
from sidecar.reports.selection import check_courses, in_words
from sidecar.reports.sorted_rows import canonical
from sidecar.reports.standings import Standing, State, find_standings, first_of, iter_standings

EDITIONS: Final = 60
"""How many earlier counted reports are looked at, so that this one gives away nothing that they did not tell."""

_FIGURED: Final = frozenset({"xlsx", "pdf", "html"})
"""The formats that show figures."""


@dataclass(frozen=True)
class Built:
    """A report of one municipality, as long as the folder is there that it was built in.

    Attributes:
        content_hash: SHA-256 of kind, columns and lines, the same in every language where lines are of people.
        items: reads (completion id, employment id) of all that the lines stand for.
        people: reads (employment id, person id) of each line, in order; the person is "" where they are erased.
        erased_count: how many of the employees were erased when it was built.
        figures: what a counted report tells; None for others.
    """

    document: Document
    content_hash: str
    late_count: int
    items: Callable[[], Iterator[tuple[str, str]]]
    erased_count: int
    figures: JsonValue | None
    people: Callable[[], Iterator[tuple[str, str]]]


def build(
    db: Session,
    viewer: Viewer,
    municipality: Municipality,
    defined: Defined,
    period: Period,
    connection_id: str,
    today: date,
    spool: Path,
    first: int | None = None,
) -> Built:
    """Build the report of a period, for one channel.

    Args:
        connection_id: the channel, whose ledger says what was delivered before.
        today: the day in Europe/Oslo.
        spool: a folder for the lines, removed by the caller once the document is written.
        first: lay out so many lines of people only, for looking at; counts and figures are of all, the hash is not.

    Raises:
        FuturePeriodError: the period has not begun.
        UnknownCourseError: the definition names a course that doesn't exist.
    """
    if period.start > today:
        raise FuturePeriodError(period=period.name)
    _read_all_at_once(db)
    job = _Job(db, viewer, municipality, defined, period, today, check_courses(db, defined.spec), spool)
    if not defined.spec.per_person:
        return _build_counted(job)
    stand: Counter[tuple[str, State]] = Counter()
    lines = _lay_out(job, connection_id, stand, first)
    return Built(
        document=replace(
            job.document(lines.count),
            columns=columns_of(defined.spec, job.language),
            lines=partial(lines.lines, defined.spec, job.language),
            figures=_summary(job, stand),
            notes=job.notes(lines.count),
            units=job.units(),
        ),
        content_hash=lines.digest,
        late_count=lines.late_count,
        items=lines.items,
        erased_count=lines.erased_count,
        figures=None,
        people=lines.people,
    )


def _read_all_at_once(db: Session) -> None:
    """Let PostgreSQL plan for all rows, as all are read: it expects a cursor to be left after a few."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(text("SET LOCAL cursor_tuple_fraction = 1"))


@dataclass(frozen=True)
class _Job:
    """A report to build; `titles` are those of the courses it is about, none for all."""

    db: Session
    viewer: Viewer
    municipality: Municipality
    defined: Defined
    period: Period
    today: date
    titles: Sequence[str]
    spool: Path

    @property
    def spec(self) -> Spec:
        return self.defined.spec

    @property
    def language(self) -> str:
        return self.spec.language or self.municipality.language

    @property
    def last_day(self) -> date:
        """The day on which things are looked at: of a period that has not ended, today."""
        return min(self.period.end, self.today)

    def standings(self) -> Iterator[Standing]:
        days = Period(self.period.start, self.last_day)
        return iter_standings(self.db, self.viewer, self.municipality, self.spec, days, self.spool)

    def found_standings(self) -> Iterator[Standing]:
        """Yield the standings in no order."""
        return find_standings(self.db, self.viewer, self.municipality, self.spec, self.last_day)

    def document(self, row_count: int) -> Document:
        return Document(
            kind=self.spec.kind,
            title=words.title_of(self.defined, self.language),
            municipality=self.municipality.name,
            org_number=self.municipality.org_number,
            period=self.period.name,
            first_day=self.period.start,
            last_day=self.period.end,
            language=self.language,
            columns=(),
            row_count=row_count,
            lines=lambda: iter(()),
            facts=self._facts(),
        )

    def units(self) -> tuple[PlacedUnit, ...]:
        """Return the tree of units on the last day, for the format that shows it."""
        if "html" not in self.spec.formats:
            return ()
        tree = list_tree(self.db, self.viewer, self.municipality.id, self.last_day)
        return tuple(PlacedUnit(one.name, one.depth) for one in tree)

    def notes(self, row_count: int) -> tuple[str, ...]:
        of_days = self.period.end > self.today
        day = words.day_in_words(self.today, self.language)
        unfinished = [words.sentence("unfinished", self.language, day=day)] if of_days else []
        name = self.municipality.name
        return (*unfinished, *([] if row_count else [words.sentence("nobody", self.language, municipality=name)]))

    def _facts(self) -> tuple[tuple[str, str], ...]:
        language, days = self.language, self.spec.days
        whom = in_words(self.spec, self.titles, self.language)
        if self.spec.kind == "completions" and self.spec.per_person:
            return whom
        as_of = (words.sentence("as_of", language), words.day_in_words(self.last_day, language))
        if self.spec.kind == "renewals":
            around = words.sentence("around", language, days=days)
            return (*whom, as_of, (words.sentence("renewals", language), around))
        audience = (words.sentence("audience", language), words.sentence("expected", language))
        soon = (words.sentence("soon", language), words.sentence("within", language, days=days))
        return (*whom, audience, as_of, soon)


def _lay_out(job: _Job, connection_id: str, stand: Counter[tuple[str, State]], first: int | None) -> LineFile:
    """Write the lines in their order into a file.

    Args:
        stand: counts the lines by course and state, where they are of standings.
    """
    path = job.spool / f"lines-{new_id()}"
    if job.spec.kind == "completions":
        ledger = Ledger(job.municipality.id, connection_id, job.defined.id, job.period)
        found = find_list(job.db, job.viewer, job.municipality, job.spec, ledger, job.today)
        lines = write_lines(path, job.spec, found.blocks(job.db, first))
        count, late_count = (lines.count, lines.late_count) if first is None else found.count(job.db)
        return replace(lines, count=count, late_count=late_count)
    keys, encode = keys_of(job.spec), Remembered[Value, str](canonical)
    told = (
        _counted(job.standings(), stand) if first is None else first_of(_counted(job.found_standings(), stand), first)
    )
    lines = write_lines(path, job.spec, in_blocks(_line(one, keys, encode) for one in told))
    return replace(lines, count=stand.total())


def _line(one: Standing, keys: Sequence[str], encode: Remembered[Value, str]) -> str:
    days = {"completed_on": one.completed_on, "valid_until": one.valid_until}
    told: dict[str, Value] = {name: day.isoformat() if day else None for name, day in days.items()}
    told["status"] = one.state
    values = (told[key] if key in told else getattr(one, key) for key in keys)
    return about(one.employment_id, one.person_id, one.completion_id, map(encode.__getitem__, values))


def _counted(standings: Iterator[Standing], stand: Counter[tuple[str, State]]) -> Iterator[Standing]:
    for one in standings:
        stand[one.course, one.state] += 1
        yield one


def _summary(job: _Job, stand: Counter[tuple[str, State]]) -> tuple[Figure, ...]:
    """Return how many stand where, for the formats that show it; none where no course concerns anybody.

    Args:
        stand: of lines that are of standings; else they are counted here.
    """
    if not _FIGURED.intersection(job.spec.formats):
        return ()
    if job.spec.kind == "completions":
        stand = Counter((one.course, one.state) for one in job.found_standings())
    figure = summary_figure(stand, job.language)
    return (figure,) if figure.labels else ()


def _build_counted(job: _Job) -> Built:
    counted = _count(job)
    said = canonical(
        [job.spec.kind, [column.key for column in counted.columns], [line.cells for line in counted.lines]]
    )
    document = replace(
        job.document(len(counted.lines)),
        columns=counted.columns,
        units=counted.units if "html" in job.spec.formats else (),
        lines=lambda: iter(counted.lines),
        figures=counted.figures,
        notes=(*job.notes(len(counted.lines)), *counted.notes),
    )
    hashed = hashlib.sha256(said.encode()).hexdigest()
    return Built(document, hashed, 0, lambda: iter(()), 0, counted.published, lambda: iter(()))


def _count(job: _Job) -> Counted:
    earlier = _iter_earlier(job.db, job.municipality.id)
    where = job.db, job.viewer, job.municipality
    return build_counted(*where, job.defined, job.period, job.today, job.standings(), earlier)


def _iter_earlier(db: Session, municipality_id: str) -> Iterator[JsonValue]:
    """Yield what counted reports have told a municipality before, the newest first; memory holds one at a time."""
    told = cast(Delivery.figures, String) != "null", Delivery.figures.is_not(None)
    query = select(Delivery.id).where(Delivery.municipality_id == municipality_id, *told)
    for key in db.scalars(query.order_by(Delivery.created_at.desc(), Delivery.id).limit(EDITIONS)).all():
        yield db.scalars(select(Delivery.figures).where(Delivery.id == key)).one()
