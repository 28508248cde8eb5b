"""Set up, change, test and remove the connections of municipalities and LMSs; settings are kept sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from sidecar.connectors.base import CompletionSource, Connector, set_up, settings_of
from sidecar.connectors.inspection import Found, Inspectable
from sidecar.connectors.over_http import OverHttp
from sidecar.connectors.registry import BrokenConnectorError, find_connector
from sidecar.core import audit
from sidecar.core.access import Viewer
from sidecar.core.connections import Connection, find_connection, remove
from sidecar.core.platform_lists import find_platform_to_run
from sidecar.errors import NotFoundError, SidecarError
from sidecar.outside import open_connection, read_values
from sidecar.runtime import Sidecar
from sidecar.secrets import WrongKeyError

HIDDEN = "•••"
ADDRESSES = ("environment", "host", "port", "url")
"""The settings that say whom the secrets are told to."""


class OwnerUnclearError(SidecarError):
    """A connection belongs to one municipality, or to one LMS where it reads completions from it. Name one of them."""

    code = "connection-owner-unclear"


class NotOfAnLmsError(SidecarError):
    """The connector "{connector}" is not for an LMS. Name a municipality."""

    code = "connection-not-of-an-lms"


class SecretsAnewError(SidecarError):
    """The address is another one, so that what is secret must be given anew with it ({settings})."""

    code = "connection-secrets-anew"


@dataclass(frozen=True)
class Owner:
    """Whom a connection is of: a municipality, or an LMS."""

    municipality_id: str | None = None
    platform_id: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a test went: what does not work, or None; and what was found thing by thing, where a connector tells it."""

    problem: SidecarError | None
    found: Sequence[Found] = ()


def add_connection(
    sidecar: Sidecar, viewer: Viewer, owner: Owner | str, connector: str, values: Mapping[str, str]
) -> Connection:
    """Set up a connector for a municipality, or for an LMS.

    Args:
        owner: whose it is; an id alone is that of a municipality.
        values: its settings as text; paths are made absolute.

    Raises:
        NotFoundError: no such connector, or an owner the viewer does not look after.
        OwnerUnclearError: there is no owner, or two.
        NotOfAnLmsError: the connector does not read completions from an LMS.
        MisconfiguredError: of the connector, a setting is missing, unknown or of the wrong kind.
        ConnectorError: what the connector needs can't be made.
    """
    owner = Owner(municipality_id=owner) if isinstance(owner, str) else owner
    _refuse_owner(sidecar, viewer, owner)
    kind = find_connector(connector)
    if owner.platform_id and not issubclass(kind, CompletionSource):
        raise NotOfAnLmsError(connector=connector)
    made = set_up(kind, values)
    made.prepare()
    connection = Connection(
        municipality_id=owner.municipality_id,
        platform_id=owner.platform_id,
        connector=connector,
        settings=_sealed(sidecar, made),
        created_at=sidecar.now(),
    )
    with sidecar.transaction() as db:
        db.add(connection)
        db.flush()
        _record(db, sidecar, viewer, "connection.added", connection)
    return connection


def _refuse_owner(sidecar: Sidecar, viewer: Viewer, owner: Owner) -> None:
    if bool(owner.municipality_id) == bool(owner.platform_id):
        raise OwnerUnclearError
    if owner.municipality_id and not viewer.sees_municipality(owner.municipality_id):
        raise NotFoundError(what="municipality", key=owner.municipality_id)
    if owner.platform_id:
        with sidecar.reading() as db:
            find_platform_to_run(db, viewer, owner.platform_id)


def change_connection(sidecar: Sidecar, viewer: Viewer, connection_id: str, values: Mapping[str, str]) -> Connection:
    """Change settings of a connection in place, so that its sources go on with it: a token that was renewed, say.

    Args:
        values: the settings that change, as text; "" takes one away. The others stay as they are, but that secrets
            are never told to another address than the one they were given for.

    Raises:
        NotFoundError: there is none that the viewer may see.
        SecretsAnewError: the address changes, and a secret does not.
        MisconfiguredError: of the connector, a setting is missing, unknown or of the wrong kind.
        ConnectorError: what the connector needs can't be made.
    """
    with sidecar.reading() as db:
        connection = find_connection(db, viewer, connection_id)
        db.expunge(connection)
    kind = find_connector(connection.connector)
    made = set_up(kind, _kept_values(sidecar, connection, kind, values) | dict(values))
    made.prepare()
    with sidecar.transaction() as db:
        connection = find_connection(db, viewer, connection_id)
        connection.settings = _sealed(sidecar, made)
        connection.tested_at = connection.test_error_code = None
        _record(db, sidecar, viewer, "connection.changed", connection)
    return connection


def _kept_values(
    sidecar: Sidecar, connection: Connection, kind: type[Connector], values: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings as they are; none where no key at hand opens them, so that all must be given anew."""
    try:
        kept = read_values(sidecar, connection)
    except WrongKeyError:
        return {}
    secrets = [entry.name for entry in settings_of(kind) if entry.secret and entry.name in kept]
    missing = [name for name in secrets if name not in values]
    if missing and any(_leads_elsewhere(kind, name, kept, values) for name in ADDRESSES):
        raise SecretsAnewError(settings=", ".join(missing))
    return kept


def _leads_elsewhere(kind: type[Connector], name: str, kept: Mapping[str, str], values: Mapping[str, str]) -> bool:
    """Tell whether a setting changes; one that is taken away has its default."""
    if name not in values:
        return False
    default = getattr(kind, name, None)  # of a dataclass, the class has it
    new = values[name] or ("" if default is None else _text(default))
    return new != kept.get(name, "")


def _sealed(sidecar: Sidecar, made: Connector) -> bytes:
    return sidecar.secrets.seal(json.dumps(_as_text(made)).encode())


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


def describe_settings(sidecar: Sidecar, connection: Connection) -> dict[str, str]:
    """Return the settings of a connection as they may be shown; secrets are hidden.

    None are told where no key at hand opens them, so that the connection can still be seen, and made anew.
    """
    try:
        values = read_values(sidecar, connection)
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
    outcome = examine_connection(sidecar, viewer, connection_id)
    if outcome.problem:
        raise outcome.problem


def examine_connection(sidecar: Sidecar, viewer: Viewer, connection_id: str) -> Outcome:
    """Try a connection like `test_connection`, and return how that went.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    with sidecar.reading() as db:
        connection = find_connection(db, viewer, connection_id)
        db.expunge(connection)
    outcome = _examine(sidecar, connection)
    with sidecar.transaction() as db:
        connection = find_connection(db, viewer, connection_id)
        connection.tested_at = sidecar.now()
        connection.test_error_code = outcome.problem.code if outcome.problem else None
    return outcome


def _examine(sidecar: Sidecar, connection: Connection) -> Outcome:
    try:
        opened = open_connection(sidecar, connection)
        if isinstance(opened, OverHttp):
            opened.reach_by(sidecar.fetch)  # somebody waits
        if isinstance(opened, Inspectable):
            found = opened.inspect()
            return Outcome(found.problem, found.found)
        opened.check()
    except SidecarError as error:
        return Outcome(error)
    return Outcome(None)


def remove_connection(sidecar: Sidecar, viewer: Viewer, connection_id: str) -> None:
    """Take a connection out of use; its settings are forgotten, its deliveries stay in the ledger.

    What was brought in over it stays; its sources run no more.

    Raises:
        NotFoundError: there is none that the viewer may see.
    """
    with sidecar.transaction() as db:
        connection = find_connection(db, viewer, connection_id)
        remove(db, connection, sidecar.secrets.seal(b"{}"), sidecar.now())
        _record(db, sidecar, viewer, "connection.removed", connection)
