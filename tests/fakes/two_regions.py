"""Two regions, each with a sidecar and a database of its own, whose requests go to each other within the process.

`here` is Kongsbergregionen on the sidecar of the test, `there` Vesterålen on another. The wire between them can be cut,
and what goes over it looked at and changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask
from rq import Queue
from sqlalchemy import select

from sidecar.core import outbox
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.outbox import OutboxItem
from sidecar.core.peers import Peer
from sidecar.core.regions import Region
from sidecar.errors import ForbiddenAddressError, UnreachableError
from sidecar.http import Response
from sidecar.jobs import HANDLERS, perform_item
from sidecar.runtime import Sidecar
from sidecar.settings import Settings
from sidecar.sharing import introducing
from sidecar.sharing.addresses import address_of
from sidecar.sharing.region_signing import active_region_key
from sidecar.sharing.signatures import fingerprint_of
from sidecar.web.app import create_app
from tests.fakes.clock import FakeClock
from tests.fakes.queue import FakeQueue

THERE = "https://vesteralen.example.no"


@dataclass
class Sent:
    """A request on the wire, and what came back; `tamper` functions may change either."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


@dataclass
class Wire:
    """Stand in for the network of both.

    Attributes:
        apps: each application by its origin.
        sent: every request, in order.
        is_cut: whether nothing comes through.
        on_request: may look at each request and change it.
        on_answer: may change each answer.
    """

    apps: dict[str, Flask] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    is_cut: bool = False
    on_request: Callable[[Sent], None] = lambda sent: None
    on_answer: Callable[[Sent, Response], Response] = lambda sent, answer: answer

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        sent = Sent(method, url, dict(headers), body)
        self.sent.append(sent)
        self.refuse_forbidden(url)
        self.on_request(sent)
        parts = urlsplit(sent.url)
        if self.is_cut:
            raise UnreachableError(host=parts.netloc)
        client = self.apps[f"{parts.scheme}://{parts.netloc}"].test_client()
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        found = client.open(target, method=sent.method, headers=sent.headers, data=sent.body)
        answer = Response(found.status_code, {name.lower(): one for name, one in found.headers.items()}, found.data)
        return self.on_answer(sent, answer)

    def refuse_forbidden(self, url: str) -> None:
        """Know nobody but the two."""
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" not in self.apps:
            raise ForbiddenAddressError(host=parts.netloc)


@dataclass
class Office:
    """A region and its sidecar; `viewer` is an operator of it."""

    sidecar: Sidecar
    app: Flask
    region_id: str
    address: str
    viewer: Viewer = field(default_factory=operator_at_the_console)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the key that signs now, as people compare it."""
        return fingerprint_of(active_region_key(self.sidecar, self.region_id).public)

    def peer(self, other: Office) -> Peer:
        """Return how the other stands here."""
        with self.sidecar.reading() as db:
            here = Peer.region_id == self.region_id, Peer.address == other.address
            found = db.scalars(select(Peer).where(*here)).one()
            db.expunge(found)
            return found

    def trust(self, other: Office) -> str:
        """Trust the other by its fingerprint; return the id of the peer."""
        made = introducing.add_by_fingerprint(
            self.sidecar, self.viewer, self.region_id, other.address, other.fingerprint
        )
        return made.id

    def work(self, *kinds: str) -> list[str]:
        """Do what waits in the outbox and is due, of these kinds or all; return the kinds of what was done."""
        done: list[str] = []
        for _ in range(100):
            with self.sidecar.reading() as db:
                due = outbox.kinds_of_due(db, self.sidecar.now(), only=kinds or None)
            if not due:
                return done
            for item_id, kind in due.items():
                perform_item(self.sidecar, item_id, HANDLERS)
                done.append(kind)
        raise AssertionError("the outbox never gets empty")

    def item(self, kind: str) -> OutboxItem:
        """Return the one item of a kind."""
        with self.sidecar.reading() as db:
            found = db.scalars(select(OutboxItem).where(OutboxItem.kind == kind)).one()
            db.expunge(found)
            return found


@dataclass
class TwoRegions:
    """The two, the wire between them, and their common clock."""

    here: Office
    there: Office
    wire: Wire
    clock: FakeClock

    def trust_each_other(self) -> None:
        """Let both compare fingerprints."""
        self.here.trust(self.there)
        self.there.trust(self.here)


@contextmanager
def open_two_regions(sidecar: Sidecar, clock: FakeClock, database: Path, folder: Path) -> Iterator[TwoRegions]:
    """Set the two up.

    Args:
        sidecar: of the test; it becomes `here`.
        database: a migrated, empty SQLite file to copy.
        folder: a new one, for the other's data.
    """
    folder.mkdir(mode=0o700)
    copied = shutil.copy(database, folder / "sidecar.sqlite3")
    settings = Settings(
        data=folder,
        public_url=THERE,
        content_url="https://content.example.org",
        database_url=f"sqlite:///{copied}",
    )
    other = Sidecar(settings, clock=clock)
    other.queue = other.patient_queue = other.browser_queue = cast(Queue, FakeQueue())
    wire = Wire()
    here = _open(sidecar, wire, Region(slug="kongsbergregionen", name="Kongsbergregionen"))
    there = _open(other, wire, Region(slug="vesteralen", name="Vesterålen"))
    yield TwoRegions(here, there, wire, clock)
    other.close()


def _open(sidecar: Sidecar, wire: Wire, region: Region) -> Office:
    fake: Any = wire
    sidecar.fetch = sidecar.long_fetch = fake
    with sidecar.transaction() as db:
        known = db.scalar(select(Region).where(Region.slug == region.slug))
        if known is None:
            db.add(region)
            db.flush()
        found = known or region
        region_id, address = found.id, address_of(sidecar, found)
    app = wire.apps[sidecar.settings.public_url] = create_app(sidecar)
    return Office(sidecar, app, region_id, address)
