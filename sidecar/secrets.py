"""Encrypt what is secret at rest: connection settings and signing keys."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from sidecar.errors import MisconfiguredError, SidecarError
from sidecar.settings import Settings


class BadTokenError(SidecarError):
    """This page has been open too long. Start again from your LMS; what was saved is kept."""

    code = "bad-token"


class WrongKeyError(MisconfiguredError):
    """None of the keys in {setting} opens what was stored. An operator must put back the key it was stored with."""

    code = "wrong-secret-key"


VARIABLE = "SIDECAR_SECRET_KEYS"
KEY_FILE = "secret.key"


class SecretBox:
    """Encrypt with the first key, decrypt with any.

    The keys of a file are read again when it changes, so that running processes follow a rotation at once.
    """

    def __init__(self, keys: tuple[str, ...], *, file: Path | None = None) -> None:
        """Make the box.

        Args:
            keys: Fernet keys, URL-safe base64 of 32 bytes each; not looked at where there is a file.
            file: a key a line.

        Raises:
            MisconfiguredError: a key is malformed.
        """
        self.origin = str(file) if file else VARIABLE
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._first, self._all = _read_keys(keys, self.origin) if not file else self._read_file(file)

    def seal(self, plain: bytes) -> bytes:
        """Encrypt."""
        return self._keys().encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt.

        Raises:
            WrongKeyError: none of the keys fits.
        """
        try:
            return self._keys().decrypt(sealed)
        except InvalidToken:
            raise WrongKeyError(setting=self.origin) from None

    def is_sealed_with_first(self, sealed: bytes) -> bool:
        """Tell whether a value was sealed with the key that seals now."""
        self._keys()
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def reseal(self, sealed: bytes) -> bytes:
        """Seal a value anew with the first key.

        Raises:
            WrongKeyError: none of the keys fits.
        """
        try:
            return self._keys().rotate(sealed)
        except InvalidToken:
            raise WrongKeyError(setting=self.origin) from None

    def token(self, claims: Mapping[str, str], now: datetime) -> str:
        """Make a bearer token that only this application can read or make.

        Args:
            now: aware; the token's age counts from it, in whole seconds.
        """
        sealed = self._keys().encrypt_at_time(json.dumps(claims).encode(), int(now.timestamp()))
        return sealed.decode("ascii")

    def read_token(self, token: str, now: datetime, *, max_age_s: int) -> dict[str, str]:
        """Return the claims of a token.

        Raises:
            BadTokenError: it is not ours, altered, or older than `max_age_s`.
        """
        try:
            plain = self._keys().decrypt_at_time(token.encode(), max_age_s, int(now.timestamp()))
        except (InvalidToken, UnicodeEncodeError):
            raise BadTokenError from None
        claims: dict[str, str] = json.loads(plain)
        return claims

    def _keys(self) -> MultiFernet:
        """Return the keys as they are now."""
        if self._file and _stamp_of(self._file) != self._stamp:
            self._first, self._all = self._read_file(self._file)
        return self._all

    def _read_file(self, file: Path) -> tuple[Fernet, MultiFernet]:
        stamp = _stamp_of(file)
        keys = _read_keys(tuple(file.read_text("ascii", errors="replace").split()), self.origin)
        self._stamp = stamp
        return keys


def open_box(settings: Settings) -> SecretBox:
    """Open the box of the settings; on the first run without keys, make the key file (mode 0600)."""
    if settings.secret_keys:
        return SecretBox(settings.secret_keys)
    file = settings.data / KEY_FILE
    _make_key_file(file)
    return SecretBox((), file=file)


def make_key() -> str:
    """Return a new key for SIDECAR_SECRET_KEYS."""
    return Fernet.generate_key().decode("ascii")


@contextmanager
def held_key_file(file: Path) -> Iterator[None]:
    """Wait till no other process changes a key file: one rotation could forget the key that another seals with."""
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def put_new_key_first(file: Path) -> bool:
    """Put a new key before the one of a key file.

    Returns:
        False where the file has several already: a rotation that broke off is to be finished first.
    """
    keys = file.read_text("ascii").split()
    if len(keys) > 1:
        return False
    _replace(file, [make_key(), *keys])
    return True


def keep_first_key(file: Path) -> None:
    """Forget all keys of a key file but the first."""
    _replace(file, file.read_text("ascii").split()[:1])


def _read_keys(keys: tuple[str, ...], origin: str) -> tuple[Fernet, MultiFernet]:
    made = []
    for position, key in enumerate(keys, 1):
        try:
            made.append(Fernet(key))
        except ValueError:
            reason = f"key {position} of {len(keys)} is not 32 bytes in URL-safe base64."
            raise MisconfiguredError(setting=origin, reason=reason) from None
    if not made:
        raise MisconfiguredError(setting=origin, reason="it holds no key.")
    return made[0], MultiFernet(made)


def _stamp_of(file: Path) -> tuple[int, int]:
    """Return what changes whenever a file is replaced.

    Raises:
        MisconfiguredError: it is gone or can't be read.
    """
    try:
        found = file.stat()
    except OSError as error:
        reason = f"the key file can't be read: {error.strerror}."
        raise MisconfiguredError(setting=str(file), reason=reason) from None
    return found.st_mtime_ns, found.st_ino


def _make_key_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        return
    new = _write_beside(path, [make_key()])
    try:
        os.link(new, path)  # fails where the file exists: the first process wins, the others read its key
    except FileExistsError:
        pass
    finally:
        new.unlink()


def _replace(path: Path, keys: list[str]) -> None:
    """Put a key file in the place of the old one in one step: a crash leaves the one or the other."""
    _write_beside(path, keys).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_beside(path: Path, keys: list[str]) -> Path:
    new = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return new
