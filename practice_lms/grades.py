"""Offer Assignment and Grade Services: line items, scores and results, as Moodle does.

Source: LTI Assignment and Grade Services 2.0; Moodle 4.5 mod/lti/services.php.
"""

import html
from typing import Any

from flask import Blueprint, Response, abort, request

from practice_lms.guarding import answer, describe, link, page_of, service
from practice_lms.scopes import AGS
from practice_lms.scores import ScoreError, read_score, record_score
from practice_lms.session import current_lms
from practice_lms.state import COURSE_ID, LineItem, ScoreCall

blueprint = Blueprint("grades", __name__, url_prefix="/mod/lti/services.php")
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
_WRITE = f"{AGS}scope/lineitem"
_READ = f"{AGS}scope/lineitem.readonly"
_SCORE = f"{AGS}scope/score"
_RESULT = f"{AGS}scope/result.readonly"


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


@blueprint.get("/<course_id>/lineitems")
@service(LINE_ITEMS, _WRITE, _READ)
def list_items(course_id: str) -> Response:
    """List the course's line items, filtered by resource link, resource or tag, in pages where a limit is asked for."""
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
    shown, following = page_of(items)
    response = answer(shown, LINE_ITEMS)
    if following is not None:
        response.headers["Link"] = _link_to(following, **request.args.to_dict())
    return response


def _link_to(following: int, **query: str) -> str:
    """Return the way to the next page; Moodle's own is HTML, with typographic quotes."""
    asked = query | {"from": str(following)}
    entry = link(f"{current_lms().config.services}{request.path}", "next", **asked)
    if not current_lms().config.pages_like_moodle:
        return entry
    url, _, _ = entry[1:].partition(">")
    return f"<{html.escape(url)}>; rel=“next”".encode().decode("latin-1")


@blueprint.post("/<course_id>/lineitems")
@service(LINE_ITEM, _WRITE)
def create_item(course_id: str) -> Response:
    """Create a line item of its own or one for a resource link."""
    if course_id != COURSE_ID:
        abort(404, "Course not found")
    lms = current_lms()
    with lms.lock():
        item = _read_item(LineItem(lms.next_item_id(), ""))
        lms.line_items[item.item_id] = item
    return answer(_show_item(item), LINE_ITEM, 201)


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
@service(LINE_ITEM, _WRITE, _READ)
def show_item(course_id: str, item_id: str) -> Response:
    """Show one line item."""
    return answer(_show_item(_find_item(course_id, item_id)), LINE_ITEM)


@blueprint.put("/<course_id>/lineitems/<item_id>/lineitem")
@service(LINE_ITEM, _WRITE)
def change_item(course_id: str, item_id: str) -> Response:
    """Change one line item."""
    with current_lms().lock():
        item = _read_item(_find_item(course_id, item_id))
    return answer(_show_item(item), LINE_ITEM)


@blueprint.delete("/<course_id>/lineitems/<item_id>/lineitem")
@service("", _WRITE)
def delete_item(course_id: str, item_id: str) -> Response:
    """Delete one line item and its grades, a link's own column too, as Moodle does."""
    lms = current_lms()
    with lms.lock():
        item = _find_item(course_id, item_id)
        del lms.line_items[item.item_id]
        lms.grades = {key: grade for key, grade in lms.grades.items() if key[0] != item.item_id}
    return Response(status=204)


@blueprint.post("/<course_id>/lineitems/<item_id>/lineitem/scores")
@service(SCORE, _SCORE)
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
    return Response(status=200) if status == 200 else describe(status, f"Incorrect score received: {reason}")


@blueprint.get("/<course_id>/lineitems/<item_id>/lineitem/results")
@service(RESULTS, _RESULT)
def list_results(course_id: str, item_id: str) -> Response:
    """List the grades of a line item, or the one of `user_id`; Moodle breaks down over a limit."""
    if "limit" in request.args and current_lms().config.pages_like_moodle:
        return Response("<!DOCTYPE html><title>Error</title>", 404, content_type="text/html; charset=utf-8")
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
    shown, following = page_of(results)
    response = answer(shown, RESULTS)
    if following is not None:
        response.headers["Link"] = _link_to(following, **request.args.to_dict())
    return response
