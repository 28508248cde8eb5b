"""An LMS that leads a roster astray, breaks off or sends too much is told apart, and nobody leaves because of it."""

import json
import tracemalloc

import pytest
from sqlalchemy import update

from lti.fetching import Response
from sidecar.core.rosters import Roster, RosterMember
from sidecar.errors import UnreachableError
from sidecar.http import AnswerTooLargeError
from tests.fakes.classroom import Classroom
from tests.fakes.clock import FakeClock
from tests.fakes.services import MEMBERS, make_member


def page(link: str) -> Response:
    return Response(200, {"link": link}, json.dumps({"members": [make_member(1)]}).encode())


HOPELESS = {
    "pages-loop": page(f'<https://lms.example{MEMBERS}?limit=500>; rel="next"'),
    "page-elsewhere": page('<https://evil.example/members>; rel="next"'),
    "service-rejected": Response(404, {}, b""),
    "service-refused": Response(403, {}, b""),
}


@pytest.mark.parametrize("code", HOPELESS)
def test_an_lms_that_leads_astray_or_refuses_is_asked_again_a_day_later(
    room: Classroom, clock: FakeClock, code: str
) -> None:
    room.platform.answers[MEMBERS] = HOPELESS[code]
    room.look()
    assert (room.items(), room.roster().error_code) == ([("failed", code)], code)
    clock.advance(hours=23)
    room.look()
    assert len(room.items()) == 1
    del room.platform.answers[MEMBERS]
    clock.advance(hours=1)
    room.look()
    assert room.roster().error_code is None


def test_a_roster_whose_pages_loop_over_two(room: Classroom) -> None:
    room.platform.answers["/a"] = page('</b>; rel="next"')
    room.platform.answers["/b"] = page('</a>; rel="next"')
    room.platform.answers[MEMBERS] = page('</a>; rel="next"')
    room.look()
    assert room.roster().error_code == "pages-loop"
    assert room.platform.count("/a") == room.platform.count("/b") == 1


def test_a_page_of_50_mb_is_refused(room: Classroom) -> None:
    def send_too_much(_url: str) -> None:
        raise AnswerTooLargeError(host="lms.example", limit_bytes=2)

    room.platform.interfere = send_too_much
    room.look()
    assert (room.items(), room.roster().error_code) == ([("waiting", "lms-answer-too-large")], "lms-answer-too-large")


def test_a_roster_that_is_a_web_page(room: Classroom) -> None:
    room.platform.answers[MEMBERS] = Response(200, {"content-type": "text/html"}, b"<!DOCTYPE html>")
    room.look()
    assert room.roster().error_code == "answer-not-json"
    assert room.members() == {}


def test_a_roster_that_leads_to_a_page_of_maintenance_is_read_when_that_is_over(
    room: Classroom, clock: FakeClock
) -> None:
    room.platform.answers[MEMBERS] = Response(302, {"location": "/maintenance"}, b"")
    room.look()
    assert (room.items(), room.roster().error_code) == ([("waiting", "service-unreachable")], "service-unreachable")
    del room.platform.answers[MEMBERS]
    clock.advance(minutes=2)
    room.work()
    assert (room.roster().error_code, len(room.members())) == (None, 5)


def test_an_lms_that_is_away_is_asked_again_and_then_given_up(room: Classroom, clock: FakeClock) -> None:
    def stay_silent(_url: str) -> None:
        raise UnreachableError(host="lms.example")

    room.platform.interfere = stay_silent
    room.look()
    assert room.items() == [("waiting", "service-unreachable")]
    for _ in range(10):
        clock.advance(hours=13)
        room.look()
    assert ("failed", "service-unreachable") in room.items()
    assert room.roster().error_code == "service-unreachable"


def test_a_look_that_breaks_off_lets_nobody_leave(room: Classroom, clock: FakeClock) -> None:
    room.look()
    room.platform.page_size = 2
    clock.advance(hours=6)
    room.platform.interfere = lambda url: Response(500, {}, b"") if "from=2" in url else None
    room.look()
    assert room.members() == dict.fromkeys("12345", True)
    assert room.roster().error_code == "service-unreachable"
    room.platform.interfere = lambda _url: None
    clock.advance(minutes=2)
    room.work()
    assert (room.roster().error_code, room.roster().synced_at) == (None, clock())


def test_a_token_that_ends_between_two_pages_is_renewed(room: Classroom) -> None:
    room.platform.page_size = 2

    def forget_tokens(url: str) -> None:
        if "from=2" in url and room.platform.count("/token") == 1:
            room.platform.tokens[:] = ["another"]

    room.platform.interfere = forget_tokens
    room.look()
    assert room.members() == dict.fromkeys("12345", True)
    assert room.platform.count("/token") == 2


def test_differences_on_another_server_are_not_asked_for(room: Classroom, clock: FakeClock) -> None:
    body = json.dumps({"members": [make_member(1)]}).encode()
    link = '<https://evil.example/members>; rel="differences"'
    room.platform.answers[MEMBERS] = Response(200, {"link": link}, body)
    room.look()
    assert (room.roster().error_code, room.roster().differences_url) == (None, None)


def test_an_address_of_differences_that_went_stale_leads_to_a_whole_look(room: Classroom, clock: FakeClock) -> None:
    with room.sidecar.transaction() as db:
        stale = {"differences_url": f"{room.platform.issuer}/stale", "whole_at": clock()}
        db.execute(update(Roster).values(stale))
    room.look()
    assert room.members() == dict.fromkeys("12345", True)
    assert room.roster().error_code is None


def test_thousands_of_members_take_flat_memory(room: Classroom) -> None:
    total, size = 5_000, 500
    held: list[int] = []

    def generate(url: str) -> Response:
        begin = int(url.partition("from=")[2] or 0)
        members = [make_member(number) for number in range(begin, begin + size)]
        following = f'<{room.platform.memberships_url}?from={begin + size}>; rel="next"'
        held.append(tracemalloc.get_traced_memory()[0])
        link = {"link": following} if begin + size < total else {}
        return Response(200, link, json.dumps({"members": members}).encode())

    room.platform.interfere = generate
    tracemalloc.start()
    room.look()
    tracemalloc.stop()
    assert room.roster().error_code is None
    with room.sidecar.reading() as db:
        assert db.query(RosterMember).count() == total
    assert len(held) == total // size
    assert max(held) - held[2] < 700_000, "the 3,500 members since then are 2 MB where all are held"


def test_a_course_of_more_members_than_anybody_employs_is_refused(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.tool.rosters.MOST_MEMBERS", 4)
    room.look()
    assert (room.items(), room.roster().error_code) == ([("failed", "roster-too-large")], "roster-too-large")


def test_a_roster_of_more_bytes_than_fifty_thousand_members_need_is_refused(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.tool.rosters.MOST_BYTES", 100)
    room.look()
    assert (room.items(), room.roster().error_code) == ([("failed", "roster-too-large")], "roster-too-large")
    assert room.members() == {}


def test_a_look_ends_after_minutes_however_slow_the_pages_are(room: Classroom, clock: FakeClock) -> None:
    room.platform.members += [make_member(number) for number in range(100, 120)]
    room.platform.page_size = 1

    def dawdle(_url: str) -> None:
        clock.advance(minutes=1)

    room.platform.interfere = dawdle
    room.look()
    assert room.items() == [("waiting", "service-unreachable")]
    assert room.platform.count(MEMBERS) == 4
