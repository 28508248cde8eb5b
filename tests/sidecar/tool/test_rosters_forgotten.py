"""What a roster brought goes again: after a time, by an erasure; and people see it of themselves."""

from sqlalchemy import select

from sidecar import housekeeping, privacy
from sidecar.core import erased_subjects, launches
from sidecar.core.access import operator_at_the_console
from sidecar.core.data_subjects import of_identity
from sidecar.core.launches import Learner
from sidecar.core.people import Identity
from sidecar.core.people_lists import count_unplaced, list_unplaced
from sidecar.core.personal_data import list_section
from tests.fakes.classroom import Classroom
from tests.fakes.clock import FakeClock


def test_who_was_erased_comes_back_by_themselves_only(room: Classroom, clock: FakeClock) -> None:
    with room.sidecar.transaction() as db:
        erased_subjects.remember(db, room.platform_id, "3", clock())
    room.look()
    assert room.members() == {"1": True, "2": True, "4": True, "5": True}
    with room.sidecar.transaction() as db:
        launches.welcome(db, room.platform_id, Learner("3"), clock())
    clock.advance(hours=6)
    room.look()
    assert room.members()["3"] is True


def test_who_left_is_forgotten_after_a_time_and_who_never_came_with_it(room: Classroom, clock: FakeClock) -> None:
    room.look()
    with room.sidecar.transaction() as db:
        launches.welcome(db, room.platform_id, Learner("2"), clock())
    room.platform.members = room.platform.members[2:]
    clock.advance(days=8)
    room.look()
    clock.advance(days=89)
    housekeeping.run(room.sidecar)
    assert room.members() == {"1": False, "2": False, "3": True, "4": True, "5": True}
    clock.advance(days=2)
    housekeeping.run(room.sidecar)
    assert room.members() == {"3": True, "4": True, "5": True}
    with room.sidecar.reading() as db:
        assert set(db.scalars(select(Identity.subject))) == {"2", "3", "4", "5"}


def test_a_roster_that_is_told_of_no_more_is_forgotten_after_a_year(room: Classroom, clock: FakeClock) -> None:
    room.look()
    clock.advance(days=366)
    housekeeping.run(room.sidecar)
    assert room.members() == {}
    with room.sidecar.reading() as db:
        assert db.scalars(select(Identity)).all() == []


def test_an_erased_member_goes_and_the_next_look_leaves_them_out(room: Classroom, clock: FakeClock) -> None:
    room.look()
    with room.sidecar.reading() as db:
        subject = of_identity(db, room.identity("3").id)
    privacy.erase(room.sidecar, operator_at_the_console(), subject)
    clock.advance(hours=6)
    room.look()
    assert room.members() == {"1": True, "2": True, "4": True, "5": True}
    with room.sidecar.reading() as db:
        assert db.scalars(select(Identity.name).where(Identity.subject == "3")).all() == []


def test_my_information_tells_of_rosters(room: Classroom) -> None:
    room.look()
    with room.sidecar.reading() as db:
        subject = of_identity(db, room.identity("3").id)
        (told,) = list_section(db, subject, "rosters")
    assert (told["lms_course"], told["roles"], told["left_at"]) == ("HMS", ["Learner"], None)


def test_who_only_stands_in_a_roster_is_not_listed_as_not_placed(room: Classroom, clock: FakeClock) -> None:
    room.look()
    viewer = operator_at_the_console()
    with room.sidecar.transaction() as db:
        assert count_unplaced(db, viewer) == 0
        launches.welcome(db, room.platform_id, Learner("2"), clock())
        assert count_unplaced(db, viewer) == 1
        (one,) = list_unplaced(db, viewer, room.municipality_id, room.sidecar.today())
    assert one.identity.subject == "2"
