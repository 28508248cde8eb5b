"""Share access tokens between jobs, each of which runs in a process of its own: encrypted, in the queue's server.

Where that server is away, or holds what we can't read, a job asks the LMS for a token of its own.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final, cast
from weakref import ref

import structlog
from redis import Redis
from redis.exceptions import RedisError

from lti.services import CacheKey, Token
from sidecar.core.one_way import hash_secret
from sidecar.runtime import Sidecar
from sidecar.secrets import WrongKeyError

PREFIX: Final = "sidecar:token:"

log = structlog.get_logger()


class SharedTokens:
    """Keep tokens where every process of this installation finds them, and nobody else can read them."""

    def __init__(self, sidecar: Sidecar) -> None:
        """Keep them in the queue's server of an application, sealed by its secret keys."""
        self._sidecar = ref(sidecar)  # whoever keeps us by the application must not keep that alive
        self._box = sidecar.secrets
        self._now = sidecar.now

    @property
    def _redis(self) -> Redis:
        sidecar = self._sidecar()
        if sidecar is None:
            raise RedisError
        return sidecar.redis

    def get(self, key: CacheKey) -> Token | None:
        """Return a token that is kept under exactly this key, or None."""
        try:
            sealed = cast(bytes | None, self._redis.get(_name(key)))
            kept = json.loads(self._box.open(sealed)) if sealed else {}
        except (RedisError, WrongKeyError) as error:
            log.warning("token.not_shared", error=type(error).__name__)
            return None
        if kept.get("key") != _flat(key):  # nobody who can write there may give us another platform's token
            return None
        return Token(kept["value"], datetime.fromisoformat(kept["renew_at"]))

    def put(self, key: CacheKey, token: Token) -> None:
        """Keep a token till it is to be renewed."""
        kept = {"key": _flat(key), "value": token.value, "renew_at": token.renew_at.isoformat()}
        life_s = max(1, int((token.renew_at - self._now()).total_seconds()))
        try:
            self._redis.set(_name(key), self._box.seal(json.dumps(kept).encode()), ex=life_s)
        except RedisError as error:
            log.warning("token.not_shared", error=type(error).__name__)

    def drop(self, key: CacheKey) -> None:
        """Keep it no longer."""
        try:
            self._redis.delete(_name(key))
        except RedisError as error:
            log.warning("token.not_shared", error=type(error).__name__)


def _name(key: CacheKey) -> str:
    return PREFIX + hash_secret(_flat(key))


def _flat(key: CacheKey) -> str:
    return json.dumps(key)
