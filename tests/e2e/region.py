"""Set up what the main job needs: a practice LMS on a site of its own, two municipalities, two real courses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from practice_lms.app import create_app, lms_of
from practice_lms.config import Config, Faults
from practice_lms.people import KONGSBERGREGIONEN, Person, write_people_csv
from practice_lms.people import Region as PracticeRegion
from practice_lms.serving import serve
from practice_lms.state import Lms
from scorm_packages.building.standards import Standard
from sidecar import tool
from sidecar.catalogue import add_package
from sidecar.connectors.hr_csv import HrCsv
from sidecar.core.access import operator_at_the_console
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.staff import Scope, grant, identity_of
from sidecar.runtime import Sidecar
from sidecar.sync.people_import import import_people
from tests.e2e.serving import serve_securely
from tests.fakes.starter_course import build_course
from tests.fakes.worker import perform_waiting

COURSES: dict[str, Standard] = {"informasjonssikkerhet": "scorm-2004", "brannvern": "scorm-1.2"}
PLATFORM = "Øvings-LMS"


@dataclass(frozen=True)
class Region:
    """An LMS, and the sidecar that it launches."""

    sidecar: Sidecar
    lms: Lms

    def learner(self, slug: str, seat: int = 0) -> Person:
        """A learner of a municipality."""
        return self.lms.learner_of(slug, seat)

    def teacher(self) -> Person:
        return next(one for one in self.lms.people.values() if one.role == "teacher")

    def grant(self, person: Person, role: str) -> None:
        """Give somebody of the LMS a role in the sidecar."""
        now = self.sidecar.now()
        with self.sidecar.transaction() as db:
            grant(db, identity_of(db, PLATFORM, person.user_id, now=now).id, role, Scope(), now=now)

    def spoil(self, faults: Faults) -> None:
        """Let the LMS send broken launches from here on."""
        self.lms.config = replace(self.lms.config, faults=faults)

    def launches(self) -> list[Launch]:
        """The launches that were let in."""
        with self.sidecar.reading() as db:
            return db.query(Launch).all()

    def run_jobs(self) -> None:
        """Do all that waits, as the worker would in a while: a grade waits for the score that may follow it."""
        perform_waiting(self.sidecar)

    def score_of(self, person: Person, link_id: str) -> float | None:
        """What the LMS's gradebook holds."""
        grade = self.lms.grade_of(person.user_id, link_id)
        return grade.score if grade else None


@contextmanager
def open_region(
    sidecar: Sidecar,
    municipalities: tuple[Municipality, ...],
    port: int,
    folder: Path,
    *,
    gate: Callable[[], None] = lambda: None,
    issuer: str = "",
    people: PracticeRegion = KONGSBERGREGIONEN,
    courses: Mapping[str, Standard] = COURSES,
    has_people: bool = True,
) -> Iterator[Region]:
    """Serve the LMS, and tell the sidecar of everything; both live in real time, as the LMS's tokens do.

    Args:
        gate: called for each request to the LMS, which it may hold up.
        issuer: where browsers find the LMS over https, if not on this port; servers reach each other over http even
            then, as only browsers know these hosts.
        people: of which region.
        courses: that are there from the beginning; `has_people`: whether the staff lists are, too.
    """
    sidecar.now = lambda: datetime.now(UTC)
    config = Config(
        issuer=issuer or f"http://lms.localhost:{port}",
        service_url=f"http://127.0.0.1:{port}",
        tool_url=sidecar.settings.public_url,
        tool_jwks_url=f"http://127.0.0.1:{port}/keys-of-tool" if issuer else "",
    )
    app = create_app(config, people)
    app.before_request(gate)
    app.add_url_rule("/keys-of-tool", "keys_of_tool", partial(tool.published_key_set, sidecar))
    _register(sidecar, config, municipalities)
    for municipality in municipalities if has_people else ():
        import_practice_people(sidecar, municipality, folder, people)
    for key, standard in courses.items():
        add_package(sidecar, build_course(key, standard, folder), key=key, is_published=True)
    with serve(app, port=port), serve_securely(app, urlsplit(issuer).port) if issuer else nullcontext():
        yield Region(sidecar, lms_of(app))


def _register(sidecar: Sidecar, config: Config, municipalities: tuple[Municipality, ...]) -> None:
    request = tool.PlatformRequest(
        name=PLATFORM,
        issuer=config.issuer,
        client_id=config.client_id,
        auth_url=config.auth_url,
        token_url=config.token_url,
        jwks_url=config.jwks_url,
        deployment_ids=(config.deployment_id,),
        municipalities=tuple(one.slug for one in municipalities),
    )
    tool.register_platform(sidecar, request)


def import_practice_people(
    sidecar: Sidecar, municipality: Municipality, folder: Path, people: PracticeRegion = KONGSBERGREGIONEN
) -> None:
    """Import those who work in a municipality, as the practice LMS knows them."""
    file = folder / f"{municipality.slug}.csv"
    file.write_bytes(write_people_csv(next(one for one in people.municipalities if one.slug == municipality.slug)))
    import_people(sidecar, operator_at_the_console(), municipality.id, HrCsv(file=file).read())
