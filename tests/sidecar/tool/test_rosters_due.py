"""When a roster is looked at, of which LMS it is not, and that two who ask make one look."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Update, select, update

from lti.fetching import Response
from sidecar.core import rosters
from sidecar.core.deployments import Deployment
from sidecar.core.outbox import OutboxItem
from sidecar.core.platforms import Platform
from sidecar.core.rosters import Roster
from sidecar.schedule import tick
from sidecar.tool import ask_for_rosters
from tests.fakes.classroom import Classroom
from tests.fakes.clock import FakeClock
from tests.fakes.services import MEMBERS


def test_a_roster_is_due_every_six_hours_and_seldom_where_nobody_comes(room: Classroom, clock: FakeClock) -> None:
    room.look()
    clock.advance(hours=5)
    assert ask_for_rosters(room.sidecar) == 0
    clock.advance(hours=1)
    assert ask_for_rosters(room.sidecar) == 1
    room.work()
    clock.advance(days=61)
    assert ask_for_rosters(room.sidecar) == 1
    room.work()
    clock.advance(days=6)
    assert ask_for_rosters(room.sidecar) == 0
    clock.advance(days=1)
    assert ask_for_rosters(room.sidecar) == 1


OFF: dict[str, Callable[[datetime], Update]] = {
    "disabled": lambda now: update(Platform).values(disabled_at=now),
    "removed": lambda now: update(Platform).values(removed_at=now),
    "pending": lambda _now: update(Platform).values(is_pending=True),
    "without its deployment": lambda _now: update(Deployment).values(state="pending"),
}


@pytest.mark.parametrize("state", OFF)
def test_a_platform_that_is_off_is_not_asked(room: Classroom, clock: FakeClock, state: str) -> None:
    ask_for_rosters(room.sidecar)
    with room.sidecar.transaction() as db:
        db.execute(OFF[state](clock()))
    room.work()
    assert ask_for_rosters(room.sidecar) == 0
    assert room.platform.requests == []


def test_the_scheduler_asks_once_however_often_it_ticks(room: Classroom) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: ask_for_rosters(room.sidecar), range(6)))
    tick(room.sidecar)
    assert room.items().count(("waiting", None)) >= 1
    with room.sidecar.reading() as db:
        assert len(db.scalars(select(OutboxItem).where(OutboxItem.kind == "roster")).all()) == 1


def test_who_asks_by_hand_hastens_what_waits_and_asks_for_no_second(room: Classroom, clock: FakeClock) -> None:
    room.platform.answers[MEMBERS] = Response(500, {}, b"")
    room.look()
    del room.platform.answers[MEMBERS]
    for _ in range(2):
        with room.sidecar.transaction() as db:
            rosters.ask(db, room.roster().id, clock())
    room.work()
    assert room.items() == [("done", None)]
    with room.sidecar.transaction() as db:
        rosters.ask(db, room.roster().id, clock() + timedelta(seconds=1))
    assert len(room.items()) == 2


def test_a_new_address_is_where_the_next_look_goes(room: Classroom, clock: FakeClock) -> None:
    room.look()
    room.note(f"{room.platform.memberships_url}?v=2")
    clock.advance(hours=6)
    room.look()
    assert "v=2" in room.platform.requests[-1].url


def note_more(room: Classroom, count: int, **of: str) -> None:
    """Let launches come from further courses, of this LMS or another."""
    platform_id = of.get("platform_id", room.platform_id)
    url = room.platform.memberships_url
    for number in range(count):
        with room.sidecar.transaction() as db:
            context_id, now = f"c{number}", room.sidecar.now() + timedelta(seconds=number)
            rosters.note(db, platform_id, "1", context_id=context_id, title="x", memberships_url=url, now=now)


def looked_at(room: Classroom) -> set[str]:
    with room.sidecar.reading() as db:
        return set(db.scalars(select(Roster.context_id).where(Roster.tried_at.is_not(None))))


def test_of_one_lms_one_roster_is_looked_at_at_a_time(room: Classroom) -> None:
    note_more(room, 3)
    assert [ask_for_rosters(room.sidecar) for _ in range(3)] == [1, 0, 0]
    for _ in range(4):
        room.look()
    assert looked_at(room) == {"5", "c0", "c1", "c2"}


def test_a_look_waits_its_turn_though_it_was_asked_for_by_hand(room: Classroom) -> None:
    note_more(room, 1)
    with room.sidecar.transaction() as db:
        for roster_id in db.scalars(select(Roster.id)).all():
            rosters.ask(db, roster_id, room.sidecar.now())
    inside: list[list[tuple[str, str | None]]] = []

    def meanwhile(_url: str) -> None:
        if not inside:
            inside.append([])
            room.work()
            inside[0] = room.items()

    room.platform.interfere = meanwhile
    room.work()
    assert sorted(inside[0], key=str) == [("claimed", None), ("waiting", "another-look")]
    assert len(looked_at(room)) == 1


def test_a_failed_look_that_waits_holds_up_no_other_of_its_lms(room: Classroom) -> None:
    room.platform.answers[MEMBERS] = Response(500, {}, b"")
    room.look()
    note_more(room, 1)
    assert ask_for_rosters(room.sidecar) == 1


def test_courses_that_an_lms_invents_are_bounded(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rosters, "MOST_OF_A_PLATFORM", 2)
    note_more(room, 5)
    for _ in range(6):
        room.look()
    assert looked_at(room) == {"c3", "c4"}
