"""One course of an LMS in memory: who takes part there, and what we know of it."""

from sqlalchemy import select

from sidecar.core import rosters
from sidecar.core.outbox import OutboxItem
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.rosters import Roster, RosterMember
from sidecar.runtime import Sidecar
from sidecar.tool import ask_for_rosters
from tests.fakes.lms import register_in
from tests.fakes.services import ServicePlatform
from tests.fakes.worker import perform_due


class Classroom:
    """One course of one LMS, and what we know of who takes part."""

    def __init__(self, sidecar: Sidecar, platform: ServicePlatform, municipality_id: str) -> None:
        self.sidecar, self.platform, self.municipality_id = sidecar, platform, municipality_id
        self.platform_id = register_in(sidecar, platform, ("kongsberg",))
        self.note()

    def note(self, url: str | None = None) -> None:
        with self.sidecar.transaction() as db:
            url = url or self.platform.memberships_url
            now = self.sidecar.now()
            rosters.note(db, self.platform_id, "1", context_id="5", title="HMS", memberships_url=url, now=now)

    def look(self) -> None:
        """Let the scheduler ask and the worker look."""
        ask_for_rosters(self.sidecar)
        self.work()

    def work(self) -> None:
        perform_due(self.sidecar)

    def roster(self) -> Roster:
        with self.sidecar.reading() as db:
            return db.scalars(select(Roster)).one()

    def members(self) -> dict[str, bool]:
        """Return who takes part (True) and who has left, by the LMS's id."""
        query = select(Identity.subject, RosterMember.left_at).join(RosterMember)
        with self.sidecar.reading() as db:
            return {subject: left_at is None for subject, left_at in db.execute(query)}

    def identity(self, subject: str) -> Identity:
        with self.sidecar.reading() as db:
            return db.scalars(select(Identity).where(Identity.subject == subject)).one()

    def items(self) -> list[tuple[str, str | None]]:
        with self.sidecar.reading() as db:
            rows = db.scalars(select(OutboxItem).order_by(OutboxItem.created_at)).all()
            return [(one.state, one.error_code) for one in rows]

    def employ(self, number: str) -> str:
        with self.sidecar.transaction() as db:
            person = Person(first_name="Kari", last_name="Nordmann")
            db.add(person)
            db.flush()
            here, now = self.municipality_id, self.sidecar.now()
            db.add(Employment(person_id=person.id, municipality_id=here, employee_number=number, imported_at=now))
            return person.id
