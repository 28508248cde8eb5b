"""Fill an installation: two municipalities of a region, people, an LMS, a course, a completion, a channel."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.catalogue import add_package
from sidecar.connecting import add_connection
from sidecar.connectors.records import PersonRecord
from sidecar.core.access import operator_at_the_console
from sidecar.core.attempts import Attempt
from sidecar.core.courses import CourseVersion
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity
from sidecar.core.platforms import Platform, add_platform
from sidecar.core.regions import join
from sidecar.core.settling import settle
from sidecar.runtime import Sidecar
from sidecar.sync.people_import import import_people
from tests.fakes.starter_course import build_course

COMPLETED_AT = datetime(2026, 8, 20, 10, tzinfo=UTC)
EVERYTHING = operator_at_the_console()


@dataclass(frozen=True)
class Town:
    """What stands in the filled installation."""

    kongsberg: Municipality
    rollag: Municipality
    kari: str
    rolf: str
    course: str
    connection_id: str
    folder: Path


def fill(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, folder: Path) -> Town:
    """Fill an installation that has its two municipalities."""
    package = build_course("brannvern", "scorm-1.2", folder)
    added = add_package(sidecar, package, key="brannvern", is_published=True)
    import_people(sidecar, EVERYTHING, kongsberg.id, _people("Nordmann", "Sykehjemmet", "Hansen", "Hjemmetjenesten"))
    import_people(sidecar, EVERYTHING, rollag.id, _people("Rollag", "Skolen", "Rollheim", "Skolen"))
    with sidecar.transaction() as db:
        for each in (kongsberg, rollag):
            join(db, "kongsbergregionen", each.id, sidecar.today())
        platform = _add_platform(db, sidecar, [kongsberg.id, rollag.id])
        kari = _employment(db, kongsberg)
        placed = _identity(db, sidecar, platform, "u1", "Kari Nordmann", "3303-1001")
        placed.person_id, placed.employment_id, placed.placed_at = kari.person_id, kari.id, sidecar.now()
        _identity(db, sidecar, platform, "u2", "Ukjent Bruker", "3303-9999")
        _identity(db, sidecar, platform, "u3", "Uten Nummer", None)
        _complete(db, placed, db.get_one(CourseVersion, added.version_id))
        rolf = _employment(db, rollag)
    target = folder / "reports"
    target.mkdir()
    connection = add_connection(sidecar, EVERYTHING, kongsberg.id, "folder", {"folder": str(target)})
    return Town(kongsberg, rollag, kari.id, rolf.id, added.key, connection.id, target)


def _people(first: str, first_unit: str, second: str, second_unit: str) -> list[PersonRecord]:
    return [
        PersonRecord("1001", "Kari", first, unit=first_unit, position="Fagarbeider"),
        PersonRecord("1002", "Ola", second, unit=second_unit),
    ]


def _add_platform(db: Session, sidecar: Sidecar, municipality_ids: list[str]) -> Platform:
    platform = Platform(
        name="Felles Moodle",
        issuer="https://lms.example.org",
        client_id="sidecar",
        auth_url="https://lms.example.org/auth",
        token_url="https://lms.example.org/token",
        jwks_url="https://lms.example.org/jwks",
        created_at=sidecar.now(),
    )
    return add_platform(db, platform, deployment_ids=["1"], patterns=dict.fromkeys(municipality_ids))


def _employment(db: Session, municipality: Municipality) -> Employment:
    query = select(Employment).where(
        Employment.municipality_id == municipality.id, Employment.employee_number == "1001"
    )
    return db.scalars(query).one()


def _identity(
    db: Session, sidecar: Sidecar, platform: Platform, subject: str, name: str, number: str | None
) -> Identity:
    identity = Identity(
        platform_id=platform.id,
        subject=subject,
        name=name,
        person_sourcedid=number,
        first_seen_at=sidecar.now(),
        last_seen_at=sidecar.now(),
    )
    db.add(identity)
    db.flush()
    return identity


def _complete(db: Session, identity: Identity, version: CourseVersion) -> None:
    attempt = Attempt(
        identity_id=identity.id,
        course_id=version.course_id,
        version_id=version.id,
        number=1,
        state="completed",
        started_at=COMPLETED_AT,
        finished_at=COMPLETED_AT,
    )
    db.add(attempt)
    db.flush()
    evidence = Evidence(
        person_id=identity.person_id,
        identity_id=identity.id,
        course_id=version.course_id,
        version_id=version.id,
        attempt_id=attempt.id,
        score=0.9,
        completed_at=COMPLETED_AT,
        recorded_at=COMPLETED_AT,
    )
    db.add(evidence)
    db.flush()
    settle(db, {(identity.person_id or "", version.course_id)}, COMPLETED_AT)
