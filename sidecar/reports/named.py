"""Know whom a delivery's files name: for the access log, before somebody gets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import select

from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.deliveries import Delivery
from sidecar.core.people import Employment
from sidecar.core.people_lists import list_people_in
from sidecar.reports import kept, kept_rows
from sidecar.reports.workrooms import open_workroom
from sidecar.runtime import Sidecar

AT_A_TIME: Final = 5_000


def list_named(sidecar: Sidecar, viewer: Viewer, delivery: Delivery) -> Sequence[str]:
    """Return the ids of the people that a delivery's files name and the viewer may see.

    The kept rows tell it: who has completed nothing stands in a status report, and in no item of the ledger. A delivery
    from before rows were kept has completions only.

    Raises:
        NotFoundError: the storage does not have the rows.
        DamagedFileError: they can't be decrypted.
    """
    if delivery.kept_rows is None:
        with sidecar.reading() as db:
            return list_people_in(db, viewer, delivery)
    found: set[str] = set()
    with open_workroom(sidecar) as folder:
        rows = folder / "rows"
        kept.read_rows(sidecar, delivery, rows)  # a bucket may take its time: no connection waits for it
        employments = (line.about for line in kept_rows.read(rows).lines() if line.about)
        with sidecar.reading() as db:
            for some in _batches(employments):
                people = select(Employment.person_id).where(Employment.id.in_(some), Employment.erased_at.is_(None))
                found.update(db.scalars(people.where(may_see_employment(viewer))))
    return sorted(found)


def _batches(ids: Iterator[str]) -> Iterator[set[str]]:
    while some := set(islice(ids, AT_A_TIME)):
        yield some
