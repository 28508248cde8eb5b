"""Keep the platform's signing keys, and read the tool's."""

import secrets
import threading
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import requests
from joserfc import jws, jwt
from joserfc.errors import JoseError
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


class NotSignedError(Exception):
    """Refuse what the tool has not signed: `code` and the reason, for the tool's developer."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


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

    def read(self, token: str) -> Mapping[str, Any]:
        """Return the claims of what the tool has signed.

        Raises:
            NotSignedError: it is no token, or not the tool's.
        """
        try:
            kid = jws.extract_compact(token.encode()).headers().get("kid", "")
            keys = self.find(str(kid))
        except (JoseError, ValueError) as error:
            raise NotSignedError("invalid_request", "no JWT") from error
        except requests.RequestException as error:
            raise NotSignedError("invalid_client", "the tool's JWKS could not be fetched") from error
        if not keys.keys:
            raise NotSignedError("invalid_client", "kid is not in the tool's JWKS")
        try:
            return jwt.decode(token, keys, algorithms=["RS256"]).claims
        except (JoseError, ValueError) as error:
            raise NotSignedError("invalid_client", "signature") from error

    def _fetch(self) -> dict[str, dict[str, Any]]:
        answer = requests.get(self._url, timeout=FETCH_TIMEOUT_S, allow_redirects=False)
        answer.raise_for_status()
        return {key["kid"]: key for key in answer.json().get("keys", []) if "kid" in key}
