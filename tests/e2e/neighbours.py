"""Two regions, each with a sidecar, a database and an LMS of its own, that reach each other over lines to be cut.

Kongsbergregionen makes a learning path; Vesterålen teaches it. One employee of Sortland works at Rollag, too.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

from rq import Queue
from sqlalchemy import select

from practice_lms import people
from practice_lms.people import Person
from scorm_packages.building.standards import Standard
from sidecar.core import offered_paths, path_offers, path_publishing, paths
from sidecar.core.crossing_agreements import ExchangeAgreement, WantedAgreement, record_agreement
from sidecar.core.db import Base
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.outbox import TryLater
from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.regions import Region as OwnRegion
from sidecar.core.regions import join
from sidecar.errors import SidecarError
from sidecar.http import GuardedFetch, Limits
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.sharing import adopting, crossing_hearing, crossing_telling, fetching, following, invitations, offering
from sidecar.sharing.addresses import address_of
from sidecar.web.app import create_app
from tests.e2e.region import Region, import_practice_people, open_region
from tests.e2e.serving import serve
from tests.fakes.cut_line import CutLine, How
from tests.fakes.ports import free_port
from tests.fakes.queue import FakeQueue
from tests.fakes.two_regions import Office

PATH, TITLE = "ny-i-kommunen", "Ny i kommunen"
FIRE = "brannvern"
SEAT = 2
"""Of the employee who works for both."""

CONTENT = Content(TITLE, parts=(Part("forste-uke", "Første uke", steps=(Step("brann", "course", course=FIRE),)),))
COURSES: dict[str, Standard] = {FIRE: "scorm-1.2"}
BRIEF = Limits(read_s=0.5, total_s=0.5, body_bytes=64 * 1024 * 1024)
"""How long to wait for somebody who does not answer, in a test."""


@dataclass
class Side:
    """One of the two: its office, its LMS, its municipality, and the line that leads to it."""

    office: Office
    lms: Region
    municipality: Municipality
    line: CutLine

    @property
    def sidecar(self) -> Sidecar:
        return self.office.sidecar

    @property
    def employee(self) -> Person:
        """Who works for both, as this side knows them."""
        return self.lms.learner(self.municipality.slug, SEAT)

    def count(self, table: type[Base]) -> int:
        with self.sidecar.reading() as db:
            return len(db.scalars(select(table)).all())

    def hurry(self) -> None:
        """Wait for nobody long."""
        hosts = self.sidecar.settings.allowed_private
        self.sidecar.fetch = self.sidecar.long_fetch = GuardedFetch(hosts, limits=BRIEF, pause=lambda _s: None)


@dataclass
class Neighbours:
    """The two, and what they do to each other. Each step may be tried again, and tells whether it has come to pass."""

    maker: Side
    teacher: Side
    invitation: str = ""
    cuts: Counter[str] = field(default_factory=Counter)

    @property
    def origin(self) -> str:
        return f"{self.maker.office.address}/paths/{PATH}"

    def publish(self) -> None:
        """Let the one make a path, and offer it to all."""
        office = self.maker.office
        with office.sidecar.transaction() as db:
            paths.add_path(db, office.viewer, CONTENT, office.sidecar.now(), region_id=office.region_id, key=PATH)
            path_publishing.publish(db, office.viewer, PATH, "Det første løpet", office.sidecar.now())
        offering.offer(office.sidecar, office.viewer, PATH, ["all"])
        office.work(path_offers.KIND)

    def invite(self) -> None:
        office = self.maker.office
        self.invitation = invitations.invite(office.sidecar, office.viewer, office.region_id, "Vesterålen")

    def accept(self) -> bool:
        """Let the other open the invitation."""
        office = self.teacher.office
        with suppress(SidecarError):
            invitations.accept(office.sidecar, office.viewer, office.region_id, self.invitation)
            return True
        return False

    def prove(self) -> bool:
        """Let the one find the other's card where the other says it is."""
        return self._pull(self.maker, self.teacher)

    def follow(self) -> bool:
        """Let the other read what is offered."""
        return self._pull(self.teacher, self.maker)

    def _pull(self, side: Side, other: Side) -> bool:
        following.pull(side.sidecar, side.office.peer(other.office).id)
        peer = side.office.peer(other.office)
        return (peer.state, peer.error_code) == ("trusted", "")

    def fetch(self) -> bool:
        """Let the other fetch the path with its courses."""
        office = self.teacher.office
        offered = following.fetch(office.sidecar, office.viewer, self.origin)
        with suppress(TryLater):
            fetching.fetch_parts(office.sidecar, offered.id)
        with office.sidecar.reading() as db:
            return offered_paths.find_offered(db, office.viewer, self.origin).fetched_version == 1

    def agree(self) -> None:
        """Let both record that what Rollag's people complete at the other is told to Rollag."""
        wanted = WantedAgreement(self.maker.municipality.org_number, "Rollag kommune", self.today)
        for side, other in ((self.maker, self.teacher), (self.teacher, self.maker)):
            with side.sidecar.transaction() as db:
                address, now = other.office.address, side.sidecar.now()
                record_agreement(db, side.office.viewer, address, wanted, now=now, today=self.today)

    @property
    def today(self) -> date:
        return self.maker.sidecar.today()

    def tell(self) -> bool:
        """Let the other tell what was completed there."""
        with self.teacher.sidecar.reading() as db:
            [agreement_id] = db.scalars(select(ExchangeAgreement.id))
        with suppress(TryLater):
            crossing_telling.tell(self.teacher.sidecar, agreement_id)
            return True
        return False

    def answer(self) -> bool:
        """Let the one match what waited for an employee, and say so."""
        peer_id = self.maker.office.peer(self.teacher.office).id
        crossing_hearing.match_waiting(self.maker.sidecar, peer_id)
        with suppress(TryLater):
            crossing_hearing.answer(self.maker.sidecar, peer_id)
            return True
        return False

    def adopt(self) -> None:
        """Let the other adopt what it fetched."""
        office = self.teacher.office
        adopting.adopt(office.sidecar, office.viewer, self.origin)

    def hire(self, folder: Path) -> None:
        """Let Rollag's staff list tell who works there, which it had not before."""
        import_practice_people(self.maker.sidecar, self.maker.municipality, folder)

    def despite(self, how: How, step: Callable[[], bool], line: CutLine) -> None:
        """Cut the line at the first connection of a step, then at the second, and so on till the step comes to pass."""
        for after in range(50):
            with line.cut(how, after) as cut:
                has_come = step()
            if has_come:
                break
            self.cuts[step.__name__] += cut.count
        else:
            raise AssertionError(f"{step.__name__} never came to pass")


@contextmanager
def open_neighbours(sidecar: Sidecar, line: CutLine, database: Path, folder: Path) -> Iterator[Neighbours]:
    """Serve both, each behind its line.

    Args:
        sidecar: Kongsbergregionen's, whose settings name the ports of `line`.
        database: a migrated, empty SQLite file to copy.
        folder: a new one, for Vesterålen's data and for files.
    """
    sidecar.now = lambda: datetime.now(UTC)
    folder.mkdir(mode=0o700)
    copied = shutil.copy(database, folder / "sidecar.sqlite3")
    far = CutLine()
    settings = replace(behind(sidecar.settings, far), data=folder, database_url=f"sqlite:///{copied}")
    other = Sidecar(settings)
    other.queue = other.patient_queue = other.browser_queue = cast(Queue, FakeQueue())
    with ExitStack() as stack:
        stack.callback(other.close)
        maker = _open(stack, sidecar, line, people.KONGSBERGREGIONEN, "rollag", folder)
        teacher = _open(stack, other, far, people.VESTERALEN, "sortland", folder)
        yield Neighbours(maker, teacher)


def behind(settings: Settings, line: CutLine) -> Settings:
    """Return settings of a sidecar that others reach over a line, and browsers its packages without."""
    return replace(
        settings,
        port=line.inner_port,
        public_url=f"http://127.0.0.1:{line.port}",
        content_url=f"http://localhost:{line.inner_port}",
        allowed_private=("127.0.0.1", "lms.localhost"),
    )


def _open(
    stack: ExitStack,
    sidecar: Sidecar,
    line: CutLine,
    region: people.Region,
    slug: str,
    folder: Path,
) -> Side:
    [place] = [one for one in region.municipalities if one.slug == slug]
    new = Municipality(
        org_number=place.organisation_number, slug=slug, name=f"{place.name} kommune", created_at=sidecar.now()
    )
    with sidecar.transaction() as db:
        db.add(OwnRegion(slug=region.slug, name=region.name))
        municipality = add_municipality(db, new)
        found = join(db, region.slug, municipality.id, sidecar.today())
        region_id, address = found.id, address_of(sidecar, found)
    stack.enter_context(serve(sidecar))
    stack.enter_context(line.running())
    is_teacher, there = region is people.VESTERALEN, (municipality,)
    courses = {} if is_teacher else COURSES
    opened = open_region(sidecar, there, free_port(), folder, people=region, courses=courses, has_people=is_teacher)
    lms = stack.enter_context(opened)
    side = Side(Office(sidecar, create_app(sidecar), region_id, address), lms, municipality, line)
    side.hurry()
    return side
