"""kill -9 at every step of making a column and of reading a roster: one column, everybody in the roster, no more.

The worker is killed, at each step on SQLite and at each third on PostgreSQL; what the scheduler's tick does in between
is killed in `test_killed_anywhere`.
"""

import pytest
from sqlalchemy import select

from sidecar.core import grades, rosters
from sidecar.core.grades import Grade
from sidecar.core.launches import Launch, Learner, welcome
from sidecar.core.line_items import MadeLineItem
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform
from sidecar.core.rosters import Roster, RosterMember
from sidecar.tool import ask_for_rosters
from tests.durability.town import register_lms
from tests.durability.worlds import World, Worlds
from tests.fakes.lms import add_completion
from tests.fakes.platform import SCOPES
from tests.fakes.services import make_member
from tests.fakes.worker import perform_all_due


def complete_without_a_column(world: World) -> None:
    """Somebody has completed a course through an activity without a column, on an LMS where we make one."""
    register_lms(world)
    with world.sidecar.transaction() as db:
        db.get_one(Platform, world.facts["platform"]).makes_line_items = True
        identity = welcome(db, world.facts["platform"], Learner("7"), world.clock())
        launch = Launch(
            platform_id=world.facts["platform"],
            deployment_id="1",
            identity_id=identity.id,
            resource_link_id="link-1",
            course_id=world.facts["course"],
            lineitems_url=world.platform.lineitems_url,
            ags_scopes=SCOPES,
            launched_at=world.clock(),
        )
        db.add(launch)
    done = add_completion(world.sidecar, identity.id, world.facts["course"], 0.8)
    with world.sidecar.transaction() as db:
        grades.ask(db, done, launch, world.clock())


@pytest.mark.slow
def test_a_column_is_made_once_wherever_its_making_is_killed(worlds: Worlds) -> None:
    steps = set()
    for world, crash in worlds.every(complete_without_a_column, lambda _world: perform_all_due):
        world.go_on()
        assert len(world.platform.items) == 1, crash
        made, grade = world.only(MadeLineItem), world.only(Grade)
        assert (made.claimed_until, made.url) == (None, grade.lineitem_url), crash
        assert (grade.state, grade.sent_score) == ("sent", 0.8), crash
        assert {score["scoreGiven"] for score in world.platform.scores} == {80}, crash
        steps.add(crash.step)
    assert steps >= {"before request", "after request", "before commit", "after commit", None}


def note_a_roster(world: World) -> None:
    """A course of an LMS, whose two pages of members nobody has read; one of us has left since."""
    register_lms(world)
    world.platform.members = [make_member(number) for number in range(1, 5)]
    world.platform.page_size = 2
    now, url = world.clock(), world.platform.memberships_url
    with world.sidecar.transaction() as db:
        rosters.note(db, world.facts["platform"], "1", context_id="5", title=None, memberships_url=url, now=now)
        gone = welcome(db, world.facts["platform"], Learner("99"), now)
        roster_id = db.scalars(select(Roster.id)).one()
        db.add(RosterMember(roster_id=roster_id, identity_id=gone.id, joined_at=now, seen_at=now))
    world.clock.advance(seconds=1)
    assert ask_for_rosters(world.sidecar) == 1


@pytest.mark.slow
def test_a_roster_is_whole_wherever_its_reading_is_killed(worlds: Worlds) -> None:
    for world, crash in worlds.every(note_a_roster, lambda _world: perform_all_due):
        world.go_on()
        with world.sidecar.reading() as db:
            query = select(Identity.subject, RosterMember.left_at).join(RosterMember)
            found = {subject: left_at is None for subject, left_at in db.execute(query)}
        assert found == {"1": True, "2": True, "3": True, "4": True, "99": False}, crash
        assert world.count(Identity) == 5, crash
        roster = world.only(Roster)
        assert (roster.error_code, roster.synced_at) == (None, roster.whole_at), crash
