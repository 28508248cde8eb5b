"""Place what waits for a municipality's people, a bounded piece in each transaction; the outbox calls this.

It may be cut off anywhere and begins anew: what is placed waits no longer.
"""

from __future__ import annotations

import structlog

from sidecar.core import completion_matching, placing
from sidecar.core.completion_matching import Speaker
from sidecar.runtime import Sidecar

log = structlog.get_logger()


def place_waiting(sidecar: Sidecar, municipality_id: str) -> None:
    """Let the accounts and completions that wait find the people of a municipality."""
    with sidecar.reading() as db:
        platform_ids = placing.list_speaking(db, municipality_id)
        speakers = completion_matching.list_speakers(db, [municipality_id])
    accounts = sum(_place_accounts(sidecar, one) for one in platform_ids)
    completions = sum(_place_completions(sidecar, one) for one in speakers)
    log.info("people.placed", municipality=municipality_id, accounts=accounts, completions=completions)


def _place_accounts(sidecar: Sidecar, platform_id: str) -> int:
    placed, after = 0, ""
    while True:
        with sidecar.transaction() as db:
            completion_matching.lock(db, placing.rules_of(db, platform_id))
            piece = placing.place_some(db, platform_id, after, sidecar.now())
        placed += piece.placed
        if piece.last_id is None:
            return placed
        after = piece.last_id


def _place_completions(sidecar: Sidecar, speaker: Speaker) -> int:
    placed, after = 0, ""
    while True:
        with sidecar.transaction() as db:
            rules = completion_matching.rules_for(db, speaker.platform_id, speaker.municipality_id)
            completion_matching.lock(db, rules)
            piece = completion_matching.place_some(db, speaker, after, sidecar.now())
        placed += piece.placed
        if piece.last_id is None:
            return placed
        after = piece.last_id
