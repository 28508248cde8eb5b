"""Rows that go past the ORM are written as the ORM would write them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from sidecar.core.people import Identity
from sidecar.core.statements import among, dialect_of, insert_now, update_now
from sidecar.runtime import Sidecar
from tests.fakes.learner import add_identity, add_platform


def find(sidecar: Sidecar, identity_id: str) -> Identity:
    with sidecar.reading() as db:
        return db.get_one(Identity, identity_id)


def test_a_row_is_inserted_with_its_defaults_and_no_session_keeps_it(sidecar: Sidecar) -> None:
    now = sidecar.now()
    row = Identity(platform_id=add_platform(sidecar), subject="7", first_seen_at=now, last_seen_at=now)
    with sidecar.transaction() as db:
        insert_now(db, row)
        row.name = "set too late"
    found = find(sidecar, row.id)
    assert (found.subject, found.name, found.first_seen_at, found.person_id) == ("7", None, now, None)


def test_an_update_writes_every_column_of_that_row_alone(sidecar: Sidecar) -> None:
    platform_id = add_platform(sidecar)
    changed, other = add_identity(sidecar, platform_id, "1"), add_identity(sidecar, platform_id, "2")
    row, later = find(sidecar, changed), sidecar.now() + timedelta(hours=1)
    row.name, row.last_seen_at = None, later
    with sidecar.transaction() as db:
        update_now(db, row)
    assert (find(sidecar, changed).name, find(sidecar, changed).last_seen_at) == (None, later)
    assert find(sidecar, other).name == "Kari Ås"


@pytest.mark.parametrize(
    ("asked", "found"), [([], []), (["1", "æ'\"]", "3"], ["1", "æ'\"]"]), ([str(n) for n in range(5000)], ["1", "2"])]
)
def test_rows_are_found_by_one_of_many_texts(sidecar: Sidecar, asked: list[str], found: list[str]) -> None:
    platform_id = add_platform(sidecar)
    for subject in ("1", "2", "æ'\"]"):
        add_identity(sidecar, platform_id, subject)
    with sidecar.reading() as db:
        query = select(Identity.subject).where(among(dialect_of(db), Identity.subject, "subjects"))
        assert sorted(db.scalars(query, {"subjects": asked})) == found
