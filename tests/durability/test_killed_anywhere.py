"""kill -9 at every step of login, launch, commit, grade, report, delivery, package and people: once each, whole.

On SQLite every step is tried, on PostgreSQL each third. The scheduler's tick is killed once, with a report: grades are
sent by the worker alone.
"""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.catalogue import add_package
from sidecar.connectors.places import RECEIPTS
from sidecar.connectors.records import PersonRecord
from sidecar.core.access import operator_at_the_console
from sidecar.core.attempts import Attempt, Commit, CommitPiece
from sidecar.core.courses import CourseVersion, PackageFile
from sidecar.core.deliveries import Delivery, DeliveryItem
from sidecar.core.evidence import Evidence
from sidecar.core.grades import Grade
from sidecar.core.launches import Launch, LoginRecord
from sidecar.core.outbox import OutboxItem
from sidecar.core.people import Employment, Identity, PeopleImport, Person
from sidecar.core.report_runs import ReportDue, ReportRun
from sidecar.runtime import Sidecar
from sidecar.sync.people_import import import_people
from tests.durability.town import (
    browser_of,
    complete_course,
    in_pieces,
    launch_from_lms,
    make_municipality,
    open_player,
    pass_course,
    register_lms,
    send_commit,
    wait_for_plan,
)
from tests.durability.worlds import World, Worlds, work
from tests.fakes.package import make_package
from tests.fakes.worker import perform_all_due


def test_a_login_that_is_killed_is_begun_again(worlds: Worlds) -> None:
    for world, crash in worlds.every(register_lms, lambda world: lambda sidecar: browser_of(world, sidecar).login()):
        assert world.count(LoginRecord) <= 1, crash
        assert launch_from_lms(world, world.sidecar).status_code == 303, crash
        assert world.count(Launch) == world.count(Identity) == world.count(Attempt) == 1, crash


def test_a_launch_that_is_killed_is_made_again_in_the_same_attempt(worlds: Worlds) -> None:
    for world, crash in worlds.every(register_lms, lambda world: lambda sidecar: launch_from_lms(world, sidecar)):
        assert launch_from_lms(world, world.sidecar).status_code == 303, crash
        assert world.count(Identity) == world.count(Attempt) == 1, crash
        assert world.count(Launch) <= 2, crash


def assert_completed_once(world: World) -> None:
    assert world.count(Commit) == world.count(Evidence) == world.count(Grade) == len(grade_jobs(world)) == 1
    assert world.count(CommitPiece) == 0
    assert world.only(Evidence).score == 0.8
    assert (world.only(Attempt).state, world.only(Attempt).seq) == ("completed", 1)


def test_a_commit_that_is_killed_is_sent_again_and_counts_once(worlds: Worlds) -> None:
    said = pass_course()
    for world, crash in worlds.every(open_player, lambda world: lambda sidecar: send_commit(world, sidecar, said)):
        answer = send_commit(world, world.sidecar, said)
        assert (answer.status_code, answer.get_json()["acknowledged"]) == (200, 1), crash
        assert_completed_once(world)


def test_a_commit_in_pieces_that_is_killed_is_sent_again_and_counts_once(worlds: Worlds) -> None:
    pieces = in_pieces(pass_course(session="s"))

    def send(world: World, sidecar: Sidecar) -> int:
        return [send_commit(world, sidecar, piece).status_code for piece in pieces][-1]

    for world, crash in worlds.every(open_player, lambda world: lambda sidecar: send(world, sidecar)):
        assert send(world, world.sidecar) == 200, crash
        assert_completed_once(world)


def test_a_completion_reaches_the_lms_though_web_and_worker_are_killed(worlds: Worlds) -> None:
    def complete_and_grade(world: World, sidecar: Sidecar) -> None:
        send_commit(world, sidecar, pass_course())
        perform_all_due(sidecar)

    def prepare(world: World) -> None:
        register_lms(world)
        launch_from_lms(world, world.sidecar)
        world.facts |= {"launch": world.only(Launch).id, "attempt": world.only(Attempt).id}

    for world, crash in worlds.every(prepare, lambda world: lambda sidecar: complete_and_grade(world, sidecar)):
        assert send_commit(world, world.sidecar, pass_course()).status_code == 200, crash
        world.go_on()
        assert world.count(Evidence) == 1, crash
        assert_graded(world)


def test_a_grade_reaches_the_lms_whenever_the_worker_is_killed(worlds: Worlds) -> None:
    for world, crash in worlds.every(complete_course, lambda _world: perform_all_due):
        world.go_on()
        assert_graded(world)
        assert len(world.platform.scores) == 1 or crash.step, "only a kill makes us say it again"


def assert_graded(world: World) -> None:
    """The LMS holds the score; if it was told twice, then the same, with a later time, which changes nothing."""
    assert {score["scoreGiven"] for score in world.platform.scores} == {80}
    times = [score["timestamp"] for score in world.platform.scores]
    assert times == sorted(set(times))
    assert len(times) <= 2
    assert (world.only(Grade).state, world.only(Grade).sent_score) == ("sent", 0.8)
    assert grade_jobs(world) == ["done"]


def grade_jobs(world: World) -> list[str]:
    with world.sidecar.reading() as db:
        return list(db.scalars(select(OutboxItem.state).where(OutboxItem.kind == "grade")))


@pytest.mark.slow
def test_a_report_arrives_once_and_whole_wherever_run_report_and_delivery_are_killed(worlds: Worlds) -> None:
    steps = set()
    for world, crash in worlds.every(wait_for_plan, lambda _world: work):
        world.go_on()
        delivery = world.only(Delivery)
        assert world.count(ReportDue) == world.count(ReportRun) == 1, crash
        assert (world.only(ReportRun).state, world.only(ReportRun).municipalities_done) == ("done", 1), crash
        assert world.count(DeliveryItem) == 2, crash
        assert (delivery.state, delivery.claimed_until, delivery.error_code) == ("delivered", None, None), crash
        told = {file["name"]: file["digest"] for file in delivery.files}
        assert (delivery.receipt or {})["details"] == told, crash
        reports = world.root / "reports"
        found = {path.name: digest_of(path) for path in reports.iterdir() if path.name != RECEIPTS}
        assert found == told, crash
        assert [path.name for path in (reports / RECEIPTS).iterdir()] == [f"{delivery.key}.json"], crash
        steps.add(crash.step)
    seen = {"before commit", "after commit", "fsync", "open for writing", "os.link", "os.rename", "after put"}
    assert steps >= seen or not worlds.tries_each_step


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def put_package(world: World) -> None:
    make_package(world.root / "package.zip", pages={"a": "<title>A</title>", "b": "<title>B</title>"})


def add_it(world: World, sidecar: Sidecar) -> bool:
    return add_package(sidecar, world.root / "package.zip", key="kurs", is_published=True).is_new


ADDED = (None, "after commit", "before enqueue", "after enqueue")
"""Steps by which the version is in the tables: its look in a browser is only asked of the queue after that."""


@pytest.mark.slow
def test_a_package_that_is_killed_on_its_way_in_is_added_again_as_one_version(worlds: Worlds) -> None:
    for world, crash in worlds.every(put_package, lambda world: lambda sidecar: add_it(world, sidecar)):
        assert add_it(world, world.sidecar) or crash.step in ADDED, crash
        assert world.count(CourseVersion) == 1, crash
        with world.sidecar.reading() as db:
            for file in db.scalars(select(PackageFile)):
                content = b"".join(world.sidecar.storage.stream(file.digest))
                assert hashlib.sha256(content).hexdigest() == file.digest, crash


PEOPLE = [PersonRecord(str(number), "Kari", f"Nordmann {number}") for number in range(20)]


def bring_people(world: World, sidecar: Sidecar) -> None:
    import_people(sidecar, operator_at_the_console(), world.facts["municipality"], PEOPLE)


def test_people_whose_import_is_killed_are_imported_again_once_each(worlds: Worlds) -> None:
    def prepare(world: World) -> None:
        world.facts["municipality"] = make_municipality(world).id

    for world, crash in worlds.every(prepare, lambda world: lambda sidecar: bring_people(world, sidecar)):
        assert world.count(Employment) == len(PEOPLE) * world.count(PeopleImport), crash
        bring_people(world, world.sidecar)
        assert world.count(Employment) == world.count(Person) == len(PEOPLE), crash
