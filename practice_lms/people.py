"""Invent the people of the practice LMS: seven municipalities, names that belong to nobody."""

import csv
import io
from dataclasses import dataclass
from typing import Literal

from practice_lms.config import IdNumberStyle

Role = Literal["learner", "teacher", "administrator"]


@dataclass(frozen=True)
class Municipality:
    """Name a municipality of Kongsbergregionen by its organisation number, which outlives reforms."""

    organisation_number: str
    slug: str
    name: str
    language: str = "nb"


MUNICIPALITIES = (
    Municipality("942402465", "kongsberg", "Kongsberg"),
    Municipality("940898862", "flesberg", "Flesberg"),
    Municipality("964963282", "rollag", "Rollag"),
    Municipality("964950946", "nore-og-uvdal", "Nore og Uvdal"),
    Municipality("938583986", "notodden", "Notodden"),
    Municipality("964963649", "hjartdal", "Hjartdal", "nn"),
    Municipality("864963552", "tinn", "Tinn"),
)

_FIRST_NAMES = ("Blåbær", "Tyttebær", "Multe", "Bringebær", "Krekling", "Rips", "Stikkelsbær")
_LAST_NAMES = ("Prøvesen", "Øvelsen", "Eksempelsen")
_UNITS = ("Helse og omsorg", "Oppvekst", "Teknisk drift")
_POSITIONS = ("Fagarbeider", "Barnehagelærer", "Driftstekniker")
FIRST_EMPLOYEE_NUMBER = 1001


@dataclass(frozen=True)
class Person:
    """Describe one account of the LMS.

    Args:
        user_id: the LMS's own id, which becomes ``sub``.
        username: what the log-in page calls the account.
        idnumber: the employer's number for the person, which becomes ``lis.person_sourcedid``; may be empty.
        municipality: the employer; absent for staff of the LMS.
    """

    user_id: str
    username: str
    first_name: str
    last_name: str
    email: str
    role: Role
    idnumber: str = ""
    employee_number: str = ""
    unit: str = ""
    position: str = ""
    municipality: Municipality | None = None

    @property
    def name(self) -> str:
        """Return the full name."""
        return f"{self.first_name} {self.last_name}"


def invent_people(style: IdNumberStyle = "prefixed") -> tuple[Person, ...]:
    """Return three learners for each municipality, a teacher and an administrator, the same on every call."""
    learners = [
        _invent_learner(place, seat, style) for place in range(len(MUNICIPALITIES)) for seat in range(len(_LAST_NAMES))
    ]
    return (
        *learners,
        Person("3", "laerer", "Lerke", "Lærersen", "laerer@lms.example.invalid", "teacher"),
        Person("2", "administrator", "Admiral", "Adminsen", "admin@lms.example.invalid", "administrator"),
    )


def _invent_learner(place: int, seat: int, style: IdNumberStyle) -> Person:
    municipality = MUNICIPALITIES[place]
    number = str(FIRST_EMPLOYEE_NUMBER + seat)
    user_id = str(10 + place * len(_LAST_NAMES) + seat)
    return Person(
        user_id=user_id,
        username=f"{municipality.slug}{seat + 1}",
        first_name=_FIRST_NAMES[place],
        last_name=_LAST_NAMES[seat],
        email=f"ansatt{number}@{municipality.slug}.example.invalid",
        role="learner",
        idnumber=f"{municipality.slug}-{number}" if style == "prefixed" else number,
        employee_number=number,
        unit=_UNITS[seat],
        position=_POSITIONS[seat],
        municipality=municipality,
    )


def write_people_csv(municipality: Municipality) -> bytes:
    """Return the municipality's staff list as its HR system would export it: UTF-8 with BOM, semicolons."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=";", lineterminator="\r\n")
    rows.writerow(("ansattnummer", "fornavn", "etternavn", "e-post", "enhet", "stilling"))
    for person in invent_people():
        if person.municipality == municipality:
            rows.writerow(
                (
                    person.employee_number,
                    person.first_name,
                    person.last_name,
                    person.email,
                    person.unit,
                    person.position,
                )
            )
    return text.getvalue().encode("utf-8-sig")
