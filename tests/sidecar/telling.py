"""Be an LMS that tells of completions, and the installation that it tells them to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from sidecar.connectors.base import CompletionSource, UnreachableError
from sidecar.connectors.records import CompletionPage, CompletionRecord, Cursor
from sidecar.core import sync_runs
from sidecar.core.access import operator_at_the_console
from sidecar.core.completions import Completion
from sidecar.core.connections import Connection
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.core.people_sources import DELTA, FULL, Source, SyncRun
from sidecar.core.platforms import Platform, add_platform
from sidecar.runtime import Sidecar
from sidecar.sync.completion_intake import take_in
from sidecar.sync.running import RunContext

DONE_AT = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
EVERYTHING = operator_at_the_console()


@dataclass(frozen=True)
class FakeLms(CompletionSource):
    """An LMS that tells what it is told to tell; it breaks off after some pages."""

    rows: list[CompletionRecord] = field(default_factory=list)
    page_size: int = 2
    breaks_after: list[int] = field(default_factory=list)
    asked: list[tuple[datetime | None, Cursor | None]] = field(default_factory=list)

    def check(self) -> None: ...

    def completions(self, since: datetime | None = None, checkpoint: Cursor | None = None) -> Iterator[CompletionPage]:
        self.asked.append((since, checkpoint))
        told = [row for row in self.rows if since is None or (row.completed_at and row.completed_at >= since)]
        first = checkpoint["page"] if checkpoint else 0
        for number in range(first, max(1, -(-len(told) // self.page_size))):
            if self.breaks_after and number >= self.breaks_after[0]:
                self.breaks_after.pop()
                raise UnreachableError
            rows = told[number * self.page_size : (number + 1) * self.page_size]
            yield CompletionPage(rows, {"page": number + 1}, len(told))


@dataclass
class World:
    """An LMS that speaks for two municipalities, each with an employee 1001."""

    sidecar: Sidecar
    lms: FakeLms
    source_id: str
    platform_id: str
    kari: str
    rolf: str

    def run(self, mode: str = FULL, **changes: object) -> RunContext:
        """Run the source once; return what it said."""
        context = self.begin(mode, **changes)
        take_in(self.sidecar, context)
        with self.sidecar.transaction() as db:
            sync_runs.finish(db, context.run_id, self.sidecar.now(), cursor=context.next_cursor)
        return context

    def begin(self, mode: str = FULL, **changes: object) -> RunContext:
        with self.sidecar.transaction() as db:
            source = db.get_one(Source, self.source_id)
            run = SyncRun(source_id=source.id, mode=mode, asked_at=self.sidecar.now(), state="running")
            run.started_at = self.sidecar.now()
            db.add(run)
            db.flush()
            since = source.last_success_at if mode == DELTA else None
            context = RunContext(
                sidecar=self.sidecar,
                source_id=source.id,
                run_id=run.id,
                mode=mode,
                municipality_id=None,
                platform_id=self.platform_id,
                connector=self.lms,
                mapping={},
                cursor=source.cursor,
                since=since,
                checkpoint=None,
            )
        return replace(context, **changes)  # type: ignore[arg-type]  # fields of it

    def all(self, table: type[Any]) -> Sequence[Any]:
        with self.sidecar.reading() as db:
            found = db.scalars(select(table)).all()
            db.expunge_all()
        return found

    @property
    def pieces(self) -> Sequence[Evidence]:
        return self.all(Evidence)

    @property
    def completions(self) -> list[Completion]:
        return [one for one in self.all(Completion) if one.withdrawn_at is None]


def told(
    holder: str, course: str = "BRANN", at: datetime | None = DONE_AT, score: float | None = None
) -> CompletionRecord:
    return CompletionRecord(holder, course, f"Kurs {course}", at, score)


def employ(sidecar: Sidecar, municipality: Municipality, number: str, first_name: str) -> None:
    """Add an employee."""
    with sidecar.transaction() as db:
        person = Person(first_name=first_name, last_name="Hansen")
        db.add(person)
        db.flush()
        works = Employment(
            person_id=person.id, municipality_id=municipality.id, employee_number=number, imported_at=sidecar.now()
        )
        db.add(works)


def make_world(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> World:
    employ(sidecar, kongsberg, "1001", "Kari")
    employ(sidecar, rollag, "1001", "Rolf")
    with sidecar.transaction() as db:
        platform = Platform(
            name="Felles Moodle",
            issuer="https://lms.example.org",
            client_id="sidecar",
            auth_url="https://lms.example.org/auth",
            token_url="https://lms.example.org/token",
            jwks_url="https://lms.example.org/jwks",
            created_at=sidecar.now(),
        )
        add_platform(db, platform, deployment_ids=["1"], patterns={kongsberg.id: None, rollag.id: None})
        connection = Connection(connector="fake", settings=b"", created_at=sidecar.now(), platform_id=platform.id)
        db.add(connection)
        db.flush()
        source = Source(connection_id=connection.id, kind="completions", created_at=sidecar.now())
        db.add(source)
        db.flush()
        people = dict(db.execute(select(Employment.municipality_id, Employment.person_id)).all())
    return World(sidecar, FakeLms(), source.id, platform.id, people[kongsberg.id], people[rollag.id])
