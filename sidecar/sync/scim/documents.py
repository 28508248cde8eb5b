"""Say in SCIM's words what a resource is, what the service can do, and which attributes it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sidecar.core.scim_resources import ScimResource
from sidecar.sync.scim.attributes import SCHEMAS, Attribute
from sidecar.sync.scim.errors import ScimUnknownError

LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
MOST_RESULTS: Final = 200
"""How many resources one page of a list has at most."""

Document = dict[str, Any]
_NAMES: Final = {"User": "Users", "Group": "Groups"}
_CORE: Final = "urn:ietf:params:scim:schemas:core:2.0"


def describe_resource(resource: ScimResource, base: str) -> Document:
    """Return a resource as clients read it (RFC 7643 §3.1).

    Args:
        base: the address of the service, without a slash at its end.
    """
    extensions = [urn for urn in SCHEMAS[resource.kind] if urn in resource.body]
    return {
        "schemas": [next(iter(SCHEMAS[resource.kind])), *extensions],
        "id": resource.id,
        **resource.body,
        "meta": {
            "resourceType": resource.kind,
            "created": _moment(resource.created_at),
            "lastModified": _moment(resource.changed_at),
            "location": location_of(resource, base),
            "version": version_of(resource),
        },
    }


def choose(document: Document, wanted: str, unwanted: str) -> Document:
    """Leave out what a client does not want to read (RFC 7644 §3.9).

    Args:
        wanted: names of attributes, comma-separated; "" for all of them.
        unwanted: likewise, of what is left out.
    """
    asked = {name.strip().partition(".")[0].casefold() for name in wanted.split(",") if name.strip()}
    left_out = {name.strip().casefold() for name in unwanted.split(",") if name.strip()}
    always = {"schemas", "id"}
    return {
        name: value
        for name, value in document.items()
        if name in always or ((not asked or name.casefold() in asked) and name.casefold() not in left_out)
    }


def location_of(resource: ScimResource, base: str) -> str:
    """Return the address of a resource."""
    return f"{base}/{_NAMES[resource.kind]}/{resource.id}"


def version_of(resource: ScimResource) -> str:
    """Return the ETag of a resource (RFC 7644 §3.14)."""
    return f'W/"{resource.version}"'


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def describe_list(documents: Sequence[Document], *, total: int, start: int) -> Document:
    """Return a page of a list (RFC 7644 §3.4.2)."""
    page = {"totalResults": total, "startIndex": start, "itemsPerPage": len(documents)}
    return {"schemas": [LIST], **page, "Resources": list(documents)}


def describe_error(status: int, detail: str, scim_type: str = "") -> Document:
    """Return an error (RFC 7644 §3.12)."""
    kind = {"scimType": scim_type} if scim_type else {}
    return {"schemas": [ERROR], "status": str(status), **kind, "detail": detail}


def describe_service(base: str) -> Document:
    """Return what the service can do (RFC 7643 §5)."""
    token = {
        "type": "oauthbearertoken",
        "name": "Token",
        "description": "A token that the staff pages or the command line made, as Authorization: Bearer.",
        "specUri": "https://www.rfc-editor.org/info/rfc6750",
        "primary": True,
    }
    return {
        "schemas": [f"{_CORE}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MOST_RESULTS},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [token],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def describe_types(base: str) -> list[Document]:
    """Return the types of resources (RFC 7643 §6)."""
    return [
        {
            "schemas": [f"{_CORE}:ResourceType"],
            "id": kind,
            "name": kind,
            "endpoint": f"/{_NAMES[kind]}",
            "schema": next(iter(schemas)),
            "schemaExtensions": [{"schema": urn, "required": False} for urn in list(schemas)[1:]],
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{kind}"},
        }
        for kind, schemas in SCHEMAS.items()
    ]


def describe_schemas(base: str) -> list[Document]:
    """Return the schemas, with what is kept of each (RFC 7643 §7)."""
    found = ((urn, attributes) for schemas in SCHEMAS.values() for urn, attributes in schemas.items())
    return [
        {
            "schemas": [f"{_CORE}:Schema"],
            "id": urn,
            "name": "EnterpriseUser" if "enterprise" in urn else urn.rpartition(":")[2],
            "attributes": _describe_all(attributes),
            "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{urn}"},
        }
        for urn, attributes in found
    ]


def find_document(documents: Iterable[Document], key: str) -> Document:
    """Return the document of an id, in whatever case.

    Raises:
        ScimUnknownError: there is none.
    """
    for document in documents:
        if document["id"].casefold() == key.casefold():
            return document
    raise ScimUnknownError


def _describe_all(attributes: Sequence[Attribute]) -> list[Mapping[str, Any]]:
    return [_describe(one) for one in attributes]


def _describe(attribute: Attribute) -> Mapping[str, Any]:
    described: Document = {
        "name": attribute.name,
        "type": attribute.kind,
        "multiValued": bool(attribute.most),
        "description": attribute.says,
        "required": attribute.is_required,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "server" if attribute.is_unique else "none",
    }
    if attribute.kind == "string":
        described["caseExact"] = False
    if attribute.parts:
        described["subAttributes"] = _describe_all(attribute.parts)
    return described
