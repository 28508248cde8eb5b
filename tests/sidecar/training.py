"""Fill an installation with what completions from elsewhere need: two municipalities, employees, staff, courses."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core.access import Viewer
from sidecar.core.completions import Completion
from sidecar.core.courses import Course
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.runtime import Sidecar


@dataclass(frozen=True)
class Training:
    """What stands there; `kari` and `rolf` are (person id, employment id) of number 1001 of each municipality."""

    sidecar: Sidecar
    kongsberg: Municipality
    rollag: Municipality
    kari: tuple[str, str]
    rolf: tuple[str, str]
    course_id: str

    def contact(self, municipality: Municipality, *, email: str | None = None, person_id: str | None = None) -> Viewer:
        """Return a new contact of a municipality; None: of an address of their own, "": of none."""
        now = self.sidecar.now()
        with self.sidecar.transaction() as db:
            number = _count(db)
            who = Identity(subject=f"staff-{now.timestamp()}-{number}", first_seen_at=now, last_seen_at=now)
            own = None if person_id else f"staff-{number}@example.no"
            who.email, who.person_id = own if email is None else email or None, person_id
            db.add(who)
            db.flush()
            return Viewer(who.id, frozenset({"contact", "learner"}), frozenset({municipality.id}))

    def completions(self) -> list[Completion]:
        """Return the completions that hold."""
        with self.sidecar.reading() as db:
            found = list(db.scalars(select(Completion).where(Completion.withdrawn_at.is_(None))))
            db.expunge_all()
        return found


def _count(db: Session) -> int:
    return len(db.scalars(select(Identity.id)).all())


def make_training(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Training:
    """Add an employee 1001 to each municipality, and the shared course "brannvern"."""
    with sidecar.transaction() as db:
        course = Course(key="brannvern", title="Brannvern", created_at=sidecar.now())
        db.add(course)
        db.flush()
        kari, rolf = _employ(db, sidecar, kongsberg, "Kari"), _employ(db, sidecar, rollag, "Rolf")
    return Training(sidecar, kongsberg, rollag, kari, rolf, course.id)


def _employ(db: Session, sidecar: Sidecar, municipality: Municipality, name: str) -> tuple[str, str]:
    person = Person(first_name=name, last_name="Hansen")
    db.add(person)
    db.flush()
    works = Employment(
        person_id=person.id, municipality_id=municipality.id, employee_number="1001", imported_at=sidecar.now()
    )
    db.add(works)
    db.flush()
    return person.id, works.id
