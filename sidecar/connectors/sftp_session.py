"""Speak SFTP with one server: its key is pinned, every step has an end, and all asyncio runs in a thread of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import asyncssh

from sidecar.connectors.base import MisconfiguredError, RefusedError, UnreachableError

CONNECT_S: Final = 10.0
LOGIN_S: Final = 30.0
STEP_S: Final = 60.0
"""How long one step may take, of which a large file needs many."""

CLOSE_S: Final = 5.0

_HOST_KEY = re.compile(r"\b((?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d{3})\s+[A-Za-z0-9+/]+={0,2})")

_HOST_KEY_KINDS: Final = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)

Answer = TypeVar("Answer")


class HostKeyUnreadableError(MisconfiguredError):
    """The setting "{setting}" is no key of a server. Give a line that ssh-keyscan prints, compared with its owner's."""

    code = "host-key-unreadable"


class HostKeyChangedError(RefusedError):
    """{host} shows another key than the one set, so nothing was sent. Ask its owner, then set host_key anew."""

    code = "host-key-changed"


class PrivateKeyLockedError(MisconfiguredError):
    """The key in "{setting}" has a passphrase. Give one without: as PKCS #8, or as OpenSSH keeps it."""

    code = "private-key-locked"


class PrivateKeyUnreadableError(MisconfiguredError):
    """What is in "{setting}" is no private key. Give the whole file, as PKCS #8 or as OpenSSH keeps it."""

    code = "private-key-unreadable"


class LoginMissingError(MisconfiguredError):
    """There is neither a password nor a private_key. Give one of them."""

    code = "sftp-login-missing"


class LoginRefusedError(RefusedError):
    """{host} does not let the user in. Check the user, the password or the key with whoever runs the server."""

    code = "sftp-login-refused"


class SftpNotOfferedError(RefusedError):
    """{host} lets the user in, but offers no SFTP that we can use. Ask whoever runs the server."""

    code = "sftp-not-offered"


class SftpUnreachableError(UnreachableError):
    """{host} does not answer, or broke off ({reason}). It will be tried again."""

    code = "sftp-unreachable"


@dataclass(frozen=True)
class Login:
    """Where to sign in, and as whom; as the settings have it.

    Attributes:
        host: only for messages, as addresses are given by themselves.
        host_key: any text with the lines of `ssh-keyscan`, or the key alone.
    """

    host: str
    port: int
    user: str
    host_key: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)

    def host_keys(self) -> list[asyncssh.SSHKey]:
        """Return the keys that the server may show.

        Raises:
            HostKeyUnreadableError: there is none.
        """
        try:
            found = [asyncssh.import_public_key(" ".join(one.split())) for one in _HOST_KEY.findall(self.host_key)]
        except asyncssh.KeyImportError:
            found = []
        if not found:
            raise HostKeyUnreadableError(setting="host_key")
        return found

    def client_keys(self) -> list[asyncssh.SSHKey]:
        """Return the key to sign in by, if there is one.

        Raises:
            LoginMissingError: there is no password either.
            PrivateKeyLockedError: it has a passphrase.
            PrivateKeyUnreadableError: it is none.
        """
        if not self.private_key and not self.password:
            raise LoginMissingError(setting="private_key")
        if not self.private_key:
            return []
        try:
            return [asyncssh.import_private_key(self.private_key.replace("\r\n", "\n").strip() + "\n")]
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
            locked = "passphrase" in str(error).lower() or isinstance(error, asyncssh.KeyEncryptionError)
            kind = PrivateKeyLockedError if locked else PrivateKeyUnreadableError
            raise kind(setting="private_key") from None


class Session:
    """An open session: `do` takes one step of it."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], sftp: asyncssh.SFTPClient, host: str) -> None:
        """Hold what `open_session` opened."""
        self._run, self.sftp, self.host = run, sftp, host

    def do(self, step: Awaitable[Answer]) -> Answer:
        """Take a step, and return its answer.

        Raises:
            SftpUnreachableError: the server broke off, or was too slow.
            SFTPError: of asyncssh, it says no.
        """
        with _told(self.host):
            answer: Answer = self._run(_bounded(step, STEP_S))
            return answer


@contextmanager
def open_session(login: Login, addresses: Sequence[str]) -> Iterator[Session]:
    """Sign in to the first address that answers, and close the session after the block.

    Raises:
        HostKeyChangedError: the server is another, or has a new key; nothing was sent.
        LoginRefusedError: it does not let us in.
        SftpNotOfferedError: it offers no SFTP.
        SftpUnreachableError: it does not answer.
        MisconfiguredError: a key among the settings can't be read.
    """
    host_keys, client_keys = login.host_keys(), login.client_keys()
    with _thread() as run:
        with _told(login.host):
            connection = run(_connect_to_any(login, addresses, host_keys, client_keys))
        try:
            with _told(login.host):
                sftp = run(_bounded(connection.start_sftp_client(), STEP_S))
            yield Session(run, sftp, login.host)
        finally:
            run(_close(connection))


@contextmanager
def _thread() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Yield what runs coroutines: not in this thread, which may have an event loop of its own."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sftp") as pool:
        runner = asyncio.Runner()
        try:
            yield lambda coroutine: pool.submit(runner.run, coroutine).result()
        finally:
            pool.submit(runner.close).result()


async def _bounded(step: Awaitable[Answer], limit_s: float) -> Answer:
    async with asyncio.timeout(limit_s):
        return await step


async def _connect_to_any(
    login: Login, addresses: Sequence[str], host_keys: list[asyncssh.SSHKey], client_keys: list[asyncssh.SSHKey]
) -> asyncssh.SSHClientConnection:
    problem: OSError = OSError("no address")
    for address in addresses:
        try:
            return await _bounded(_connect(login, address, host_keys, client_keys), CONNECT_S + LOGIN_S)
        except OSError as error:  # TimeoutError among them
            problem = error
    raise problem


async def _connect(
    login: Login, address: str, host_keys: list[asyncssh.SSHKey], client_keys: list[asyncssh.SSHKey]
) -> asyncssh.SSHClientConnection:
    """Connect with nothing of the user who runs us: no configuration, no known hosts, no agent, no keys."""
    return await asyncssh.connect(
        address,
        login.port,
        config=None,
        known_hosts=(host_keys, [], []),
        server_host_key_algs=_ordered(host_keys),
        username=login.user,
        password=login.password,
        client_keys=client_keys or None,
        agent_path=None,
        gss_kex=False,
        gss_auth=False,
        connect_timeout=CONNECT_S,
        login_timeout=LOGIN_S,
    )


def _ordered(host_keys: list[asyncssh.SSHKey]) -> list[str]:
    """Return the kinds of keys that a server may show, ours first; by the others one is seen to have changed."""
    ours = [kind.decode() for key in host_keys for kind in key.sig_algorithms if kind.decode() in _HOST_KEY_KINDS]
    return list(dict.fromkeys([*ours, *_HOST_KEY_KINDS]))


async def _close(connection: asyncssh.SSHClientConnection) -> None:
    connection.close()
    with suppress(TimeoutError, OSError, asyncssh.Error):
        async with asyncio.timeout(CLOSE_S):
            await connection.wait_closed()
            return
    connection.abort()


@contextmanager
def _told(host: str) -> Iterator[None]:
    """Turn what asyncssh says of the connection into what an operator can act on."""
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as error:
        raise HostKeyChangedError(host=host) from error
    except asyncssh.PermissionDenied as error:
        raise LoginRefusedError(host=host) from error
    except asyncssh.KeyExchangeFailed as error:
        kind = HostKeyChangedError if "host key" in str(error).lower() else SftpNotOfferedError
        raise kind(host=host) from error
    except asyncssh.ChannelOpenError as error:
        raise SftpNotOfferedError(host=host) from error
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, OSError) as error:
        raise SftpUnreachableError(host=host, reason=type(error).__name__) from error
