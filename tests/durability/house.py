"""Run everything as processes, do the main job in it, and disturb it in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests
from flask import request

from practice_lms.learner import Learner
from practice_lms.people import Person
from sidecar.connecting import add_connection
from sidecar.connectors.places import RECEIPTS
from sidecar.core.access import operator_at_the_console
from sidecar.core.deliveries import Delivery
from sidecar.core.grades import Grade
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.periods import month
from sidecar.reports.asking import request as ask_for_report
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from tests.e2e.region import Region, open_region
from tests.fakes.ports import free_port

LINKS = ("1", "2")
"""The activities of the LMS that have a course: SCORM 2004 and 1.2."""

PATIENCE_S = 150.0
"""For a claim to run out (45 s), the next tick and a busy machine."""


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


@dataclass
class Gate:
    """Hold up the scores that reach the LMS, so that a job is under way for as long as a test wants."""

    has_come: threading.Event = field(default_factory=threading.Event)
    is_open: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.is_open.set()

    def __call__(self) -> None:
        if request.path.endswith("/scores"):
            self.has_come.set()
            self.is_open.wait(12)  # less than the sidecar waits for an answer

    def close(self) -> None:
        self.has_come.clear()
        self.is_open.clear()


@dataclass(frozen=True)
class Visit:
    """Who takes which course."""

    person: Person
    link: str


@dataclass
class House:
    """`sidecar up` in a process, and an LMS in this one."""

    process: subprocess.Popen[bytes]
    log: Path
    region: Region
    gate: Gate
    municipality: Municipality
    reports: Path

    @property
    def sidecar(self) -> Sidecar:
        return self.region.sidecar

    def pid_of(self, part: str) -> int:
        """The process of a part: `web`, `worker`, `schedule`, the queue's `server`, or the worker's `horse`."""
        if part == "horse":
            return next(iter(children_of(self.pid_of("worker"))))
        return next(pid for pid in children_of(self.process.pid) if is_part(pid, part))

    def has(self, part: str) -> bool:
        return any(is_part(pid, part) for pid in children_of(self.process.pid))

    def kill(self, part: str) -> None:
        """Kill a process, and demand that what it started ends too."""
        pid = self.pid_of(part)
        family = [pid, *children_of(pid)]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not any(map(is_alive, family)), f"the orphans of the {part} to end", 20)

    def answers(self) -> bool:
        try:
            return requests.get(self.sidecar.settings.public_url, timeout=3).ok
        except requests.RequestException:
            return False

    def visits(self) -> Iterator[Visit]:
        """Every learner of the municipality at every course."""
        people = self.region.lms.people.values()
        ours = [one for one in people if one.municipality and one.municipality.slug == "kongsberg"]
        return (Visit(person, link) for person in ours for link in LINKS)

    def take_course(self, visit: Visit, disturb: Callable[[], object]) -> None:
        """Pass a course; while its grade is just being sent, something happens. The grade arrives all the same."""
        learner = Learner(self.region.lms.config.issuer, visit.person.user_id)
        learner.log_in()
        play = learner.launch(visit.link)
        learner.begin(play)
        self.gate.close()
        learner.finish(play)
        assert self.gate.has_come.wait(60), "no grade was sent"
        disturb()
        self.gate.is_open.set()
        wait_for(lambda: self.is_settled(visit), f"the grade of a learner\n{self.tail()}")

    def is_settled(self, visit: Visit) -> bool:
        """Tell whether LMS and sidecar agree that the grade is there."""
        with self.sidecar.reading() as db:
            waiting = db.query(Grade).where(Grade.state != "sent").count()
        return self.region.score_of(visit.person, visit.link) == 100 and not waiting

    def deliver_report(self) -> None:
        """Ask for the report of this month and wait for it: each file once and whole, with one receipt."""
        today = self.sidecar.today()
        (asked,) = ask_for_report(self.sidecar, self.municipality.id, month(today.year, today.month))
        wait_for(lambda: self.delivery(asked.id).state == "delivered", f"the report\n{self.tail()}")
        delivery = self.delivery(asked.id)
        names = sorted(path.name for path in self.reports.iterdir() if path.name != RECEIPTS)
        assert names == sorted(file["name"] for file in delivery.files)
        assert [path.name for path in (self.reports / RECEIPTS).iterdir()] == [f"{delivery.key}.json"]

    def delivery(self, delivery_id: str) -> Delivery:
        with self.sidecar.reading() as db:
            return db.get_one(Delivery, delivery_id)

    def assert_told_once(self, count: int) -> None:
        """Each of so many scores was said once, or again the same with a later time."""
        lms = self.region.lms
        said = Counter((call.item_id, call.body["userId"]) for call in lms.score_calls if isinstance(call.body, dict))
        assert len(said) == len(lms.grades) == count
        assert set(said.values()) <= {1, 2}
        assert {grade.score for grade in lms.grades.values()} == {100}

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])


def children_of(pid: int) -> list[int]:
    found = list[int]()
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, path.read_text().split())
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_part(pid: int, part: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    if part == "server":
        return b"-server" in words[0]
    return part.encode() in words and b"--browser" not in words  # that worker is on no path of the main job


@contextmanager
def running_house(settings: Settings, folder: Path) -> Iterator[House]:
    """Run everything until the block ends; Ctrl-C ends it."""
    port, gate = free_port(), Gate()
    settings = replace(
        settings,
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        content_url=f"http://localhost:{port}",
        allowed_private=("127.0.0.1", "lms.localhost"),
    )
    sidecar, reports = Sidecar(settings), folder / "reports"
    municipality = _municipality(sidecar)
    reports.mkdir()
    values = {"folder": str(reports)}
    add_connection(sidecar, operator_at_the_console(), municipality.id, "folder", values)
    with open_region(sidecar, (municipality,), free_port(), folder, gate=gate) as region, _up(settings, folder) as up:
        house = House(up, folder / "up.log", region, gate, municipality, reports)
        wait_for(house.answers, "sidecar up")
        wait_for(lambda: house.has("schedule"), "the scheduler")
        yield house
    sidecar.close()


def _municipality(sidecar: Sidecar) -> Municipality:
    new = Municipality(org_number="942402465", slug="kongsberg", name="Kongsberg kommune", created_at=sidecar.now())
    with sidecar.transaction() as db:
        return add_municipality(db, new)


@contextmanager
def _up(settings: Settings, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SIDECAR_")} | {
        "SIDECAR_DATA": str(settings.data),
        "SIDECAR_DATABASE_URL": settings.database_url,
        "SIDECAR_PUBLIC_URL": settings.public_url,
        "SIDECAR_CONTENT_URL": settings.content_url,
        "SIDECAR_ALLOWED_PRIVATE": ",".join(settings.allowed_private),
    }
    command = [sys.executable, "-m", "sidecar.cli", "up", "--port", str(settings.port)]
    with (folder / "up.log").open("ab") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield process
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
