"""A launch notes the course it came from, once, and cheaply where it is known."""

from datetime import timedelta

from sqlalchemy import event, select

from sidecar.core import rosters
from sidecar.core.db import new_id
from sidecar.core.platforms import Platform
from sidecar.core.rosters import Roster
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock

URL = "https://lms.example/memberships"


def add_lms(sidecar: Sidecar) -> str:
    with sidecar.transaction() as db:
        platform = Platform(
            name=new_id(),
            issuer="https://lms.example",
            client_id=new_id(),
            auth_url="https://lms.example/auth",
            token_url="https://lms.example/token",
            jwks_url="https://lms.example/jwks",
            created_at=sidecar.now(),
        )
        db.add(platform)
        return platform.id


def note(sidecar: Sidecar, platform_id: str, *, title: str | None = "HMS", url: str = URL) -> list[str]:
    """Note a launch from course 5; return the statements that it took."""
    said: list[str] = []
    with sidecar.transaction() as db:
        event.listen(db.connection(), "before_cursor_execute", lambda *a: said.append(a[2]))
        rosters.note(db, platform_id, "1", context_id="5", title=title, memberships_url=url, now=sidecar.now())
    return said


def rows(sidecar: Sidecar) -> list[Roster]:
    with sidecar.reading() as db:
        return list(db.scalars(select(Roster)))


def test_a_course_is_noted_once(sidecar: Sidecar, clock: FakeClock) -> None:
    platform_id = add_lms(sidecar)
    note(sidecar, platform_id)
    clock.advance(hours=23)
    assert len(note(sidecar, platform_id)) == 1
    (roster,) = rows(sidecar)
    assert (roster.title, roster.memberships_url) == ("HMS", URL)
    assert clock() - roster.noted_at == timedelta(hours=23)


def test_a_launch_a_day_later_is_noted(sidecar: Sidecar, clock: FakeClock) -> None:
    platform_id = add_lms(sidecar)
    note(sidecar, platform_id)
    clock.advance(hours=25)
    note(sidecar, platform_id, title=None)
    (roster,) = rows(sidecar)
    assert (roster.noted_at, roster.title) == (clock(), "HMS")


def test_a_new_address_asks_for_a_whole_look(sidecar: Sidecar, clock: FakeClock) -> None:
    platform_id = add_lms(sidecar)
    note(sidecar, platform_id)
    with sidecar.transaction() as db:
        db.query(Roster).update({"differences_url": f"{URL}?since=1", "whole_at": clock(), "error_code": "x"})
    note(sidecar, platform_id, url=f"{URL}/2")
    (roster,) = rows(sidecar)
    assert (roster.memberships_url, roster.differences_url) == (f"{URL}/2", None)
    assert (roster.whole_at, roster.error_code) == (None, None)
