"""An HR system that exports files: write one, run its source, look at who is employed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from sidecar.connecting import add_connection
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.core.people_sources import SyncRun
from sidecar.core.sources import find_source
from sidecar.runtime import Sidecar
from sidecar.sync import intakes, sources

OPERATOR = operator_at_the_console()
HEAD = "ansattnr;fornavn;etternavn;epost;enhet;stilling"


@dataclass
class Hr:
    """A municipality's HR system with a source that reads its file."""

    sidecar: Sidecar
    municipality: Municipality
    file: Path
    source_id: str
    lines: list[str] = field(default_factory=list)

    def write(self, *rows: str, head: str = HEAD) -> None:
        """Export rows."""
        self.file.write_text("\n".join([head, *rows, ""]), encoding="utf-8")

    def staff(self, count: int, *, unit: str = "Skole", first: int = 1) -> list[str]:
        """Rows of so many employees, each with other names."""
        return [
            f"{n};{FIRST[n % 26] * 3};{FIRST[n // 26 % 26] * 4}sen;p{n}@x.no;{unit};Lærer"
            for n in range(first, first + count)
        ]

    def run(self, *, full: bool = False) -> SyncRun:
        """Run the source to the end of its run."""
        return finish(self.sidecar, sources.run_now(self.sidecar, OPERATOR, self.source_id, full=full))

    def last_run(self) -> SyncRun:
        """Return the last run, whoever asked for it."""
        with self.sidecar.reading() as db:
            found = find_source(db, OPERATOR, self.source_id).last_run
            assert found
            db.expunge(found)
        return found

    def people(self) -> dict[str, tuple[str, str, str | None, str]]:
        """Who is employed, by number: first and last name, e-mail, unit."""
        return {
            number: (first, last, email, unit) for number, first, last, email, unit, ended in self.rows() if not ended
        }

    def rows(self) -> list[tuple[Any, ...]]:
        """Everybody that the municipality has ever employed."""
        columns = Employment.employee_number, Person.first_name, Person.last_name, Person.email
        query = select(*columns, Employment.unit, Employment.ended_on).join(Person, Person.id == Employment.person_id)
        here = Employment.municipality_id == self.municipality.id
        with self.sidecar.reading() as db:
            return [tuple(row) for row in db.execute(query.where(here).order_by(Employment.employee_number))]

    def count(self, table: type[Any]) -> int:
        """How many rows a table has."""
        with self.sidecar.reading() as db:
            return db.scalar(select(func.count()).select_from(table)) or 0


FIRST = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def open_hr(sidecar: Sidecar, municipality: Municipality, folder: Path) -> Hr:
    """Set up an HR system with its source."""
    file = folder / f"{municipality.slug}.csv"
    connection = add_connection(sidecar, OPERATOR, municipality.id, "hr_csv", {"file": str(file)})
    source = sources.add_source(sidecar, OPERATOR, connection.id)
    return Hr(sidecar, municipality, file, source.id)


def error_of(run: SyncRun) -> dict[str, Any]:
    """Return what a run says went wrong."""
    assert run.error
    return dict(run.error)


def remarks_of(run: SyncRun) -> list[dict[str, Any]]:
    """Return the lines that a run set aside."""
    return list(run.remarks or [])


def finish(sidecar: Sidecar, run_id: str) -> SyncRun:
    """Do all parts of a run."""
    while True:
        intakes.run_part(sidecar, run_id)
        with sidecar.reading() as db:
            run = db.get_one(SyncRun, run_id)
            db.expunge(run)
        if run.state not in ("waiting", "running"):
            return run
