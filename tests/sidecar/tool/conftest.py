"""Give every test a platform whose HTTP side is in memory, and one learner's launch from it."""

from dataclasses import dataclass, field

import pytest

from sidecar.core import grades
from sidecar.core.evidence import Evidence
from sidecar.core.grades import Grade
from sidecar.core.launches import Launch, Learner, welcome
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from tests.fakes.classroom import Classroom
from tests.fakes.clock import FakeClock
from tests.fakes.lms import add_completion, add_course, register_in, tool_key_maker
from tests.fakes.platform import SCOPES, FakePlatform
from tests.fakes.services import ServicePlatform, make_member
from tests.fakes.worker import perform_all_due


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    return FakePlatform("https://lms.example", clock)


@dataclass
class Gradebook:
    """One learner, one course, the links that lead to it, and what the LMS was told."""

    sidecar: Sidecar
    platform: FakePlatform
    platform_id: str
    course_id: str
    identity_id: str = field(init=False)

    def __post_init__(self) -> None:
        with self.sidecar.transaction() as db:
            self.identity_id = welcome(db, self.platform_id, Learner("7"), self.sidecar.now()).id

    def launch(
        self, link: str = "link-1", *, item: int | None = 4, scopes: list[str] = SCOPES, course_id: str = ""
    ) -> Launch:
        """Launch through a link whose column is `item`, and ask for the grade of what was completed before."""
        url = None if item is None else f"{self.platform.issuer}/lineitems/{item}/lineitem?type_id=1"
        with self.sidecar.transaction() as db:
            launch = Launch(
                platform_id=self.platform_id,
                deployment_id="1",
                identity_id=self.identity_id,
                resource_link_id=link,
                course_id=course_id or self.course_id,
                lineitem_url=url,
                ags_scopes=scopes,
                launched_at=self.sidecar.now(),
            )
            db.add(launch)
            db.flush()
            grades.ask_for_launch(db, launch, self.sidecar.now())
            return launch

    def complete(self, launch: Launch, score: float | None) -> Grade:
        done: Evidence = add_completion(self.sidecar, self.identity_id, self.course_id, score)
        with self.sidecar.transaction() as db:
            return grades.ask(db, done, launch, self.sidecar.now())

    def work(self) -> None:
        """Do what is due, and what that asks for, as the worker does."""
        perform_all_due(self.sidecar)

    def grade(self, launch: Launch) -> Grade:
        with self.sidecar.reading() as db:
            found = grades.find_grade(db, launch.id)
        assert found is not None
        return found

    def sent(self) -> list[float]:
        return [score["scoreGiven"] for score in self.platform.scores]


@pytest.fixture
def gradebook(
    sidecar: Sidecar, platform: FakePlatform, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch
) -> Gradebook:
    monkeypatch.setattr(sidecar, "fetch", platform.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    platform_id = register_in(sidecar, platform, ("kongsberg",))
    return Gradebook(sidecar, platform, platform_id, add_course(sidecar, "brannvern", "Brannvern"))


@pytest.fixture
def room(sidecar: Sidecar, clock: FakeClock, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    platform = ServicePlatform("https://lms.example", clock, members=[make_member(n) for n in range(1, 6)])
    monkeypatch.setattr(sidecar, "fetch", platform.fetch)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    return Classroom(sidecar, platform, kongsberg.id)
