"""Too many users who leave on one day stay employed and wait in quarantine; a run of the source puts all in line."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from sidecar.connectors.records import PersonRecord
from sidecar.core import quarantine, scim_resources, sync_runs
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.core.people_sources import APPROVED, DONE, QUARANTINED, Source, SyncChange, SyncRun
from sidecar.core.people_writing import end_employments
from sidecar.core.scim_resources import ENTERPRISE
from sidecar.runtime import Sidecar
from sidecar.sync.intakes import run_part
from sidecar.sync.people_import import import_people
from sidecar.sync.scim import resources
from sidecar.sync.scim.resources import Client
from tests.fakes.clock import FakeClock
from tests.fakes.entra import user

FALSE = {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
TRUE = {"Operations": [{"op": "Replace", "path": "active", "value": "True"}]}


@dataclass
class Town:
    """A municipality whose forty employees Entra ID pushes."""

    sidecar: Sidecar
    client: Client
    ids: list[str]

    def leave(self, *numbers: int) -> None:
        for number in numbers:
            resources.change(self.client, "User", self.ids[number], FALSE, "")

    def come_back(self, number: int) -> None:
        resources.change(self.client, "User", self.ids[number], TRUE, "")

    def ended(self) -> set[str]:
        with self.sidecar.reading() as db:
            left = Employment.ended_on.is_not(None)
            return set(db.scalars(select(Employment.employee_number).where(left)))

    def held(self) -> set[str]:
        with self.sidecar.reading() as db:
            query = select(Employment.employee_number).join(SyncChange, SyncChange.employment_id == Employment.id)
            return set(db.scalars(query))

    def runs(self) -> list[SyncRun]:
        with self.sidecar.reading() as db:
            found = list(db.scalars(select(SyncRun).order_by(SyncRun.asked_at, SyncRun.id)))
            db.expunge_all()
            return found

    def source(self) -> Source:
        with self.sidecar.reading() as db:
            found = db.scalars(select(Source)).one()
            db.expunge_all()
            return found

    def decide(self, *, is_approved: bool) -> None:
        (run,) = [one for one in self.runs() if one.state == QUARANTINED]
        with self.sidecar.transaction() as db:
            quarantine.decide(db, run.id, self.sidecar.now(), decided_by=None, is_approved=is_approved)

    def run_what_waits(self) -> list[str]:
        """Run the source if it was asked to; return the states of all runs."""
        for one in self.runs():
            run_part(self.sidecar, one.id)
        return [one.state for one in self.runs()]


@pytest.fixture
def town(sidecar: Sidecar, rollag: Municipality) -> Town:
    client = Client(sidecar, rollag.id)
    made = [resources.create(client, "User", user(f"Navn{n} Etternavn{n}", str(n))) for n in range(40)]
    return Town(sidecar, client, [one.id for one in made])


def test_a_few_leave_at_once(town: Town) -> None:
    town.leave(1, 2, 3, 4)
    assert (town.ended(), town.runs()) == ({"1", "2", "3", "4"}, [])


def test_more_than_the_share_of_a_week_wait(town: Town, clock: FakeClock) -> None:
    town.leave(*range(10))
    assert (town.ended(), town.held()) == ({"0", "1", "2", "3"}, {"4", "5", "6", "7", "8", "9"})
    (run,) = town.runs()
    assert (run.state, run.counts) == (QUARANTINED, {"would_end": 6, "employed": 36})
    clock.advance(days=1)
    town.leave(11)
    assert town.held() == {"4", "5", "6", "7", "8", "9", "11"}


def test_those_who_wait_leave_when_somebody_approves(town: Town) -> None:
    town.leave(*range(10))
    town.decide(is_approved=True)
    assert sorted(town.run_what_waits()) == [APPROVED, DONE]
    assert town.ended() == {str(number) for number in range(10)}
    assert town.held() == set()


def test_those_who_wait_stay_when_somebody_rejects(town: Town) -> None:
    town.leave(*range(10))
    town.decide(is_approved=False)
    assert (town.ended(), town.held()) == ({"0", "1", "2", "3"}, set())


def test_who_is_activated_again_does_not_wait_any_more(town: Town) -> None:
    town.leave(*range(6))
    town.come_back(4)
    assert town.held() == {"5"}
    town.come_back(5)
    (run,) = town.runs()
    assert (town.held(), run.state) == (set(), DONE)


def test_who_is_deleted_waits_too(town: Town) -> None:
    town.leave(*range(4))
    resources.delete(town.client, "User", town.ids[5], "")
    assert (town.held(), "5" in town.ended()) == ({"5"}, False)


def test_the_share_of_the_source_counts(town: Town) -> None:
    with town.sidecar.transaction() as db:
        db.scalars(select(Source)).one().quarantine_percent = 50
    town.leave(*range(20))
    assert (len(town.ended()), town.held()) == (20, set())


def test_the_same_who_waits_is_written_once(town: Town) -> None:
    town.leave(*range(6))
    town.leave(4, 5)
    resources.change(town.client, "User", town.ids[4], {"Operations": [{"op": "add", "value": {"title": "X"}}]}, "")
    assert town.held() == {"4", "5"}


def test_a_run_of_the_source_puts_employments_in_line(town: Town) -> None:
    with town.sidecar.transaction() as db:
        seven = db.scalars(select(Employment.id).where(Employment.employee_number == "7")).one()
        end_employments(db, [seven], today=town.sidecar.today(), now=town.sidecar.now())
        sync_runs.ask(db, db.scalars(select(Source)).one(), town.sidecar.now())
    assert town.run_what_waits() == [DONE]
    assert town.ended() == set()


def test_a_client_that_has_pushed_nobody_ends_nobody(town: Town) -> None:
    with town.sidecar.transaction() as db:
        for one in db.scalars(select(scim_resources.ScimResource)):
            db.delete(one)
        sync_runs.ask(db, db.scalars(select(Source)).one(), town.sidecar.now())
    assert town.run_what_waits() == ["failed"]
    assert town.ended() == set()


def test_one_source_is_made_and_runs_by_hand_only(town: Town) -> None:
    source = town.source()
    assert (source.interval_minutes, source.next_run_at, source.kind) == (0, None, "people")


def body(number: int, name: str, unit: str = "Sykehjemmet") -> dict[str, object]:
    """Return a user as the client replaces one."""
    made = user(name, str(number), userName=f"Navn{number}@rollag.example")
    made[ENTERPRISE]["department"] = unit
    return made


def units(town: Town) -> dict[str, str]:
    with town.sidecar.reading() as db:
        return {one.employee_number: one.unit for one in db.scalars(select(Employment))}


def names(town: Town) -> dict[str, str]:
    with town.sidecar.reading() as db:
        query = select(Employment.employee_number, Person.first_name).join(Person, Person.id == Employment.person_id)
        return {row[0]: row[1] for row in db.execute(query)}


def move(town: Town, *numbers: int, unit: str = "Skolen") -> None:
    for number in numbers:
        moved = body(number, f"Navn{number} Etternavn{number}", unit)
        resources.replace(town.client, "User", town.ids[number], moved, "")


def test_moves_and_leavers_share_what_a_week_may_bring(town: Town, clock: FakeClock) -> None:
    town.leave(0, 1)
    move(town, *range(2, 12))
    moved = {number for number, unit in units(town).items() if unit == "Skolen"}
    assert (moved, town.held()) == ({"2", "3"}, {str(number) for number in range(4, 12)})
    (run,) = town.runs()
    assert (run.state, run.counts) == (QUARANTINED, {"would_move": 8, "employed": 38})
    town.leave(20)
    assert "20" not in town.ended()
    town.decide(is_approved=False)
    clock.advance(days=7)
    town.leave(21)
    assert "21" in town.ended()


def test_moves_that_wait_happen_when_somebody_approves_or_end_when_taken_back(town: Town) -> None:
    move(town, *range(10))
    move(town, 9, unit="Sykehjemmet")
    assert town.held() == {"4", "5", "6", "7", "8"}
    town.decide(is_approved=True)
    assert sorted(town.run_what_waits()) == [APPROVED, DONE]
    assert {number for number, unit in units(town).items() if unit == "Skolen"} == {str(n) for n in range(9)}


def test_what_else_is_told_of_who_waits_to_move_goes_in(town: Town) -> None:
    move(town, *range(5))
    title = {"Operations": [{"op": "add", "value": {"title": "Rektor"}}]}
    resources.change(town.client, "User", town.ids[4], title, "")
    with town.sidecar.reading() as db:
        four = db.scalars(select(Employment).where(Employment.employee_number == "4")).one()
        assert (four.position, four.unit) == ("Rektor", "Sykehjemmet")
    assert town.held() == {"4"}


def test_a_number_of_another_name_always_waits(town: Town) -> None:
    resources.replace(town.client, "User", town.ids[7], body(7, "Ny Annen"), "")
    assert (names(town)["7"], town.held()) == ("Navn7", {"7"})
    (run,) = town.runs()
    assert run.counts == {"would_replace": 1, "employed": 40}
    town.decide(is_approved=True)
    town.run_what_waits()
    assert names(town)["7"] == "Ny"
    resources.replace(town.client, "User", town.ids[8], body(8, "Navn8 Gift"), "")
    assert town.held() == set(), "a marriage is nobody else"


def test_who_was_imported_by_hand_is_not_taken_over_under_another_name(town: Town) -> None:
    by_hand = [PersonRecord("3000", "Ekte", "Person"), PersonRecord("3001", "Liv", "Dahl")]
    import_people(town.sidecar, operator_at_the_console(), town.client.municipality_id, by_hand)
    stranger = resources.create(town.client, "User", user("Fremmed Stjal", "3000"))
    resources.create(town.client, "User", user("Liv Dahl", "3001"))
    assert (names(town)["3000"], town.held(), stranger.employment_id) == ("Ekte", {"3000"}, None)
    resources.change(town.client, "User", stranger.id, FALSE, "")
    assert "3000" not in town.ended(), "a stranger ends nobody's employment"


def test_who_is_pushed_after_the_first_week_or_comes_back_begins_today(town: Town, clock: FakeClock) -> None:
    town.leave(1)
    clock.advance(days=100)
    town.come_back(1)
    resources.create(town.client, "User", user("Ny Ansatt", "4000"))
    with town.sidecar.reading() as db:
        days = {one.employee_number: one.started_on for one in db.scalars(select(Employment))}
    today = town.sidecar.today()
    assert (days.pop("1"), days.pop("4000")) == (today, today)
    assert set(days.values()) == {None}, "they were there before they were pushed"


def test_invented_users_make_no_room_for_those_who_are_deleted(town: Town, clock: FakeClock) -> None:
    clock.advance(days=30)
    for number in range(1000, 1060):
        resources.create(town.client, "User", user(f"Oppdiktet{number} Helt", str(number)))
    for number in range(10):
        resources.delete(town.client, "User", town.ids[number], "")
    assert len(town.ended()) == 4
    assert len(town.held()) == 6


def test_a_few_a_day_wait_too(town: Town, clock: FakeClock) -> None:
    town.leave(0, 1, 2)
    clock.advance(days=3)
    town.leave(3, 4, 5)
    assert (town.ended(), town.held()) == ({"0", "1", "2", "3"}, {"4", "5"})


def test_new_first_names_beyond_the_share_keep_the_old_ones_until_somebody_approves(town: Town) -> None:
    for number in range(10):
        resources.replace(town.client, "User", town.ids[number], body(number, f"Annen{number} Etternavn{number}"), "")
    renamed = {number for number, first in names(town).items() if first.startswith("Annen")}
    assert (len(renamed), len(town.held())) == (4, 6)
    (run,) = town.runs()
    assert run.counts["would_rename"] == 6
    town.decide(is_approved=True)
    assert sorted(town.run_what_waits()) == [APPROVED, DONE]
    assert sum(first.startswith("Annen") for first in names(town).values()) == 10
