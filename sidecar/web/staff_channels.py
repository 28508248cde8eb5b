"""Let operators set up channels of every kind that is installed, and change their settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.connecting import HIDDEN, add_connection, change_connection, describe_settings
from sidecar.connectors.base import Connector, MisconfiguredError, ReportDelivery, Setting, settings_of
from sidecar.connectors.registry import find_connector, list_connectors
from sidecar.core.checklists import find_visible
from sidecar.core.connections import Connection, list_connections
from sidecar.core.municipalities import Municipality
from sidecar.errors import NotFoundError, SidecarError
from sidecar.web.access import audience, current, sidecar

blueprint = Blueprint("staff_channels", __name__)


@blueprint.get("/staff/municipalities/<slug>/channels")
@audience("operator")
def choose(slug: str) -> str:
    """List the kinds of channels that are installed."""
    kinds = [one.name for one in list_connectors() if one.kind and issubclass(one.kind, ReportDelivery)]
    return render_template("staff/channels.html", municipality=_find(slug), kinds=kinds)


@blueprint.get("/staff/municipalities/<slug>/channels/new/<connector>")
@audience("operator")
def ask(slug: str, connector: str) -> str:
    """Ask for the settings of a new channel."""
    return _page(_find(slug), _kind_of(connector))


@blueprint.post("/staff/municipalities/<slug>/channels/new/<connector>")
@audience("operator")
def add(slug: str, connector: str) -> Response | tuple[str, int]:
    """Set up a channel; the test comes after, by its own button."""
    municipality, kind = _find(slug), _kind_of(connector)
    try:
        add_connection(sidecar(), current().viewer, municipality.id, connector, _read(settings_of(kind)))
    except SidecarError as problem:
        return _page(municipality, kind, problem=problem), 400
    return _back(slug)


@blueprint.get("/staff/municipalities/<slug>/channels/<connection_id>")
@audience("operator")
def show(slug: str, connection_id: str) -> str:
    """Show the settings of a channel, to be changed; what is secret is not shown."""
    municipality = _find(slug)
    connection = _own(municipality, connection_id)
    return _page(municipality, _kind_of(connection.connector), connection=connection)


@blueprint.post("/staff/municipalities/<slug>/channels/<connection_id>")
@audience("operator")
def change(slug: str, connection_id: str) -> Response | tuple[str, int]:
    """Change the settings of a channel; a secret that is left empty stays, unless it is to be taken away."""
    municipality = _find(slug)
    connection = _own(municipality, connection_id)
    kind = _kind_of(connection.connector)
    try:
        change_connection(sidecar(), current().viewer, connection.id, _read_changes(settings_of(kind)))
    except SidecarError as problem:
        return _page(municipality, kind, connection=connection, problem=problem), 400
    return _back(slug)


def _find(slug: str) -> Municipality:
    with sidecar().reading() as db:
        return find_visible(db, current().viewer, slug)


def _own(municipality: Municipality, connection_id: str) -> Connection:
    with sidecar().reading() as db:
        for each in list_connections(db, current().viewer, municipality.id):
            if each.id == connection_id:
                return each
    raise NotFoundError(what="connection", key=connection_id)


def _kind_of(connector: str) -> type[Connector]:
    kind = find_connector(connector)
    if not issubclass(kind, ReportDelivery):
        raise NotFoundError(what="connector", key=connector)
    return kind


def _read(settings: Sequence[Setting]) -> dict[str, str]:
    """Read the settings of a form; a path is written whole, as nobody knows below what it would be."""
    values = {each.name: request.form.get(each.name, "").strip() for each in settings}
    for each in settings:
        if each.kind is Path and values[each.name] and not values[each.name].startswith("/"):
            raise MisconfiguredError(setting=each.name)
    return values


def _read_changes(settings: Sequence[Setting]) -> dict[str, str]:
    secrets = {each.name for each in settings if each.secret}
    away = set(request.form.getlist("away")) & secrets
    return {
        name: value
        for name, value in ((name, "" if name in away else value) for name, value in _read(settings).items())
        if value or name not in secrets or name in away
    }


def _back(slug: str) -> Response:
    return redirect(f"/staff/municipalities/{slug}#channels", 303)


def _page(
    municipality: Municipality,
    kind: type[Connector],
    *,
    connection: Connection | None = None,
    problem: SidecarError | None = None,
) -> str:
    kept = describe_settings(sidecar(), connection) if connection else {}
    typed = request.form if problem else {name: value for name, value in kept.items() if value != HIDDEN}
    return render_template(
        "staff/channel.html",
        municipality=municipality,
        connector=kind.name,
        connection=connection,
        fields=settings_of(kind),
        hidden={name for name, value in kept.items() if value == HIDDEN},
        typed=typed,
        problem=problem,
    )
