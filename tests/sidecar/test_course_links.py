"""Links of the versions that learners get are looked at weekly; only what is gone twice in a row counts as dead."""

import socket
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sidecar import course_links
from sidecar.catalogue import AddedVersion, add_package
from sidecar.core.access import operator_at_the_console
from sidecar.core.course_life import go_back, retire
from sidecar.core.courses import CourseVersion
from sidecar.core.dead_links import KIND, CourseLink, list_dead, observe
from sidecar.core.outbox import OutboxItem
from sidecar.core.periods import OSLO
from sidecar.core.staff_courses import remove_version
from sidecar.course_links import ask_for_this_week, links_of, run_part
from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.http import AnswerTooLargeError, Response
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.package import make_package

Answer = int | Exception
PAGE = """<!doctype html><title>A</title><a href="https://a.example/x#del">1</a> <a href="https://a.example/x">2</a>
<a href="//b.example/y">3</a><img src="https://c.example/z.png"><a href="b.html">4</a><a href="mailto:x@y.z">5</a>
<a href="javascript:alert(1)">6</a><a href="https:///">7</a><a href="http://[::1">8</a>"""
FOUND = {"https://a.example/x", "https://b.example/y", "https://c.example/z.png"}


class Web:
    """What stands behind links; it counts who asks."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | dict[str, Answer]] = {}
        self.asked: Counter[str] = Counter()

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        self.asked[url] += 1
        answer = self.answers.get(url, 200)
        answer = answer[method] if isinstance(answer, dict) else answer
        if isinstance(answer, Exception):
            raise answer
        return Response(answer, {}, b"")


@pytest.fixture
def web(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> Web:
    found = Web()
    monkeypatch.setattr(sidecar, "fetch", found)
    return found


@pytest.fixture
def course(sidecar: Sidecar, tmp_path: Path) -> AddedVersion:
    package = make_package(tmp_path / "a.zip", pages={"a": PAGE})
    return add_package(sidecar, package, key="kurs", is_published=True)


def no_name() -> UnreachableError:
    error = UnreachableError(host="a.example")
    error.__cause__ = socket.gaierror()
    return error


def look(sidecar: Sidecar, clock: FakeClock) -> list[str]:
    """Let a week pass and look at the links; return those that are dead."""
    clock.advance(minutes=7 * 24 * 60)
    assert ask_for_this_week(sidecar)
    with sidecar.reading() as db:
        newest = select(OutboxItem.subject).where(OutboxItem.kind == KIND)
        subject = db.scalars(newest.order_by(OutboxItem.created_at.desc())).first()
    assert subject
    run_part(sidecar, subject, pause=lambda _s: None)
    with sidecar.reading() as db:
        return [link.url for each in db.scalars(select(CourseVersion.id)) for link in list_dead(db, each)]


def count_links(sidecar: Sidecar) -> int:
    with sidecar.reading() as db:
        return db.scalar(select(func.count()).select_from(CourseLink)) or 0


def test_the_links_of_a_page_are_those_to_the_outside() -> None:
    assert set(links_of(PAGE.encode())) == FOUND
    for odd in (b"", b"   ", b"\x00\xff\xfe", b"<!--", b"<a href='https://a.example/" + b"x" * 3000 + b"'>"):
        assert list(links_of(odd)) == []


def test_the_names_of_hosts_are_read_as_they_were_written() -> None:
    page = "<title>Å</title><a href='https://æ.example/'>1</a>"
    assert list(links_of(page.encode())) == list(links_of(page.encode("latin-1"))) == ["https://æ.example/"]
    declared = "<meta charset=windows-1251><a href='https://ж.example/'>1</a>".encode("windows-1251")
    assert list(links_of(declared)) == ["https://ж.example/"]
    cut_off = "<meta charset=latin-1><a href='https://ø.example/'>1</a>æ".encode()[:-1]
    assert list(links_of(cut_off)) == ["https://ø.example/"]


@pytest.mark.parametrize("gone", [404, 410, no_name()], ids=["404", "410", "dns"])
def test_a_link_is_dead_when_it_is_gone_twice_in_a_row(
    sidecar: Sidecar, clock: FakeClock, web: Web, course: AddedVersion, gone: Answer
) -> None:
    url = "https://a.example/x"
    web.answers[url] = gone
    assert look(sidecar, clock) == []
    assert set(web.asked) == FOUND
    assert look(sidecar, clock) == [url]
    with sidecar.reading() as db:
        assert [(each.subject, each.facts["count"]) for each in observe(db)] == [(course.course_id, 1)]
    web.answers[url] = 503
    assert look(sidecar, clock) == [url], "nothing new is known"
    web.answers[url] = 301
    assert look(sidecar, clock) == []
    with sidecar.reading() as db:
        assert list(observe(db)) == []


@pytest.mark.parametrize(
    "odd",
    [
        500,
        403,
        429,
        UnreachableError(host="a.example"),
        ForbiddenAddressError(host="a.example"),
        AnswerTooLargeError(host="a.example", limit_bytes=1),
        UnicodeError("label too long"),
        {"HEAD": 404, "GET": 200},
        {"HEAD": 405, "GET": 200},
    ],
    ids=str,
)
def test_nothing_else_is_held_against_a_link(
    sidecar: Sidecar, clock: FakeClock, web: Web, course: AddedVersion, odd: Answer | dict[str, Answer]
) -> None:
    web.answers["https://a.example/x"] = odd
    assert [look(sidecar, clock) for _ in range(2)] == [[], []]


def test_a_week_s_look_is_asked_for_once_from_monday_night_on(sidecar: Sidecar, clock: FakeClock) -> None:
    now = sidecar.now().astimezone(OSLO)
    monday = (now - timedelta(days=now.weekday())).replace(hour=2, minute=0) + timedelta(days=7)
    clock.advance(minutes=(monday - now).total_seconds() / 60)
    assert not ask_for_this_week(sidecar)
    clock.advance(minutes=61)
    assert [ask_for_this_week(sidecar), ask_for_this_week(sidecar)] == [True, False]


def test_what_is_cut_off_is_gone_on_with_and_no_link_asked_twice(
    sidecar: Sidecar, clock: FakeClock, web: Web, course: AddedVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course_links, "LONGEST_S", -1.0)
    look(sidecar, clock)
    assert not web.asked, "it was time before the first link, once the pages had been read"
    for part in (2, 3, 4, 5):
        with sidecar.reading() as db:
            subjects = db.scalars(select(OutboxItem.subject).where(OutboxItem.kind == KIND)).all()
        assert len(subjects) == part
        run_part(sidecar, next(one for one in subjects if one.endswith(f":{part}")), pause=lambda _s: None)
    assert web.asked == Counter(FOUND)
    with sidecar.reading() as db:
        assert db.get_one(CourseVersion, course.version_id).links_checked_at is not None


def test_only_the_version_that_learners_get_is_looked_at(
    sidecar: Sidecar, clock: FakeClock, web: Web, course: AddedVersion, tmp_path: Path
) -> None:
    look(sidecar, clock)
    newer = make_package(tmp_path / "b.zip", pages={"a": '<a href="https://ny.example/">Ny</a>'})
    add_package(sidecar, newer, key="kurs", is_published=True)
    web.asked.clear()
    look(sidecar, clock)
    assert set(web.asked) == {"https://ny.example/"}
    assert count_links(sidecar) == 1
    with sidecar.transaction() as db:
        go_back(db, operator_at_the_console(), "kurs", 1, sidecar.now(), starts_over=False)
    look(sidecar, clock)
    assert count_links(sidecar) == len(FOUND)
    with sidecar.transaction() as db:
        remove_version(db, operator_at_the_console(), "kurs", 1, sidecar.now())
        retire(db, operator_at_the_console(), "kurs", sidecar.now())
    web.asked.clear()
    look(sidecar, clock)
    assert not web.asked


def test_no_more_links_are_looked_at_than_is_polite(
    sidecar: Sidecar, clock: FakeClock, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.core.dead_links.MOST_LINKS", 5)
    many = "".join(f'<a href="https://a.example/{number}">x</a>' for number in range(9))
    add_package(sidecar, make_package(tmp_path / "m.zip", pages={"a": many}), key="m", is_published=True)
    look(sidecar, clock)
    assert len(web.asked) == 5


def ask_and_run(sidecar: Sidecar) -> bool:
    """Do as a tick and its worker; tell whether there was anything to do."""
    if not ask_for_this_week(sidecar):
        return False
    with sidecar.reading() as db:
        waiting = select(OutboxItem).where(OutboxItem.kind == KIND, OutboxItem.state == "waiting")
        item = db.scalars(waiting).one()
    run_part(sidecar, item.subject, pause=lambda _s: None)
    end(sidecar, item.id, "done")
    return True


def end(sidecar: Sidecar, item_id: str, state: str) -> None:
    with sidecar.transaction() as db:
        db.get_one(OutboxItem, item_id).state = state


def test_a_new_version_is_looked_at_soon_and_no_other_again(
    sidecar: Sidecar, clock: FakeClock, web: Web, course: AddedVersion, tmp_path: Path
) -> None:
    clock.advance(minutes=24 * 60)
    assert [ask_and_run(sidecar), ask_and_run(sidecar)] == [True, False]
    assert web.asked == Counter(FOUND)
    other = make_package(tmp_path / "b.zip", pages={"a": '<a href="https://ny.example/">Ny</a>'})
    add_package(sidecar, other, key="nytt", is_published=False)
    assert not ask_and_run(sidecar), "no learner gets it yet"
    add_package(sidecar, other, key="nytt", is_published=True)
    assert [ask_and_run(sidecar), ask_and_run(sidecar)] == [True, False]
    assert web.asked == Counter({*FOUND, "https://ny.example/"})


def test_two_looks_at_a_link_are_days_apart(sidecar: Sidecar, clock: FakeClock, web: Web, course: AddedVersion) -> None:
    now = sidecar.now().astimezone(OSLO)
    sunday = (now - timedelta(days=now.weekday())).replace(hour=23, minute=0) + timedelta(days=6)
    clock.advance(minutes=(sunday - now).total_seconds() / 60)
    assert ask_and_run(sidecar)
    clock.advance(minutes=5 * 60)
    assert ask_and_run(sidecar), "a new week"
    assert web.asked == Counter(FOUND)
    clock.advance(minutes=7 * 24 * 60)
    assert ask_and_run(sidecar)
    assert set(web.asked.values()) == {2}


def test_a_part_that_failed_is_not_followed_by_another_at_every_tick(
    sidecar: Sidecar, web: Web, course: AddedVersion, clock: FakeClock
) -> None:
    clock.advance(minutes=24 * 60)
    assert ask_for_this_week(sidecar)
    with sidecar.reading() as db:
        item_id = db.scalars(select(OutboxItem.id).where(OutboxItem.kind == KIND)).one()
    end(sidecar, item_id, "failed")
    assert not ask_for_this_week(sidecar)


def test_pages_are_read_for_so_long_only(
    sidecar: Sidecar, clock: FakeClock, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course_links, "READING_S", -1.0)
    pages = {key: f'<a href="https://{key}.example/">x</a>' for key in "abc"}
    add_package(sidecar, make_package(tmp_path / "m.zip", pages=pages), key="m", is_published=True)
    look(sidecar, clock)
    assert set(web.asked) == {"https://a.example/"}
