"""Share a learning path between two regions: publish, trust, adopt, teach, and count at both employers of one person.

Kongsbergregionen offers a path. Vesterålen adopts it, and somebody who works at Sortland and at Rollag takes it in
Vesterålen's LMS. It stands in Sortland's report, and, once it has crossed over to Kongsbergregionen, in Rollag's.
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from practice_lms.errors import PracticeError, UnexpectedPageError
from practice_lms.installing import Place, add_connections, add_municipalities, add_platform, tell
from practice_lms.learner import READING_S, Learner
from practice_lms.people import MUNICIPALITIES, SORTLAND, Person
from practice_lms.sidecar_process import WAIT_S, SidecarProcess
from practice_lms.state import Lms

ROLLAG = next(one for one in MUNICIPALITIES if one.slug == "rollag")
SEAT = 2
"""Whose first and last name are those of somebody who works at the other employer: nobody else takes a course there."""

PATH = "ny-i-kommunen"
TITLE = "Ny i kommunen"
STEPS = {"informasjonssikkerhet": "1", "brannvern": "2"}
"""The courses of the path, and the links that lead to them in the LMSs."""

CONTENT = {
    "title": TITLE,
    "summary": "Det alle som begynner i kommunen, tar først.",
    "language": "nb",
    "in_order": False,
    "parts": [
        {
            "key": "forste-uke",
            "title": "Første uke",
            "needs": None,
            "steps": [{"key": key, "kind": "course", "course": key} for key in STEPS],
        }
    ],
}
COUNTED = len(STEPS) + 1
"""What crosses over: each step, and the path itself."""


class Office(Place, Protocol):
    """A region that runs: its folder, its sidecar's process, its LMS."""

    @property
    def sidecar(self) -> SidecarProcess:
        """Return the running sidecar."""

    @property
    def lms(self) -> Lms:
        """Return the running LMS."""


@dataclass(frozen=True)
class Both:
    """The two regions: who makes the path, and who teaches it."""

    maker: Office
    teacher: Office

    @property
    def origin(self) -> str:
        """Return the address of the path, which is the same for ever."""
        return f"{address_of(self.maker)}/paths/{PATH}"


def address_of(office: Office) -> str:
    """Return where a region's sidecar is found by others."""
    return f"{office.sidecar.url}/exchange/{office.region.slug}"


def share(maker: Office, teacher: Office) -> None:
    """Go through all of it, and say what happened.

    Raises:
        PracticeError: a step did not work; it says which and why.
    """
    both = Both(maker, teacher)
    _at_once(lambda: _install(teacher), lambda: _publish(maker))
    _trust(both)
    _at_once(lambda: _adopt(both), lambda: _agree(maker, teacher), lambda: _agree(teacher, maker))
    person = _teach(both)
    _cross(both)
    _report(both, person)


def _at_once(*steps: Callable[[], None]) -> None:
    with ThreadPoolExecutor(len(steps)) as pool:
        for running in [pool.submit(step) for step in steps]:
            running.result()


def _install(office: Office) -> None:
    add_municipalities(office)
    _at_once(lambda: add_platform(office), lambda: add_connections(office))


def _publish(office: Office) -> None:
    file = office.folder / f"{PATH}.json"
    file.write_text(json.dumps(CONTENT, ensure_ascii=False, indent=2), encoding="utf-8")
    office.sidecar.run("path", "new", "--file", str(file), "--key", PATH, "--region", office.region.slug)
    office.sidecar.run("path", "publish", PATH, "--note", "Det første løpet")
    office.sidecar.run("path", "offer", PATH, "--to", "all")
    tell(f"{office.region.name} published the learning path «{TITLE}» and offers it to other regions")


def _trust(both: Both) -> None:
    """Let the one open the other's invitation, and the other find the one's card under its address."""
    invitation = both.maker.sidecar.run("peer", "invite", "--region", both.maker.region.slug)["invitation"]
    both.teacher.sidecar.run("peer", "accept", invitation)
    found = both.maker.sidecar.run("peer", "pull", address_of(both.teacher))
    if found["state"] != "trusted":
        raise PracticeError(f"{both.maker.region.name} does not trust {both.teacher.region.name}: {found}")
    tell(f"{both.teacher.region.name} opened {both.maker.region.name}'s invitation: they trust each other")


def _adopt(both: Both) -> None:
    here, by = both.teacher.sidecar, address_of(both.maker)

    def is_told() -> bool:
        here.run("peer", "pull", by)
        return any(one["origin"] == both.origin for one in here.run("path", "offers"))

    def is_fetched() -> bool:
        [found] = [one for one in here.run("path", "offers") if one["origin"] == both.origin]
        if found["error_code"]:
            raise PracticeError(f"the path was not fetched: {found}")
        return bool(found["state"] == "fetched")

    here.wait_until("the offered path in the feed", is_told, WAIT_S)
    here.run("path", "fetch", both.origin)
    here.wait_until("all files of the path fetched", is_fetched, WAIT_S)
    here.run("path", "adopt", both.origin)
    tell(f"{both.teacher.region.name} fetched the path with its courses, checked its signature, and adopted it")


def _agree(office: Office, other: Office) -> None:
    """Record at one of the two that completions of Rollag's people cross over."""
    facts = (ROLLAG.organisation_number, "--name", f"{ROLLAG.name} kommune", "--text", "Møte 3. mars")
    office.sidecar.run("agreement", "add", address_of(other), *facts)
    tell(
        f"{office.region.name} recorded what both agreed: what {ROLLAG.name}'s people complete is told to {ROLLAG.name}"
    )


def _teach(both: Both) -> Person:
    """Let somebody take the path's courses in the LMS that adopted it, and name the other employer in My learning."""
    person, there = both.teacher.lms.learner_of(SORTLAND.slug, SEAT), both.maker.lms.learner_of(ROLLAG.slug, SEAT)
    learner = Learner(both.teacher.config.issuer, person.user_id)
    learner.log_in()
    plays = [learner.launch(link_id) for link_id in STEPS.values()]
    for play in plays:
        learner.begin(play)
    time.sleep(READING_S)
    for play in plays:
        learner.finish(play)
    tell(f"{person.name} of {SORTLAND.name} passed the courses of the path in {both.teacher.region.name}'s LMS")
    _name_employer(learner, f"{plays[0].url}/learning/employers", there)
    tell(f"{person.name} named {ROLLAG.name} as another employer, with the employee number {there.employee_number}")
    return person


def _name_employer(learner: Learner, url: str, there: Person) -> None:
    page = learner.browser.open(url)
    form = next((one for one in page.forms if one.has_visible_fields), None)
    if form is None:
        raise UnexpectedPageError("name an employer", page.status, page.text)
    named = {"org_number": ROLLAG.organisation_number, "employee_ref": there.employee_number, "answer": "name"}
    answer = learner.browser.send(url, form.fields | named)
    if answer.status != 200 or there.employee_number not in answer.text:
        raise UnexpectedPageError("name an employer", answer.status, answer.text)


def _cross(both: Both) -> None:
    here = both.teacher.sidecar

    def is_counted() -> bool:
        [found] = here.run("agreement", "list")
        told: dict[str, int] = found["told"]
        if told.keys() - {"counted", "unanswered"}:
            raise PracticeError(f"what was told does not count: {found}")
        return told.get("counted") == COUNTED

    here.wait_until("completions that count in the other region", is_counted, WAIT_S)
    tell(f"{COUNTED} completions crossed over to {both.maker.region.name}, signed, and count there")


def _report(both: Both, person: Person) -> None:
    """Let each region report to its employer of the person, and show what stands there.

    Raises:
        PracticeError: one of the reports does not hold what was completed.
    """
    there = both.maker.lms.learner_of(ROLLAG.slug, SEAT)
    period = f"{datetime.now(ZoneInfo('Europe/Oslo')):%Y-%m}"
    sides = ((both.maker, ROLLAG.slug, there), (both.teacher, SORTLAND.slug, person))
    with ThreadPoolExecutor() as pool:
        files = list(pool.map(lambda side: _report_to(side[0], side[1], period), sides))
    print(f"\n{person.name} took the path once. It stands in the reports of both employers:")
    for file, (_, slug, employee) in zip(files, sides, strict=True):
        rows = [row for row in _lines(file) if row.startswith(f"{employee.employee_number};")]
        print(f"\n{file}", *rows, sep="\n    ", flush=True)
        if len(rows) != COUNTED:
            raise PracticeError(f"the report to {slug} holds {len(rows)} completions of {employee.name}")


def _report_to(office: Office, slug: str, period: str) -> Path:
    office.sidecar.run("report", "run", "--municipality", slug, "--period", period)
    return max(office.reports_of(slug).glob("*.csv"), key=lambda file: file.stat().st_mtime_ns)


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8-sig").splitlines()
