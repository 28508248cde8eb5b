"""Take what a SCIM 2.0 client, as Entra ID is one, pushes of a municipality's users and groups.

Every request brings a bearer token of one municipality; what is another's is as if it were not there.
"""

from __future__ import annotations

import json
from typing import Any, Final

from flask import Blueprint, Response, abort, request

from sidecar.core import api_tokens
from sidecar.core.scim_resources import GROUP, USER, ScimResource
from sidecar.sync.scim import documents, resources
from sidecar.sync.scim.errors import ScimSyntaxError, ScimValueError
from sidecar.sync.scim.resources import Client
from sidecar.web import limits
from sidecar.web.access import audience, current, sidecar

ROOT: Final = "/scim/v2"
TYPE: Final = "application/scim+json"
BODY_BYTES: Final = 2 * 1024 * 1024
"""A group with the 20,000 members it may have."""

blueprint = Blueprint("scim", __name__)


@blueprint.before_request
def note_use() -> None:
    """Bound how much one token may ask, and note that it is in use, at most every five minutes."""
    token, now = current().token, sidecar().now()
    if token is None:
        return
    limits.refuse_beyond(limits.SCIM_REQUESTS, token.id)
    if api_tokens.is_seen_long_ago(token, now):
        with sidecar().transaction() as db:
            api_tokens.note_use(db, token.id, now)


@blueprint.get(f"{ROOT}/ServiceProviderConfig")
@audience("scim")
def show_service() -> Response:
    """Say what the service can do."""
    return _answer(documents.describe_service(_base()))


@blueprint.get(f"{ROOT}/ResourceTypes")
@audience("scim")
def list_types() -> Response:
    """List the types of resources."""
    return _answer_all(documents.describe_types(_base()))


@blueprint.get(f"{ROOT}/ResourceTypes/<key>")
@audience("scim")
def show_type(key: str) -> Response:
    """Show one type of resources."""
    return _answer(documents.find_document(documents.describe_types(_base()), key))


@blueprint.get(f"{ROOT}/Schemas")
@audience("scim")
def list_schemas() -> Response:
    """List the schemas."""
    return _answer_all(documents.describe_schemas(_base()))


@blueprint.get(f"{ROOT}/Schemas/<key>")
@audience("scim")
def show_schema(key: str) -> Response:
    """Show one schema."""
    return _answer(documents.find_document(documents.describe_schemas(_base()), key))


@blueprint.get(f"{ROOT}/Users")
@blueprint.get(f"{ROOT}/Groups")
@audience("scim")
def search() -> Response:
    """List resources: all, or those that a filter finds."""
    start = max(1, _number("startIndex", 1))
    count = min(max(0, _number("count", documents.MOST_RESULTS)), documents.MOST_RESULTS)
    total, found = resources.search(_client(), _kind(), request.args.get("filter", ""), start=start, count=count)
    page = [_chosen(one) for one in found]
    return _answer(documents.describe_list(page, total=total, start=start))


@blueprint.post(f"{ROOT}/Users")
@blueprint.post(f"{ROOT}/Groups")
@audience("scim", body_bytes=BODY_BYTES)
def create() -> Response:
    """Add a resource."""
    made = resources.create(_client(), _kind(), _body())
    response = _answer_one(made, 201)
    response.headers["Location"] = documents.location_of(made, _base())
    return response


@blueprint.get(f"{ROOT}/Users/<resource_id>")
@blueprint.get(f"{ROOT}/Groups/<resource_id>")
@audience("scim")
def show(resource_id: str) -> Response:
    """Show one resource."""
    found = resources.find(_client(), _kind(), resource_id)
    if request.if_none_match.contains_weak(str(found.version)):
        return Response(status=304, headers={"ETag": documents.version_of(found)})
    return _answer_one(found)


@blueprint.put(f"{ROOT}/Users/<resource_id>")
@blueprint.put(f"{ROOT}/Groups/<resource_id>")
@audience("scim", body_bytes=BODY_BYTES)
def replace(resource_id: str) -> Response:
    """Put a resource in the place of the one that was there."""
    return _answer_one(resources.replace(_client(), _kind(), resource_id, _body(), _if_match()))


@blueprint.patch(f"{ROOT}/Users/<resource_id>")
@blueprint.patch(f"{ROOT}/Groups/<resource_id>")
@audience("scim", body_bytes=BODY_BYTES)
def change(resource_id: str) -> Response:
    """Change parts of a resource."""
    return _answer_one(resources.change(_client(), _kind(), resource_id, _body(), _if_match()))


@blueprint.delete(f"{ROOT}/Users/<resource_id>")
@blueprint.delete(f"{ROOT}/Groups/<resource_id>")
@audience("scim")
def delete(resource_id: str) -> Response:
    """Forget a resource; the employment of a user ends, and stays known."""
    resources.delete(_client(), _kind(), resource_id, _if_match())
    return Response(status=204)


def _client() -> Client:
    token = current().token
    if token is None:
        raise api_tokens.ApiTokenRefusedError
    return Client(sidecar(), token.municipality_id)


def _kind() -> str:
    return USER if request.path.startswith(f"{ROOT}/Users") else GROUP


def _base() -> str:
    return f"{sidecar().settings.public_url}{ROOT}"


def _number(name: str, default: int) -> int:
    told = request.args.get(name, "").strip()
    if not told:
        return default
    if len(told) > 9 or not told.removeprefix("-").isdecimal() or not told.isascii():
        raise ScimValueError(attribute=name)
    return int(told)


def _if_match() -> str:
    return request.headers.get("If-Match", "")


def _body() -> Any:  # noqa: ANN401 (a value that JSON can carry)
    """Return what the request brings (RFC 7644 §3.1: SCIM's own media type; plain JSON is understood too)."""
    if request.mimetype not in (TYPE, "application/json"):
        abort(415)
    try:
        return json.loads(request.get_data(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ScimSyntaxError from None


def _refuse_constant(_: str) -> None:
    raise ValueError("no JSON")


def _chosen(resource: ScimResource) -> documents.Document:
    document = documents.describe_resource(resource, _base())
    return documents.choose(document, request.args.get("attributes", ""), request.args.get("excludedAttributes", ""))


def _answer_one(resource: ScimResource, status: int = 200) -> Response:
    response = _answer(_chosen(resource), status)
    response.headers["ETag"] = documents.version_of(resource)
    return response


def _answer_all(found: list[documents.Document]) -> Response:
    return _answer(documents.describe_list(found, total=len(found), start=1))


def _answer(document: documents.Document, status: int = 200) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), status, content_type=TYPE)
