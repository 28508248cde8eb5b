"""Test that channels keep their secrets, and that only who may sees them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text

from sidecar import connecting, outside
from sidecar.connectors.base import Connector, connector, setting
from sidecar.connectors.folder import FolderMissingError
from sidecar.connectors.registry import BrokenConnectorError
from sidecar.core.access import for_municipality, operator_at_the_console
from sidecar.core.audit import AuditEntry
from sidecar.core.checklists import checklist
from sidecar.core.connections import Connection, list_connections
from sidecar.core.municipalities import Municipality
from sidecar.errors import NotFoundError
from sidecar.reports import channels
from sidecar.runtime import Sidecar

OPERATOR = operator_at_the_console()


@connector("post", "Post")
class Post(Connector):
    """Be a connector that has a secret and delivers no reports."""

    host: str = setting("The host.")
    password: str = setting("The password.", secret=True)

    def check(self) -> None:
        """Do nothing."""


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (channels, connecting, outside):
        monkeypatch.setattr(room, "find_connector", lambda name: Post)


def _read(sidecar: Sidecar, connection_id: str) -> Connection:
    with sidecar.reading() as db:
        found = db.get_one(Connection, connection_id)
        db.expunge(found)
        return found


def test_settings_are_sealed_and_secrets_hidden(sidecar: Sidecar, kongsberg: Municipality, post: None) -> None:
    added = connecting.add_connection(
        sidecar, OPERATOR, kongsberg.id, "post", {"host": "post.example.no", "password": "hunter2"}
    )
    with sidecar.reading() as db:
        stored = bytes(db.execute(text("select settings from connection")).scalar_one())
    assert b"hunter2" not in stored
    assert b"post.example.no" not in stored
    assert connecting.describe_settings(sidecar, added) == {"host": "post.example.no", "password": "•••"}
    made = outside.open_connection(sidecar, added)
    assert isinstance(made, Post)
    assert made.password == "hunter2"
    assert "hunter2" not in repr(added)


def test_a_connector_that_is_gone_shows_no_setting_and_fails_aloud(
    sidecar: Sidecar, kongsberg: Municipality, post: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = connecting.add_connection(sidecar, OPERATOR, kongsberg.id, "post", {"host": "h", "password": "hunter2"})

    def broken(name: str) -> type[Connector]:
        raise BrokenConnectorError(connector=name, error="ImportError")

    for room in (channels, connecting, outside):
        monkeypatch.setattr(room, "find_connector", broken)
    assert connecting.describe_settings(sidecar, added) == {"host": "•••", "password": "•••"}
    with sidecar.reading() as db:
        assert [one.id for one in channels.channels_of(db, kongsberg.id)] == [added.id]
    with pytest.raises(BrokenConnectorError):
        channels.open_channel(sidecar, added)


def test_what_delivers_no_reports_is_no_channel(sidecar: Sidecar, kongsberg: Municipality, post: None) -> None:
    connecting.add_connection(sidecar, OPERATOR, kongsberg.id, "post", {"host": "h", "password": "p"})
    with sidecar.reading() as db:
        assert channels.channels_of(db, kongsberg.id) == []


def test_a_test_is_recorded(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> None:
    added = connecting.add_connection(sidecar, OPERATOR, kongsberg.id, "folder", {"folder": str(tmp_path / "reports")})
    (tmp_path / "reports").rename(tmp_path / "away")
    (tmp_path / "reports").mkdir()  # as an empty mount point stands there
    with pytest.raises(FolderMissingError):
        connecting.test_connection(sidecar, OPERATOR, added.id)
    assert _read(sidecar, added.id).test_error_code == "folder-missing"

    (tmp_path / "reports").rmdir()
    (tmp_path / "away").rename(tmp_path / "reports")
    connecting.test_connection(sidecar, OPERATOR, added.id)
    tested = _read(sidecar, added.id)
    assert (tested.tested_at, tested.test_error_code) == (sidecar.now(), None)


def test_a_removed_connection_forgets_its_settings(sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path) -> None:
    added = connecting.add_connection(sidecar, OPERATOR, kongsberg.id, "folder", {"folder": str(tmp_path)})
    connecting.remove_connection(sidecar, OPERATOR, added.id)
    assert connecting.describe_settings(sidecar, _read(sidecar, added.id)) == {}
    with sidecar.reading() as db:
        assert list_connections(db, OPERATOR) == []
        actions = db.scalars(select(AuditEntry.action).where(AuditEntry.subject == added.id)).all()
    assert sorted(actions) == ["connection.added", "connection.removed"]
    with pytest.raises(NotFoundError):
        connecting.remove_connection(sidecar, OPERATOR, added.id)


def test_another_municipality_neither_sees_nor_touches_it(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, tmp_path: Path
) -> None:
    added = connecting.add_connection(sidecar, OPERATOR, kongsberg.id, "folder", {"folder": str(tmp_path)})
    stranger = for_municipality(rollag.id)
    with sidecar.reading() as db:
        assert list_connections(db, stranger) == []
        assert [one.id for one in list_connections(db, for_municipality(kongsberg.id))] == [added.id]
    with pytest.raises(NotFoundError):
        connecting.test_connection(sidecar, stranger, added.id)
    with pytest.raises(NotFoundError):
        connecting.remove_connection(sidecar, stranger, added.id)
    with pytest.raises(NotFoundError):
        connecting.add_connection(sidecar, stranger, kongsberg.id, "folder", {"folder": str(tmp_path)})


def test_an_unknown_connector_is_refused(sidecar: Sidecar, kongsberg: Municipality) -> None:
    with pytest.raises(NotFoundError, match="pigeon"):
        connecting.add_connection(sidecar, OPERATOR, kongsberg.id, "pigeon", {})


def test_the_checklist_counts_channels_that_reports_go_out_by_and_no_other_connection(
    sidecar: Sidecar, kongsberg: Municipality, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text("ansattnummer;fornavn;etternavn\n1;Kari;Moen\n")
    file = {"file": str(tmp_path / "people.csv")}
    people = connecting.add_connection(sidecar, OPERATOR, kongsberg.id, "hr_csv", file)
    connecting.test_connection(sidecar, OPERATOR, people.id)

    def look() -> tuple[list[str], bool]:
        with sidecar.reading() as db:
            found = checklist(db, OPERATOR, "kongsberg", channels.is_channel)
            return [each.connector for each in found.connections], found.is_tested

    assert look() == ([], False)
    folder = connecting.add_connection(sidecar, OPERATOR, kongsberg.id, "folder", {"folder": str(tmp_path / "reports")})
    connecting.test_connection(sidecar, OPERATOR, folder.id)
    assert look() == (["folder"], True)
