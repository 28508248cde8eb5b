"""Placing: exactly one employment matches what the LMS sends, or nobody is placed."""

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from sidecar.core import launches, placing
from sidecar.core.evidence import Evidence
from sidecar.core.launches import Learner
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Identity, Person
from sidecar.core.placing import check_pattern
from sidecar.core.platforms import Platform, PlatformMunicipality, add_platform
from sidecar.errors import InvalidInputError
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.lms import add_completion, add_course
from tests.fakes.statements import counting


@dataclass
class World:
    """One LMS of two municipalities, and what it says of its users."""

    sidecar: Sidecar
    platform_id: str
    municipalities: dict[str, Municipality]

    def employ(self, slug: str, number: str, ended_on: date | None = None, person_id: str | None = None) -> str:
        with self.sidecar.transaction() as db:
            if person_id is None:
                person = Person(first_name="Kari", last_name="Nordmann")
                db.add(person)
                db.flush()
                person_id = person.id
            db.add(
                Employment(
                    person_id=person_id,
                    municipality_id=self.municipalities[slug].id,
                    employee_number=number,
                    ended_on=ended_on,
                    imported_at=self.sidecar.now(),
                )
            )
            return person_id

    def launch(self, sourcedid: str | None, subject: str = "7", email: str | None = None) -> Identity:
        with self.sidecar.transaction() as db:
            learner = Learner(subject, "Kari Nordmann", email, sourcedid)
            return launches.welcome(db, self.platform_id, learner, self.sidecar.now())

    def set_pattern(self, slug: str, pattern: str) -> None:
        with self.sidecar.transaction() as db:
            row = db.get_one(PlatformMunicipality, (self.platform_id, self.municipalities[slug].id))
            row.pattern = check_pattern(pattern)

    def import_people(self, slug: str) -> int:
        with self.sidecar.transaction() as db:
            return placing.place_waiting(db, self.municipalities[slug].id, self.sidecar.now())

    def look(self, identity: Identity) -> Identity:
        with self.sidecar.reading() as db:
            return db.get_one(Identity, identity.id)


def _platform(db: Session, name: str, sidecar: Sidecar, *municipality_ids: str) -> str:
    url = f"https://{name}.example"
    new = Platform(
        name=name,
        issuer=url,
        client_id="1",
        auth_url=url,
        token_url=url,
        jwks_url=url,
        created_at=sidecar.now(),
    )
    return add_platform(db, new, deployment_ids=["1"], patterns=dict.fromkeys(municipality_ids)).id


@pytest.fixture
def world(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> World:
    with sidecar.transaction() as db:
        platform_id = _platform(db, "lms", sidecar, kongsberg.id, rollag.id)
    return World(sidecar, platform_id, {"kongsberg": kongsberg, "rollag": rollag})


NAMED = ["1001", "rollag-1001", "Rollag-1001", "ROLLAG_1001", "3336:1001", "964963282/1001", "rollag.1001"]


@pytest.mark.parametrize("value", NAMED)
def test_the_default_finds_the_number(world: World, value: str) -> None:
    person_id = world.employ("rollag", "1001")
    identity = world.launch(value)
    assert identity.person_id == person_id
    assert identity.placed_at == world.sidecar.now()


@pytest.mark.parametrize(
    "value",
    ["1002", "kongsberg-1001", "rollag1001", "rollag 1001", "rollag--1001", "-1001", "01001", "1001 x", "$x", ""],
)
def test_the_default_finds_nothing_else(world: World, value: str) -> None:
    world.employ("rollag", "1001")
    assert world.launch(value).person_id is None


def test_no_value_places_nobody_and_no_email_does(world: World) -> None:
    world.employ("rollag", "1001")
    assert world.launch(None, email="kari@rollag.example.invalid").person_id is None


def test_a_number_that_two_municipalities_use_places_nobody(world: World) -> None:
    world.employ("rollag", "1001")
    world.employ("kongsberg", "1001")
    assert world.launch("1001").person_id is None
    assert world.launch("kongsberg-1001", subject="8").person_id is not None


def test_a_number_that_reads_both_ways_places_nobody(world: World) -> None:
    world.employ("rollag", "1001")
    world.employ("rollag", "rollag-1001")
    assert world.launch("rollag-1001").person_id is None


def test_a_platform_speaks_for_its_own_municipalities_only(world: World, sidecar: Sidecar) -> None:
    world.employ("rollag", "1001")
    with sidecar.transaction() as db:
        world.platform_id = _platform(db, "other", sidecar, world.municipalities["kongsberg"].id)
    assert world.launch("1001").person_id is None
    assert world.launch("rollag-1001", subject="8").person_id is None


def test_who_has_left_is_not_placed_and_who_leaves_today_is(world: World) -> None:
    world.employ("rollag", "1001", ended_on=date(2026, 9, 14))
    world.employ("rollag", "1002", ended_on=date(2026, 9, 15))
    assert world.launch("1001").person_id is None
    assert world.launch("1002", subject="8").person_id is not None


def test_a_pattern_finds_the_number_and_replaces_the_default(world: World) -> None:
    person_id = world.employ("rollag", "1001")
    world.set_pattern("rollag", r"R(?P<employee_number>\d+)@rollag")
    assert world.launch("R1001@rollag").person_id == person_id
    assert world.launch("1001", subject="8").person_id is None
    assert world.launch("xR1001@rollag", subject="9").person_id is None


@pytest.mark.parametrize("pattern", ["(", r"\d+", "(?P<employee_number>" + "a" * 500 + ")"])
def test_a_pattern_that_cannot_work_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInputError):
        check_pattern(pattern)


def test_a_pattern_whose_group_is_optional_matches_nobody_without_it(world: World) -> None:
    world.employ("rollag", "1001")
    world.set_pattern("rollag", r"x(?P<employee_number>\d+)?")
    assert world.launch("x").person_id is None


def test_a_huge_value_is_not_kept(world: World) -> None:
    assert world.launch("1" * 256).person_sourcedid is None


def test_a_later_import_places(world: World) -> None:
    waiting, other = world.launch("rollag-1001"), world.launch("kongsberg-5", subject="8")
    assert waiting.person_id is None
    person_id = world.employ("rollag", "1001")
    assert world.import_people("rollag") == 1
    assert world.import_people("rollag") == 0
    assert world.look(waiting).person_id == person_id
    assert world.look(other).person_id is None


def test_an_import_asks_the_same_few_questions_however_many_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "NUMBERS_A_QUERY", 20)
    for number in range(30):
        world.launch(f"rollag-{number}", subject=f"s{number}")
        world.employ("rollag", str(number))
    asked: list[str] = []

    def note(*said: object) -> None:
        asked.append(str(said[2]))

    event.listen(world.sidecar.engine, "before_cursor_execute", note)
    assert world.import_people("rollag") == 30
    event.remove(world.sidecar.engine, "before_cursor_execute", note)
    assert len([statement for statement in asked if "FROM employment" in statement]) == 3  # 60 numbers, 20 at once
    assert len(asked) < 10


def test_an_import_into_one_municipality_still_sees_the_other(world: World) -> None:
    waiting = world.launch("1001")
    world.employ("kongsberg", "1001")
    world.employ("rollag", "1001")
    assert world.import_people("rollag") == 0
    assert world.look(waiting).person_id is None


def test_what_is_placed_stays_while_the_value_stays_or_is_left_out(world: World) -> None:
    person_id = world.employ("rollag", "1001")
    world.launch("1001")
    world.employ("kongsberg", "1001")
    assert world.launch("1001").person_id == person_id
    assert world.launch(None).person_id == person_id


def test_a_changed_value_moves_who_has_completed_nothing(world: World) -> None:
    world.employ("rollag", "1001")
    second = world.employ("rollag", "1002")
    world.launch("1001")
    assert world.launch("1002").person_id == second


def test_a_changed_value_of_the_same_person_keeps_the_completions(world: World) -> None:
    person_id = world.employ("rollag", "1001")
    world.employ("kongsberg", "77", person_id=person_id)
    identity = world.launch("rollag-1001")
    _complete(world, identity)
    moved = world.launch("kongsberg-77")
    assert moved.person_id == person_id
    assert moved.employment_id != identity.employment_id


@pytest.mark.parametrize("value", ["1002", "9999"], ids=["somebody else", "nobody"])
def test_a_handed_on_account_gives_nobody_anothers_completions(world: World, value: str) -> None:
    world.employ("rollag", "1001")
    other = world.employ("rollag", "1002")
    identity = world.launch("1001")
    _complete(world, identity)
    held = world.launch(value)
    assert (held.person_id, held.employment_id) == (None, None)
    assert world.import_people("rollag") == 0
    assert world.launch("1001").person_id is None
    world.launch(value)
    with world.sidecar.transaction() as db:
        assert [each.id for each in placing.list_held(db, world.platform_id)] == [identity.id]
        placed = placing.release(db, db.get_one(Identity, identity.id), world.sidecar.now())
    assert placed == (value == "1002")
    assert world.look(identity).person_id == (other if placed else None)


def _complete(world: World, identity: Identity) -> Evidence:
    return add_completion(world.sidecar, identity.id, add_course(world.sidecar, "brannvern", "Brannvern"), 0.8)


def test_what_the_lms_leaves_out_stays_known(world: World, clock: FakeClock) -> None:
    world.launch("1001", email="kari@example.invalid")
    clock.advance(hours=1)
    with world.sidecar.transaction() as db:
        again = launches.welcome(db, world.platform_id, Learner("7"), clock())
    assert (again.name, again.email, again.person_sourcedid) == ("Kari Nordmann", "kari@example.invalid", "1001")
    assert again.last_seen_at == clock()


def test_who_comes_for_the_first_time_and_who_is_placed_is_not_asked_what_they_earned(world: World) -> None:
    world.employ("rollag", "1001")
    with counting(world.sidecar) as said:
        assert world.launch("1001").person_id
        assert world.launch("1001").person_id
    assert said
    assert not [each for each in said if "evidence" in each or "completion" in each]
