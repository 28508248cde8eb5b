"""Ask another region's sidecar, each time with a request that our region signs anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sidecar.core.outbox import TryLater
from sidecar.core.peers import TRUSTED, Peer
from sidecar.errors import ForbiddenAddressError, SidecarError, UnreachableError
from sidecar.http import why_unreachable
from sidecar.runtime import Sidecar
from sidecar.sharing.signed_requests import REFUSALS, Asked, RequestRepeatedError, make_proof

NOT_TRUSTED: Final = "peer-not-trusted"
REDIRECTS: Final = "peer-redirects"
BUSY: Final = "peer-busy"
FAULTY: Final = "peer-fault"
REFUSES: Final = "peer-refuses"
UNTRUSTED_WAIT: Final = timedelta(hours=1)


class PeerSilentError(SidecarError):
    """The region at {address} can't be reached just now ({why}). Check the address, or try again later."""

    code = "peer-silent"


@dataclass(frozen=True)
class Answer:
    """What a peer answered, whatever the status below 500; header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def call(
    sidecar: Sidecar,
    peer_id: str,
    method: str,
    suffix: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    is_bulk: bool = False,
) -> Answer:
    """Send a signed request to a peer, and return its answer.

    Args:
        suffix: what follows the peer's exchange address, such as `/feed?after=7`.
        headers: beside ours.
        is_bulk: whether the answer may be long and take long, see `sidecar.http.LONG`.

    Raises:
        TryLater: the peer is not trusted just now, can't be reached, is busy, has a fault, leads elsewhere, or does
            not know us.
    """
    with sidecar.reading() as db:
        peer = db.get_one(Peer, peer_id)
        region_id, address, state = peer.region_id, peer.address, peer.state
    if state != TRUSTED:
        raise TryLater(NOT_TRUSTED, wait=UNTRUSTED_WAIT)
    asked = Asked(method, f"{address}{suffix}", body)
    kind = {"Content-Type": "application/json"} if body else {}
    said = {"Accept": "application/json", **kind, **(headers or {})}

    def sign_and_send() -> Answer:
        proof = {"Authorization": make_proof(sidecar, region_id, address, asked)}
        return send(sidecar, method, asked.url, said | proof, body, is_bulk=is_bulk)

    answer = sign_and_send()
    if answer.status == 401 and _why_refused(answer) == RequestRepeatedError.code:
        answer = sign_and_send()  # the answer broke off, and our way out asked once more with the same proof
    if answer.status == 401:
        raise TryLater(_why_refused(answer))
    return answer


def send(
    sidecar: Sidecar,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    is_bulk: bool = False,
) -> Answer:
    """Send a request as it is, and return its answer.

    Raises:
        TryLater: the peer can't be reached, is busy, has a fault, or leads elsewhere.
    """
    fetch = sidecar.long_fetch if is_bulk else sidecar.fetch
    try:
        found = fetch(method, url, headers=headers, body=body or None)
    except UnreachableError as error:
        raise TryLater(_why(error)) from error
    except ForbiddenAddressError as error:
        raise TryLater(error.code) from error
    if found.status == 429:
        raise TryLater(BUSY)
    if found.status >= 500:
        raise TryLater(FAULTY)
    if 300 <= found.status < 400 and found.status != 304:
        raise TryLater(REDIRECTS)
    return Answer(found.status, found.body, found.headers)


def _why_refused(answer: Answer) -> str:
    """Return why a peer does not know us, by the code it says where that is one of ours."""
    try:
        said = json.loads(answer.body)["error"]["code"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return REFUSES
    return str(said) if isinstance(said, str) and said in REFUSALS else REFUSES


@contextmanager
def asked_by_a_person(address: str) -> Iterator[None]:
    """Tell a person at once what a worker would try again later.

    Raises:
        PeerSilentError: what is asked within raised `TryLater`.
    """
    try:
        yield
    except TryLater as wish:
        raise PeerSilentError(address=address, why=wish.code) from wish


def _why(error: UnreachableError) -> str:
    """Return the code of a peer that can't be reached: `unreachable-timeout`, and so on."""
    return error.code if error.code != UnreachableError.code else f"{error.code}-{why_unreachable(error)}"
