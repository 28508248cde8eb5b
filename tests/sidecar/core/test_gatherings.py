"""Gatherings: who may make, see and keep them; seats and who waits; who came has completed the course."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from sidecar.core import attendances, gathering_holding, own_gatherings
from sidecar.core.access import Viewer
from sidecar.core.attendances import (
    GatheringNotBegunError,
    GatheringOverError,
    OwnAttendanceError,
    list_addable,
    list_attendances,
)
from sidecar.core.completions import Completion
from sidecar.core.evidence import Evidence
from sidecar.core.gathering_holding import (
    GatheringCancelledError,
    GatheringHeldError,
    GatheringLongAgoError,
    GatheringSeatsError,
    GatheringTimesError,
    GatheringWhereError,
    MeetingLinkError,
)
from sidecar.core.gatherings import Gathering, find_gathering, list_courses, list_gatherings
from sidecar.core.municipalities import Municipality
from sidecar.core.own_steps import NotMatchedError
from sidecar.core.people import Identity
from sidecar.core.short_texts import TextTooLongError
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.walking import GATHERING_KEY, Walk, make_walk


@pytest.fixture
def walk(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> Walk:
    return make_walk(sidecar, kongsberg, rollag)


def sign_up(walk: Walk, gathering_id: str, account: str = "") -> str:
    who = account or walk.account
    with walk.sidecar.transaction() as db:
        return own_gatherings.sign_up(db, walk.subject(who), gathering_id, identity_id=who, now=walk.sidecar.now())


def leave(walk: Walk, gathering_id: str, account: str = "") -> None:
    who = account or walk.account
    with walk.sidecar.transaction() as db:
        own_gatherings.leave(db, walk.subject(who), gathering_id, identity_id=who, now=walk.sidecar.now())


def dates(walk: Walk, account: str = "") -> list[tuple[str, int | None, int]]:
    """Return what somebody sees of each date: their own part, free seats, how many wait before them."""
    with walk.sidecar.reading() as db:
        ids = [walk.course_id(GATHERING_KEY)]
        found = own_gatherings.list_dates(db, walk.subject(account), ids, walk.sidecar.now())
        return [(one.state, one.free, one.ahead) for one in found.get(ids[0], ())]


def add(walk: Walk, viewer: Viewer, gathering_id: str, *people: str) -> None:
    with walk.sidecar.transaction() as db:
        chosen = [walk.employment(one) for one in people]
        attendances.add_people(db, viewer, gathering_id, chosen, walk.sidecar.now())


def mark(walk: Walk, viewer: Viewer, gathering_id: str, marks: Mapping[str, str]) -> int:
    """Mark people of the list by their id."""
    with walk.sidecar.transaction() as db:
        parts = attendances.find_attendance
        ids = {getattr(parts(db, gathering_id, key), "id", key): state for key, state in marks.items()}
        return attendances.mark(db, viewer, gathering_id, ids, walk.sidecar.now())


def seen(walk: Walk, viewer: Viewer, gathering_id: str) -> tuple[list[str], int]:
    """Return the first names that a viewer sees in a list, and how many others there are."""
    with walk.sidecar.reading() as db:
        found = list_attendances(db, viewer, gathering_id, walk.sidecar.today())
        return [one.person.first_name for one in found.people], found.others


def change(walk: Walk, viewer: Viewer, gathering_id: str, *, hours: int = 24, seats: int | None = None) -> None:
    with walk.sidecar.transaction() as db:
        meeting, now = walk.meeting(hours, seats), walk.sidecar.now()
        gathering_holding.change_gathering(db, viewer, gathering_id, meeting, now)


def cancel(walk: Walk, viewer: Viewer, gathering_id: str) -> None:
    with walk.sidecar.transaction() as db:
        gathering_holding.cancel_gathering(db, viewer, gathering_id, walk.sidecar.now())


def completed(walk: Walk, person_id: str) -> list[Completion]:
    with walk.sidecar.reading() as db:
        of_them = Completion.person_id == person_id, Completion.withdrawn_at.is_(None)
        return list(db.scalars(select(Completion).where(*of_them)))


def test_a_learner_signs_up_and_off_and_attends(walk: Walk, clock: FakeClock) -> None:
    office, one = walk.viewer("rkk"), walk.gather(seats=5)
    assert dates(walk) == [("", 5, 0)]
    assert sign_up(walk, one) == sign_up(walk, one) == "signed-up"
    assert dates(walk) == [("signed-up", 4, 0)]
    leave(walk, one)
    assert dates(walk) == [("", 5, 0)]
    sign_up(walk, one)
    clock.advance(hours=27)
    for act in (sign_up, leave):
        with pytest.raises(GatheringOverError):
            act(walk, one)
    assert mark(walk, office, one, {walk.kari: "attended"}) == 1
    (done,) = completed(walk, walk.kari)
    with walk.sidecar.reading() as db:
        assert (done.origin, done.completed_at) == ("gathering", db.get_one(Gathering, one).ends_at)
        evidence = db.scalars(select(Evidence)).one()
        assert (evidence.entered_by, evidence.place) == (office.identity_id, "Rådhuset, møterom 2")


def test_a_late_correction_withdraws_a_completion_and_brings_it_back(walk: Walk, clock: FakeClock) -> None:
    office, one = walk.viewer("rkk"), walk.gather()
    add(walk, office, one, walk.kari)
    clock.advance(hours=30)
    for state, count in (("attended", 1), ("absent", 0), ("attended", 1), ("attended", 1), ("withdrawn", 0)):
        mark(walk, office, one, {walk.kari: state})
        assert len(completed(walk, walk.kari)) == count, state
    with walk.sidecar.reading() as db:
        assert len(db.scalars(select(Evidence)).all()) == 1


def test_who_is_too_late_waits_and_gets_the_next_seat(walk: Walk, clock: FakeClock) -> None:
    office, one = walk.viewer("rkk"), walk.gather(seats=1)
    others = [walk.folk.person(walk.kongsberg.id, str(n), f"Person Nummer{n}") for n in (2, 3)]
    sign_up(walk, one)
    assert sign_up(walk, one, walk.account_of_rolf) == "waiting"
    clock.advance(minutes=1)
    add(walk, office, one, *others)
    assert dates(walk, walk.account_of_rolf) == [("waiting", 0, 0)]
    clock.advance(minutes=1)
    leave(walk, one)
    assert walk.parts(one)[walk.rolf] == "signed-up"
    assert sign_up(walk, one) == "waiting"
    assert dates(walk) == [("waiting", 0, 2)]
    change(walk, office, one, seats=3)
    assert sorted(walk.parts(one).values()) == ["signed-up"] * 3 + ["waiting"]
    assert walk.parts(one)[walk.kari] == "waiting"
    change(walk, office, one)
    assert set(walk.parts(one).values()) == {"signed-up"}


def test_two_who_want_the_last_seat_get_one(walk: Walk) -> None:
    one = walk.gather(seats=1)
    with ThreadPoolExecutor(2) as pool:
        got = list(pool.map(lambda account: sign_up(walk, one, account), (walk.account, walk.account_of_rolf)))
    assert sorted(got) == ["signed-up", "waiting"]
    assert sorted(walk.parts(one).values()) == ["signed-up", "waiting"]


def test_who_comes_to_a_full_one_is_still_added_by_who_holds_it(walk: Walk, clock: FakeClock) -> None:
    office, contact, one = walk.viewer("rkk"), walk.viewer("contact"), walk.gather(seats=1)
    sign_up(walk, one)
    clock.advance(hours=25)
    with pytest.raises(GatheringOverError):
        add(walk, walk.viewer("contact", walk.rollag), one, walk.rolf)
    add(walk, office, one, walk.rolf)
    assert walk.parts(one) == {walk.kari: "signed-up", walk.rolf: "signed-up"}
    with pytest.raises(NotAllowedError):
        mark(walk, contact, one, {walk.kari: "withdrawn"})


def test_others_see_their_own_people_in_a_list_and_how_many_more_there_are(walk: Walk) -> None:
    one = walk.gather()
    sign_up(walk, one)
    sign_up(walk, one, walk.account_of_rolf)
    assert seen(walk, walk.viewer("rkk"), one) == (["Kari", "Rolf"], 0)
    for role in ("contact", "manager"):
        assert seen(walk, walk.viewer(role), one) == (["Kari"], 1)
        assert seen(walk, walk.viewer(role, walk.rollag), one) == (["Rolf"], 1)
    contact = walk.viewer("contact")
    with walk.sidecar.reading() as db:
        for words in ("rolf", "", "KARI"):  # another municipality's; nothing asked for; in the list already
            assert list_addable(db, contact, one, words, walk.sidecar.now()) == []


def test_people_are_found_and_added_within_one_s_sight(walk: Walk) -> None:
    one, contact = walk.gather(), walk.viewer("contact")
    with walk.sidecar.reading() as db:
        (found,) = list_addable(db, contact, one, "nordmann kari", walk.sidecar.now())
    assert found[0].id == walk.kari
    add(walk, contact, one, walk.kari)
    with pytest.raises(NotFoundError):
        add(walk, contact, one, walk.rolf)
    assert mark(walk, contact, one, {walk.kari: "withdrawn"}) == 1
    for states in ({walk.kari: "signed-up"}, {walk.rolf: "withdrawn"}):
        with pytest.raises((NotAllowedError, NotFoundError)):
            mark(walk, contact, one, states)


def test_a_municipality_s_own_gathering_is_nothing_to_the_neighbour(walk: Walk, clock: FakeClock) -> None:
    neighbour, manager = walk.viewer("contact", walk.rollag), walk.viewer("manager")
    one = walk.gather(municipality_id=walk.kongsberg.id, viewer=walk.viewer("contact"))
    assert (dates(walk), dates(walk, walk.account_of_rolf)) == ([("", None, 0)], [])
    for act in (sign_up, leave):
        with pytest.raises(NotFoundError):
            act(walk, one, walk.account_of_rolf)
    with pytest.raises(NotFoundError):
        add(walk, walk.viewer("rkk"), one, walk.rolf)
    for look in (seen, cancel, change):
        with pytest.raises(NotFoundError):
            look(walk, neighbour, one)
    for look in (cancel, change):
        with pytest.raises(NotAllowedError):
            look(walk, manager, one)
    with walk.sidecar.reading() as db:
        now = walk.sidecar.now()
        assert [len(list_gatherings(db, who, now).lines) for who in (neighbour, manager)] == [0, 1]
        clock.advance(days=2)
        assert list_gatherings(db, manager, walk.sidecar.now()).lines == []
        assert list_gatherings(db, manager, walk.sidecar.now(), is_past=True).total == 1


def test_nobody_makes_gatherings_where_they_hold_none(walk: Walk) -> None:
    places = {"rkk": {"region_id": "0" * 32}, "contact": {"region_id": walk.region_id}, "manager": {}}
    places |= {"manager ": {"municipality_id": walk.kongsberg.id}, "contact ": {"municipality_id": walk.rollag.id}}
    for role, place in places.items():
        viewer, meeting, now = viewers(walk)[role.strip()], walk.meeting(), walk.sidecar.now()
        with walk.sidecar.transaction() as db, pytest.raises(NotAllowedError):
            gathering_holding.add_gathering(db, viewer, meeting, now, **place)


def viewers(walk: Walk) -> dict[str, Viewer]:
    place = walk.kongsberg.id
    return {
        "rkk": Viewer(None, frozenset({"rkk"}), regions=frozenset({walk.region_id})),
        "contact": Viewer(None, frozenset({"contact"}), frozenset({place})),
        "manager": Viewer(None, frozenset({"manager"}), units=frozenset({(place, "Skolen")})),
    }


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"hours": 0}, GatheringTimesError),
        ({"hours": 24 * 40}, GatheringTimesError),
        ({"place": " ", "meeting_url": ""}, GatheringWhereError),
        ({"meeting_url": "javascript:alert(1)"}, MeetingLinkError),
        ({"meeting_url": "https://[oops"}, MeetingLinkError),
        ({"seats": 0}, GatheringSeatsError),
        ({"seats": 10_001}, GatheringSeatsError),
        ({"place": "x" * 201}, TextTooLongError),
        ({"course": "finnes-ikke"}, NotFoundError),
        ({"course": "ny-i-omsorg"}, NotFoundError),
    ],
)
def test_what_can_not_be_held_is_refused(walk: Walk, said: dict[str, object], error: type[SidecarError]) -> None:
    meeting = walk.meeting()
    if "hours" in said:
        said = {"ends_at": meeting.starts_at + timedelta(hours=int(str(said["hours"])))}
    wanted = replace(meeting, **said)  # type: ignore[arg-type]  # each case names a field and what it can't be
    viewer, now = viewers(walk)["rkk"], walk.sidecar.now()
    with walk.sidecar.transaction() as db, pytest.raises(error):
        gathering_holding.add_gathering(db, viewer, wanted, now, region_id=walk.region_id)


def test_a_cancelled_gathering_stays_to_be_seen_by_who_signed_up(walk: Walk) -> None:
    office, one = walk.viewer("rkk"), walk.gather()
    sign_up(walk, one)
    cancel(walk, office, one)
    assert (dates(walk), dates(walk, walk.account_of_rolf)) == ([("signed-up", None, 0)], [])
    with pytest.raises(GatheringOverError):
        sign_up(walk, one, walk.account_of_rolf)
    for act in (cancel, change):
        with pytest.raises(GatheringCancelledError):
            act(walk, office, one)
    with pytest.raises(GatheringOverError):
        mark(walk, office, one, {walk.kari: "attended"})


def test_what_was_held_is_not_undone_but_its_end_may_be_corrected(walk: Walk, clock: FakeClock) -> None:
    office, one = walk.viewer("rkk"), walk.gather()
    sign_up(walk, one)
    with pytest.raises(GatheringNotBegunError):
        mark(walk, office, one, {walk.kari: "attended"})
    clock.advance(hours=25)
    mark(walk, office, one, {walk.kari: "attended"})
    with pytest.raises(GatheringHeldError):
        cancel(walk, office, one)
    with pytest.raises(GatheringHeldError):
        change(walk, office, one, hours=3)
    change(walk, office, one, hours=-20)
    (done,) = completed(walk, walk.kari)
    assert done.completed_at == walk.sidecar.now() - timedelta(hours=18)


def test_nobody_says_of_themselves_that_they_came(walk: Walk, clock: FakeClock) -> None:
    own, one = walk.viewer("contact", walk.kongsberg, walk.kari), walk.gather(municipality_id=walk.kongsberg.id)
    sign_up(walk, one)
    clock.advance(hours=25)
    with pytest.raises(OwnAttendanceError):
        mark(walk, own, one, {walk.kari: "attended"})
    assert completed(walk, walk.kari) == []
    mark(walk, walk.viewer("contact"), one, {walk.kari: "attended"})
    assert mark(walk, own, one, {walk.kari: "attended"}) == 0
    assert len(completed(walk, walk.kari)) == 1


def test_nobody_has_completed_a_gathering_in_the_future_or_long_ago(walk: Walk, clock: FakeClock) -> None:
    office, one = walk.viewer("rkk"), walk.gather()
    sign_up(walk, one)
    clock.advance(hours=25)
    mark(walk, office, one, {walk.kari: "attended"})
    change(walk, office, one, hours=-1)
    assert [done.completed_at for done in completed(walk, walk.kari)] == [walk.sidecar.now()]
    with pytest.raises(GatheringLongAgoError):
        change(walk, office, one, hours=-366 * 24)
    assert [done.completed_at for done in completed(walk, walk.kari)] == [walk.sidecar.now()]


def test_what_nobody_may_say_of_somebody_is_refused(walk: Walk, clock: FakeClock) -> None:
    office, one = walk.viewer("rkk"), walk.gather()
    sign_up(walk, one)
    clock.advance(hours=25)
    with pytest.raises(NotAllowedError):
        mark(walk, office, one, {walk.kari: "waiting"})
    with pytest.raises(NotFoundError):
        mark(walk, office, one, {walk.kari: "attended", walk.rolf: "attended"})
    assert completed(walk, walk.kari) == []


def test_who_is_not_matched_reads_so(walk: Walk) -> None:
    with walk.sidecar.transaction() as db:
        meeting, now = walk.meeting(), walk.sidecar.now()
        operator = Viewer(roles=frozenset({"operator"}), everything=True)
        one = gathering_holding.add_gathering(db, operator, meeting, now).id
        db.get_one(Identity, walk.account).person_id = None
    with pytest.raises(NotMatchedError):
        sign_up(walk, one)
    assert sign_up(walk, one, walk.account_of_rolf) == "signed-up"


def test_counts_and_courses_are_told(walk: Walk) -> None:
    office, one = walk.viewer("rkk"), walk.gather(seats=1)
    sign_up(walk, one)
    sign_up(walk, one, walk.account_of_rolf)
    with walk.sidecar.reading() as db:
        line = find_gathering(db, office, one, walk.sidecar.today())
        assert (line.owner, line.taken, line.waiting, line.attended) == ("Kongsbergregionen", 1, 1, 0)
        assert (line.free, line.runs) == (0, True)
        assert [course.key for course in list_courses(db, office)] == [GATHERING_KEY]
