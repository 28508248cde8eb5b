"""Keep the platform's signing keys, and read the tool's."""

import secrets
import threading
import time
from functools import cached_property
from typing import Any

import requests
from joserfc.jwk import KeyParameters, KeySet, RSAKey

REFETCH_PAUSE_S = 10.0
FETCH_TIMEOUT_S = 5.0


class PlatformKeys:
    """Hold this platform's RSA keys: the newest signs, the older ones stay published."""

    def __init__(self) -> None:
        self._keys = [_make_key()]

    @cached_property
    def stranger(self) -> RSAKey:
        """Return a key that was never published, to sign forgeries with."""
        return _make_key()

    @property
    def active(self) -> RSAKey:
        """Return the key that signs now."""
        return self._keys[-1]

    def rotate(self, *, keep_old: bool = True) -> str:
        """Start to sign with a fresh key and return its kid; the old keys stay in the JWKS if asked for."""
        fresh = _make_key()
        self._keys = [*self._keys, fresh] if keep_old else [fresh]
        return str(fresh.kid)

    def publish(self) -> dict[str, Any]:
        """Return the JWKS, public parts only."""
        return {"keys": [key.as_dict(private=False) for key in self._keys]}


def _make_key() -> RSAKey:
    parameters: KeyParameters = {"kid": secrets.token_hex(10), "alg": "RS256", "use": "sig"}
    return RSAKey.generate_key(2048, parameters)


class ToolKeys:
    """Fetch the tool's JWKS and keep it until a kid is asked for that it lacks, as Moodle does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, dict[str, Any]] = {}
        self._fetched_at = -REFETCH_PAUSE_S
        self._lock = threading.Lock()

    def find(self, kid: str) -> KeySet:
        """Return a key set with the one key of this kid, or an empty one.

        Raises:
            requests.RequestException: the tool's JWKS could not be fetched.
        """
        with self._lock:
            if kid not in self._keys and time.monotonic() - self._fetched_at >= REFETCH_PAUSE_S:
                self._keys = self._fetch()
                self._fetched_at = time.monotonic()
            found = self._keys.get(kid)
        return KeySet.import_key_set({"keys": [found]}) if found else KeySet([])

    def _fetch(self) -> dict[str, dict[str, Any]]:
        answer = requests.get(self._url, timeout=FETCH_TIMEOUT_S, allow_redirects=False)
        answer.raise_for_status()
        return {key["kid"]: key for key in answer.json().get("keys", []) if "kid" in key}
