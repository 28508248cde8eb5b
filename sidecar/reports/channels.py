"""Find and open the channels that a municipality's reports go out by."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sidecar.connectors.base import ConnectorError, ReportDelivery
from sidecar.connectors.registry import BrokenConnectorError, find_connector
from sidecar.core.access import for_municipality
from sidecar.core.connections import Connection, list_connections
from sidecar.errors import NotFoundError, SidecarError
from sidecar.outside import open_connection
from sidecar.runtime import Sidecar


class ChannelRemovedError(SidecarError):
    """The channel it was for was removed. Run the report again: it goes out over the channels that are there now."""

    code = "channel-removed"


def channels_of(db: Session, municipality_id: str) -> list[Connection]:
    """Return the connections that reports of a municipality go out by; a broken connector's are among them."""
    return [one for one in list_connections(db, for_municipality(municipality_id)) if is_channel(one.connector)]


def is_channel(connector: str) -> bool:
    """Tell whether reports go out by a connector of this name, as opposed to people or completions coming in."""
    try:
        return issubclass(find_connector(connector), ReportDelivery)
    except (NotFoundError, BrokenConnectorError):
        return True  # shown as a failed delivery rather than left out in silence


def open_channel(sidecar: Sidecar, connection: Connection) -> ReportDelivery:
    """Return the connector of a channel.

    Raises:
        ConnectorError: it can't deliver.
        SidecarError: it can't be opened.
    """
    channel = open_connection(sidecar, connection)
    if not isinstance(channel, ReportDelivery):
        raise ConnectorError
    return channel
