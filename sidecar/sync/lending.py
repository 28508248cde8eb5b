"""Lend connectors what is no setting of theirs: employee numbers, the time, and what was pushed to us."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from sidecar.connectors.base import Connector
from sidecar.connectors.ks_hr.connector import KsHr
from sidecar.connectors.records import PeopleFeed
from sidecar.connectors.scim import ScimPush
from sidecar.core.municipalities import find_municipality
from sidecar.runtime import Sidecar
from sidecar.sync.national_ids import national_id_hasher
from sidecar.sync.scim.feeds import read_feed

PSEUDONYM: Final = "p-"
PSEUDONYM_CHARACTERS: Final = 12
"""60 bits: two of a hundred thousand employees have the same number once in two hundred million installations."""


def lend(sidecar: Sidecar, connector: Connector, org_number: str) -> None:
    """Give a connector of a municipality's people what it needs beside its settings and its way out."""
    if isinstance(connector, KsHr):
        connector.lend(pseudonyms(sidecar, org_number), sidecar.now)
    elif isinstance(connector, ScimPush):
        connector.lend(lambda: _read(sidecar, org_number))


def pseudonyms(sidecar: Sidecar, org_number: str) -> Callable[[str], str]:
    """Return what makes an employee number of a national identity number.

    It is another one in each municipality, and another one than the hash by which a person is known again: none of
    them leads to any other without the key.
    """
    hashed = national_id_hasher(sidecar)

    def number_of(national_id: str) -> str:
        digest = bytes.fromhex(hashed(f"employee number in {org_number}: {national_id}"))
        return PSEUDONYM + base64.b32encode(digest).decode("ascii")[:PSEUDONYM_CHARACTERS].lower()

    return number_of


def _read(sidecar: Sidecar, org_number: str) -> PeopleFeed:
    with sidecar.reading() as db:
        return read_feed(db, find_municipality(db, org_number).id)
