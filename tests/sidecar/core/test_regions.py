"""A region comes to be when it is first mentioned, also where two mention it in the same instant."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

from sqlalchemy import select

from sidecar.core.municipalities import Municipality
from sidecar.core.regions import Region, join, members_of
from sidecar.runtime import Sidecar

DAY = date(2026, 1, 1)


def test_two_that_mention_a_region_first_are_members_of_one(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    together = Barrier(2)

    def mention(municipality_id: str) -> str:
        together.wait(10)
        with sidecar.transaction() as db:
            return join(db, "kongsbergregionen", municipality_id, DAY).id

    with ThreadPoolExecutor(2) as apart:
        ids = set(apart.map(mention, (kongsberg.id, rollag.id)))
    with sidecar.reading() as db:
        assert db.scalars(select(Region.id)).all() == list(ids)
        assert members_of(db, ids.pop(), DAY) == {kongsberg.id, rollag.id}
