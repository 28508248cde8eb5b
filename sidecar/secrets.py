"""Encrypt what is secret at rest: connection settings and signing keys."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
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


KEY_FILE = "secret.key"


class SecretBox:
    """Encrypt with the first key, decrypt with any."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        """Make the box.

        Args:
            keys: Fernet keys, URL-safe base64 of 32 bytes each.

        Raises:
            MisconfiguredError: a key is malformed.
        """
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise MisconfiguredError(
                setting="SIDECAR_SECRET_KEYS", reason="each key must be 32 bytes in URL-safe base64."
            ) from None

    def seal(self, plain: bytes) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt.

        Raises:
            WrongKeyError: none of the keys fits.
        """
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise WrongKeyError(setting="SIDECAR_SECRET_KEYS") from None

    def token(self, claims: Mapping[str, str], now: datetime) -> str:
        """Make a bearer token that only this application can read or make.

        Args:
            now: aware; the token's age counts from it, in whole seconds.
        """
        sealed = self._fernet.encrypt_at_time(json.dumps(claims).encode(), int(now.timestamp()))
        return sealed.decode("ascii")

    def read_token(self, token: str, now: datetime, *, max_age_s: int) -> dict[str, str]:
        """Return the claims of a token.

        Raises:
            BadTokenError: it is not ours, altered, or older than `max_age_s`.
        """
        try:
            plain = self._fernet.decrypt_at_time(token.encode(), max_age_s, int(now.timestamp()))
        except (InvalidToken, UnicodeEncodeError):
            raise BadTokenError from None
        claims: dict[str, str] = json.loads(plain)
        return claims


def open_box(settings: Settings) -> SecretBox:
    """Open the box of the settings; on the first run without keys, make the key file (mode 0600)."""
    keys = settings.secret_keys or (_key_of_file(settings.data / KEY_FILE),)
    return SecretBox(keys)


def _key_of_file(path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key())
    try:
        os.link(new, path)  # fails where the file exists: the first process wins, the others read its key
    except FileExistsError:
        pass
    finally:
        new.unlink()
    return path.read_text("ascii").strip()
