"""Invent the people of the practice LMSs: municipalities of two regions, and names that belong to nobody."""

import csv
import io
from dataclasses import dataclass
from typing import Literal

from practice_lms.config import IdNumberStyle

Role = Literal["learner", "teacher", "administrator"]


@dataclass(frozen=True)
class Municipality:
    """Name a municipality by its organisation number, which outlives reforms.

    Args:
        first_name: what all its people are called.
        first_number: the employee number of the first of them.
    """

    organisation_number: str
    slug: str
    name: str
    first_name: str
    language: str = "nb"
    first_number: int = 1001


@dataclass(frozen=True)
class Region:
    """Name a region and its municipalities."""

    slug: str
    name: str
    municipalities: tuple[Municipality, ...]


MUNICIPALITIES = (
    Municipality("942402465", "kongsberg", "Kongsberg", "Blåbær"),
    Municipality("940898862", "flesberg", "Flesberg", "Tyttebær"),
    Municipality("964963282", "rollag", "Rollag", "Multe"),
    Municipality("964950946", "nore-og-uvdal", "Nore og Uvdal", "Bringebær"),
    Municipality("938583986", "notodden", "Notodden", "Krekling"),
    Municipality("964963649", "hjartdal", "Hjartdal", "Rips", "nn"),
    Municipality("864963552", "tinn", "Tinn", "Stikkelsbær"),
)
KONGSBERGREGIONEN = Region("kongsbergregionen", "Kongsbergregionen", MUNICIPALITIES)

SORTLAND = Municipality("847737492", "sortland", "Sortland", "Multe", first_number=2001)
"""Its people work in Rollag too, where they are called the same and have other numbers."""

VESTERALEN = Region("vesteralen", "Vesterålen", (SORTLAND,))

_LAST_NAMES = ("Prøvesen", "Øvelsen", "Eksempelsen")
_UNITS = ("Helse og omsorg", "Oppvekst", "Teknisk drift")
_POSITIONS = ("Fagarbeider", "Barnehagelærer", "Driftstekniker")


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


def invent_people(style: IdNumberStyle = "prefixed", region: Region = KONGSBERGREGIONEN) -> tuple[Person, ...]:
    """Return three learners for each municipality, a teacher and an administrator, the same on every call."""
    places = enumerate(region.municipalities)
    learners = [_invent_learner(one, place, seat, style) for place, one in places for seat in range(len(_LAST_NAMES))]
    return (
        *learners,
        Person("3", "laerer", "Lerke", "Lærersen", "laerer@lms.example.invalid", "teacher"),
        Person("2", "administrator", "Admiral", "Adminsen", "admin@lms.example.invalid", "administrator"),
    )


def _invent_learner(municipality: Municipality, place: int, seat: int, style: IdNumberStyle) -> Person:
    number = str(municipality.first_number + seat)
    user_id = str(10 + place * len(_LAST_NAMES) + seat)
    return Person(
        user_id=user_id,
        username=f"{municipality.slug}{seat + 1}",
        first_name=municipality.first_name,
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
    for seat in range(len(_LAST_NAMES)):
        person = _invent_learner(municipality, 0, seat, "prefixed")
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
