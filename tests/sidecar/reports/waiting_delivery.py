"""See what becomes of a delivery over a channel of some kind; the fixtures stand in conftest.py."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.core.deliveries import Delivery
from sidecar.runtime import Sidecar
from tests.fakes.channel import Plain

SetChannel = Callable[[type[Plain]], None]


def see(sidecar: Sidecar, delivery: Delivery) -> Delivery:
    with sidecar.reading() as db:
        found = db.get_one(Delivery, delivery.id)
        db.expunge(found)
        return found
