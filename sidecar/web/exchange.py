"""Answer other regions' sidecars: who we are, what we offer them, and the files of that. Docs: docs/exchange.md.

Every request but the one for the card is signed by the region that asks, see `sidecar.sharing.signed_requests`.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from sidecar.core.exchange_feed import size_for
from sidecar.core.path_contents import canonical
from sidecar.core.region_keys import active_key
from sidecar.core.regions import find_region
from sidecar.errors import NotFoundError
from sidecar.sharing import cards, feed, invitations
from sidecar.web import callers, limits
from sidecar.web.access import KIB, audience, sidecar
from sidecar.web.api_changes import read_number
from sidecar.web.byte_ranges import choose_range
from sidecar.web.wire import BYTES, JSON, speaks

ROOT: Final = "/exchange/<region>"
OCTETS: Final = "application/octet-stream"
BODY_BYTES: Final = 64 * KIB

blueprint = Blueprint("exchange", __name__)


class CardSchema(Schema):
    """Who a region is and by which keys it signs: a JWS of the type laeringslop-card."""

    card = fields.String(required=True)


class FeedSchema(Schema):
    """A page of what is offered to whoever asks: a JWS of the type laeringslop-feed."""

    feed = fields.String(required=True)


class AfterSchema(Schema):
    """Where to go on."""

    after = fields.Integer(load_default=0, validate=validate.Range(min=0))


class AnswerSchema(Schema):
    """An invitation, and the card of the region that answers it: two JWS."""

    invitation = fields.String(required=True)
    card = fields.String(required=True)


class LetInSchema(Schema):
    """How the region that answered an invitation stands: `proving` till its card is found under its address."""

    state = fields.String(required=True, validate=validate.OneOf(["proving", "trusted", "blocked"]))


@blueprint.get(ROOT)
@audience("public")
@speaks({200: CardSchema}, refusals=(404,))
def show_card(region: str) -> Response:
    """Show who a region is and by which keys it signs."""
    with sidecar().reading() as db:
        region_id = find_region(db, region).id
        if active_key(db, region_id) is None:  # it shares nothing yet, and to look changes nothing
            raise NotFoundError(what="key", key=region)
    return _answer({"card": cards.make_card(sidecar(), region_id)})


@blueprint.get(f"{ROOT}/feed")
@audience(callers.EXCHANGE)
@speaks({200: FeedSchema}, empty=(304,), refusals=(400, 401, 409, 429), query=AfterSchema)
def show_feed(region: str) -> Response:  # noqa: ARG001 (the caller's proof names it)
    """Tell what is offered to the region that asks, behind a number, oldest first."""
    after, tag = read_number("after", 0, 0), feed.tag_of(sidecar(), callers.caller())
    is_known = after == tag.newest and request.if_none_match.contains(str(tag))
    response = Response(status=304) if is_known else _answer({"feed": _page(after, tag)})
    response.set_etag(str(tag))
    return response


@blueprint.get(f"{ROOT}/content/<digest>")
@audience(callers.EXCHANGE)
@speaks({200: BYTES, 206: BYTES}, media_type=OCTETS, empty=(416,), refusals=(401, 404, 429))
def send_file(region: str, digest: str) -> Response:  # noqa: ARG001
    """Send a file of what is offered to the region that asks, or the part of it that was asked for."""
    asks = callers.caller()
    with sidecar().reading() as db:
        size_bytes = size_for(db, asks.region_id, asks.peer_id, digest, sidecar().today())
    response = Response(content_type=OCTETS)
    response.set_etag(digest)
    response.accept_ranges = "bytes"
    start, end = choose_range(response, digest, size_bytes)
    response.content_length = end - start
    if request.method != "HEAD":
        response.response = sidecar().storage.stream(digest, start, end)
    return response


@blueprint.post(f"{ROOT}/invitations")
@audience(callers.INVITED, body_bytes=BODY_BYTES)
@speaks({200: LetInSchema}, takes=(AnswerSchema,), refusals=(400, 401, 409, 410, 413, 429))
def take_invitation(region: str) -> Response:
    """Let the region in that answers an invitation; it is trusted when its card is found under its address."""
    limits.refuse_beyond_of_address(limits.INVITATION_TRIES)
    proof = request.headers.get("Authorization", "")
    peer = invitations.take(sidecar(), region, proof, callers.asked(sidecar()))
    return _answer({"state": peer.state})


def _page(after: int, tag: feed.Tag) -> str:
    return feed.write_page(sidecar(), callers.caller(), after, tag)


def _answer(said: dict[str, Any]) -> Response:
    return Response(canonical(said), mimetype=JSON)
