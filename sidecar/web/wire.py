"""Describe our JSON API by the schemas at its endpoints, and publish that as an OpenAPI document."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final, TypeVar

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Flask, Response, current_app, jsonify
from marshmallow import Schema, fields, validate
from werkzeug.routing import Rule

from sidecar.sharing import signed_requests
from sidecar.web import callers
from sidecar.web.access import TOKENS, audience
from sidecar.web.probes import PATHS

DOCUMENT_AGE_S: Final = 3600
JSON: Final = "application/json"
BYTES: Final = {"type": "string", "format": "binary"}
SCHEMES: Final = dict.fromkeys([*TOKENS, "changes"], "bearer") | dict.fromkeys(callers.KINDS, signed_requests.SCHEME)
"""Audience whose endpoints the document describes → how whoever asks for them says who they are."""

View = TypeVar("View", bound=Callable[..., Any])

blueprint = Blueprint("wire", __name__)


class FaultSchema(Schema):
    """What went wrong: a stable code, its facts, a text for people, the reference under which the log has it."""

    code = fields.String(required=True)
    facts = fields.Dict(required=True)
    message = fields.String(required=True)
    reference = fields.String(required=True)


class RefusalSchema(Schema):
    """Every answer below /api that is no success."""

    error = fields.Nested(FaultSchema, required=True)


class KeySetSchema(Schema):
    """A JSON Web Key Set (RFC 7517 §5)."""

    keys = fields.List(fields.Dict(keys=fields.String(), values=fields.String()), required=True)


class CheckSchema(Schema):
    """How one thing stands that the service relies on; `code` is "ok" or that of the error."""

    check = fields.String(required=True)
    code = fields.String(required=True)
    needed = fields.Boolean(required=True)


class ProbeSchema(Schema):
    """How the service stands; without checks where only its process was asked for."""

    state = fields.String(
        required=True, validate=validate.OneOf(["alive", "ready", "degraded", "not-ready", "busy", "error"])
    )
    checks = fields.List(fields.Nested(CheckSchema))


class DocumentSchema(Schema):
    """An OpenAPI document."""

    openapi = fields.String(required=True, validate=validate.Equal("3.1.0"))
    info = fields.Dict(required=True)
    paths = fields.Dict(required=True)
    components = fields.Dict(required=True)


@dataclass(frozen=True)
class Operation:
    """What an endpoint takes and answers.

    Attributes:
        answers: the schema of each status that is a success, or that isn't a `RefusalSchema`; `BYTES` for a file.
        refusals: the statuses that come with a `RefusalSchema`.
        takes: the schemas its body may have; none where it takes no body.
        media_type: of its successes; of lines of JSON the schema is that of one line.
        query: the schema of its query string; None where it has none.
        empty: the statuses that come without a body.
    """

    answers: Mapping[int, type[Schema] | Mapping[str, str]]
    refusals: tuple[int, ...]
    takes: tuple[type[Schema], ...]
    media_type: str = JSON
    query: type[Schema] | None = None
    empty: tuple[int, ...] = ()


def speaks(
    answers: Mapping[int, type[Schema] | Mapping[str, str]],
    *,
    refusals: tuple[int, ...] = (),
    takes: tuple[type[Schema], ...] = (),
    media_type: str = JSON,
    query: type[Schema] | None = None,
    empty: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """Say at its registration what a JSON endpoint takes and answers; the arguments are those of `Operation`."""

    def mark(view: View) -> View:
        said = Operation(answers, refusals, takes, media_type, query, empty)
        view.operation = said  # type: ignore[attr-defined]  # read by make_document
        return view

    return mark


@blueprint.get("/api/openapi.json")
@audience("public")
@speaks({200: DocumentSchema})
def document() -> Response:
    """Publish this document."""
    kept = current_app.extensions
    if "openapi" not in kept:
        kept["openapi"] = make_document(current_app)
    response = jsonify(kept["openapi"])
    response.cache_control.public = True
    response.cache_control.max_age = DOCUMENT_AGE_S
    return response


def make_document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of every endpoint that says what it speaks."""
    title, released = "Læringsløp sidecar", version("laeringslop-sidecar")
    spec = APISpec(title, released, "3.1.0", plugins=[MarshmallowPlugin()])
    for name, scheme in SCHEMES.items():
        spec.components.security_scheme(name, {"type": "http", "scheme": scheme})
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        if hasattr(view, "operation"):
            spec.path(_path(rule), operations=dict.fromkeys(_methods(rule), _describe(view, rule)))
    for path, statuses in PATHS.items():  # answered before the application is asked
        responses = {str(status): _answer(status, ProbeSchema) for status in statuses}
        spec.path(path, operations={"get": {"operationId": path.strip("/"), "responses": responses}})
    return spec.to_dict()


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _methods(rule: Rule) -> list[str]:
    return sorted(method.lower() for method in (rule.methods or set()) - {"HEAD", "OPTIONS"})


def _describe(view: Any, rule: Rule) -> dict[str, Any]:  # noqa: ANN401 (a view with our marks)
    said: Operation = view.operation
    described: dict[str, Any] = {
        "operationId": rule.endpoint,
        "summary": (inspect.getdoc(view) or "").partition("\n")[0],
        "parameters": [
            {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
            for name in sorted(rule.arguments)
        ],
        "responses": {str(status): _answer(status, RefusalSchema) for status in said.refusals}
        | {str(status): _answer(status, schema, said.media_type) for status, schema in said.answers.items()}
        | {str(status): {"description": HTTPStatus(status).phrase} for status in said.empty},
    }
    if said.query:
        described["parameters"] += [{"in": "query", "schema": said.query}]
    if tokens := view.audience & SCHEMES.keys():
        described["security"] = [{token: []} for token in tokens]
    if said.takes:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": {"anyOf": list(said.takes)}}}}
    return described


def _answer(status: int, schema: type[Schema] | Mapping[str, str], media_type: str = JSON) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": {media_type: {"schema": schema}}}
