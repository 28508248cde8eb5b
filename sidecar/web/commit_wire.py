"""Read commits from the wire: JSON of a known shape, or a clear refusal."""

from __future__ import annotations

import json
from typing import Any

from flask import Request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from werkzeug.exceptions import UnsupportedMediaType

from sidecar.core.commits import Piece, Said
from sidecar.errors import SidecarError

MEDIA_TYPES = ("application/json", "text/plain")
"""A browser asks nobody for leave to send text/plain to another origin, so that a closing page still can."""

MOST_PIECES = 16
_NUMBER = validate.Range(0, 2**31 - 1)
_SESSION = validate.Regexp(r"[A-Za-z0-9._-]{0,64}\Z")
_SESSION_IN_ECMA = {"pattern": "^[A-Za-z0-9._-]{0,64}$"}
"""The same as OpenAPI documents write it."""


class BadCommitError(SidecarError):
    """What the course sent can't be read ({field}), so nothing of it was saved."""

    code = "bad-commit"


class CommitSchema(Schema):
    """A commit."""

    class Meta:
        """Leave room for the token, and for what later players say."""

        unknown = EXCLUDE

    seq = fields.Integer(required=True, strict=True, validate=validate.Range(1, 2**31 - 1))
    after = fields.Integer(strict=True, load_default=None, validate=_NUMBER)
    session = fields.String(load_default="", validate=_SESSION, metadata=_SESSION_IN_ECMA)
    sco = fields.String(required=True, validate=validate.Length(min=1, max=255))
    changes = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    final = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class PieceSchema(Schema):
    """A piece of a commit that was too large to leave a closing page in one request."""

    class Meta:
        """Leave room for the token."""

        unknown = EXCLUDE

    seq = fields.Integer(required=True, strict=True, validate=validate.Range(1, 2**31 - 1))
    session = fields.String(required=True, validate=_SESSION, metadata=_SESSION_IN_ECMA)
    piece = fields.Integer(required=True, strict=True, validate=validate.Range(0, MOST_PIECES - 1))
    of = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_PIECES))
    text = fields.String(required=True)


_COMMIT, _PIECE = CommitSchema(), PieceSchema()


def load_commit(request: Request) -> Said | Piece:
    """Return what a request says.

    Raises:
        UnsupportedMediaType: it is not sent as JSON.
        BadCommitError: it is not JSON of this shape.
    """
    if request.mimetype not in MEDIA_TYPES:
        raise UnsupportedMediaType
    body = _parse(request.get_data(cache=True))
    if "piece" not in body:
        return _said(body)
    loaded = _load(_PIECE, body)
    return Piece(loaded["seq"], loaded["session"], loaded["piece"], loaded["of"], loaded["text"])


def load_joined(text: str) -> Said:
    """Return the commit that pieces made up.

    Raises:
        BadCommitError: it is not JSON of this shape.
    """
    return _said(_parse(text))


def _parse(text: str | bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise BadCommitError(field="JSON") from None
    if not isinstance(body, dict):
        raise BadCommitError(field="JSON")
    return body


def _load(schema: Schema, body: dict[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(body)
    except ValidationError as error:
        raise BadCommitError(field=", ".join(sorted(error.messages_dict))) from None
    return loaded


def _said(body: dict[str, Any]) -> Said:
    loaded = _load(_COMMIT, body)
    after = loaded["seq"] - 1 if loaded["after"] is None else loaded["after"]
    changes = loaded["changes"]
    return Said(loaded["seq"], after, loaded["sco"], changes, loaded["session"], loaded["final"])
