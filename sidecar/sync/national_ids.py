"""Turn national identity numbers into what can be compared and not be turned back; the numbers are kept nowhere.

They are few enough to be tried one after the other, so a plain hash would tell them: it is keyed, and the key is
sealed by the keys of this installation. It is made at first use and never changes, or nobody would be known again.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha256

from stdnum.no import fodselsnummer

from sidecar.core.hash_keys import NATIONAL_ID, HashKey
from sidecar.core.statements import upsert
from sidecar.runtime import Sidecar

KEY_BYTES = 32
DIGITS = 11


def national_id_hasher(sidecar: Sidecar) -> Callable[[str], str]:
    """Return what turns a national identity number into 64 hexadecimal characters, the same ones each time."""
    key = _key(sidecar)

    def digest(number: str) -> str:
        return hmac.new(key, fodselsnummer.compact(number).encode(), sha256).hexdigest()

    return digest


def is_national_id(text: str) -> bool:
    """Tell whether a text is a national identity number, or a D-number."""
    return len(text) >= DIGITS and bool(fodselsnummer.is_valid(text))


def _key(sidecar: Sidecar) -> bytes:
    with sidecar.reading() as db:
        found = db.get(HashKey, NATIONAL_ID)
        if found is not None:
            return sidecar.secrets.open(found.key)
    row = {
        "name": NATIONAL_ID,
        "key": sidecar.secrets.seal(secrets.token_bytes(KEY_BYTES)),
        "created_at": sidecar.now(),
    }
    with sidecar.transaction() as db:  # two at once: the first one's key is everybody's
        db.execute(upsert(db, HashKey).values(**row).on_conflict_do_nothing(index_elements=["name"]))
        kept = db.get_one(HashKey, NATIONAL_ID)
        return sidecar.secrets.open(kept.key)
