"""Hear from other regions' sidecars what their learners completed, and what became of what we told.

Every request is signed by the region that asks, see `sidecar.sharing.signed_requests`, and so is each record in it.
docs/crossing.md says how.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from sidecar.core.crossing_sent import ANSWERS
from sidecar.core.path_contents import canonical
from sidecar.sharing import crossing_hearing
from sidecar.sharing.crossing_wire import MOST_BYTES, receipts_document
from sidecar.web import callers
from sidecar.web.access import audience, sidecar
from sidecar.web.exchange import ROOT
from sidecar.web.wire import JSON, speaks

REFUSALS: Final = (400, 401, 413, 429)

blueprint = Blueprint("exchange_completions", __name__)


class RecordsSchema(Schema):
    """Completions, each a JWS of the type laeringslop-completion; docs/crossing.md says what each holds."""

    records = fields.List(fields.String(), required=True)


class ReceiptSchema(Schema):
    """What became of one revision of a record; `code` says why it is refused."""

    record_id = fields.String(required=True)
    revision = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(ANSWERS))
    code = fields.String(required=True, allow_none=True)


class ReceiptsSchema(Schema):
    """A receipt for each record."""

    receipts = fields.List(fields.Nested(ReceiptSchema), required=True)


class NotedSchema(Schema):
    """How many of the receipts were for the newest revision of a record."""

    noted = fields.Integer(required=True)


@blueprint.post(f"{ROOT}/completions")
@audience(callers.EXCHANGE, body_bytes=MOST_BYTES)
@speaks({200: ReceiptsSchema}, takes=(RecordsSchema,), refusals=REFUSALS)
def take_completions(region: str) -> Response:  # noqa: ARG001 (the caller's proof names it)
    """Take in completions of a region that is trusted, and give a receipt for each."""
    answers = crossing_hearing.hear(sidecar(), callers.caller(), request.get_data())
    return Response(canonical(receipts_document(answers)), mimetype=JSON)


@blueprint.post(f"{ROOT}/completions/receipts")
@audience(callers.EXCHANGE, body_bytes=MOST_BYTES)
@speaks({200: NotedSchema}, takes=(ReceiptsSchema,), refusals=REFUSALS)
def take_receipts(region: str) -> Response:  # noqa: ARG001
    """Note what became since of completions that we told."""
    noted = crossing_hearing.hear_receipts(sidecar(), callers.caller(), request.get_data())
    return Response(canonical({"noted": noted}), mimetype=JSON)
