"""Find the connectors that are installed, built-in and third-party alike, by their entry points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from sidecar.connectors.base import Connector
from sidecar.errors import NotFoundError, SidecarError

GROUP = "sidecar.connectors"


class BrokenConnectorError(SidecarError):
    """The connector "{connector}" is installed but does not work ({error}). Update or reinstall its package."""

    code = "connector-broken"


@dataclass(frozen=True)
class Installed:
    """A connector that is installed; `kind` is None and `error` a class name where it can't be imported."""

    name: str
    kind: type[Connector] | None = None
    error: str = ""


def list_connectors(points: Iterable[EntryPoint] | None = None) -> list[Installed]:
    """Return every installed connector by name; one that can't be imported is listed with its error.

    Args:
        points: entry points to look in; None means those of the environment.
    """
    return list(_of_environment()) if points is None else _load_all(points)


@cache
def _of_environment() -> tuple[Installed, ...]:
    """Look once in a process: every page that names a connector asks, and each look reads all that is installed."""
    return tuple(_load_all(entry_points(group=GROUP)))


def _load_all(points: Iterable[EntryPoint]) -> list[Installed]:
    return [_load(point) for point in sorted(points, key=lambda point: point.name)]


def _load(point: EntryPoint) -> Installed:
    try:
        kind = point.load()
    except Exception as error:  # noqa: BLE001 (a stranger's module may raise anything; it is shown, not fatal)
        return Installed(point.name, error=type(error).__name__)
    if isinstance(kind, type) and issubclass(kind, Connector) and getattr(kind, "name", None) == point.name:
        return Installed(point.name, kind)
    return Installed(point.name, error="NotAConnector")


def find_connector(name: str, points: Iterable[EntryPoint] | None = None) -> type[Connector]:
    """Return the class of a connector.

    Raises:
        NotFoundError: there is none of this name.
        BrokenConnectorError: it is installed but can't be imported.
    """
    for installed in list_connectors(points):
        if installed.name == name:
            if installed.kind is None:
                raise BrokenConnectorError(connector=name, error=installed.error)
            return installed.kind
    raise NotFoundError(what="connector", key=name)
