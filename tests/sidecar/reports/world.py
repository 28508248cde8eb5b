"""Put people, courses and completions straight into the tables."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from sidecar.connecting import add_connection
from sidecar.core.access import operator_at_the_console
from sidecar.core.attempts import Attempt
from sidecar.core.connections import Connection
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.platforms import Platform
from sidecar.core.settling import settle
from sidecar.runtime import Sidecar


class World:
    """A platform and what is done on it; every method writes at once."""

    def __init__(self, sidecar: Sidecar) -> None:
        self.sidecar = sidecar
        self._attempts = 0
        platform = Platform(
            name="Moodle Kongsbergregionen",
            issuer="https://lms.example.no",
            client_id="c",
            auth_url="https://lms.example.no/auth",
            token_url="https://lms.example.no/token",
            jwks_url="https://lms.example.no/jwks",
            created_at=sidecar.now(),
        )
        with sidecar.transaction() as db:
            db.add(platform)
        self.platform_id = platform.id

    def course(self, key: str, title: str) -> CourseVersion:
        course = Course(key=key, title=title, created_at=self.sidecar.now())
        with self.sidecar.transaction() as db:
            db.add(course)
            db.flush()
            version = CourseVersion(
                course_id=course.id,
                number=1,
                standard="scorm-1.2",
                manifest={},
                findings=[],
                package_digest="0" * 64,
                size_bytes=1,
                file_count=1,
                uploaded_at=self.sidecar.now(),
            )
            db.add(version)
        return version

    def employ(
        self,
        municipality: Municipality,
        number: str,
        name: str,
        *,
        unit: str = "Helse",
        person_id: str | None = None,
        ended_on: date | None = None,
    ) -> Employment:
        """Employ a new person ("First Last"), or one that is known."""
        first, last = name.rsplit(" ", 1)
        with self.sidecar.transaction() as db:
            if person_id is None:
                person = Person(first_name=first, last_name=last)
                db.add(person)
                db.flush()
                person_id = person.id
            employment = Employment(
                person_id=person_id,
                municipality_id=municipality.id,
                employee_number=number,
                unit=unit,
                ended_on=ended_on,
                imported_at=self.sidecar.now(),
            )
            db.add(employment)
        return employment

    def identity(self, subject: str, person_id: str | None) -> Identity:
        now = self.sidecar.now()
        new = Identity(
            platform_id=self.platform_id,
            subject=subject,
            person_id=person_id,
            placed_at=now if person_id else None,
            first_seen_at=now,
            last_seen_at=now,
        )
        with self.sidecar.transaction() as db:
            db.add(new)
        return new

    def complete(self, who: Identity, what: CourseVersion, at: datetime, score: float | None = None) -> Evidence:
        self._attempts += 1
        with self.sidecar.transaction() as db:
            attempt = Attempt(
                identity_id=who.id,
                course_id=what.course_id,
                version_id=what.id,
                number=self._attempts,
                state="completed",
                started_at=at,
                finished_at=at,
            )
            db.add(attempt)
            db.flush()
            evidence = Evidence(
                person_id=who.person_id,
                identity_id=who.id,
                course_id=what.course_id,
                version_id=what.id,
                attempt_id=attempt.id,
                score=score,
                completed_at=at,
                recorded_at=self.sidecar.now(),
            )
            db.add(evidence)
            db.flush()
            if who.person_id is not None:
                settle(db, {(who.person_id, what.course_id)}, self.sidecar.now())
        return evidence

    def folder(self, municipality: Municipality, path: Path) -> Connection:
        path.mkdir(exist_ok=True)
        viewer = operator_at_the_console()
        return add_connection(self.sidecar, viewer, municipality.id, "folder", {"folder": str(path)})
