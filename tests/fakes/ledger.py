"""Fill the ledger as a whole country would."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import month
from sidecar.runtime import Sidecar

MUNICIPALITIES = 357


def fill(sidecar: Sidecar, due_at: datetime) -> None:
    """Write municipalities with three deliveries of a month each, one failed, and a history of 60 others."""
    with sidecar.transaction() as db:
        for number in range(MUNICIPALITIES - len(db.scalars(select(Municipality.id)).all())):
            org_number = f"{910_000_000 + number}"
            slug, name = f"m{number}", f"Kommune {number}"
            db.add(Municipality(org_number=org_number, slug=slug, name=name, created_at=due_at))
        db.flush()
        for each in db.scalars(select(Municipality)).all():
            channel = Connection(municipality_id=each.id, connector="folder", settings=b"", created_at=due_at)
            db.add(channel)
            db.flush()
            db.add_all(_delivery(channel, number, due_at) for number in range(63))


def _delivery(channel: Connection, number: int, due_at: datetime) -> Delivery:
    past = number >= 3
    start = date(2020 + number % 5, number % 12 + 1, 1) if past else (due_at - timedelta(days=5)).date().replace(day=1)
    return Delivery(
        key=f"{channel.id}{number:032}",
        municipality_id=channel.municipality_id or "",
        connection_id=channel.id,
        period=f"{start:%Y-%m}",
        period_start=start,
        period_end=month(start.year, start.month).end,
        content_hash="0" * 64,
        row_count=1,
        files=[],
        state="failed" if number == 0 else "delivered",
        created_at=datetime(start.year, start.month, 2, tzinfo=UTC) if past else due_at,
    )
