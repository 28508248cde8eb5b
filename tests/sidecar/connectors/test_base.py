"""Test how connectors declare and read their settings, and how they are found."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sidecar.connectors.base import (
    Connector,
    MisconfiguredError,
    SettingMissingError,
    SettingUnknownError,
    connector,
    set_up,
    setting,
    settings_of,
)
from sidecar.connectors.folder import Folder
from sidecar.connectors.registry import GROUP, BrokenConnectorError, find_connector, list_connectors
from sidecar.errors import NotFoundError


@connector("post", "Post")
class Post(Connector):
    """Be a connector with a setting of every kind."""

    host: str = setting("The host.")
    password: str = setting("The password.", secret=True)
    port: int = setting("The port.", default=22)
    encrypted: bool = setting("Whether to encrypt.", default=True)
    folder: Path | None = setting("A folder.", default=None)

    def check(self) -> None:
        """Do nothing."""


NEEDED = {"host": "post.example.no", "password": "hunter2"}


def test_settings_describe_themselves() -> None:
    described = {entry.name: (entry.required, entry.secret) for entry in settings_of(Post)}
    assert described == {
        "host": (True, False),
        "password": (True, True),
        "port": (False, False),
        "encrypted": (False, False),
        "folder": (False, False),
    }


def test_settings_are_read_from_text() -> None:
    post = set_up(Post, NEEDED | {"port": "2222", "encrypted": "no"})
    assert (post.host, post.port, post.encrypted, post.folder) == ("post.example.no", 2222, False, None)


def test_secrets_never_print() -> None:
    assert "hunter2" not in repr(set_up(Post, NEEDED))


def test_a_path_is_made_absolute() -> None:
    assert set_up(Folder, {"folder": "reports"}).folder == Path.cwd() / "reports"


@pytest.mark.parametrize(
    ("values", "kind", "name"),
    [
        ({"host": "x"}, SettingMissingError, "password"),
        ({"host": "", "password": "x"}, SettingMissingError, "host"),
        (NEEDED | {"colour": "red"}, SettingUnknownError, "colour"),
        (NEEDED | {"port": "many"}, MisconfiguredError, "port"),
        (NEEDED | {"encrypted": "perhaps"}, MisconfiguredError, "encrypted"),
        (NEEDED | {"folder": "a\0b"}, MisconfiguredError, "folder"),
    ],
)
def test_wrong_settings_are_refused_by_name(values: dict[str, str], kind: type[MisconfiguredError], name: str) -> None:
    with pytest.raises(kind) as raised:
        set_up(Post, values)
    assert raised.value.facts["setting"] == name
    assert "hunter2" not in str(raised.value)


def _point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


POINTS = [
    _point("post", "tests.sidecar.connectors.test_base:Post"),
    _point("gone", "sidecar_connector_that_is_not_there:X"),
    _point("wrong", "pathlib:Path"),
    _point("alias", "sidecar.connectors.folder:Folder"),
]


def test_a_broken_connector_is_shown_and_not_fatal() -> None:
    listed = {one.name: (one.kind is not None, one.error) for one in list_connectors(POINTS)}
    assert listed == {
        "alias": (False, "NotAConnector"),
        "gone": (False, "ModuleNotFoundError"),
        "post": (True, ""),
        "wrong": (False, "NotAConnector"),
    }


def test_a_connector_is_found_by_name() -> None:
    assert find_connector("post", POINTS).title == "Post"
    with pytest.raises(BrokenConnectorError, match="ModuleNotFoundError"):
        find_connector("gone", POINTS)
    with pytest.raises(NotFoundError):
        find_connector("pigeon", POINTS)


def test_the_built_in_connectors_are_installed() -> None:
    assert {"folder", "hr_csv"} <= {one.name for one in list_connectors() if one.kind}
