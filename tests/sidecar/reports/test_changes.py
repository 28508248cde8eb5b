"""What a municipality's systems fetch: every change once, numbered without a gap, and nothing of anybody else."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from sidecar import housekeeping
from sidecar.core import api_tokens, change_feed, change_pulls, change_records, change_writing
from sidecar.core.access import operator_at_the_console
from sidecar.core.api_tokens import ApiToken
from sidecar.core.change_feed import ChangeEntry, ChangeKnown, ChangeState, CursorAheadError, CursorTooOldError
from sidecar.core.change_records import Naming
from sidecar.core.data_subjects import of_key
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.settling import settle
from sidecar.privacy import erase
from sidecar.reports import changes
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.sidecar.reports.world import World

AT = datetime(2026, 9, 3, 10, tzinfo=UTC)


class Feed:
    """The changes of Kongsberg as its system fetches them."""

    def __init__(self, sidecar: Sidecar, municipality: Municipality) -> None:
        self.sidecar = sidecar
        self.municipality = municipality
        with sidecar.transaction() as db:
            self.token, _ = api_tokens.add_token(
                db,
                operator_at_the_console(),
                municipality.id,
                scope="changes",
                name="Lønn",
                days=30,
                now=sidecar.now(),
            )

    def write(self) -> int:
        return changes.write_all(self.sidecar, self.municipality.id)

    def read(self, after: int = 0, limit: int = 100) -> list[dict[str, object]]:
        with self.sidecar.reading() as db:
            last, _ = change_pulls.find_last(db, self.token, after, limit)
            return [json.loads(line) for line in change_pulls.iter_lines(db, self.token, after, last)]


@pytest.fixture
def feed(sidecar: Sidecar, kongsberg: Municipality) -> Feed:
    return Feed(sidecar, kongsberg)


@pytest.fixture
def ada(world: World, kongsberg: Municipality) -> tuple[Employment, Identity, Evidence]:
    employment = world.employ(kongsberg, "1001", "Ada Lie")
    account = world.identity("ada", employment.person_id)
    return employment, account, world.complete(account, world.course("brannvern", "Brannvern"), AT, 0.9)


def test_a_completion_is_told_once(feed: Feed, ada: tuple[Employment, Identity, Evidence]) -> None:
    assert feed.write() == 1
    assert feed.write() == 0
    [line] = feed.read()
    assert (line["seq"], line["changeType"], line["oldRecord"]) == (1, "add", None)
    record = line["newRecord"]
    assert isinstance(record, dict)
    told = {name: record[name] for name in ("employee_ref", "course_id", "status", "score", "municipality_orgnr")}
    assert told == {
        "employee_ref": "1001",
        "course_id": "brannvern",
        "status": "completed",
        "score": 0.9,
        "municipality_orgnr": "942402465",
    }
    assert record["completed_at"] == "2026-09-03T10:00:00Z"
    assert "Lie" not in json.dumps(line)


def test_what_changes_and_ends_is_told_with_what_was_before(
    feed: Feed, ada: tuple[Employment, Identity, Evidence], sidecar: Sidecar
) -> None:
    employment, _, evidence = ada
    feed.write()
    with sidecar.transaction() as db:
        db.execute(update(Employment).where(Employment.id == employment.id).values(unit="Skole"))
    feed.write()
    with sidecar.transaction() as db:
        db.execute(update(Evidence).where(Evidence.id == evidence.id).values(state="withdrawn"))
        settle(db, {(employment.person_id, evidence.course_id)}, sidecar.now())
    feed.write()
    added, modified, deleted = feed.read()
    assert [one["changeType"] for one in (added, modified, deleted)] == ["add", "modify", "delete"]
    assert modified["oldRecord"] == added["newRecord"]
    assert deleted["oldRecord"] == modified["newRecord"]
    assert deleted["newRecord"] is None
    assert feed.read(after=3) == []
    assert [one["seq"] for one in feed.read(after=1, limit=1)] == [2]


def test_nothing_of_another_municipality_is_told(
    feed: Feed, world: World, rollag: Municipality, ada: tuple[Employment, Identity, Evidence], sidecar: Sidecar
) -> None:
    other = world.employ(rollag, "7", "Bo Dahl")
    world.complete(world.identity("bo", other.person_id), world.course("hygiene", "Hygiene"), AT)
    feed.write()
    changes.write_all(sidecar, rollag.id)
    assert [one["seq"] for one in feed.read()] == [1]
    assert len(Feed(sidecar, rollag).read()) == 1


def test_pseudonyms_differ_between_municipalities_and_stay_the_same_within_one(
    feed: Feed, world: World, rollag: Municipality, ada: tuple[Employment, Identity, Evidence], sidecar: Sidecar
) -> None:
    employment, account, _ = ada
    world.employ(rollag, "9", "Ada Lie", person_id=employment.person_id)
    world.complete(account, world.course("hygiene", "Hygiene"), AT + timedelta(days=1))
    feed.write()
    changes.write_all(sidecar, rollag.id)
    here = {one["newRecord"]["person_pseudonym"] for one in feed.read()}  # type: ignore[index]
    there = {one["newRecord"]["person_pseudonym"] for one in Feed(sidecar, rollag).read()}  # type: ignore[index]
    assert (len(here), len(there), len(here & there)) == (1, 1, 0)
    told = changes.give_new_pseudonyms(sidecar, operator_at_the_console(), feed.municipality.id)
    assert told == 2
    assert {one["newRecord"]["person_pseudonym"] for one in feed.read(after=2)} != here  # type: ignore[index]


def test_who_is_erased_goes_out_of_what_was_told_too(
    feed: Feed, ada: tuple[Employment, Identity, Evidence], sidecar: Sidecar
) -> None:
    employment, *_ = ada
    feed.write()
    with sidecar.reading() as db:
        subject = of_key(db, operator_at_the_console(), employment.person_id)
    erase(sidecar, operator_at_the_console(), subject)
    feed.write()
    added, deleted = feed.read()
    for record in (added["newRecord"], deleted["oldRecord"]):
        assert isinstance(record, dict)
        assert {record[name] for name in change_feed.ERASED_FIELDS} == {None}
        assert record["record_id"]
    assert "1001" not in json.dumps([added, deleted])


def test_a_cursor_behind_the_end_is_refused(feed: Feed, ada: tuple[Employment, Identity, Evidence]) -> None:
    feed.write()
    with pytest.raises(CursorAheadError):
        feed.read(after=2)


def test_what_was_superseded_long_ago_goes_and_what_holds_stays(
    feed: Feed, ada: tuple[Employment, Identity, Evidence], sidecar: Sidecar, clock: FakeClock
) -> None:
    employment, *_ = ada
    feed.write()
    for unit in ("Skole", "Helse"):
        with sidecar.transaction() as db:
            db.execute(update(Employment).where(Employment.id == employment.id).values(unit=unit))
        feed.write()
    before = feed.read()[-1]["newRecord"]
    clock.advance(days=91)
    feed.write()
    feed.write()
    [line] = feed.read()
    assert (line["changeType"], line["oldRecord"], line["newRecord"]) == ("add", None, before)
    with pytest.raises(CursorTooOldError):
        feed.read(after=1)


def test_numbers_have_no_gap_where_two_write_at_once(feed: Feed, world: World, sidecar: Sidecar) -> None:
    course = world.course("brannvern", "Brannvern")
    for number in range(5):
        employment = world.employ(feed.municipality, str(number), f"Ada Lie{number}")
        world.complete(world.identity(str(number), employment.person_id), course, AT)
    assert feed.write() + feed.write() == 5
    with sidecar.reading() as db:
        assert db.scalars(select(ChangeEntry.seq).order_by(ChangeEntry.seq)).all() == [1, 2, 3, 4, 5]
        assert db.scalar(select(ChangeState.last_seq)) == 5
        assert db.scalar(select(func.count()).select_from(ChangeKnown)) == 5


def test_only_municipalities_with_a_valid_token_are_looked_at(
    feed: Feed, sidecar: Sidecar, rollag: Municipality, clock: FakeClock
) -> None:
    assert changes.ask_where_due(sidecar) == 1
    assert changes.ask_where_due(sidecar) == 0
    feed.write()
    with sidecar.transaction() as db:
        db.execute(update(ApiToken).values(revoked_at=sidecar.now()))
    clock.advance(minutes=20)
    assert changes.ask_where_due(sidecar) == 0


def test_a_name_that_changes_is_no_change(
    feed: Feed, ada: tuple[Employment, Identity, Evidence], sidecar: Sidecar
) -> None:
    feed.write()
    with sidecar.transaction() as db:
        db.execute(update(Person).values(last_name="Berg"))
    assert feed.write() == 0


def _learn_of(world: World, feed: Feed, count: int) -> list[Employment]:
    course = world.course("hygiene", "Hygiene")
    found = [world.employ(feed.municipality, f"9{number}", f"Bo Nr{number}") for number in range(count)]
    for one in found:
        world.complete(world.identity(one.employee_number, one.person_id), course, AT)
    return found


def test_a_feed_goes_ninety_days_after_its_last_token_ended(
    feed: Feed, world: World, sidecar: Sidecar, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    _learn_of(world, feed, 5)
    feed.write()
    before = {one["newRecord"]["person_pseudonym"] for one in feed.read()}  # type: ignore[index]
    clock.advance(days=30 + 89)
    assert _removed(sidecar) == 0
    clock.advance(days=2)
    assert housekeeping.count_due(sidecar)["change_entries"] == 5
    assert _removed(sidecar) == 5
    assert _removed(sidecar) == 0
    with sidecar.reading() as db:
        assert db.scalar(select(func.count()).select_from(ChangeKnown)) == 0
    assert feed.read() == []
    again = Feed(sidecar, feed.municipality)
    assert again.write() == 5
    assert [one["changeType"] for one in again.read()] == ["add"] * 5
    assert not before & {one["newRecord"]["person_pseudonym"] for one in again.read()}  # type: ignore[index]
    for cursor in (1, 5):
        with pytest.raises(CursorTooOldError):
            again.read(after=cursor)


def test_a_feed_stays_while_a_token_opens_it_and_goes_after_the_last_was_taken_back(
    feed: Feed, world: World, sidecar: Sidecar, rollag: Municipality, clock: FakeClock
) -> None:
    _learn_of(world, feed, 1)
    feed.write()
    Feed(sidecar, rollag)
    with sidecar.transaction() as db:
        db.execute(update(ApiToken).values(expires_at=sidecar.now() + timedelta(days=700)))
    clock.advance(days=200)
    assert _removed(sidecar) == 0
    here = ApiToken.municipality_id == feed.municipality.id
    with sidecar.transaction() as db:
        db.execute(update(ApiToken).where(here).values(revoked_at=sidecar.now()))
    clock.advance(days=89)
    assert _removed(sidecar) == 0
    clock.advance(days=2)
    assert _removed(sidecar) == 1


def _removed(sidecar: Sidecar) -> int:
    removed, is_done = housekeeping.run(sidecar)
    assert is_done
    return removed["change_entries"]


def test_no_statement_names_more_rows_than_databases_take(
    feed: Feed, world: World, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (change_records, change_writing):
        monkeypatch.setattr(room, "KEYS_A_TIME", 2)
    found = _learn_of(world, feed, 5)
    with sidecar.transaction() as db:
        db.execute(update(Evidence).values(origin="manual", basis="course"))
        settle(
            db,
            {(one.person_id, evidence.course_id) for one in found for evidence in db.scalars(select(Evidence))},
            sidecar.now(),
        )
    assert feed.write() == 5
    assert {one["newRecord"]["evidence_kind"] for one in feed.read()} == {"session"}  # type: ignore[index]
    with sidecar.transaction() as db:
        db.execute(update(Employment).values(erased_at=sidecar.now()))
    assert feed.write() == 5
    assert feed.write() == 0


def test_a_digest_changes_with_the_key_and_makes_nothing_of_it_anew() -> None:
    naming = Naming(b"one")
    assert naming.mark == naming.name("digest") != Naming(b"other").mark
    assert naming.mark is naming.mark
