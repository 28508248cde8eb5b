"""Hear from other regions' sidecars how much they use learning paths of ours. Docs: docs/adopting.md."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from sidecar.core.path_contents import canonical
from sidecar.sharing import use
from sidecar.web import callers
from sidecar.web.access import KIB, audience, sidecar
from sidecar.web.exchange import ROOT
from sidecar.web.wire import JSON, speaks

BODY_BYTES: Final = 4 * KIB

blueprint = Blueprint("exchange_usage", __name__)


class UsageSchema(Schema):
    """How much a path is used: a number as text, or "<5"; with `adopted` false nothing is told any more."""

    path = fields.String(required=True)
    month = fields.String(required=True)
    adopted = fields.Boolean(required=True)
    begun = fields.String(required=True)
    finished = fields.String(required=True)


class HeardSchema(Schema):
    """It was kept."""

    heard = fields.Boolean(required=True)


@blueprint.post(f"{ROOT}/usage")
@audience(callers.EXCHANGE, body_bytes=BODY_BYTES)
@speaks({200: HeardSchema}, takes=(UsageSchema,), refusals=(400, 401, 404, 413, 429))
def take_usage(region: str) -> Response:  # noqa: ARG001 (the caller's proof names it)
    """Keep how much a region that is trusted uses a path of ours, as it agreed to tell."""
    use.hear(sidecar(), callers.caller(), request.get_data())
    return Response(canonical({"heard": True}), mimetype=JSON)
