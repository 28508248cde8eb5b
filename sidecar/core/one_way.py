"""Turn secrets that browsers bring back into what may stand in the database."""

from __future__ import annotations

import hashlib


def hash_secret(secret: str) -> str:
    """Return what of a secret may stand in the database: SHA-256, since the secret itself is long and random."""
    return hashlib.sha256(secret.encode()).hexdigest()
