"""Two regions that agree on completions: Kari works at Kongsberg, here, and at Sortland, there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from sidecar.core import settling
from sidecar.core.completions import Completion
from sidecar.core.courses import PATH, Course
from sidecar.core.crossing_agreements import (
    ExchangeAgreement,
    WantedAgreement,
    record_agreement,
)
from sidecar.core.crossing_courses import stand_for
from sidecar.core.crossing_received import CrossingReceived
from sidecar.core.crossing_sent import CrossingSent
from sidecar.core.data_subjects import DataSubject, of_identity
from sidecar.core.db import Base, new_id
from sidecar.core.evidence import PLAYER, WITHDRAWN, Evidence
from sidecar.core.municipalities import Municipality, add_municipality
from sidecar.core.named_employers import name_employer, take_back
from sidecar.core.path_contents import Content, Part, Step, document_of
from sidecar.core.paths import LearningPath, LearningPathStep, LearningPathVersion
from sidecar.core.regions import RegionMembership
from sidecar.runtime import Sidecar
from sidecar.sharing import crossing_hearing, crossing_telling
from tests.fakes.two_regions import Office, TwoRegions
from tests.sidecar.core.folk import Folk

SORTLAND = "847737492"
HADSEL = "958501420"
DAY = date(2026, 9, 3)


@dataclass
class Side:
    """One of the two regions, with one municipality and its people."""

    office: Office
    municipality: Municipality
    folk: Folk

    @property
    def sidecar(self) -> Sidecar:
        return self.office.sidecar

    def count(self, table: type[Base]) -> int:
        return len(self.all(table))

    def all(self, table: type[Any]) -> list[Any]:
        with self.sidecar.reading() as db:
            found = list(db.scalars(select(table)))
            db.expunge_all()
            return found

    def agree(self, other: Office, org_number: str = SORTLAND, **values: Any) -> str:  # noqa: ANN401
        wanted = WantedAgreement(org_number, "Sortland kommune", date(2026, 1, 1), said="Møte 3. mars", **values)
        now, today = self.sidecar.now(), self.sidecar.today()
        with self.sidecar.transaction() as db:
            return record_agreement(db, self.office.viewer, other.address, wanted, now=now, today=today).id

    def course(self, key: str = "brann", title: str = "Brannvern", **values: Any) -> str:  # noqa: ANN401
        with self.sidecar.transaction() as db:
            course = Course(key=key, title=title, created_at=self.sidecar.now(), **values)
            db.add(course)
            db.flush()
            return course.id

    def publish(self, *course_ids: str, region_id: str = "") -> None:
        """Let a learning path of the region, or of another one, hold courses."""
        path_course, now = self.course(f"vei-{new_id()}", "Ny leder", kind=PATH), self.sidecar.now()
        last = Step("lenke", "link", title="Les", url="https://example.no/")
        content = document_of(Content("Ny leder", parts=(Part("p", steps=(last,)),)))
        with self.sidecar.transaction() as db:
            path = LearningPath(course_id=path_course, draft={}, drafted_at=now, created_at=now)
            path.region_id = region_id or self.office.region_id
            db.add(path)
            db.flush()
            version = LearningPathVersion(path_id=path.id, number=1, content=content, digest="0" * 64, published_at=now)
            db.add(version)
            db.flush()
            db.add_all(LearningPathStep(version_id=version.id, key=one, course_id=one) for one in course_ids)

    def join(self, municipality_id: str) -> None:
        """Let a municipality be a member of the region."""
        with self.sidecar.transaction() as db:
            joined = date(2026, 1, 1)
            of = RegionMembership(region_id=self.office.region_id, municipality_id=municipality_id, joined_on=joined)
            db.add(of)

    def change(self, table: type[Base], key: str, **values: object) -> None:
        with self.sidecar.transaction() as db:
            row = db.get_one(table, key)
            for name, value in values.items():
                setattr(row, name, value)


@dataclass
class Crossing:
    """Both sides, and Kari."""

    regions: TwoRegions
    here: Side
    there: Side
    kari: str
    account: str
    agreement_id: str = ""

    def subject(self) -> DataSubject:
        with self.here.sidecar.reading() as db:
            return of_identity(db, self.account)

    def earn(self, course_id: str, day: date = DAY, *, origin: str = PLAYER, **values: Any) -> str:  # noqa: ANN401
        """Let Kari have completed a course here; return the id of the evidence."""
        sidecar, at = self.here.sidecar, datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        with sidecar.transaction() as db:
            one = Evidence(
                person_id=self.kari,
                course_id=course_id,
                origin=origin,
                completed_at=at,
                recorded_at=sidecar.now(),
                **values,
            )
            one.identity_id = self.account if origin == PLAYER else None
            db.add(one)
            db.flush()
            settling.settle(db, {(self.kari, course_id)}, sidecar.now())
            return one.id

    def earn_bare(self, course_id: str, origin: str) -> None:
        """Let Kari have a completion of this origin, without anything following from it."""
        sidecar, at = self.here.sidecar, datetime(DAY.year, DAY.month, DAY.day, 10, tzinfo=UTC)
        with sidecar.transaction() as db:
            done = Completion(
                person_id=self.kari,
                course_id=course_id,
                origin=origin,
                completed_at=at,
                completed_on=DAY,
                recorded_at=at,
            )
            db.add(done)
            db.flush()
            piece = Evidence(person_id=self.kari, course_id=course_id, completed_at=at, recorded_at=at)
            piece.origin, piece.completion_id = origin, done.id
            db.add(piece)

    def adopt(self, course_id: str, origin: str) -> None:
        """Let a course here stand for another region's."""
        sidecar = self.here.sidecar
        with sidecar.transaction() as db:
            stand_for(db, self.here.office.region_id, origin, course_id, sidecar.now())

    def withdraw(self, evidence_id: str) -> None:
        sidecar = self.here.sidecar
        with sidecar.transaction() as db:
            one = db.get_one(Evidence, evidence_id)
            one.state = WITHDRAWN
            db.flush()
            settling.settle(db, {(self.kari, one.course_id)}, sidecar.now())

    def name(self, number: str = "77", org_number: str = SORTLAND) -> None:
        sidecar = self.here.sidecar
        now, today = sidecar.now(), sidecar.today()
        with sidecar.transaction() as db:
            subject = of_identity(db, self.account)
            name_employer(db, subject, org_number, number, identity_id=self.account, now=now, today=today)

    def take_back(self) -> None:
        with self.here.sidecar.transaction() as db:
            subject = of_identity(db, self.account)
            take_back(db, subject, SORTLAND, identity_id=self.account, now=self.here.sidecar.now())

    def tell(self) -> None:
        """Tell the other side what there is to tell, as the outbox does."""
        for one in self.here.all(ExchangeAgreement):
            crossing_telling.tell(self.here.sidecar, one.id)

    def answer(self) -> None:
        """Let the other side match what it can, and answer, as the outbox does."""
        peer_id = self.there.office.peer(self.here.office).id
        crossing_hearing.match_waiting(self.there.sidecar, peer_id)
        crossing_hearing.answer(self.there.sidecar, peer_id)

    def sent(self) -> CrossingSent:
        (found,) = self.here.all(CrossingSent)
        assert isinstance(found, CrossingSent)
        return found

    def received(self) -> CrossingReceived:
        (found,) = self.there.all(CrossingReceived)
        assert isinstance(found, CrossingReceived)
        return found

    def counted(self) -> list[Completion]:
        """Return the completions that hold there."""
        return [one for one in self.there.all(Completion) if one.withdrawn_at is None]

    def pass_days(self, days: int) -> None:
        self.regions.clock.advance(days=days)


def settle_down(regions: TwoRegions, kongsberg: Municipality) -> Crossing:
    """Let the two trust each other and agree that Sortland's people's completions cross over to it."""
    regions.trust_each_other()
    here = Side(regions.here, kongsberg, Folk(regions.here.sidecar))
    there = Side(regions.there, _sortland(regions.there), Folk(regions.there.sidecar))
    for side in (here, there):
        side.join(side.municipality.id)
    kari = here.folk.person(kongsberg.id, "1")
    crossing = Crossing(regions, here, there, kari, here.folk.account(kari, "kari"))
    crossing.agreement_id = here.agree(there.office)
    there.agree(here.office)
    return crossing


def _sortland(office: Office) -> Municipality:
    with office.sidecar.transaction() as db:
        now = office.sidecar.now()
        new = Municipality(org_number=SORTLAND, slug="sortland", name="Sortland kommune", number="1870", created_at=now)
        return add_municipality(db, new)
