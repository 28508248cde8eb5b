"""Offer Assignment and Grade Services: line items, scores and results, as Moodle does.

Source: LTI Assignment and Grade Services 2.0; Moodle 4.5 mod/lti/services.php.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Blueprint, Response, abort, jsonify, make_response, request
from werkzeug.exceptions import HTTPException

from practice_lms.claims import AGS
from practice_lms.scores import ScoreError, read_score, record_score
from practice_lms.session import current_lms
from practice_lms.state import COURSE_ID, LineItem, ScoreCall

blueprint = Blueprint("grades", __name__, url_prefix="/mod/lti/services.php")
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
_WRITE = "lineitem"
_READ = "lineitem.readonly"
P = ParamSpec("P")


def _service(media_type: str, *scopes: str) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Let a request in that names the exact media type and bears a token with one of the scopes."""

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            try:
                _check_media_type(media_type)
                _check_token({f"{AGS}scope/{scope}" for scope in scopes})
                return view(*args, **kwargs)
            except HTTPException as refused:
                return _describe(refused.code or 500, refused.description or "")

        return guarded

    return decorate


def _check_media_type(media_type: str) -> None:
    if not media_type:
        return
    if request.method == "GET":
        offered = {part.split(";")[0].strip() for part in request.headers.get("Accept", "").split(",")}
    else:
        offered = {request.mimetype}
    if media_type not in offered:
        abort(400, f"No handler found for {request.path}")


def _check_token(scopes: set[str]) -> None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    known = current_lms().tokens.get(token.strip())
    if kind.lower() != "bearer" or known is None or known.expires_at <= time.monotonic():
        abort(401, "Bearer token missing, unknown or expired")
    if not known.scopes & scopes:
        abort(403, "Scope missing")


def _describe(status: int, reason: str) -> Response:
    body = {"status": status, "reason": reason, "request": {"method": request.method, "url": request.url}}
    response = make_response(jsonify(body), status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _find_item(course_id: str, item_id: str) -> LineItem:
    item = current_lms().line_items.get(item_id)
    if course_id != COURSE_ID or item is None:
        abort(404, "Line item not found")
    return item


def _item_url(item: LineItem) -> str:
    return f"{current_lms().config.services}{blueprint.url_prefix}/{COURSE_ID}/lineitems/{item.item_id}/lineitem"


def _show_item(item: LineItem) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": f"{_item_url(item)}?type_id=1",
        "label": item.label,
        "scoreMaximum": item.score_maximum,
        "resourceId": item.resource_id,
        "tag": item.tag,
    }
    if item.resource_link_id:
        shown |= {"resourceLinkId": item.resource_link_id, "ltiLinkId": item.resource_link_id}
    return shown


def _answer(body: object, media_type: str, status: int = 200) -> Response:
    response = make_response(jsonify(body), status)
    response.content_type = f"{media_type}; charset=utf-8"
    return response


@blueprint.get("/<course_id>/lineitems")
@_service(LINE_ITEMS, _WRITE, _READ)
def list_items(course_id: str) -> Response:
    """List the course's line items, filtered by resource link, resource or tag."""
    if course_id != COURSE_ID:
        abort(404, "Course not found")
    wanted = {
        field: request.args[name]
        for name, field in (
            ("resource_link_id", "resource_link_id"),
            ("resource_id", "resource_id"),
            ("tag", "tag"),
        )
        if name in request.args
    }
    items = [
        _show_item(item)
        for item in current_lms().line_items.values()
        if all(getattr(item, field) == value for field, value in wanted.items())
    ]
    return _answer(items, LINE_ITEMS)


@blueprint.post("/<course_id>/lineitems")
@_service(LINE_ITEM, _WRITE)
def create_item(course_id: str) -> Response:
    """Create a line item of its own or one for a resource link."""
    if course_id != COURSE_ID:
        abort(404, "Course not found")
    lms = current_lms()
    with lms.lock():
        item = _read_item(LineItem(lms.next_item_id(), ""))
        lms.line_items[item.item_id] = item
    return _answer(_show_item(item), LINE_ITEM, 201)


def _read_item(item: LineItem) -> LineItem:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or not str(body.get("label", "")).strip():
        abort(400, "label")
    maximum = body.get("scoreMaximum")
    if isinstance(maximum, bool) or not isinstance(maximum, int | float) or maximum <= 0:
        abort(400, "scoreMaximum")
    item.label, item.score_maximum = str(body["label"]), float(maximum)
    item.resource_id, item.tag = str(body.get("resourceId", "")), str(body.get("tag", ""))
    item.resource_link_id = str(body.get("resourceLinkId", item.resource_link_id))
    return item


@blueprint.get("/<course_id>/lineitems/<item_id>/lineitem")
@_service(LINE_ITEM, _WRITE, _READ)
def show_item(course_id: str, item_id: str) -> Response:
    """Show one line item."""
    return _answer(_show_item(_find_item(course_id, item_id)), LINE_ITEM)


@blueprint.put("/<course_id>/lineitems/<item_id>/lineitem")
@_service(LINE_ITEM, _WRITE)
def change_item(course_id: str, item_id: str) -> Response:
    """Change one line item."""
    with current_lms().lock():
        item = _read_item(_find_item(course_id, item_id))
    return _answer(_show_item(item), LINE_ITEM)


@blueprint.delete("/<course_id>/lineitems/<item_id>/lineitem")
@_service("", _WRITE)
def delete_item(course_id: str, item_id: str) -> Response:
    """Delete one line item and its grades, a link's own column too, as Moodle does."""
    lms = current_lms()
    with lms.lock():
        item = _find_item(course_id, item_id)
        del lms.line_items[item.item_id]
        lms.grades = {key: grade for key, grade in lms.grades.items() if key[0] != item.item_id}
    return Response(status=204)


@blueprint.post("/<course_id>/lineitems/<item_id>/lineitem/scores")
@_service(SCORE, "score")
def post_score(course_id: str, item_id: str) -> Response:
    """Take a score: 200 and an empty body, 400 for a malformed one, 409 for one that is not newer."""
    lms, item = current_lms(), _find_item(course_id, item_id)
    body = request.get_json(force=True, silent=True)
    try:
        record_score(lms, item, read_score(body))
        status, reason = 200, ""
    except ScoreError as refused:
        status, reason = refused.status, refused.reason
    lms.score_calls.append(ScoreCall(item_id, status, body))
    return Response(status=200) if status == 200 else _describe(status, f"Incorrect score received: {reason}")


@blueprint.get("/<course_id>/lineitems/<item_id>/lineitem/results")
@_service(RESULTS, "result.readonly")
def list_results(course_id: str, item_id: str) -> Response:
    """List the grades of a line item, or the one of `user_id`."""
    item = _find_item(course_id, item_id)
    url, wanted = _item_url(item), request.args.get("user_id")
    results = [
        {
            "id": f"{url}/results?type_id=1&user_id={user_id}",
            "userId": user_id,
            "resultScore": grade.score,
            "resultMaximum": item.score_maximum,
            "scoreOf": f"{url}?type_id=1",
            "timestamp": grade.at.isoformat(timespec="seconds"),
        }
        for (graded_item, user_id), grade in sorted(current_lms().grades.items())
        if graded_item == item.item_id and grade.score is not None and wanted in (None, user_id)
    ]
    return _answer(results, RESULTS)
