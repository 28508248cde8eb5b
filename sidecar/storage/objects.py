"""Keep files in a bucket of an S3-compatible store, through obstore."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Final

from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, MemoryStore, S3Store

from sidecar.errors import NotFoundError
from sidecar.http import GuardedFetch
from sidecar.settings import S3Address, Settings
from sidecar.storage.base import (
    CHUNK_BYTES,
    FRESH,
    Held,
    Storage,
    StorageRefusedError,
    StorageUnreachableError,
    Stored,
    is_digest,
    key_of,
)

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

PART_BYTES: Final = 8 * 1024 * 1024
"""What is larger goes up in parts of this size."""

SLICE_BYTES: Final = 2 * 1024 * 1024
"""How much one request reads: a slow learner's download is many short requests, none of which times out."""

CONNECT_TIMEOUT: Final = timedelta(seconds=5)
REQUEST_TIMEOUT: Final = timedelta(seconds=30)
RETRIES: Final[RetryConfig] = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=3), "base": 3},
}

Bucket = S3Store | LocalStore | MemoryStore


class ObjectStorage:
    """Keep files in a bucket; nothing is reached before the first use.

    A process that has used it must not fork: obstore's threads would be missing in the child.
    """

    def __init__(self, open_bucket: Callable[[], Bucket], *, where: str, host: str) -> None:
        """Prepare.

        Args:
            open_bucket: checks the address and opens it; called at the first use, and again where it raised.
            where: what an operator reads; no secret in it.
            host: whom errors name.
        """
        self.where = where
        self._open_bucket = open_bucket
        self._host = host
        self._opened: Bucket | None = None
        self._process_id = os.getpid()

    @property
    def _bucket(self) -> Bucket:
        if self._opened is None:
            self._process_id = os.getpid()
            self._opened = self._open_bucket()
        elif self._process_id != os.getpid():
            raise RuntimeError("the storage was used before this process was forked")
        return self._opened

    def put(self, stream: Iterable[bytes]) -> Stored:
        """Store what the stream yields; it is whole in the bucket when this returns, and younger than `FRESH`.

        It is kept on this machine's disk till its SHA-256 is known; the store checks that what arrives has it.
        """
        with tempfile.SpooledTemporaryFile(PART_BYTES) as whole:
            digest, size_bytes = hashlib.sha256(), 0
            for piece in stream:
                digest.update(piece)
                size_bytes += len(piece)
                whole.write(piece)
            whole.seek(0)
            stored = Stored(digest.hexdigest(), size_bytes)
            with self._telling():
                self._put_whole(stored, whole)
        return stored

    def put_all(self, streams: Iterable[Iterable[bytes]]) -> list[Stored]:
        """Store many, one after the other."""
        return [self.put(stream) for stream in streams]

    def _put_whole(self, stored: Stored, whole: IO[bytes]) -> None:
        key = key_of(stored.digest)
        if stored.size_bytes > PART_BYTES:
            if not self._is_fresh(stored):
                self._bucket.put(key, whole, use_multipart=True, chunk_size=PART_BYTES, max_concurrency=2)
            return
        content = whole.read()
        try:
            self._bucket.put(key, content, mode="create")
        except AlreadyExistsError:
            if not self._is_fresh(stored):  # writing it anew makes it young: a sweep leaves it alone
                self._bucket.put(key, content, use_multipart=False)

    def _is_fresh(self, stored: Stored) -> bool:
        try:
            meta = self._bucket.head(key_of(stored.digest))
        except FileNotFoundError:
            return False
        return meta["size"] == stored.size_bytes and datetime.now(UTC) - meta["last_modified"] < FRESH

    def stream(self, digest: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to and without `end`, in pieces; raise NotFoundError at once."""
        first, size_bytes = self._first_slice(digest, start, end)
        return self._pieces(digest, first, start, size_bytes if end is None else min(end, size_bytes))

    def _first_slice(self, digest: str, start: int, end: int | None) -> tuple[bytes, int]:
        """Return the first slice and the size of the whole; a range that holds nothing is an empty slice."""
        stop = start + SLICE_BYTES if end is None else min(end, start + SLICE_BYTES)
        if stop <= start:
            return b"", self.size(digest)
        with self._telling(digest):
            try:
                found = self._bucket.get(key_of(digest), options={"range": (start, stop)})
                return bytes(found.bytes()), found.meta["size"]
            except BaseError:
                size_bytes = self._bucket.head(key_of(digest))["size"]
                if start < size_bytes:
                    raise
                return b"", size_bytes

    def _pieces(self, digest: str, first: bytes, start: int, stop: int) -> Iterator[bytes]:
        piece = first
        while piece:
            for offset in range(0, len(piece), CHUNK_BYTES):
                yield piece[offset : offset + CHUNK_BYTES]
            start += len(piece)
            piece = b""
            if start < stop:
                with self._telling(digest):
                    end = min(stop, start + SLICE_BYTES)
                    piece = bytes(self._bucket.get_range(key_of(digest), start=start, end=end))

    def size(self, digest: str) -> int:
        """Return the size in bytes; raise NotFoundError where there is none."""
        with self._telling(digest):
            return self._bucket.head(key_of(digest))["size"]

    def remove(self, digest: str, *, put_before: datetime | None = None) -> bool:
        """Take a file away; one that is not there is no error, one that was put since `put_before` is left."""
        key = key_of(digest)
        with self._telling():
            try:
                if put_before and self._bucket.head(key)["last_modified"] >= put_before:
                    return False
                self._bucket.delete(key)
            except FileNotFoundError:
                return True
        return True

    def list_held(self) -> Iterator[Held]:
        """Yield every whole file, in any order."""
        with self._telling():
            for page in self._bucket.list():
                for meta in page:
                    name = meta["path"].rpartition("/")[2]
                    if is_digest(name) and meta["path"] == key_of(name):
                        yield Held(name, meta["size"], meta["last_modified"])

    def clear_leftovers(self, put_before: datetime, *, dry_run: bool) -> int:  # noqa: ARG002 (see below)
        """Do nothing: a store keeps half-sent parts to itself, and its own lifecycle rule removes them."""
        return 0

    @contextmanager
    def _telling(self, digest: str | None = None) -> Iterator[None]:
        """Say in our own words what the store says; its own name addresses and requests."""
        try:
            yield
        except FileNotFoundError:
            if digest is None:  # a put finds nothing to put into: there is no such bucket
                raise StorageRefusedError(host=self._host) from None
            raise NotFoundError(what="file", key=digest) from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise StorageRefusedError(host=self._host) from None
        except BaseError:
            raise StorageUnreachableError(host=self._host) from None


def open_s3(address: S3Address, bucket: str, prefix: str, settings: Settings) -> Storage:
    """Return the storage in a bucket.

    Its address is checked like any other when it is first reached: https and public, or listed as private.
    """
    host = address.endpoint.partition("://")[2]

    def open_bucket() -> Bucket:
        GuardedFetch(settings.allowed_private).refuse_forbidden(address.endpoint)
        return S3Store(
            bucket,
            prefix=prefix or None,
            config={
                "endpoint": address.endpoint,
                "region": address.region,
                "access_key_id": address.access_key,
                "secret_access_key": address.secret_key,
                "virtual_hosted_style_request": False,
                "checksum_algorithm": "sha256",
            },
            client_options=_client_options(address, settings),
            retry_config=RETRIES,
        )

    return ObjectStorage(open_bucket, where=f"s3://{bucket}/{prefix} at {host}", host=host)


def _client_options(address: S3Address, settings: Settings) -> ClientConfig:
    options: ClientConfig = {
        "allow_http": address.endpoint.startswith("http:"),
        "connect_timeout": CONNECT_TIMEOUT,
        "timeout": REQUEST_TIMEOUT,
    }
    if settings.ca_file:
        options["root_certificate"] = settings.ca_file.read_bytes()
    return options
