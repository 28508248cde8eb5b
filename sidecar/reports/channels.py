"""Set up, test and open the channels of municipalities; settings are sealed before they reach the tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.orm import Session

from sidecar.connectors.base import Connector, ConnectorError, ReportDelivery, set_up, settings_of
from sidecar.connectors.registry import BrokenConnectorError, find_connector
from sidecar.core import audit
from sidecar.core.access import Viewer, for_municipality
from sidecar.core.connections import Connection, find_connection, list_connections
from sidecar.errors import NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from sidecar.secrets import WrongKeyError

HIDDEN = "•••"


def add_connection(
    sidecar: Sidecar, viewer: Viewer, municipality_id: str, connector: str, values: Mapping[str, str]
) -> Connection:
    """Set up a connector for a municipality.

    Args:
        values: its settings as text; paths are made absolute.

    Raises:
        NotFoundError: no such connector, or a municipality the viewer does not see.
        MisconfiguredError: of the connector, a setting is missing, unknown or of the wrong kind.
        ConnectorError: what the connector needs can't be made.
    """
    if not viewer.sees_municipality(municipality_id):
        raise NotFoundError(what="municipality", key=municipality_id)
    made = set_up(find_connector(connector), values)
    made.prepare()
    connection = Connection(
        municipality_id=municipality_id,
        connector=connector,
        settings=sidecar.secrets.seal(json.dumps(_as_text(made)).encode()),
        created_at=sidecar.now(),
    )
    with sidecar.transaction() as db:
        db.add(connection)
        db.flush()
        _record(db, sidecar, viewer, "connection.added", connection)
    return connection


def _as_text(made: Connector) -> dict[str, str]:
    values = {entry.name: getattr(made, entry.name) for entry in settings_of(type(made))}
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: str | int | bool | Path) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _record(db: Session, sidecar: Sidecar, viewer: Viewer, action: str, connection: Connection) -> None:
    audit.record(
        db, action, connection.id, at=sidecar.now(), identity_id=viewer.identity_id, connector=connection.connector
    )


def open_connection(sidecar: Sidecar, connection: Connection) -> Connector:
    """Return the connector of a connection, with its settings.

    Raises:
        SidecarError: it is no longer installed, is broken, or its settings don't fit any more.
    """
    return set_up(find_connector(connection.connector), _values(sidecar, connection))


def _values(sidecar: Sidecar, connection: Connection) -> dict[str, str]:
    values: dict[str, str] = json.loads(sidecar.secrets.open(connection.settings))
    return values


def describe_settings(sidecar: Sidecar, connection: Connection) -> dict[str, str]:
    """Return the settings of a connection as they may be shown; secrets are hidden.

    None are told where no key at hand opens them, so that the connection can still be seen, and made anew.
    """
    try:
        values = _values(sidecar, connection)
    except WrongKeyError:
        return {}
    try:
        open_ones = {entry.name for entry in settings_of(find_connector(connection.connector)) if not entry.secret}
    except (NotFoundError, BrokenConnectorError):
        open_ones = set()
    return {name: value if name in open_ones else HIDDEN for name, value in values.items()}


def test_connection(sidecar: Sidecar, viewer: Viewer, connection_id: str) -> None:
    """Try a connection without leaving a trace in the outside system, and record the outcome.

    Raises:
        SidecarError: it does not work; the class and text say why.
    """
    with sidecar.reading() as db:
        connection = find_connection(db, viewer, connection_id)
        db.expunge(connection)
    try:
        open_connection(sidecar, connection).check()
    except SidecarError as error:
        _note_test(sidecar, viewer, connection_id, error.code)
        raise
    _note_test(sidecar, viewer, connection_id, None)


def _note_test(sidecar: Sidecar, viewer: Viewer, connection_id: str, error_code: str | None) -> None:
    with sidecar.transaction() as db:
        connection = find_connection(db, viewer, connection_id)
        connection.tested_at = sidecar.now()
        connection.test_error_code = error_code


def remove_connection(sidecar: Sidecar, viewer: Viewer, connection_id: str) -> None:
    """Take a connection out of use; its settings are forgotten, its deliveries stay in the ledger.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    with sidecar.transaction() as db:
        connection = find_connection(db, viewer, connection_id)
        connection.removed_at = sidecar.now()
        connection.settings = sidecar.secrets.seal(b"{}")
        _record(db, sidecar, viewer, "connection.removed", connection)


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
