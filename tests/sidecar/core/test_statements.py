"""Rows that go past the ORM are written as the ORM would write them."""

from datetime import timedelta

from sidecar.core.people import Identity
from sidecar.core.statements import insert_now, update_now
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
