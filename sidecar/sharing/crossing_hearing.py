"""Hear what another region tells of completions, and tell it later what became of what waited."""

from __future__ import annotations

import json
from typing import Final

import structlog
from sqlalchemy.orm import Session

from sidecar.core import crossing_matching, crossing_received, crossing_sent, crossing_taking, outbox, peers
from sidecar.core.crossing_counting import Hearer
from sidecar.core.crossing_received import ANSWERING, MATCHING
from sidecar.core.crossing_records import Said, read_record
from sidecar.core.crossing_sent import REFUSED, Answer
from sidecar.core.outbox import TryLater
from sidecar.core.path_contents import canonical
from sidecar.core.peers import Peer
from sidecar.core.regions import Region
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing import reaching
from sidecar.sharing.addresses import address_of
from sidecar.sharing.crossing_telling import NOT_HEARD
from sidecar.sharing.crossing_wire import MOST_RECORDS, RECEIPTS, TYP, read_receipts, read_tokens, receipts_document
from sidecar.sharing.signatures import verify
from sidecar.sharing.signed_requests import Caller

ROWS_A_TIME: Final = 100

log = structlog.get_logger()


def hear(sidecar: Sidecar, caller: Caller, body: bytes) -> list[Answer]:
    """Take in the records of a request; return what becomes of each, in their order.

    Raises:
        SidecarError: the body can't be read, or one of the records is not signed by the caller: nothing is taken in.
    """
    tokens, now = read_tokens(body), sidecar.now()
    with sidecar.reading() as db:
        hearer, address = find_hearer(sidecar, db, caller.peer_id), db.get_one(Peer, caller.peer_id).address
        keys = list(peers.signing_keys(db, caller.peer_id).values())
    payloads = [verify(token, keys, TYP).payload for token in tokens]
    read = [_read(payload, sidecar, by=address, to=hearer.address) for payload in payloads]
    said = [one for one in read if isinstance(one, Said)]
    with sidecar.transaction() as db:
        taken = iter(crossing_taking.take_in(db, hearer, said, now=now, today=sidecar.today()))
        answers = [next(taken) if isinstance(one, Said) else one for one in read]
    refused = sum(one.state == REFUSED for one in answers)
    log.info("completions.received", peer=caller.peer_id, records=len(answers), refused=refused)
    return answers


def hear_receipts(sidecar: Sidecar, caller: Caller, body: bytes) -> int:
    """Note what a peer says became of records since; return how many of them stand so.

    Raises:
        SidecarError: the body can't be read.
    """
    answers = read_receipts(body)
    with sidecar.transaction() as db:
        return crossing_sent.note_answers(db, caller.peer_id, answers, sidecar.now())


def ask_where_due(sidecar: Sidecar) -> int:
    """Put into the outbox what can be matched by now, has waited long enough, or must be answered; return how much."""
    now = sidecar.now()
    with sidecar.reading() as db:
        asked = [(MATCHING, one) for one in crossing_received.list_peers_to_match(db, now)]
        asked += [(ANSWERING, one) for one in crossing_received.list_peers_to_answer(db)]
        due = [(kind, one) for kind, one in asked if not outbox.is_under_way(db, kind, one)]
    if due:
        with sidecar.transaction() as db:
            for kind, one in due:
                outbox.put_soon(db, kind, one, now=now)
    return len(due)


def match_waiting(sidecar: Sidecar, peer_id: str) -> None:
    """Match what waits of a peer's records, and give up what has waited long enough (the outbox calls this)."""
    now, today = sidecar.now(), sidecar.today()
    with sidecar.reading() as db:
        hearer = find_hearer(sidecar, db, peer_id)
    matched, expired, more = 0, 0, True
    while more:
        with sidecar.transaction() as db:
            count = crossing_matching.match_waiting(db, hearer, ROWS_A_TIME, now=now, today=today)
            gone = crossing_matching.expire(db, peer_id, ROWS_A_TIME, now=now)
        matched, expired, more = matched + count, expired + gone, bool(count or gone)
    log.info("completions.matched", peer=peer_id, matched=matched, expired=expired)


def answer(sidecar: Sidecar, peer_id: str) -> None:
    """Tell a peer what became of its records since it was answered (the outbox calls this).

    Raises:
        TryLater: it can't be reached just now, or does not take the answer.
    """
    while True:
        with sidecar.reading() as db:
            told = list(crossing_received.list_to_tell(db, peer_id, MOST_RECORDS))
            answers = [one.answer for one in told]
            db.expunge_all()
        if not told:
            return
        body = canonical(receipts_document(answers))
        if reaching.call(sidecar, peer_id, "POST", RECEIPTS, body).status != 200:
            raise TryLater(NOT_HEARD)
        with sidecar.transaction() as db:
            crossing_received.note_told(db, told, answers)


def find_hearer(sidecar: Sidecar, db: Session, peer_id: str) -> Hearer:
    """Return which region of ours hears a peer."""
    peer = db.get_one(Peer, peer_id)
    region = db.get_one(Region, peer.region_id)
    return Hearer(region.id, address_of(sidecar, region), peer.id, peer.name, peer.address)


def _read(payload: bytes, sidecar: Sidecar, *, by: str, to: str) -> Said | Answer:
    """Return what a record says, or why it says nothing."""
    try:
        return read_record(payload, by=by, to=to, now=sidecar.now())
    except SidecarError as refusal:
        return Answer(*_name(payload), REFUSED, refusal.code)


def _name(payload: bytes) -> tuple[str, int]:
    """Return what a record that says nothing is called, as far as that can be read."""
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return "", 0
    record_id, revision = (said.get("record_id"), said.get("seq")) if isinstance(said, dict) else (None, None)
    return record_id if isinstance(record_id, str) else "", revision if type(revision) is int else 0
