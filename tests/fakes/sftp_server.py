"""Run a real OpenSSH server on a free port, and cut connections to it on purpose."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from getpass import getuser
from pathlib import Path

import asyncssh

from sidecar.connectors.sftp import Sftp
from tests.fakes.ports import free_port
from tests.lacking import lack

SSHD = Path("/usr/sbin/sshd")
PRIVILEGE_SEPARATION = Path("/run/sshd")


@dataclass
class SftpServer:
    """An OpenSSH server that shows `host_key` and lets `key` in; what is uploaded lies in `folder`."""

    root: Path
    port: int
    host_key: asyncssh.SSHKey
    key: asyncssh.SSHKey

    @property
    def folder(self) -> Path:
        return self.root / "in"

    @property
    def host_key_line(self) -> str:
        """Return the line that ssh-keyscan would print."""
        return f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode().strip()}"

    def settings(self, **changed: str) -> dict[str, str]:
        """Return the settings of a connection to it."""
        return {
            "host": "sftp.kommune.test",
            "port": str(self.port),
            "user": getuser(),
            "private_key": self.key.export_private_key().decode(),
            "folder": str(self.folder),
            "host_key": self.host_key_line,
        } | changed

    def names(self) -> list[str]:
        """Return the names of what its owner finds, without what is hidden."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_file() and path.name[0] != ".")

    def hidden(self) -> list[str]:
        """Return the names of what is hidden beside it."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_file() and path.name[0] == ".")


def at_home(host: str, port: int) -> Sequence[str]:
    """Find every host on this machine, as a guard would that lists it."""
    return ["127.0.0.1"]


def guided(channel: Sftp) -> Sftp:
    """Return a channel that finds its server on this machine."""
    return channel.look_up_by(at_home)


@contextmanager
def open_sftp_server(root: Path) -> Iterator[SftpServer]:
    """Start an OpenSSH server that keeps all it has in a folder."""
    if not SSHD.exists():
        lack("there is no /usr/sbin/sshd: install openssh-server")
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    host_key, key = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    server = SftpServer(root, free_port(), host_key, key)
    server.folder.mkdir(parents=True, exist_ok=True)
    command = [str(SSHD), "-D", "-e", "-f", str(_configure(server))]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_for(server.port, process, root / "log")
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _configure(server: SftpServer) -> Path:
    kept = server.root / "host_key"
    kept.write_bytes(server.host_key.export_private_key())
    kept.chmod(0o600)
    (server.root / "authorized_keys").write_bytes(server.key.export_public_key())
    path = server.root / "sshd_config"
    path.write_text(
        f"Port {server.port}\nListenAddress 127.0.0.1\nHostKey {kept}\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {server.root / 'authorized_keys'}\nPermitRootLogin prohibit-password\n"
        "PasswordAuthentication no\nMaxStartups 100\nSubsystem sftp internal-sftp\n"
    )
    return path


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text("utf-8"))


@dataclass
class CuttingProxy:
    """Stand before a server and count what goes to it; `cut_after` bytes of one connection it is cut."""

    target: int
    cut_after: int | None = None
    sent: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in [self._accepting, *self._threads]:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._carry, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _carry(self, client: socket.socket) -> None:
        place = len(self.sent)
        self.sent.append(0)
        with client, socket.create_connection(("127.0.0.1", self.target)) as server, suppress(OSError):
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (server if ready is client else client).sendall(data)
                    self.sent[place] += len(data) if ready is client else 0
                if self.cut_after is not None and self.sent[place] >= self.cut_after:
                    return
