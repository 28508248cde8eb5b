"""Everybody is looked at anew after the rules changed, in parts that do not take too long."""

import pytest
from sqlalchemy import func, select

from sidecar.core.access import operator_at_the_console
from sidecar.core.matching_rules import BY_EMAIL, KIND, set_rule
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.person_matches import ASK, OFF, PersonMatch
from sidecar.runtime import PATIENT, Sidecar
from sidecar.sync import look_alikes
from tests.fakes.clock import FakeClock
from tests.fakes.worker import perform_due
from tests.sidecar.core.folk import Folk

CONSOLE = operator_at_the_console()


def set_email(sidecar: Sidecar, action: str) -> None:
    with sidecar.transaction() as db:
        set_rule(db, CONSOLE, BY_EMAIL, action=action, now=sidecar.now())


def found(sidecar: Sidecar) -> int:
    with sidecar.reading() as db:
        return db.scalar(select(func.count()).select_from(PersonMatch)) or 0


def asked(sidecar: Sidecar) -> int:
    with sidecar.reading() as db:
        return db.scalar(select(func.count()).where(OutboxItem.kind == KIND)) or 0


@pytest.fixture
def pairs(sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality) -> int:
    """Three pairs of people with one address each."""
    folk = Folk(sidecar)
    for number in range(3):
        for municipality in (kongsberg, rollag):
            folk.person(municipality.id, f"{number}", f"Kari Nordmann{number}", email=f"kari{number}@example.no")
    return 3


def test_a_changed_rule_looks_at_everybody_soon_and_once(sidecar: Sidecar, clock: FakeClock, pairs: int) -> None:
    set_email(sidecar, OFF)
    set_email(sidecar, ASK)
    perform_due(sidecar)
    assert (found(sidecar), asked(sidecar)) == (0, 1)
    clock.advance(minutes=1)
    perform_due(sidecar)
    assert found(sidecar) == pairs
    assert KIND in PATIENT


def test_what_takes_long_goes_on_in_a_further_part(
    sidecar: Sidecar, clock: FakeClock, pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_alikes, "PEOPLE_A_TIME", 1)
    monkeypatch.setattr(look_alikes, "PART_S", -1.0)
    set_email(sidecar, ASK)
    seen = []
    for _ in range(2 * pairs):
        clock.advance(minutes=1)
        perform_due(sidecar)
        seen.append(found(sidecar))
    assert seen[0] == 1
    assert seen[-1] == pairs
    assert asked(sidecar) == 2 * pairs
    clock.advance(minutes=1)
    assert perform_due(sidecar) == []
