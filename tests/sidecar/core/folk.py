"""People of several municipalities, as sources tell of them, and what they completed: made by hand."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sidecar.core import evidence, settling
from sidecar.core.completions import Completion
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery, DeliveryItem
from sidecar.core.evidence import Evidence
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.person_matches import EMAIL, NATIONAL_ID, PersonIdentifier
from sidecar.runtime import Sidecar
from tests.fakes.learner import add_platform


@dataclass
class Folk:
    """Adds rows; every method is a transaction of its own."""

    sidecar: Sidecar
    platform_id: str = ""

    def person(
        self, municipality_id: str, number: str, name: str = "Kari Nordmann", *, email: str = "", national: str = ""
    ) -> str:
        """Add somebody with one employment; return the person's id."""
        first, _, last = name.partition(" ")
        with self.sidecar.transaction() as db:
            new = Person(first_name=first, last_name=last, email=email or None)
            db.add(new)
            db.flush()
            self.employ(db, new.id, municipality_id, number)
            for kind, value in ((EMAIL, email), (NATIONAL_ID, national)):
                if value:
                    self.know(db, new.id, kind, value)
            return new.id

    def employ(self, db: Session, person_id: str, municipality_id: str, number: str) -> Employment:
        one = Employment(
            person_id=person_id,
            municipality_id=municipality_id,
            employee_number=number,
            unit="Skolen",
            position="Lærer",
            imported_at=self.sidecar.now(),
        )
        db.add(one)
        db.flush()
        return one

    def know(self, db: Session, person_id: str, kind: str, value: str) -> None:
        now = self.sidecar.now()
        db.add(PersonIdentifier(person_id=person_id, kind=kind, value=value, first_seen_at=now, last_seen_at=now))
        db.flush()

    def account(self, person_id: str, subject: str) -> str:
        """Add an LMS account that is placed with a person, through their only employment."""
        self.platform_id = self.platform_id or add_platform(self.sidecar)
        now = self.sidecar.now()
        with self.sidecar.transaction() as db:
            works = db.scalars(select(Employment).where(Employment.person_id == person_id)).first()
            one = Identity(platform_id=self.platform_id, subject=subject, first_seen_at=now, last_seen_at=now)
            one.person_id, one.employment_id, one.placed_at = person_id, works.id if works else None, now
            db.add(one)
            db.flush()
            return one.id

    def earn(self, person_id: str, course_id: str, day: date, identity_id: str | None = None) -> str:
        """Let somebody have completed a course; return the id of the evidence."""
        now = self.sidecar.now()
        at = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        with self.sidecar.transaction() as db:
            one = Evidence(
                person_id=person_id,
                identity_id=identity_id,
                course_id=course_id,
                origin=evidence.PLAYER if identity_id else evidence.FILE,
                completed_at=at,
                recorded_at=now,
            )
            db.add(one)
            db.flush()
            settling.settle(db, {(person_id, course_id)}, now)
            return one.id

    def channel(self, municipality_id: str) -> str:
        """Let a municipality have a channel for reports."""
        with self.sidecar.transaction() as db:
            one = Connection(
                municipality_id=municipality_id, connector="folder", settings=b"", created_at=datetime.now(UTC)
            )
            db.add(one)
            db.flush()
            return one.id

    def deliver(self, municipality_id: str, connection_id: str, items: frozenset[tuple[str, str]]) -> None:
        """Let a report with these completions of employments have been delivered."""
        now = self.sidecar.now()
        with self.sidecar.transaction() as db:
            number = db.scalar(select(func.count()).select_from(Delivery)) or 0
            one = Delivery(
                key=f"{number}",
                municipality_id=municipality_id,
                connection_id=connection_id,
                period="2026-09",
                period_start=date(2026, 9, 1),
                period_end=date(2026, 9, 30),
                content_hash=f"{number}",
                row_count=len(items),
                files=[],
                state="delivered",
                created_at=now,
                delivered_at=now,
            )
            db.add(one)
            db.flush()
            for completion_id, employment_id in items:
                db.add(DeliveryItem(delivery_id=one.id, completion_id=completion_id, employment_id=employment_id))

    def cycles(self, person_id: str) -> list[tuple[str, date, date | None]]:
        """Return id, day and last day of validity of each completion that counts, oldest first."""
        with self.sidecar.reading() as db:
            query = select(Completion.id, Completion.completed_on, Completion.valid_until).where(
                Completion.person_id == person_id, Completion.withdrawn_at.is_(None)
            )
            return [(key, day, until) for key, day, until in db.execute(query.order_by(Completion.completed_on))]
