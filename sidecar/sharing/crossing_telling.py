"""Tell other regions what their employers' people completed here, as agreed; the outbox calls this.

First what is to be told is compared with what was told, some people at a time, and each difference written down; then
what is written down is sent, some at a time, and what became of each is noted. It may be cut off anywhere: what was
sent and not noted is sent again, and has one effect.
"""

from __future__ import annotations

from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import crossing_sent, outbox
from sidecar.core.crossing_agreements import KIND, TO_THEM, ExchangeAgreement, find_in_force, list_due
from sidecar.core.crossing_sent import Answer, Waiting
from sidecar.core.crossing_told import Route, list_people
from sidecar.core.crossing_writing import write_differences
from sidecar.core.outbox import TryLater
from sidecar.core.peers import TRUSTED, Peer
from sidecar.core.regions import Region
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing import reaching
from sidecar.sharing.addresses import address_of
from sidecar.sharing.crossing_wire import MOST_RECORDS, RECORDS, TYP, payload_of, read_receipts, records_body
from sidecar.sharing.region_signing import active_region_key
from sidecar.sharing.signatures import make_signature

PEOPLE_A_TIME: Final = 500
UNCLEAR: Final = "crossing-answer-unclear"
NOT_HEARD: Final = "crossing-not-heard"

log = structlog.get_logger()


def ask_where_due(sidecar: Sidecar) -> int:
    """Put a look at what is to be told into the outbox, for each agreement for which it is time; return how many."""
    now, today = sidecar.now(), sidecar.today()
    with sidecar.reading() as db:
        due = [one for one in list_due(db, now, today) if not outbox.is_under_way(db, KIND, one)]
    if due:
        with sidecar.transaction() as db:
            for one in due:
                outbox.put_soon(db, KIND, one, now=now)
    return len(due)


def tell(sidecar: Sidecar, agreement_id: str) -> None:
    """Tell what an agreement lets cross over, and correct and withdraw what was told (the outbox calls this).

    Raises:
        TryLater: the other region can't be reached just now, or answers otherwise than agreed.
    """
    with sidecar.reading() as db:
        route = find_route(sidecar, db, agreement_id)
    if route is None:
        return
    written = _write_all(sidecar, route, agreement_id)
    sent = _send_all(sidecar, route)
    with sidecar.transaction() as db:
        db.get_one(ExchangeAgreement, agreement_id).error_code = None
    log.info("completions.crossed", agreement=agreement_id, written=written, sent=sent)


def give_up(db: Session, agreement_id: str, code: str) -> None:
    """Let staff see that telling failed, and why; it begins anew at the next look."""
    found = db.get(ExchangeAgreement, agreement_id)
    if found is not None:
        found.error_code = code[:60]
        db.flush()


def find_route(sidecar: Sidecar, db: Session, agreement_id: str) -> Route | None:
    """Return who is told whom about by an agreement; None where we tell nothing by it."""
    agreement = db.get(ExchangeAgreement, agreement_id)
    if agreement is None or agreement.to != TO_THEM:
        return None
    region, peer = db.get_one(Region, agreement.region_id), db.get_one(Peer, agreement.peer_id)
    in_force = find_in_force(db, peer.id, agreement.org_number, TO_THEM, sidecar.today())
    return Route(
        region_id=region.id,
        address=address_of(sidecar, region),
        peer_id=peer.id,
        to=peer.address,
        org_number=agreement.org_number,
        is_open=in_force is not None and peer.state == TRUSTED,
    )


def _write_all(sidecar: Sidecar, route: Route, agreement_id: str) -> int:
    """Write down every difference; a second one beside it waits for each piece, and finds nothing more to write."""
    written = 0
    with sidecar.reading() as db:
        people = list_people(db, route)
    for start in range(0, max(len(people), 1), PEOPLE_A_TIME):
        some = people[start : start + PEOPLE_A_TIME]
        with sidecar.transaction() as db:
            held = select(ExchangeAgreement).where(ExchangeAgreement.id == agreement_id).with_for_update()
            db.scalars(held).one().compared_at = sidecar.now()
            written += write_differences(db, route, some, sidecar.today(), sidecar.now())
    return written


def _send_all(sidecar: Sidecar, route: Route) -> int:
    sent, after = 0, ""
    while True:
        with sidecar.reading() as db:
            waiting = crossing_sent.list_to_tell(db, route.peer_id, route.org_number, after, MOST_RECORDS)
        if not waiting:
            return sent
        answers = _send(sidecar, route, waiting)
        with sidecar.transaction() as db:
            crossing_sent.note_answers(db, route.peer_id, answers, sidecar.now())
        sent, after = sent + len(waiting), waiting[-1].id


def _send(sidecar: Sidecar, route: Route, waiting: list[Waiting]) -> list[Answer]:
    """Send some records, each signed; return what became of each.

    Raises:
        TryLater: there is no answer, or not one for each.
    """
    key = active_region_key(sidecar, route.region_id)
    private = sidecar.secrets.open(key.private)
    tokens = [make_signature(private, key.kid, payload_of(route, one), TYP) for one in waiting]
    answer = reaching.call(sidecar, route.peer_id, "POST", RECORDS, records_body(tokens))
    if answer.status != 200:
        raise TryLater(NOT_HEARD)
    try:
        answers = read_receipts(answer.body)
    except SidecarError as error:
        raise TryLater(UNCLEAR) from error
    if {(one.id, one.revision) for one in waiting} != {(one.record_id, one.revision) for one in answers}:
        raise TryLater(UNCLEAR)
    return answers
