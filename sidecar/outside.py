"""Open the connections to outside systems; their settings are sealed in the tables."""

from __future__ import annotations

import json

from sidecar.connectors.base import Connector, set_up
from sidecar.connectors.over_http import OverHttp
from sidecar.connectors.over_mail import OverMail
from sidecar.connectors.over_tcp import OverTcp
from sidecar.connectors.registry import find_connector
from sidecar.core.connections import Connection
from sidecar.post_office import PostOffice
from sidecar.runtime import Sidecar


def open_connection(sidecar: Sidecar, connection: Connection) -> Connector:
    """Return the connector of a connection, with its settings and the way out to the network.

    Raises:
        SidecarError: it is no longer installed, is broken, or its settings don't fit any more.
    """
    opened = set_up(find_connector(connection.connector), read_values(sidecar, connection))
    if isinstance(opened, OverMail):
        opened.post_by(PostOffice(sidecar.settings, sidecar.now))
    if isinstance(opened, OverTcp):
        opened.look_up_by(sidecar.long_fetch.look_up)
    return opened.reach_by(sidecar.long_fetch) if isinstance(opened, OverHttp) else opened


def read_values(sidecar: Sidecar, connection: Connection) -> dict[str, str]:
    """Return the settings of a connection as text, secrets among them.

    Raises:
        WrongKeyError: no key at hand opens them.
    """
    values: dict[str, str] = json.loads(sidecar.secrets.open(connection.settings))
    return values
