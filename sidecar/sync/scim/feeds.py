"""Tell of the users that a SCIM client has pushed as a source of people does."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sidecar.connectors.records import PeopleFeed
from sidecar.core import scim_resources
from sidecar.core.scim_resources import USER, number_of
from sidecar.sync.scim.records import is_employed, manager_of, record_of


def read_feed(db: Session, municipality_id: str) -> PeopleFeed:
    """Return all employees as they were pushed last."""
    users = scim_resources.list_all(db, municipality_id, USER)
    numbers = {one.id: number_of(one.body) for one in users}
    people = [
        record_of(one.body, {}, numbers.get(manager_of(one.body)) or None) for one in users if is_employed(one.body)
    ]
    return PeopleFeed(is_full=True, people=people, total=len(people))
