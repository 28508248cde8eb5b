"""Rosters are kept fresh: who is new, who has left, who is back; and nobody is made to have come."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from sidecar.core import enrolments, launches
from sidecar.core.launches import Launch, Learner
from sidecar.core.people import Identity
from sidecar.core.rosters import RosterMember
from sidecar.jobs import HANDLERS
from tests.fakes.classroom import Classroom
from tests.fakes.clock import FakeClock
from tests.fakes.services import MEMBERS, make_member


def test_who_takes_part_is_read_over_all_pages(room: Classroom, clock: FakeClock) -> None:
    room.platform.page_size = 2
    room.look()
    assert room.members() == dict.fromkeys("12345", True)
    roster = room.roster()
    assert (roster.synced_at, roster.whole_at, roster.tried_at, roster.error_code) == (clock(), clock(), clock(), None)
    assert room.platform.count(MEMBERS) == 3
    assert room.items() == [("done", None)]


def test_only_learners_who_are_active_are_kept(room: Classroom) -> None:
    learner = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
    room.platform.members = [
        make_member(1, roles=["Instructor"]),
        make_member(2, roles=[learner, "Instructor"]),
        make_member(3, status="Inactive"),
        make_member(4, status="Deleted"),
        make_member(5, roles=[]),
    ]
    room.look()
    assert room.members() == {"2": True}
    with room.sidecar.reading() as db:
        assert db.scalars(select(RosterMember)).one().roles == [learner, "Instructor"]
        assert len(db.scalars(select(Identity)).all()) == 1


def test_who_is_gone_leaves_and_who_is_back_is_back(room: Classroom, clock: FakeClock) -> None:
    room.look()
    everybody = room.platform.members
    room.platform.members = everybody[2:]
    clock.advance(hours=6)
    room.look()
    assert room.members() == {"1": False, "2": False, "3": True, "4": True, "5": True}
    room.platform.members = everybody[1:]
    clock.advance(hours=6)
    room.look()
    assert room.members() == {"1": False, "2": True, "3": True, "4": True, "5": True}


def test_an_employee_is_placed_before_they_ever_come(room: Classroom) -> None:
    person_id = room.employ("EMP00003")
    room.look()
    found = room.identity("3")
    assert (found.person_id, found.is_only_listed) == (person_id, True)
    assert room.identity("4").person_id is None


def test_a_new_name_or_number_is_taken_over_without_a_visit(room: Classroom, clock: FakeClock) -> None:
    with room.sidecar.transaction() as db:
        launches.welcome(db, room.platform_id, Learner("1", "Kari Gammelnavn", None, "X"), clock())
    came_at = clock()
    person_id = room.employ("EMP00001")
    clock.advance(hours=1)
    room.look()
    found = room.identity("1")
    assert (found.name, found.person_id) == ("Kari Nordmann 1", person_id)
    assert (found.last_seen_at, found.is_only_listed) == (came_at, False)


def test_what_a_roster_leaves_out_stays(room: Classroom, clock: FakeClock) -> None:
    room.look()
    room.platform.members = [{"user_id": "1", "roles": ["Learner"]}]
    clock.advance(hours=6)
    room.look()
    found = room.identity("1")
    assert (found.name, found.person_sourcedid) == ("Kari Nordmann 1", "EMP00001")


def test_who_comes_is_no_longer_only_listed(room: Classroom, clock: FakeClock) -> None:
    room.look()
    clock.advance(days=3)
    with room.sidecar.transaction() as db:
        launches.welcome(db, room.platform_id, Learner("1"), clock())
    found = room.identity("1")
    assert (found.first_seen_at, found.last_seen_at, found.is_only_listed) == (clock(), clock(), False)


def test_differences_are_asked_for_between_whole_looks(room: Classroom, clock: FakeClock) -> None:
    room.platform.has_differences = True
    room.look()
    room.platform.changes = [
        make_member(1, status="Deleted"),
        make_member(2, roles=["Instructor"]),
        make_member(6),
        make_member(7, status="Inactive"),
    ]
    clock.advance(hours=6)
    room.look()
    assert "since=" in room.platform.requests[-1].url
    assert room.members() == {"1": False, "2": False, "3": True, "4": True, "5": True, "6": True}
    clock.advance(days=7)
    room.look()
    assert "since=" not in room.platform.requests[-1].url
    assert room.members() == {"1": True, "2": True, "3": True, "4": True, "5": True, "6": False}


def test_two_looks_at_once_do_no_harm(room: Classroom) -> None:
    room.platform.members = [make_member(n) for n in range(1, 400)]
    roster_id = room.roster().id
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: HANDLERS["roster"].perform(room.sidecar, roster_id), range(2)))
    assert sum(room.members().values()) == 399


def test_a_launch_while_a_roster_is_written_stands(room: Classroom, clock: FakeClock) -> None:
    learner = Learner("1", "Kari Nordmann", None, "EMP00001")
    with room.sidecar.transaction() as db:
        mine = launches.welcome(db, room.platform_id, learner, clock())
    with room.sidecar.transaction() as db:
        enrolments._add(db, room.platform_id, [learner], clock())  # it looked before the launch
    assert room.identity("1").id == mine.id


def test_no_launch_is_faked(room: Classroom) -> None:
    room.look()
    with room.sidecar.reading() as db:
        assert db.scalars(select(Launch)).all() == []
