"""Test that looks are written in one statement, and counted rather than heaped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import event, select

from sidecar.core import access_log
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.access_log import Look
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock

STINE = Viewer(identity_id="s" * 32, municipality_ids=frozenset({"m"}))


@pytest.fixture
def statements(sidecar: Sidecar) -> Iterator[list[str]]:
    """The statements that reach the database."""
    said: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        said.append(statement)

    event.listen(sidecar.engine, "before_cursor_execute", note)
    yield said
    event.remove(sidecar.engine, "before_cursor_execute", note)


def _record(sidecar: Sidecar, viewer: Viewer, *subject_ids: str) -> None:
    with sidecar.transaction() as db:
        access_log.record(db, viewer, "people-list", subject_ids, municipality_id="m", now=sidecar.now())


def _read(sidecar: Sidecar) -> list[Look]:
    with sidecar.reading() as db:
        found = list(db.scalars(select(Look).order_by(Look.subject_id, Look.day)))
        db.expunge_all()
        return found


def test_a_page_of_fifty_costs_one_statement(sidecar: Sidecar, statements: list[str]) -> None:
    _record(sidecar, STINE, *(f"{number:032}" for number in range(50)))
    assert [statement.split()[0] for statement in statements if "access_log" in statement] == ["INSERT"]
    assert len(_read(sidecar)) == 50


def test_looks_of_a_day_are_counted(sidecar: Sidecar, clock: FakeClock) -> None:
    first = clock()
    _record(sidecar, STINE, "a", "a")
    _record(sidecar, STINE, "a")
    again = clock.advance(hours=13)
    _record(sidecar, STINE, "a")
    clock.advance(hours=2)
    _record(sidecar, STINE, "a")
    found = [(one.day, one.looks, one.first_at, one.last_at) for one in _read(sidecar)]
    assert found == [(date(2026, 9, 15), 3, first, again), (date(2026, 9, 16), 1, clock(), clock())]


def test_viewers_are_told_apart_and_their_role_is_kept(sidecar: Sidecar) -> None:
    rkk = Viewer(identity_id="r" * 32, municipality_ids=frozenset({"m"}), rkk_for=frozenset({"m"}))
    manager = Viewer(identity_id="u" * 32, units=frozenset({("m", "Helse")}))
    for viewer in (STINE, rkk, manager, operator_at_the_console()):
        _record(sidecar, viewer, "a")
    assert {(one.viewer_id[0], one.role) for one in _read(sidecar)} == {
        ("s", "contact"),
        ("r", "rkk"),
        ("u", "manager"),
        ("c", "operator"),
    }


def test_nobody_seen_is_nothing_written(sidecar: Sidecar) -> None:
    _record(sidecar, STINE)
    assert _read(sidecar) == []
