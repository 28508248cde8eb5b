"""kill -9 at every step of a source's run, and between approval and what follows: once each, whole."""

from pathlib import Path

from sidecar.connecting import add_connection
from sidecar.core.access import operator_at_the_console
from sidecar.core.people import Employment, Person
from sidecar.core.people_sources import Source, SyncChange, SyncRun
from sidecar.runtime import Sidecar
from sidecar.sync import intakes, people_intake, sources
from sidecar.sync.people_spool import FOLDER
from tests.durability.town import make_municipality
from tests.durability.worlds import World, Worlds

OPERATOR = operator_at_the_console()
HEAD = "ansattnr;fornavn;etternavn;enhet"
ROWS = [f"{number};Kari{number};Nordmann{number};Skole" for number in range(10)]


def export(world: World, rows: list[str]) -> Path:
    path = world.root / "people.csv"
    path.write_text("\n".join([HEAD, *rows, ""]))
    return path


def prepare(world: World) -> None:
    municipality_id = make_municipality(world).id
    path = export(world, ROWS)
    connection = add_connection(world.sidecar, OPERATOR, municipality_id, "hr_csv", {"file": str(path)})
    source = sources.add_source(world.sidecar, OPERATOR, connection.id)
    world.facts["run"] = sources.run_now(world.sidecar, OPERATOR, source.id)
    world.facts["source"] = source.id


def run_it(world: World, sidecar: Sidecar) -> None:
    people_intake.BATCH = 4  # three transactions, in the killed process too
    intakes.run_part(sidecar, world.facts["run"])


def state_of(world: World) -> str:
    with world.sidecar.reading() as db:
        return db.get_one(SyncRun, world.facts["run"]).state


def test_a_run_that_is_killed_goes_on_and_takes_everybody_in_once(worlds: Worlds) -> None:
    for world, crash in worlds.every(prepare, lambda world: lambda sidecar: run_it(world, sidecar)):
        assert world.count(Employment) in (0, 4, 8, 10), crash
        run_it(world, world.sidecar)
        assert state_of(world) == "done", crash
        assert world.count(Employment) == world.count(Person) == len(ROWS), crash
        with world.sidecar.reading() as db:
            counts = db.get_one(SyncRun, world.facts["run"]).counts
        assert counts["added"] == len(ROWS), crash
        assert list((world.sidecar.settings.data / FOLDER).glob("*")) == [], crash


def hold(world: World) -> None:
    prepare(world)
    run_it(world, world.sidecar)
    export(world, ROWS[:5])
    world.facts["run"] = sources.run_now(world.sidecar, OPERATOR, world.facts["source"])
    run_it(world, world.sidecar)


def approve(world: World, sidecar: Sidecar) -> None:
    sources.decide(sidecar, OPERATOR, world.facts["run"], is_approved=True)
    with sidecar.reading() as db:
        live = db.query(SyncRun).where(SyncRun.state == "waiting").one()
    intakes.run_part(sidecar, live.id)


def test_what_was_approved_is_taken_in_whatever_is_killed(worlds: Worlds) -> None:
    for world, crash in worlds.every(hold, lambda world: lambda sidecar: approve(world, sidecar)):
        if state_of(world) == "quarantined":
            sources.decide(world.sidecar, OPERATOR, world.facts["run"], is_approved=True)
        with world.sidecar.reading() as db:
            live = db.query(SyncRun).where(SyncRun.state.in_(("waiting", "running"))).one_or_none()
        if live is not None:
            intakes.run_part(world.sidecar, live.id)
        with world.sidecar.reading() as db:
            assert db.query(Employment).where(Employment.ended_on.is_(None)).count() == 5, crash
            assert db.get_one(Source, world.facts["source"]).verdict is None, crash
        assert world.count(SyncChange) == 0, crash
