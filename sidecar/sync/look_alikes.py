"""Look at everybody anew for people who may be one: every night, and after the rules were changed."""

from __future__ import annotations

import time
from typing import Final

import structlog

from sidecar.core.matching import Counts, list_candidates, look
from sidecar.core.matching_rules import ask_to_look
from sidecar.runtime import Sidecar

PEOPLE_A_TIME: Final = 500
PART_S: Final = 240.0
"""After how long a job leaves the rest to the next one."""

log = structlog.get_logger()


def look_at_everybody(sidecar: Sidecar) -> Counts:
    """Find who may be one person among all, each piece in a transaction of its own; what is known is passed over.

    An import joins nobody whom another one holds at the same time: they are found here.
    """
    return _look(sidecar, "", float("inf"))[0]


def look_on(sidecar: Sidecar, after: str) -> None:
    """Do so for who comes after a person, by id, for `PART_S`; the rest is another item (the outbox calls this)."""
    _, last_id = _look(sidecar, after, PART_S)
    if last_id is not None:
        with sidecar.transaction() as db:
            ask_to_look(db, sidecar.now(), after=last_id)


def _look(sidecar: Sidecar, after: str, longest_s: float) -> tuple[Counts, str | None]:
    """Return what was done, and after whom to go on; None at the end."""
    ends = time.monotonic() + longest_s
    with sidecar.reading() as db:
        ids = [one for one in list_candidates(db) if one > after]
    joined = asked = 0
    last_id: str | None = None
    for start in range(0, len(ids), PEOPLE_A_TIME):
        some = ids[start : start + PEOPLE_A_TIME]
        with sidecar.transaction() as db:
            done = look(db, some, sidecar.now())
        joined, asked = joined + done.joined, asked + done.asked
        if time.monotonic() > ends and some[-1] != ids[-1]:
            last_id = some[-1]
            break
    log.info("people.compared", joined=joined, asked=asked, is_done=last_id is None)
    return Counts(joined, asked), last_id
