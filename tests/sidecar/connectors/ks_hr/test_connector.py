"""What a KS HR system tells becomes employees, over HTTP; what it can't tell as it should fails as a whole."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import timedelta

import pytest

from sidecar.connectors.base import (
    ConnectorError,
    MisconfiguredError,
    RefusedError,
    UnreachableError,
    set_up,
    settings_of,
)
from sidecar.connectors.ks_hr.connector import (
    KsHr,
    KsHrBusyError,
    KsHrTooLargeError,
    KsHrUnreachableError,
    NoNumbersError,
    NumberFieldEmptyError,
    NumberFieldForbiddenError,
)
from sidecar.connectors.ks_hr.streams import BrokenLineError, NotNdjsonError
from sidecar.connectors.records import PeopleFeed, PersonRecord
from sidecar.http import LONG, GuardedFetch, Limits
from tests.fakes.clock import FakeClock
from tests.fakes.ks_hr import PASSWORD, USER, FakeKsHr, Wrong, change, person, position, running_ks_hr, unit

KARI, OLA, LIV = "81888800001", "81888800002", "81888800003"
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def hr() -> Iterator[FakeKsHr]:
    """An HR system with three people in two units."""
    with running_ks_hr() as fake:
        fake.add("organisation", unit("1", "Rollag kommune"), unit("12", "Sykehjemmet", "1"))
        fake.add("person", person(KARI, "Kari", "Nordmann", email="kari@rollag.example"))
        fake.add("person", person(OLA, "Ola", "Nordmann", email="ola@rollag.example"), person(LIV, "Liv", "Leder"))
        fake.add("employee_position", position(KARI, "12", "Sykepleier"), position(OLA, "12", "Renholder"))
        fake.add("employee_position", position(LIV, "12", "Avdelingsleder", manager=True))
        yield fake


def open_ks_hr(hr: FakeKsHr, clock: FakeClock, limits: Limits = LONG, **settings: str) -> KsHr:
    values = {"url": hr.url, "user": USER, "password": PASSWORD} | settings
    opened = set_up(KsHr, values).reach_by(GuardedFetch(("127.0.0.1",), limits=limits, pause=lambda _: None))
    return opened.lend(lambda national_id: f"p-{national_id[-1]}", clock)


@pytest.fixture
def source(hr: FakeKsHr, clock: FakeClock) -> KsHr:
    return open_ks_hr(hr, clock)


def by_name(feed: PeopleFeed) -> dict[str, PersonRecord]:
    return {one.first_name: one for one in feed.people}


def test_everybody_is_told_with_position_unit_and_manager(source: KsHr) -> None:
    feed = source.people()
    assert (feed.is_full, feed.total) == (True, 3)
    assert [(one.key, one.name, one.parent_key) for one in feed.units] == [
        ("1", "Rollag kommune", None),
        ("12", "Sykehjemmet", "1"),
    ]
    people = by_name(feed)
    kari = people["Kari"]
    assert (kari.employee_number, kari.last_name, kari.email) == ("p-1", "Nordmann", "kari@rollag.example")
    assert (kari.unit, kari.position, kari.manager_number) == ("Sykehjemmet", "Sykepleier", "p-3")
    assert kari.national_id == KARI
    assert KARI not in repr(kari)
    (held,) = kari.positions
    assert (held.unit_key, held.title, held.is_main, held.is_manager) == ("12", "Sykepleier", True, False)
    assert people["Liv"].manager_number is None
    assert people["Liv"].email is None


def test_the_request_is_what_the_api_asks_for(source: KsHr, hr: FakeKsHr) -> None:
    source.people()
    assert hr.asked == ["/api/v3/organisation", "/api/v3/person", "/api/v3/employee_position"]


def test_a_day_without_changes_costs_three_requests(source: KsHr, hr: FakeKsHr, clock: FakeClock) -> None:
    cursor = source.people().cursor
    hr.asked.clear()
    clock.advance(days=1)
    feed = source.people(cursor)
    assert (feed.is_full, list(feed.people), list(feed.gone), feed.total) == (False, [], [], 0)
    assert len(hr.asked) == 3
    assert all("fromDate=" in one and "toDate=" in one for one in hr.asked)
    assert feed.cursor != cursor


def test_a_delta_overlaps_what_was_read_before(source: KsHr, hr: FakeKsHr, clock: FakeClock) -> None:
    before = clock()
    cursor = source.people().cursor
    clock.advance(days=1)
    late = (before - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    hr.history["person"] = [change("modify", person(KARI, "Kari", "Hansen"), late)]
    assert set(by_name(source.people(cursor))) == {"Kari"}


def test_a_delta_tells_of_those_who_changed_as_they_are_now(source: KsHr, hr: FakeKsHr, clock: FakeClock) -> None:
    cursor = source.people().cursor
    clock.advance(days=1)
    at = (clock() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    hr.add("employee_position", position(OLA, "1", "Vaktmester", main=False))
    hr.history["employee_position"] = [change("add", position(OLA, "1", "Vaktmester", main=False), at)]
    feed = source.people(cursor)
    people = by_name(feed)
    assert (feed.is_full, set(people)) == (False, {"Ola"})
    assert [(one.title, one.is_main) for one in people["Ola"].positions] == [("Renholder", True), ("Vaktmester", False)]
    assert (people["Ola"].manager_number, feed.units) == ("p-3", ())


def test_a_delta_takes_away_who_was_deleted(source: KsHr, hr: FakeKsHr, clock: FakeClock) -> None:
    cursor = source.people().cursor
    clock.advance(days=1)
    at = (clock() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    hr.now["person"] = [one for one in hr.now["person"] if one["newRecord"]["national_id"] != OLA]
    hr.history["person"] = [change("delete", None, at, person(OLA, "Ola", "Nordmann"))]
    feed = source.people(cursor)
    assert (list(feed.people), feed.gone) == ([], ["p-2"])


def test_a_delta_with_another_manager_tells_of_everybody(source: KsHr, hr: FakeKsHr, clock: FakeClock) -> None:
    cursor = source.people().cursor
    clock.advance(days=1)
    at = (clock() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    hr.now["employee_position"] = hr.now["employee_position"][:2]
    hr.add("employee_position", position(KARI, "12", "Avdelingsleder", manager=True, main=False))
    hr.history["employee_position"] = [
        change("delete", None, at, position(LIV, "12", "Avdelingsleder", manager=True)),
        change("add", position(KARI, "12", "Avdelingsleder", manager=True, main=False), at),
    ]
    feed = source.people(cursor)
    people = by_name(feed)
    assert (feed.is_full, set(people), people["Ola"].manager_number) == (False, {"Kari", "Ola", "Liv"}, "p-1")


def test_who_was_deleted_and_came_back_is_not_taken_away(source: KsHr, hr: FakeKsHr, clock: FakeClock) -> None:
    cursor = source.people().cursor
    clock.advance(days=1)
    at = (clock() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    hr.history["person"] = [change("delete", None, at, person(OLA, "Ola", "Nordmann"))]
    feed = source.people(cursor)
    assert (set(by_name(feed)), feed.gone) == ({"Ola"}, [])


def test_the_newest_change_counts_in_whatever_order(source: KsHr, hr: FakeKsHr) -> None:
    hr.now["person"] += [
        change("modify", person(KARI, "Kari", "Newest"), "2026-10-03T08:00:00Z"),
        change("modify", person(KARI, "Kari", "Older"), "2026-10-01T08:00:00Z"),
        change("modify", person(KARI, "Kari", "Undated"), "soon"),
        change("delete", None, "2026-08-01T08:00:00Z", person(OLA, "Ola", "Nordmann")),
        change("delete", None, "2026-10-01T08:00:00Z", person(LIV, "Liv", "Leder")),
    ]
    people = by_name(source.people())
    assert set(people) == {"Kari", "Ola"}
    assert people["Kari"].last_name == "Newest"


def test_a_changed_title_is_no_second_position(source: KsHr, hr: FakeKsHr) -> None:
    old, new = position(KARI, "12", "Sykepleier"), position(KARI, "12", "Fagsykepleier")
    hr.now["employee_position"].append(change("modify", new, "2026-10-01T08:00:00Z", old))
    (held,) = by_name(source.people())["Kari"].positions
    assert held.title == "Fagsykepleier"


def test_lines_that_come_twice_count_once(source: KsHr, hr: FakeKsHr) -> None:
    for stream in ("person", "organisation", "employee_position"):
        hr.now[stream] *= 2
    feed = source.people()
    assert (feed.total, len(feed.units)) == (3, 2)
    assert [len(one.positions) for one in feed.people] == [1, 1, 1]


def test_dirt_is_mended_or_left_out(source: KsHr, hr: FakeKsHr) -> None:
    """Every kind of it that norway.md names, and some more."""
    hr.add("person", person("81888800004", "Uten", "Stilling"))
    hr.add("person", {"national_id": 1888800005, "first_name": " Null ", "last_name": "Foran\u0000", "shoe_size": 43})
    hr.add("person", {"first_name": "Uten", "last_name": "Nummer"}, person("81888800006", "Feil", "Adresse", email="x"))
    hr.add("employee_position", position("81888800099", "12", "Uten person"))
    hr.add("employee_position", position("01888800005", "404", ""), position("01888800005", "12", "Kokk", main=False))
    hr.add("organisation", unit("20", "", "21"), unit("21", "Ring", "20"), unit("22", "Foreldreløs", "404"))
    hr.add("organisation", {"name": "Uten id"}, {"id": 23, "name": "Tall", "parent": 1})
    feed = source.people()
    units = {one.key: one for one in feed.units}
    assert {units["20"].parent_key, units["21"].parent_key} in ({None, "20"}, {None, "21"})
    assert (units["20"].name, units["22"].parent_key, units["23"].parent_key) == ("20", None, "1")
    people = {one.last_name: one for one in feed.people}
    assert set(people) == {"Nordmann", "Leder", "Stilling", "Foran", "Adresse"}
    assert (people["Stilling"].unit, people["Stilling"].position, people["Stilling"].positions) == ("", "", ())
    assert people["Adresse"].email == ""
    foran = people["Foran"]
    assert (foran.first_name, foran.national_id, foran.unit) == ("Null", "01888800005", "")
    assert [(one.unit_key, one.title, one.is_main) for one in foran.positions] == [
        (None, "", True),
        ("12", "Kokk", False),
    ]


def test_wrong_addresses_may_be_left_out(hr: FakeKsHr, clock: FakeClock) -> None:
    source = open_ks_hr(hr, clock, with_email="no")
    assert {one.email for one in source.people().people} == {None}


def test_the_manager_of_a_unit_without_one_is_that_of_the_unit_above(source: KsHr, hr: FakeKsHr) -> None:
    hr.add("person", person("81888800007", "Rita", "Rådmann"))
    hr.add("employee_position", position("81888800007", "1", "Rådmann", manager=True))
    hr.add("organisation", unit("121", "Kjøkkenet", "12"))
    hr.now["employee_position"][0]["newRecord"]["org_id"] = "121"
    people = by_name(source.people())
    assert (people["Kari"].manager_number, people["Liv"].manager_number) == ("p-3", "p-7")
    hr.add("employee_position", position(OLA, "12", "Stedfortreder", manager=True, main=False))
    assert by_name(source.people())["Kari"].manager_number == "p-7"


def test_the_employee_number_comes_from_the_field_that_has_it(hr: FakeKsHr, clock: FakeClock) -> None:
    hr.now["person"][0]["newRecord"]["ansattnummer"] = 1001
    hr.now["employee_position"][1]["newRecord"]["ansattnummer"] = "1002"
    people = by_name(open_ks_hr(hr, clock, number_field="ansattnummer").people())
    assert {name: one.employee_number for name, one in people.items()} == {"Kari": "1001", "Ola": "1002", "Liv": "p-3"}
    assert people["Kari"].manager_number == "p-3"


def test_a_field_that_nobody_has_is_told(hr: FakeKsHr, clock: FakeClock) -> None:
    with pytest.raises(NumberFieldEmptyError) as caught:
        open_ks_hr(hr, clock, number_field="ansattnr").people()
    assert caught.value.facts == {"setting": "number_field", "field": "ansattnr"}


@pytest.mark.parametrize("field", ["national_id", "id"])
def test_no_national_id_becomes_an_employee_number(hr: FakeKsHr, clock: FakeClock, field: str) -> None:
    hr.now["person"][0]["newRecord"]["id"] = f"{KARI[:6]} {KARI[6:]}"
    with pytest.raises(NumberFieldForbiddenError) as caught:
        list(open_ks_hr(hr, clock, number_field=field).people().people)
    assert KARI not in str(caught.value)


def test_a_source_that_was_lent_no_numbers_makes_none(hr: FakeKsHr) -> None:
    source = set_up(KsHr, {"url": hr.url, "user": USER, "password": PASSWORD})
    with pytest.raises(NoNumbersError):
        source.reach_by(GuardedFetch(("127.0.0.1",))).people()


WRONG = {
    "truncated": (Wrong(200, NDJSON, b'{"changeType":"add","newRecord":{}}\n{"changeType":"ad'), BrokenLineError),
    "a list": (Wrong(200, NDJSON, b"[1, 2]\n"), BrokenLineError),
    "no change": (Wrong(200, NDJSON, b'{"national_id": "1"}\n'), BrokenLineError),
    "deep": (Wrong(200, NDJSON, b"[" * 100_000), BrokenLineError),
    "no text": (Wrong(200, NDJSON, b"\xff\xfe\x00\n"), BrokenLineError),
    "a page": (Wrong(200, {"Content-Type": "text/html"}, b"<html>Vedlikehold</html>"), NotNdjsonError),
    "a page that says it is data": (Wrong(200, NDJSON, b"\n <html>Vedlikehold</html>"), NotNdjsonError),
    "JSON": (Wrong(200, {"Content-Type": "application/json"}, b"{}"), NotNdjsonError),
    "no type": (Wrong(200, {}, b"{}"), NotNdjsonError),
    "not signed in": (Wrong(401, {}, b""), RefusedError),
    "not allowed": (Wrong(403, {}, b""), RefusedError),
    "not there": (Wrong(404, {}, b""), MisconfiguredError),
    "elsewhere": (Wrong(302, {"Location": "https://login.example"}, b""), MisconfiguredError),
    "down": (Wrong(503, {}, b"<html>"), KsHrUnreachableError),
    "broken": (Wrong(500, {}, b""), KsHrUnreachableError),
    "odd": (Wrong(418, {}, b""), KsHrUnreachableError),
    "shorter than it says": (Wrong(200, {**NDJSON, "Content-Length": "999"}, b"{}"), UnreachableError),
}


@pytest.mark.parametrize("stream", ["person", "organisation", "employee_position"])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_fails_the_whole_feed(hr: FakeKsHr, source: KsHr, name: str, stream: str) -> None:
    hr.wrong[stream], error = WRONG[name]
    with pytest.raises(error) as caught:
        source.people()
    assert isinstance(caught.value, ConnectorError)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("told", "wait_s"), [("120", 120), ("", 60), ("Wed, 21 Oct 2026 07:28:00 GMT", 60), ("99999999", 86400), ("²", 60)]
)
def test_a_busy_system_says_when_to_come_back(told: str, wait_s: int, hr: FakeKsHr, source: KsHr) -> None:
    hr.wrong["person"] = Wrong(429, {"Retry-After": told.encode("ascii", "ignore").decode()}, b"")
    with pytest.raises(KsHrBusyError) as caught:
        source.people()
    assert caught.value.facts == {"wait_s": wait_s}


def test_an_answer_without_end_is_bounded(hr: FakeKsHr, clock: FakeClock) -> None:
    hr.wrong["person"] = Wrong(200, NDJSON, b"\n" * 200_000)
    with pytest.raises(KsHrTooLargeError):
        open_ks_hr(hr, clock, Limits(5, 5, 100_000)).people()


def test_an_empty_system_tells_of_nobody(clock: FakeClock) -> None:
    with running_ks_hr() as empty:
        feed = open_ks_hr(empty, clock).people()
        assert (list(feed.people), feed.total, feed.is_full) == ([], 0, True)


def test_a_test_of_the_connection_reads_little(hr: FakeKsHr, source: KsHr) -> None:
    source.check()
    assert len(hr.asked) == 3
    assert all("fromDate=" in one for one in hr.asked)
    hr.wrong["organisation"] = Wrong(403, {}, b"")
    with pytest.raises(RefusedError):
        source.check()


def test_the_wrong_password_is_refused(hr: FakeKsHr, clock: FakeClock) -> None:
    with pytest.raises(RefusedError):
        open_ks_hr(hr, clock, password="feil").check()


def test_private_networks_are_not_reached_unlisted(hr: FakeKsHr, clock: FakeClock) -> None:
    with pytest.raises(MisconfiguredError):
        open_ks_hr(hr, clock).reach_by(GuardedFetch(())).check()


def test_the_settings_explain_themselves_and_the_secret_does_not_print(source: KsHr) -> None:
    assert all(entry.help for entry in settings_of(KsHr))
    assert [entry.name for entry in settings_of(KsHr) if entry.secret] == ["password"]
    assert PASSWORD not in repr(source)


@pytest.mark.slow
def test_many_positions_are_joined_in_bounded_memory(hr: FakeKsHr, source: KsHr) -> None:
    """Twenty thousand, as measuring takes long; a hundred thousand take five times as much."""
    for number in range(20_000):
        nid = f"8199{number:07}"
        hr.add("person", person(nid, "Fornavn", f"Etternavn {number}", email=f"n{number}@rollag.example"))
        hr.add("employee_position", position(nid, "12", f"Stilling {number % 300}"))
    tracemalloc.start()
    count = sum(1 for _ in source.people().people)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_003
    assert peak < 50_000_000
