"""A course of the town's LMS, and who takes part in it."""

from dataclasses import dataclass

from sqlalchemy import select

from sidecar.core import rosters
from sidecar.core.outbox import OutboxItem
from sidecar.core.people import Employment, Identity
from sidecar.core.platforms import Platform
from sidecar.core.rosters import Roster, RosterMember
from sidecar.runtime import Sidecar
from tests.sidecar.web.town import Town


@dataclass
class Room:
    """A course of the town's LMS: Kari of Kongsberg, Rolf of Rollag, and two whom nobody knows."""

    sidecar: Sidecar
    platform_id: str
    roster_id: str

    @property
    def url(self) -> str:
        return f"/staff/platforms/{self.platform_id}/rosters"

    @property
    def page(self) -> str:
        return f"{self.url}/{self.roster_id}"

    def change(self, **values: object) -> None:
        with self.sidecar.transaction() as db:
            roster = db.get_one(Roster, self.roster_id)
            for name, value in values.items():
                setattr(roster, name, value)

    def jobs(self) -> int:
        with self.sidecar.reading() as db:
            return db.query(OutboxItem).filter_by(kind=rosters.KIND).count()


def note(sidecar: Sidecar, platform_id: str, title: str | None = "HMS for ledere") -> str:
    url, now = "https://lms.example.org/members", sidecar.now()
    with sidecar.transaction() as db:
        rosters.note(db, platform_id, "1", context_id="5", title=title, memberships_url=url, now=now)
        return db.scalars(select(Roster.id).where(Roster.platform_id == platform_id)).one()


def open_room(sidecar: Sidecar, town: Town) -> Room:
    """Let the town's LMS have told who takes part."""
    with sidecar.reading() as db:
        platform_id = db.scalars(select(Platform.id)).one()
    found = Room(sidecar, platform_id, note(sidecar, platform_id))
    now = sidecar.now()
    with sidecar.transaction() as db:
        rolf = db.get_one(Employment, town.rolf)
        listed = Identity(
            platform_id=platform_id,
            subject="u4",
            name="Rolf Rollag",
            person_id=rolf.person_id,
            employment_id=rolf.id,
            first_seen_at=now,
            last_seen_at=now,
            is_only_listed=True,
        )
        db.add(listed)
        db.flush()
        for identity in db.scalars(select(Identity).where(Identity.platform_id == platform_id)):
            db.add(RosterMember(roster_id=found.roster_id, identity_id=identity.id, joined_at=now, seen_at=now))
    found.change(synced_at=now, tried_at=now)
    return found
