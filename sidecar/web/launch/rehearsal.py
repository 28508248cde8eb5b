"""Let everything happen as it would, and nothing of it stay: one transaction around all, which is rolled back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from sidecar.http import GuardedFetch, Response
from sidecar.runtime import Sidecar
from sidecar.tally import Tally


class _OneAnswer(GuardedFetch):
    """Go nowhere, and answer everything with the same."""

    def __init__(self, body: bytes) -> None:
        super().__init__(())
        self._body = body

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:  # noqa: ARG002
        """Return the answer."""
        return Response(200, {}, self._body)


class Rehearsal(Sidecar):
    """An application whose transactions all belong to one that never commits, and whose network is one answer."""

    def __init__(self, real: Sidecar, connection: Connection, answer: bytes) -> None:
        """Stand in for the real one; its counts, queue and network are left alone."""
        real.lend_to(self)
        self._connection = connection
        self.fetch = _OneAnswer(answer)
        self.tally = Tally()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Write into the one transaction; an error takes back all of it."""
        with (
            Session(self._connection, expire_on_commit=False, join_transaction_mode="rollback_only") as db,
            db.begin(),
        ):
            db.connection()  # takes part from here on, whatever is executed past the session
            yield db

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read what has been written so far."""
        with self.transaction() as db:
            yield db

    def nudge(self, waiting: Mapping[str, str]) -> None:
        """Tell nobody."""


@contextmanager
def rehearsing(sidecar: Sidecar, answer: bytes) -> Iterator[Rehearsal]:
    """Open a rehearsal, and take back at its end all that was written.

    Args:
        answer: what every request to the network is answered.
    """
    with sidecar.engine.connect() as connection:
        connection.begin()
        try:
            yield Rehearsal(sidecar, connection, answer)
        finally:
            connection.rollback()
