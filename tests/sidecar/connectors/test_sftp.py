"""Test SFTP against a real OpenSSH server: the contract of report channels, and what a server and a network do."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from pyrage import decrypt, x25519

from sidecar.connectors import sftp_session
from sidecar.connectors.base import MisconfiguredError, ParcelFile, UnreachableError, set_up
from sidecar.connectors.contract import CSV, KEY, OTHER_KEY, XLSX, ReportDeliveryContract, make_file, make_parcel
from sidecar.connectors.places import NoteDamagedError
from sidecar.connectors.sftp import HostNotFoundError, Sftp
from sidecar.connectors.sftp_place import (
    SftpFolderMissingError,
    SftpPlace,
)
from sidecar.connectors.sftp_session import (
    HostKeyChangedError,
    HostKeyUnreadableError,
    Login,
    LoginMissingError,
    LoginRefusedError,
    PrivateKeyLockedError,
    PrivateKeyUnreadableError,
    SftpUnreachableError,
    open_session,
)
from sidecar.errors import UnreachableError as UnknownHostError
from tests.fakes.ports import free_port
from tests.fakes.sftp_server import CuttingProxy, SftpServer, guided, open_sftp_server

pytestmark = pytest.mark.slow
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with open_sftp_server(tmp_path_factory.mktemp("sftp")) as server:
        yield server


@pytest.fixture
def server(running: SftpServer, tmp_path: Path) -> SftpServer:
    """The server, with an empty folder."""
    (tmp_path / "in").mkdir()
    return replace(running, root=tmp_path)


def _open(server: SftpServer, **changed: str) -> Sftp:
    channel = guided(set_up(Sftp, server.settings(**changed)))
    channel.prepare()
    return channel


class TestSftp(ReportDeliveryContract):
    @pytest.fixture(autouse=True)
    def _server(self, server: SftpServer) -> None:
        self.server = server

    def channel(self) -> Sftp:
        return _open(self.server)

    def arrived(self) -> Sequence[bytes]:
        return [path.read_bytes() for path in self.server.folder.iterdir() if path.is_file()]


def _large(name: str = "stor.csv", megabytes: int = 8) -> ParcelFile:
    return make_file(name, b"".join(os.urandom(MEGABYTE) for _ in range(megabytes)))


def _bytes(file: ParcelFile) -> bytes:
    return b"".join(file.read())


def test_a_check_leaves_nothing_at_all(server: SftpServer) -> None:
    _open(server).check()
    assert list(server.folder.iterdir()) == []


def test_a_corrected_report_gets_a_number(server: SftpServer) -> None:
    _open(server).deliver(make_parcel(CSV, XLSX), KEY)
    receipt = _open(server).deliver(make_parcel(make_file(CSV.name, b"other"), XLSX), OTHER_KEY)
    assert list(receipt.details) == ["fullforinger-kongsberg-2026-09-2.csv", "fullforinger-kongsberg-2026-09-2.xlsx"]
    assert set(receipt.details) < set(server.names())


def test_a_stranger_s_file_is_left_alone(server: SftpServer) -> None:
    (server.folder / CSV.name).write_text("theirs")
    (server.folder / XLSX.name).symlink_to(server.folder / "nowhere")
    _open(server).deliver(make_parcel(CSV, XLSX), KEY)
    assert (server.folder / CSV.name).read_text() == "theirs"
    assert not (server.folder / "nowhere").exists()


def test_names_keep_their_letters(server: SftpServer) -> None:
    name = "Fullføringer-Bærum-Ås.csv"
    assert list(_open(server).deliver(make_parcel(make_file(name, b"x")), KEY).details) == [name]
    assert server.names() == [name]


def test_it_works_where_an_event_loop_runs_already(server: SftpServer) -> None:
    async def deliver() -> str:
        return _open(server).deliver(make_parcel(CSV), KEY).reference

    with ThreadPoolExecutor(1) as apart:  # a browser of other tests may have a loop of its own in this thread
        assert apart.submit(lambda: asyncio.run(deliver())).result() == f"sftp.kommune.test:{server.folder}"


def test_a_file_that_was_cut_goes_on_where_it_was(server: SftpServer) -> None:
    file = _large(megabytes=8)
    proxy = CuttingProxy(server.port, cut_after=5 * MEGABYTE)
    try:
        with pytest.raises(SftpUnreachableError):
            _open(server, port=str(proxy.port)).deliver(make_parcel(file), KEY)
        assert server.names() == []
        assert server.hidden() == [f".{KEY[:16]}-0.part"]
        proxy.cut_after = None
        channel = _open(server, port=str(proxy.port))
        assert channel.find(KEY) is None
        channel.deliver(make_parcel(file), KEY)
    finally:
        proxy.close()
    assert (server.folder / file.name).read_bytes() == _bytes(file)
    assert proxy.sent[0] >= 5 * MEGABYTE
    assert proxy.sent[-1] < 6 * MEGABYTE
    assert server.hidden() == []


@pytest.mark.parametrize(
    "there", [b"x" * 20, os.urandom(5 * MEGABYTE), os.urandom(9 * MEGABYTE)], ids=["short", "other", "longer"]
)
def test_what_is_not_ours_is_not_gone_on_from(server: SftpServer, there: bytes) -> None:
    file = _large(megabytes=8)
    (server.folder / f".{KEY[:16]}-0.part").write_bytes(there)
    _open(server).deliver(make_parcel(file), KEY)
    assert (server.folder / file.name).read_bytes() == _bytes(file)


def _killed(
    monkeypatch: pytest.MonkeyPatch, server: SftpServer, step: str, to: str, *files: ParcelFile, **changed: str
) -> None:
    """Deliver, and be killed before the step `rename` or `replace` to a name that ends like this."""
    take: Callable[[SftpPlace, str, str], object] = getattr(SftpPlace, step)

    def take_or_die(self: SftpPlace, name: str, new: str) -> object:
        if new.endswith(to):
            raise SystemExit
        return take(self, name, new)

    channel = _open(server, **changed)
    with monkeypatch.context() as patch:
        patch.setattr(SftpPlace, step, take_or_die)
        with pytest.raises(SystemExit):
            channel.deliver(make_parcel(*files), KEY)


def test_a_kill_before_the_names_are_given_is_made_good_without_sending_anew(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _killed(monkeypatch, server, "rename", ".csv", CSV, XLSX)
    assert server.names() == []
    unread = [replace(file, read=lambda: iter([b"never asked for"])) for file in (CSV, XLSX)]
    receipt = _open(server).deliver(make_parcel(*unread), KEY)
    assert server.names() == sorted(receipt.details) == [CSV.name, XLSX.name]
    assert (server.folder / CSV.name).read_bytes() == _bytes(CSV)


def test_a_kill_between_the_names_and_the_receipt_delivers_once(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _killed(monkeypatch, server, "replace", ".json", CSV, XLSX)
    assert server.names() == [CSV.name, XLSX.name]
    assert _open(server).find(KEY) is None

    (server.folder / CSV.name).unlink()  # its receiver has fetched it
    receipt = _open(server).deliver(make_parcel(CSV, XLSX), KEY)

    assert receipt == _open(server).find(KEY)
    assert set(receipt.details) == {CSV.name, XLSX.name}
    assert server.names() == [XLSX.name]
    assert [path.name for path in (server.folder / ".receipts").iterdir()] == [f"{KEY}.json"]


def test_an_encrypted_delivery_that_was_killed_arrives_once(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = x25519.Identity.generate()
    to = {"encrypt_to": str(identity.to_public())}
    _killed(monkeypatch, server, "replace", ".json", CSV, XLSX, **to)
    receipt = _open(server, **to).deliver(make_parcel(CSV, XLSX), KEY)
    assert server.names() == sorted(receipt.details) == [f"{CSV.name}.age", f"{XLSX.name}.age"]
    assert decrypt((server.folder / f"{CSV.name}.age").read_bytes(), [identity]) == _bytes(CSV)
    assert server.hidden() == []


def test_an_encrypted_file_that_was_cut_begins_anew(server: SftpServer) -> None:
    identity = x25519.Identity.generate()
    file, proxy = _large(megabytes=8), CuttingProxy(server.port, cut_after=5 * MEGABYTE)
    to = {"encrypt_to": str(identity.to_public()), "port": str(proxy.port)}
    try:
        with pytest.raises(SftpUnreachableError):
            _open(server, **to).deliver(make_parcel(file), KEY)
        proxy.cut_after = None
        _open(server, **to).deliver(make_parcel(file), KEY)
    finally:
        proxy.close()
    assert decrypt((server.folder / f"{file.name}.age").read_bytes(), [identity]) == _bytes(file)


def test_a_name_that_another_delivery_takes_meanwhile_is_not_overwritten(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _killed(monkeypatch, server, "rename", ".csv", CSV)
    (server.folder / CSV.name).write_text("another's")
    receipt = _open(server).deliver(make_parcel(CSV), KEY)
    assert list(receipt.details) == ["fullforinger-kongsberg-2026-09-2.csv"]
    assert receipt == _open(server).find(KEY)
    assert (server.folder / CSV.name).read_text() == "another's"


def test_a_file_that_got_its_name_in_the_last_moment_is_known_again(
    server: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _killed(monkeypatch, server, "rename", ".csv", CSV)
    (server.folder / CSV.name).write_bytes(_bytes(CSV))
    assert list(_open(server).deliver(make_parcel(CSV), KEY).details) == [CSV.name]
    assert server.names() == [CSV.name]
    assert server.hidden() == []


@pytest.mark.parametrize("note", [b"", b"{}", b"[]", b"no json", b" " * (MEGABYTE + 1)])
def test_a_receipt_that_somebody_spoiled_is_told(server: SftpServer, note: bytes) -> None:
    (server.folder / ".receipts").mkdir()
    (server.folder / ".receipts" / f"{KEY}.json").write_bytes(note)
    with pytest.raises(NoteDamagedError, match=KEY):
        _open(server).deliver(make_parcel(CSV), KEY)


def test_a_server_with_another_key_is_told_nothing(server: SftpServer, tmp_path: Path) -> None:
    with open_sftp_server(tmp_path / "other") as other:
        for changed in (other.settings(host_key=server.host_key_line), server.settings(host_key=other.host_key_line)):
            channel = guided(set_up(Sftp, changed))
            with pytest.raises(HostKeyChangedError, match="nothing was sent"):
                channel.check()
            with pytest.raises(HostKeyChangedError, match="nothing was sent"):
                channel.deliver(make_parcel(CSV), KEY)
        assert list(other.folder.iterdir()) == []


def test_a_key_of_another_kind_is_another_key(server: SftpServer) -> None:
    rsa = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    with pytest.raises(HostKeyChangedError):
        _open(server, host_key=rsa).check()


def test_all_lines_of_a_scan_can_be_given(server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    _open(server, host_key=f"# kommune.test:22 SSH-2.0\r\nkommune.test {other}\n{server.host_key_line}\n").check()


def test_who_is_not_let_in_is_told_so(server: SftpServer) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with pytest.raises(LoginRefusedError, match=r"sftp\.kommune\.test"):
        _open(server, private_key=stranger).check()
    with pytest.raises(LoginRefusedError):
        _open(server, private_key="", password="guess").check()


def test_a_missing_folder_is_a_wrong_setting(server: SftpServer) -> None:
    channel = _open(server, folder=f"{server.folder}/nowhere")
    acts: list[Callable[[], object]] = [
        channel.check,
        lambda: channel.deliver(make_parcel(CSV), KEY),
        lambda: channel.find(KEY),
    ]
    for act in acts:
        with pytest.raises(SftpFolderMissingError, match="nowhere"):
            act()


def test_a_server_that_does_not_answer_is_tried_again(server: SftpServer) -> None:
    with pytest.raises(SftpUnreachableError):
        _open(server, port=str(free_port())).check()


def test_a_server_that_says_nothing_holds_nobody_up(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp_session, "CONNECT_S", 0.2)
    monkeypatch.setattr(sftp_session, "LOGIN_S", 0.3)
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SftpUnreachableError):
        _open(server, port=str(silent.getsockname()[1])).check()
    assert time.monotonic() - began < 10


def test_a_step_that_does_not_end_is_ended(server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = server.settings()
    login = Login("h", server.port, settings["user"], settings["host_key"], private_key=settings["private_key"])
    with open_session(login, ["127.0.0.1"]) as session:
        monkeypatch.setattr(sftp_session, "STEP_S", 0.2)
        with pytest.raises(SftpUnreachableError, match="TimeoutError"):
            session.do(asyncio.sleep(60))


def test_a_name_that_leads_nowhere_is_tried_again(server: SftpServer) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise UnknownHostError(host=host)

    with pytest.raises(HostNotFoundError, match=r"sftp\.kommune\.test") as raised:
        _open(server).look_up_by(unknown).check()
    assert isinstance(raised.value, UnreachableError)


def test_settings_that_can_not_work_are_refused_before_anything_is_kept(server: SftpServer) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "hemmelig", "-f", server.root / "locked"], check=True)
    locked = (server.root / "locked").read_text()
    locked_pkcs8 = server.key.export_private_key("pkcs8-pem", passphrase="hemmelig").decode()
    public = server.key.export_public_key().decode()
    for changed, kind in (
        ({"private_key": locked}, PrivateKeyLockedError),
        ({"private_key": locked_pkcs8}, PrivateKeyLockedError),
        ({"private_key": public}, PrivateKeyUnreadableError),
        ({"private_key": "tull"}, PrivateKeyUnreadableError),
        ({"private_key": ""}, LoginMissingError),
        ({"host_key": "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}, HostKeyUnreadableError),
        ({"host_key": "ssh-ed25519 AAAA"}, HostKeyUnreadableError),
        ({"port": "0"}, MisconfiguredError),
        ({"port": "70000"}, MisconfiguredError),
        ({"folder": "a\nb"}, MisconfiguredError),
        ({"encrypt_to": "age1tull"}, MisconfiguredError),
        ({"encrypt_until": "2030-02-30"}, MisconfiguredError),
    ):
        with pytest.raises(kind):
            _open(server, **changed)


def test_keys_may_come_as_pkcs8_and_from_a_form_of_the_browser(server: SftpServer) -> None:
    pkcs8 = server.key.export_private_key("pkcs8-pem").decode()
    _open(server, private_key="\r\n" + pkcs8.replace("\n", "\r\n")).check()
