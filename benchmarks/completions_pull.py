"""Measure 100,000 completions pulled from the practice LMS, 5,000 rows a call, and a delta in which nothing changed.

The peer, in the same run: `json.loads` alone of the same bytes. What counts is our process's own time, since the
practice LMS, a process beside it, takes far longer to make the pages than Moodle does. Exits 1 past a limit.
"""

import gc
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, event, func, insert, select
from sqlalchemy.orm import Session

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config
from practice_lms.people import MUNICIPALITIES
from practice_lms.people import Person as LmsPerson
from practice_lms.serving import run_in_thread
from practice_lms.state import Lms
from practice_lms.web_services.reporting import ASKED_FOR
from practice_lms.web_services.training import MANUAL, Course, Done
from sidecar.connectors.base import CompletionSource
from sidecar.connectors.moodle.connector import Moodle
from sidecar.connectors.over_http import Fetch, HttpAnswer
from sidecar.connectors.records import CompletionPage, Cursor
from sidecar.core.completions import Completion
from sidecar.core.connections import Connection
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.people import Employment, Person
from sidecar.core.people_sources import DELTA, FULL, Source, SyncRun
from sidecar.core.platforms import Platform, add_platform
from sidecar.http import GuardedFetch
from sidecar.runtime import Sidecar
from sidecar.schema import upgrade
from sidecar.settings import Settings
from sidecar.sync.completion_intake import take_in
from sidecar.sync.running import RunContext

PEOPLE = 20_000
COURSES = 5
NEW = 500
"""So many are of the last hour: a delta tells of them again, as it reaches back."""

RATIO = 0.3
MOST_CALLS = 3
ROUNDS = 3
TOKEN = "bench"
T = TypeVar("T")


def main() -> int:
    """Print the measurements and judge them."""
    now = datetime.now().astimezone()
    with tempfile.TemporaryDirectory() as folder, _lms(int(now.timestamp())) as url:
        world = _World(_sidecar(Path(folder)), url)
        rows, pull_s, wall_s = min((_pull(world) for _ in range(ROUNDS)), key=lambda each: each[1])
        bare_s = _bare(world.fetch.bodies)
        ratio = bare_s / pull_s
        calls = len(world.fetch.bodies)
        mega = sum(map(len, world.fetch.bodies)) / 1e6
        print(f"{rows} rows in {calls} calls, {mega:.1f} MB; the practice LMS and we together took {wall_s:.1f} s")
        print(f"json.loads alone {bare_s:.2f} s, {rows / bare_s:,.0f} rows/s")
        print(f"pull and parse {pull_s:.2f} s, {rows / pull_s:,.0f} rows/s, ratio {ratio:.2f} (target {RATIO})")
        world.fetch.bodies.clear()
        pages = list(world.moodle.completions())
        _, write_s, _ = _time(lambda: world.run(FULL, _Told(pages)))
        print(f"compare and write {write_s:.2f} s, {rows / write_s:,.0f} rows/s; {world.count()}")
        _, again_s, _ = _time(lambda: world.run(FULL, _Told(pages)))
        print(f"the same again, whole: {again_s:.2f} s, {rows / again_s:,.0f} rows/s")
        is_quiet = _delta(world)
    return int(rows != PEOPLE * COURSES or ratio < RATIO or not is_quiet)


def _pull(world: "_World") -> tuple[int, float, float]:
    world.fetch.bodies.clear()
    return _time(lambda: sum(len(page.rows) for page in world.moodle.completions()))


def _delta(world: "_World") -> bool:
    """Print what a delta in which nothing changed costs; tell whether it is as it should be."""
    world.fetch.bodies.clear()
    with _writes(world.sidecar.engine) as written:
        run, delta_s, _ = _time(lambda: world.run(DELTA, world.moodle))
    calls, kept = len(world.fetch.bodies), [one for one in written if one in ("person", "evidence", "completion")]
    told = f"{run.rows_done} rows told, {calls} calls (limit {MOST_CALLS}), {len(kept)} writes to people or completions"
    print(f"a delta without a change: {delta_s * 1000:.0f} ms, {told}; other tables written: {sorted(set(written))}")
    return calls <= MOST_CALLS and not kept and run.rows_done == NEW


def _time(action: Callable[[], T]) -> tuple[T, float, float]:
    gc.collect()
    started, began = time.process_time(), time.perf_counter()
    result = action()
    return result, time.process_time() - started, time.perf_counter() - began


def _bare(bodies: list[bytes]) -> float:
    def decode() -> None:
        for body in bodies:
            json.loads(body)

    return min(_time(decode)[1] for _ in range(ROUNDS))


@contextmanager
def _lms(now: int) -> Iterator[str]:
    """Run the practice LMS in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(there, now), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{here.recv()}"
    process.terminate()


def _serve(pipe: Any, now: int) -> None:  # noqa: ANN401 (what `Pipe` returns has no public name)
    app = create_app(Config(ws_token=TOKEN))
    _fill_lms(lms_of(app), now)
    pipe.send(run_in_thread(app).port)
    time.sleep(3600)


def _fill_lms(lms: Lms, now: int) -> None:
    """Let everybody have completed every course, the last ones within the hour."""
    courses = [
        Course(number, f"KURS{number}", f"Et kurs med et navn {number}", modules=(number * 100,))
        for number in range(101, 101 + COURSES)
    ]
    lms.people = {f"p{number}": _learner(number) for number in range(PEOPLE)}
    training = lms.training
    training.courses = {one.id: one for one in courses}
    training.enrolments = {one.id: dict.fromkeys(lms.people, MANUAL) for one in courses}
    training.done = {
        (user_id, course.modules[0]): Done(now - 1800 if course is courses[0] and number < NEW else now - _ago(number))
        for course in courses
        for number, user_id in enumerate(lms.people)
    }
    training.changes += 1


def _ago(number: int) -> int:
    return 5 * 24 * 3600 + (number * 7919) % (200 * 24 * 60) * 60


def _learner(number: int) -> LmsPerson:
    place = MUNICIPALITIES[number % 2]
    mail = f"learner{number}@{place.slug}.example.invalid"
    return LmsPerson(f"p{number}", mail, "Multe", f"Prøvesen {number}", mail, "learner", _id_number(number))


def _id_number(number: int) -> str:
    return f"{MUNICIPALITIES[number % 2].slug}-{number}"


@dataclass
class _Recorded:
    """The way out, which keeps what came."""

    fetch: Fetch
    bodies: list[bytes] = field(default_factory=list)

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> HttpAnswer:
        answer = self.fetch(method, url, headers=headers, body=body)
        self.bodies.append(answer.body)
        return answer


@dataclass(frozen=True)
class _Told(CompletionSource):
    """Pages that were pulled before, so that only what comes after is measured."""

    pages: list[CompletionPage]

    def check(self) -> None:
        """Be well."""

    def completions(self, since: datetime | None = None, checkpoint: Cursor | None = None) -> Iterator[CompletionPage]:  # noqa: ARG002
        yield from self.pages


class _World:
    """The sidecar, and its source on the practice LMS."""

    def __init__(self, sidecar: Sidecar, url: str) -> None:
        self.sidecar = sidecar
        self.fetch = _Recorded(GuardedFetch(sidecar.settings.allowed_private))
        self.moodle = Moodle(url=url, token=TOKEN, report_id=ASKED_FOR.id).reach_by(self.fetch)
        with sidecar.transaction() as db:
            now = sidecar.now()
            towns = [
                add_municipality(
                    db, Municipality(org_number=one.organisation_number, slug=one.slug, name=one.name, created_at=now)
                )
                for one in MUNICIPALITIES[:2]
            ]
            _employ(db, [one.id for one in towns], now)
            platform = Platform(
                name="Moodle", issuer=url, client_id="s", auth_url=url, token_url=url, jwks_url=url, created_at=now
            )
            patterns = {one.id: None for one in towns}
            self._platform_id = add_platform(db, platform, deployment_ids=["1"], patterns=patterns).id
            connection = Connection(connector="moodle", settings=b"", created_at=now, platform_id=self._platform_id)
            db.add(connection)
            db.flush()
            source = Source(connection_id=connection.id, kind="completions", created_at=now)
            db.add(source)
            db.flush()
            self._source_id = source.id

    def run(self, mode: str, connector: CompletionSource) -> RunContext:
        """Run the source once."""
        now = self.sidecar.now()
        with self.sidecar.transaction() as db:
            run = SyncRun(source_id=self._source_id, mode=mode, asked_at=now, started_at=now, state="running")
            db.add(run)
            db.flush()
            since = now - timedelta(hours=1) if mode == DELTA else None
        context = RunContext(
            sidecar=self.sidecar,
            source_id=self._source_id,
            run_id=run.id,
            mode=mode,
            municipality_id=None,
            platform_id=self._platform_id,
            connector=connector,
            mapping={},
            cursor=None,
            since=since,
            checkpoint=None,
        )
        take_in(self.sidecar, context)
        with self.sidecar.transaction() as db:
            db.get_one(SyncRun, run.id).state = "done"
        return context

    def count(self) -> str:
        """Say what there is now."""
        with self.sidecar.reading() as db:
            pieces = db.scalar(select(func.count(Evidence.id)).where(Evidence.person_id.is_not(None)))
            completions = db.scalar(select(func.count(Completion.id)).where(Completion.withdrawn_at.is_(None)))
        return f"{pieces} pieces of evidence placed, {completions} completions"


def _sidecar(folder: Path) -> Sidecar:
    settings = Settings(
        data=folder,
        public_url="http://localhost",
        content_url="http://127.0.0.1",
        database_url=f"sqlite:///{folder / 'bench.sqlite3'}",
    )
    sidecar = Sidecar(replace(settings, allowed_private=("127.0.0.1",)))
    upgrade(sidecar.engine)
    return sidecar


def _employ(db: Session, towns: list[str], now: datetime) -> None:
    people = [{"id": f"{number:032x}", "first_name": "A", "last_name": "B"} for number in range(PEOPLE)]
    db.execute(insert(Person), people)
    works = [
        {
            "id": f"{number:032x}",
            "person_id": f"{number:032x}",
            "municipality_id": towns[number % 2],
            "employee_number": str(number),
            "unit": "",
            "position": "",
            "imported_at": now,
        }
        for number in range(PEOPLE)
    ]
    db.execute(insert(Employment), works)


@contextmanager
def _writes(engine: Engine) -> Iterator[list[str]]:
    """Note which tables are written meanwhile."""
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        words = statement.split()
        if words[0] in ("INSERT", "UPDATE", "DELETE"):
            written.append(words[1] if words[0] == "UPDATE" else words[2])

    event.listen(engine, "before_cursor_execute", note)
    yield written
    event.remove(engine, "before_cursor_execute", note)


if __name__ == "__main__":
    sys.exit(main())
