"""A connection is opened with its way out, and with no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.connecting import add_connection
from sidecar.connectors.base import ReportDelivery, set_up
from sidecar.connectors.contract import CSV, KEY, make_parcel
from sidecar.connectors.over_tcp import NoGuardError
from sidecar.connectors.sftp import Sftp
from sidecar.core.access import operator_at_the_console
from sidecar.core.municipalities import Municipality
from sidecar.errors import ForbiddenAddressError
from sidecar.http import GuardedFetch
from sidecar.outside import open_connection
from sidecar.runtime import Sidecar
from tests.fakes.sftp_server import SftpServer, open_sftp_server

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    with open_sftp_server(tmp_path / "sftp") as started:
        yield started


def test_a_connector_over_tcp_reaches_checked_addresses_only(
    sidecar: Sidecar, kongsberg: Municipality, server: SftpServer
) -> None:
    settings = server.settings(host="localhost")
    connection = add_connection(sidecar, operator_at_the_console(), kongsberg.id, "sftp", settings)
    sidecar.long_fetch = GuardedFetch(())
    closed = open_connection(sidecar, connection)
    with pytest.raises(ForbiddenAddressError, match="SIDECAR_ALLOWED_PRIVATE"):
        closed.check()

    sidecar.long_fetch = GuardedFetch(("localhost",))
    channel = open_connection(sidecar, connection)
    assert isinstance(channel, ReportDelivery)
    channel.deliver(make_parcel(CSV), KEY)
    assert server.names() == [CSV.name]


def test_without_a_guard_nothing_is_reached(server: SftpServer) -> None:
    with pytest.raises(NoGuardError):
        set_up(Sftp, server.settings()).check()
