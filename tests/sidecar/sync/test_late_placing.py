"""What waits for people finds them: one who is pushed at once, all others later and a piece at a time."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from sidecar.connecting import add_connection
from sidecar.connectors.records import PersonRecord
from sidecar.core import completion_matching, placing
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.people import Identity
from sidecar.core.people_sources import Source
from sidecar.core.placing import KIND, ask_to_place, check_pattern
from sidecar.core.platforms import PlatformMunicipality
from sidecar.runtime import Sidecar
from sidecar.sync import sources
from sidecar.sync.people_intake import apply_records
from tests.fakes.clock import FakeClock
from tests.fakes.statements import counting
from tests.fakes.worker import perform_due
from tests.sidecar.sync.hr import OPERATOR
from tests.sidecar.telling import World, employ, make_world, told


@pytest.fixture
def world(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> World:
    return make_world(sidecar, kongsberg, rollag)


@pytest.fixture
def source(sidecar: Sidecar, kongsberg: Municipality) -> Source:
    return sources.add_source(sidecar, OPERATOR, add_connection(sidecar, OPERATOR, kongsberg.id, "hr_upload", {}).id)


def push(world: World, kongsberg: Municipality, source: Source, number: str) -> None:
    record = PersonRecord(number, "Ola", "Hansen")
    with world.sidecar.transaction() as db:
        apply_records(db, kongsberg.id, source.id, [record], units=(), now=world.sidecar.now())


def account(world: World, value: str) -> str:
    now = world.sidecar.now()
    with world.sidecar.transaction() as db:
        new = Identity(platform_id=world.platform_id, subject=value, first_seen_at=now, last_seen_at=now)
        new.person_sourcedid = value
        db.add(new)
        db.flush()
        return new.id


def waiting(world: World) -> tuple[set[str], set[str]]:
    """What accounts and completions wait, by what the LMS says."""
    with world.sidecar.reading() as db:
        accounts = db.scalars(select(Identity.person_sourcedid).where(Identity.person_id.is_(None))).all()
        holders = db.scalars(select(Evidence.holder).where(Evidence.person_id.is_(None))).all()
    return {one for one in accounts if one}, {one for one in holders if one}


def asked(sidecar: Sidecar) -> Sequence[str]:
    with sidecar.reading() as db:
        return db.scalars(select(OutboxItem.subject).where(OutboxItem.kind == KIND)).all()


def test_who_is_pushed_is_placed_at_once_and_the_rest_is_only_asked_for(
    world: World, kongsberg: Municipality, source: Source, clock: FakeClock
) -> None:
    world.lms.rows.extend([told("3303-1002"), told("3303-1003")])
    world.run()
    for number in ("1002", "1003"):
        account(world, f"{kongsberg.slug}:{number}")
    employ(world.sidecar, kongsberg, "1003", "Eva")
    push(world, kongsberg, source, "1002")
    assert waiting(world) == ({"kongsberg:1003"}, {"3303-1003"})
    assert len(world.completions) == 1
    push(world, kongsberg, source, "1004")
    assert asked(world.sidecar) == [kongsberg.id], "once a minute"
    perform_due(world.sidecar)
    assert waiting(world) == ({"kongsberg:1003"}, {"3303-1003"})
    clock.advance(minutes=1)
    perform_due(world.sidecar)
    assert waiting(world) == (set(), set())
    assert len(world.completions) == 2


def test_what_only_a_pattern_reads_is_placed_a_minute_later(
    world: World, kongsberg: Municipality, source: Source, clock: FakeClock
) -> None:
    with world.sidecar.transaction() as db:
        speaks = db.get_one(PlatformMunicipality, (world.platform_id, kongsberg.id))
        speaks.pattern = check_pattern(r"K(?P<employee_number>\d+)")
    account(world, "K1002")
    push(world, kongsberg, source, "1002")
    assert waiting(world)[0] == {"K1002"}
    clock.advance(minutes=1)
    perform_due(world.sidecar)
    assert waiting(world)[0] == set()


def test_a_number_that_two_have_is_pushed_to_nobody(world: World, kongsberg: Municipality, source: Source) -> None:
    account(world, "1001")
    world.lms.rows.append(told("1001"))
    world.run()
    push(world, kongsberg, source, "1001")
    assert waiting(world) == ({"1001"}, {"1001"})


def test_no_transaction_takes_all_that_waits(
    world: World, kongsberg: Municipality, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [str(2000 + one) for one in range(5)]
    world.lms.rows.extend([told(f"3303-{number}") for number in numbers])
    world.lms.rows.append(told("3303-9999"))
    world.run()
    for number in numbers:
        account(world, f"3303-{number}")
        employ(world.sidecar, kongsberg, number, "Eva")
    monkeypatch.setattr(placing, "IDENTITIES_A_TIME", 2)
    monkeypatch.setattr(completion_matching, "PIECES_A_TIME", 2)
    with world.sidecar.transaction() as db:
        ask_to_place(db, kongsberg.id, clock())
    clock.advance(minutes=1)
    with counting(world.sidecar) as said:
        perform_due(world.sidecar)
    limited = [one for one in said if "LIMIT" in one]
    assert sum("FROM identity" in one for one in limited) == 3
    assert sum("FROM evidence" in one for one in limited) == 4
    assert waiting(world) == (set(), {"3303-9999"})
    assert len(world.completions) == 5
