"""Stand for a SCIM client, as Entra ID is one: it pushes its users to us, and is never asked for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sidecar.connectors.base import ConnectorError, PeopleSource, connector
from sidecar.connectors.records import Cursor, PeopleFeed

P = TypeVar("P", bound="ScimPush")


class NothingPushedError(ConnectorError):
    """The SCIM client has pushed nobody who is employed yet. See that it has a token that is valid, and is started."""

    code = "scim-nothing-pushed"


@connector("scim", "SCIM 2.0, as Entra ID pushes it")
class ScimPush(PeopleSource):
    """Tell of the users as they were pushed last: a run of this source brings employments in line with them."""

    def lend(self: P, read: Callable[[], PeopleFeed]) -> P:
        """Take what reads the users that were pushed, and return the connector itself."""
        object.__setattr__(self, "_read", read)
        return self

    def check(self) -> None:
        """Do nothing: whether the client reaches us is seen by the last use of its token."""

    def people(self, since: Cursor | None = None) -> PeopleFeed:  # noqa: ARG002 (what was pushed is all there is)
        """Return everybody who is employed, as it was pushed.

        Raises:
            NothingPushedError: there is nobody.
        """
        read: Callable[[], PeopleFeed] | None = getattr(self, "_read", None)
        feed = read() if read else None
        if feed is None or not feed.total:
            raise NothingPushedError
        return feed
