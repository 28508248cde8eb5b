"""Describe what the endpoints below /api/attempts and /api/previews take and answer, for the OpenAPI document."""

from __future__ import annotations

from typing import Final

from marshmallow import Schema, fields, validate

from sidecar.web.commit_wire import CommitSchema, PieceSchema
from sidecar.web.wire import speaks

_STATES = validate.OneOf(["open", "completed", "failed", "replaced"])
_GRADES = validate.OneOf(["waiting", "sent", "failed"])


class AcknowledgedSchema(Schema):
    """What was saved: the commit's number, how attempt and grade stand now, and the token for the next commit."""

    acknowledged = fields.Integer(required=True)
    state = fields.String(required=True, validate=_STATES)
    grade = fields.String(required=True, allow_none=True, validate=_GRADES)
    token = fields.String(required=True)
    expires_in = fields.Integer(required=True)


class KeptSchema(Schema):
    """The number of a piece whose commit is not whole yet."""

    kept = fields.Integer(required=True)


class StateSchema(Schema):
    """What was saved of every part of the course; with a new token while the attempt is open."""

    seq = fields.Integer(required=True)
    state = fields.String(required=True, validate=_STATES)
    scos = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.String()), required=True
    )
    token = fields.String()
    expires_in = fields.Integer()


REFUSALS: Final = (400, 401, 403, 404)

commits_speak = speaks(
    {200: AcknowledgedSchema, 202: KeptSchema}, refusals=(*REFUSALS, 409, 413, 415), takes=(CommitSchema, PieceSchema)
)
previews_speak = speaks(
    {200: AcknowledgedSchema, 202: KeptSchema},
    refusals=(400, 401, 403, 409, 410, 413, 415),
    takes=(CommitSchema, PieceSchema),
)
state_speaks = speaks({200: StateSchema}, refusals=REFUSALS)
