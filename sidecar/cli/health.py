"""Check that everything the application relies on is there and can be used."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from sqlalchemy import select

from sidecar.core.connections import Connection
from sidecar.core.signing_keys import SigningKey
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.schema import refuse_unmigrated


class QueueUnreachableError(SidecarError):
    """The queue's server does not answer. Start "sidecar up", or check SIDECAR_REDIS_URL."""

    code = "queue-unreachable"


class StorageUnusableError(SidecarError):
    """Files can't be written to the storage: {reason}"""

    code = "storage-unusable"


class UnknownHostError(SidecarError):
    """The host name {host} is not known to DNS. Add it there, or correct SIDECAR_CONTENT_URL."""

    code = "unknown-host"


@dataclass(frozen=True)
class Finding:
    """How one thing stands; `code` is "ok" or that of the error."""

    what: str
    code: str
    message: str

    @property
    def is_ok(self) -> bool:
        """Tell whether all is well with it."""
        return self.code == "ok"


def examine(sidecar: Sidecar) -> list[Finding]:
    """Check everything; a thing that fails does not keep the others from being checked."""
    checks: dict[str, Callable[[Sidecar], str]] = {
        "settings": _settings,
        "database": _database,
        "queue": _queue,
        "storage": _storage,
        "content host": _content_host,
        "keys": _keys,
    }
    return [_finding(what, check, sidecar) for what, check in checks.items()]


def _finding(what: str, check: Callable[[Sidecar], str], sidecar: Sidecar) -> Finding:
    try:
        return Finding(what, "ok", check(sidecar))
    except SidecarError as error:
        return Finding(what, error.code, str(error))


def _settings(sidecar: Sidecar) -> str:
    kind = "production" if sidecar.settings.production else "one machine"
    return f"{sidecar.settings.public_url} ({kind})"


def _database(sidecar: Sidecar) -> str:
    refuse_unmigrated(sidecar.engine)
    return sidecar.engine.dialect.name


def _queue(sidecar: Sidecar) -> str:
    try:
        sidecar.redis.ping()
    except RedisError:
        raise QueueUnreachableError from None
    return "configured" if sidecar.settings.redis_url else "embedded"


def _storage(sidecar: Sidecar) -> str:
    try:
        stored = sidecar.storage.put([b"sidecar check ", os.urandom(16)])
        sidecar.storage.remove(stored.digest)
    except OSError as error:
        raise StorageUnusableError(reason=error.strerror or type(error).__name__) from None
    return str(sidecar.settings.data)


def _content_host(sidecar: Sidecar) -> str:
    host = urlsplit(sidecar.settings.content_origin("check")).hostname or ""
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        raise UnknownHostError(host=host) from None
    if sidecar.settings.content_is_per_version:
        return f"{sidecar.settings.content_url} (one host per package)"
    return f"{sidecar.settings.content_url} (warning: one host for all packages, so that only reviewed ones play)"


def _keys(sidecar: Sidecar) -> str:
    refuse_unmigrated(sidecar.engine)
    with sidecar.reading() as db:
        sealed = [*db.scalars(select(SigningKey.private)), *db.scalars(select(Connection.settings))]
    for secret in sealed:
        sidecar.secrets.open(secret)
    origin = "SIDECAR_SECRET_KEYS" if sidecar.settings.secret_keys else "key file"
    return f"{origin}; {len(sealed)} stored secrets can be read"
