"""Let a municipality's own systems fetch what has changed of its employees' completions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from sidecar.core import api_tokens, change_pulls
from sidecar.core.api_tokens import ApiToken
from sidecar.errors import NotAllowedError, SidecarError
from sidecar.web import limits
from sidecar.web.access import audience, current, sidecar
from sidecar.web.wire import speaks

NDJSON: Final = "application/x-ndjson"
LAST_HEADER: Final = "Sidecar-Last-Seq"
NEWEST_HEADER: Final = "Sidecar-Newest-Seq"
MOST_DIGITS: Final = 18

blueprint = Blueprint("api_changes", __name__)


class BadNumberError(SidecarError):
    """The number "{field}" must be a whole one from {least} up, written with the digits 0 to 9. Correct it."""

    code = "bad-number"


class RecordSchema(Schema):
    """What holds of one completion of one employment; docs/rest-pull.md says what each field means."""

    record_id = fields.String(required=True)
    report_id = fields.String(required=True, allow_none=True)
    period_from = fields.Date(required=True, allow_none=True)
    period_to = fields.Date(required=True, allow_none=True)
    municipality_orgnr = fields.String(required=True)
    unit_id = fields.String(required=True, allow_none=True)
    unit_path = fields.String(required=True, allow_none=True)
    employee_ref = fields.String(required=True, allow_none=True)
    person_pseudonym = fields.String(required=True, allow_none=True)
    course_id = fields.String(required=True)
    course_version = fields.Integer(required=True, allow_none=True)
    path_id = fields.String(required=True, allow_none=True)
    requirement_id = fields.String(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf(["completed"]))
    completed_at = fields.DateTime(required=True, allow_none=True)
    score = fields.Float(required=True, allow_none=True)
    hours = fields.Float(required=True, allow_none=True)
    valid_until = fields.Date(required=True, allow_none=True)
    evidence_kind = fields.String(required=True, validate=validate.OneOf(["e-learning", "session", "prior-learning"]))
    source_lms = fields.String(required=True, allow_none=True)
    provider_orgnr = fields.String(required=True, allow_none=True)


class ChangeSchema(Schema):
    """One line: what changed, when we saw it, what held before and what holds now."""

    seq = fields.Integer(required=True)
    change_type = fields.String(
        required=True, validate=validate.OneOf(["add", "modify", "delete"]), data_key="changeType"
    )
    change_date = fields.DateTime(required=True, data_key="changeDate")
    old_record = fields.Nested(RecordSchema, required=True, allow_none=True, data_key="oldRecord")
    new_record = fields.Nested(RecordSchema, required=True, allow_none=True, data_key="newRecord")


class CursorSchema(Schema):
    """Where to go on, and how many lines to give at most."""

    after = fields.Integer(load_default=0, validate=validate.Range(min=0))
    limit = fields.Integer(
        load_default=change_pulls.MOST_LINES, validate=validate.Range(min=1, max=change_pulls.MOST_LINES)
    )


@blueprint.get("/api/v1/changes")
@audience("changes")
@speaks({200: ChangeSchema}, refusals=(400, 401, 409, 410, 429), media_type=NDJSON, query=CursorSchema)
def list_changes() -> Response:
    """List what has changed behind a cursor, oldest first, a line of JSON each."""
    token = _token()
    after, limit = read_number("after", 0, 0), read_number("limit", change_pulls.MOST_LINES, 1)
    with sidecar().reading() as db:
        last, newest = change_pulls.find_last(db, token, after, min(limit, change_pulls.MOST_LINES))
    with sidecar().transaction() as db:
        change_pulls.note_pull(db, token, after, last, sidecar().now())
        if api_tokens.is_seen_long_ago(token, sidecar().now()):
            api_tokens.note_use(db, token.id, sidecar().now())
    response = Response(_lines(token, after, last), mimetype=NDJSON)
    response.headers[LAST_HEADER], response.headers[NEWEST_HEADER] = str(last), str(newest)
    return response


def _lines(token: ApiToken, after: int, last: int) -> Iterator[str]:
    here = sidecar()

    def read() -> Iterator[str]:
        with here.reading() as db:
            yield from change_pulls.iter_lines(db, token, after, last)

    return read()


def _token() -> ApiToken:
    token = current().token
    if token is None:
        raise NotAllowedError
    limits.refuse_beyond(limits.CHANGE_REQUESTS, token.id)
    return token


def read_number(name: str, default: int, least: int) -> int:
    """Return a whole number of the query; the default where it says none.

    Raises:
        BadNumberError: it is none, or too small.
    """
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) >= least):
        raise BadNumberError(field=name, least=least)
    return int(text)
