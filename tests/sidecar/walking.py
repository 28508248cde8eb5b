"""A learning path with a step of every kind that people do themselves, and people of two municipalities who walk it."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import course_audiences, gathering_holding, path_publishing, paths
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.course_audiences import Audience
from sidecar.core.courses import Course
from sidecar.core.data_subjects import DataSubject, of_identity
from sidecar.core.gathering_holding import Meeting
from sidecar.core.gatherings import GatheringAttendance
from sidecar.core.municipalities import Municipality
from sidecar.core.own_paths import OwnPath, find_own_path
from sidecar.core.path_contents import Content, Part, Step
from sidecar.core.people import Employment, Identity
from sidecar.core.regions import Region, join
from sidecar.runtime import Sidecar
from tests.sidecar.core.folk import Folk

OPERATOR = operator_at_the_console()
KEY = "ny-i-omsorg"
STEPS = (
    Step("lenke", "link", title="Les retningslinjene", url="https://www.example.no/retningslinjer"),
    Step("oppgave", "task", title="Vis håndvask", note="Vis det for lederen din."),
    Step("samling", "gathering", title="Dag 1: møt hverandre"),
)
CONTENT = Content("Ny i omsorg", "For deg som begynner.", in_order=True, parts=(Part("start", "Start", steps=STEPS),))
TASK_KEY, GATHERING_KEY = f"{KEY}-oppgave", f"{KEY}-samling"


@dataclass
class Walk:
    """The path, and who walks it: Kari of Kongsberg and Rolf of Rollag, each with an account."""

    sidecar: Sidecar
    folk: Folk
    kongsberg: Municipality
    rollag: Municipality
    region_id: str
    kari: str
    rolf: str
    account: str
    account_of_rolf: str

    def subject(self, account: str = "") -> DataSubject:
        with self.sidecar.reading() as db:
            return of_identity(db, account or self.account)

    def own(self, account: str = "") -> OwnPath:
        with self.sidecar.reading() as db:
            return find_own_path(db, of_identity(db, account or self.account), KEY, self.sidecar.today())

    def states(self, account: str = "") -> dict[str, str]:
        """Return how each step stands, by its key."""
        return {one.step.key: one.state for part in self.own(account).progress.parts for one in part.steps}

    def course_id(self, key: str) -> str:
        with self.sidecar.reading() as db:
            return db.scalars(select(Course.id).where(Course.key == key)).one()

    def employment(self, person_id: str) -> str:
        with self.sidecar.reading() as db:
            return db.scalars(select(Employment.id).where(Employment.person_id == person_id)).first() or ""

    def finish(self, step: str, person_id: str = "") -> None:
        """Let somebody have completed a step by now."""
        self.folk.earn(person_id or self.kari, self.course_id(f"{KEY}-{step}"), self.sidecar.today())

    def viewer(self, role: str, municipality: Municipality | None = None, person_id: str | None = None) -> Viewer:
        """Return a new viewer: the contact or manager of a municipality, the region's office, or an operator."""
        place = (municipality or self.kongsberg).id
        with self.sidecar.transaction() as db:
            now = self.sidecar.now()
            who = Identity(subject=f"{role}-{place}-{person_id}", first_seen_at=now, last_seen_at=now)
            who.person_id = person_id
            db.add(who)
            db.flush()
            roles = frozenset({role, "learner"})
            if role == "manager":
                return Viewer(who.id, roles, units=frozenset({(place, "Skolen")}), seen_on=self.sidecar.today())
            if role == "rkk":
                both = frozenset({self.kongsberg.id, self.rollag.id})
                return Viewer(who.id, roles, both, both, regions=frozenset({self.region_id}))
            return Viewer(who.id, roles, frozenset({place}))

    def gather(
        self,
        *,
        municipality_id: str | None = None,
        hours: int = 24,
        seats: int | None = None,
        viewer: Viewer = OPERATOR,
    ) -> str:
        """Make a gathering that begins in some hours and lasts two, of the region where no municipality is named."""
        region_id = None if municipality_id else self.region_id
        with self.sidecar.transaction() as db:
            meeting = self.meeting(hours, seats)
            places = {"region_id": region_id, "municipality_id": municipality_id}
            return gathering_holding.add_gathering(db, viewer, meeting, self.sidecar.now(), **places).id

    def meeting(self, hours: int = 24, seats: int | None = None) -> Meeting:
        starts_at = self.sidecar.now() + timedelta(hours=hours)
        return Meeting(
            course=GATHERING_KEY,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            place="Rådhuset, møterom 2",
            meeting_url="https://meet.example.no/rom",
            instructor="Inger Instruktør",
            seats=seats,
            note="Ta med innesko.",
        )

    def parts(self, gathering_id: str) -> dict[str, str]:
        """Return the state of each person's part in a gathering."""
        with self.sidecar.reading() as db:
            of_it = select(GatheringAttendance).where(GatheringAttendance.gathering_id == gathering_id)
            return {one.person_id: one.state for one in db.scalars(of_it)}


def publish_path(db: Session, sidecar: Sidecar, region_id: str, content: Content = CONTENT, key: str = KEY) -> None:
    """Publish a path of a region that everybody in it is expected to take."""
    now = sidecar.now()
    paths.add_path(db, OPERATOR, content, now, region_id=region_id, key=key)
    path_publishing.publish(db, OPERATOR, key, "", now)
    region = db.get_one(Region, region_id)
    course_audiences.add(db, OPERATOR, key, Audience(date(2026, 1, 1), region=region.slug), now)


def make_walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    """Let the region of two municipalities have the path, and each an employee who is expected to take it."""
    with sidecar.transaction() as db:
        for each in (kongsberg, rollag):
            region_id = join(db, "kongsbergregionen", each.id, sidecar.today()).id
        publish_path(db, sidecar, region_id)
    folk = Folk(sidecar)
    kari = folk.person(kongsberg.id, "1", "Kari Nordmann")
    rolf = folk.person(rollag.id, "1", "Rolf Rollheim")
    accounts = folk.account(kari, "u-kari"), folk.account(rolf, "u-rolf")
    return Walk(sidecar, folk, kongsberg, rollag, region_id, kari, rolf, *accounts)
