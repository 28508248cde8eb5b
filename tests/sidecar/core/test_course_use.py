"""Who uses a course where: numbers of one's own municipalities, and nobody else's."""

from pathlib import Path

import pytest
from sqlalchemy import select

from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.course_use import Uptake, Use, use_of
from sidecar.core.courses import Course
from sidecar.core.launches import Launch
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.rosters import Roster
from sidecar.runtime import Sidecar
from tests.fakes.learner import launch
from tests.sidecar.web.town import Town, fill


@pytest.fixture
def used(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path) -> Town:
    """Kari of Kongsberg has finished the course; somebody whom nobody knows has begun it, in an LMS's course."""
    town = fill(sidecar, kongsberg, rollag, tmp_path / "town")
    with sidecar.reading() as db:
        unknown = db.scalars(select(Identity).where(Identity.subject == "u2")).one()
        course_id = db.scalars(select(Course.id)).one()
    first, second = (launch(sidecar, unknown.id, course_id) for _ in range(2))
    with sidecar.transaction() as db:
        db.get_one(Launch, first.launch_id).context_id = "42"
        db.get_one(Launch, second.launch_id).context_id = "42"
        db.get_one(Launch, second.launch_id).resource_link_id = "another"
        roster = Roster(
            platform_id=unknown.platform_id or "",
            deployment_id="1",
            context_id="42",
            title="Brannvern for alle",
            memberships_url="https://lms.example.org/members",
            noted_at=sidecar.now(),
        )
        db.add(roster)
    return town


def use(sidecar: Sidecar, viewer: Viewer) -> Use:
    with sidecar.reading() as db:
        return use_of(db, viewer, db.scalars(select(Course)).one())


def test_an_operator_sees_all_of_it(sidecar: Sidecar, used: Town) -> None:
    seen = use(sidecar, operator_at_the_console())
    assert seen.uptakes == [Uptake(used.kongsberg.name, begun=1, finished=1)]
    assert [(each.platform, each.title, each.activities) for each in seen.places] == [
        ("Felles Moodle", "Brannvern for alle", 2)
    ]
    assert seen.unplaced == 1


def test_an_author_sees_the_numbers_of_their_own_municipality(sidecar: Sidecar, used: Town) -> None:
    theirs = use(sidecar, Viewer(authored_for=frozenset({used.kongsberg.id})))
    assert theirs.uptakes == [Uptake(used.kongsberg.name, begun=1, finished=1)]
    assert len(theirs.places) == 1
    others = use(sidecar, Viewer(authored_for=frozenset({used.rollag.id})))
    assert (others.uptakes, others.unplaced) == ([], 0)


def test_whom_it_is_no_business_of_sees_nothing(sidecar: Sidecar, used: Town) -> None:
    stranger = Viewer(authored_for=frozenset({"elsewhere", None}), regions=frozenset({"elsewhere"}))
    assert use(sidecar, stranger).is_none
