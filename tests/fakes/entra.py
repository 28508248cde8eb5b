"""Entra ID's provisioning service: it asks and sends in the shapes that its documentation shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sidecar.core.scim_resources import ENTERPRISE
from sidecar.sync.scim.attributes import GROUP, USER

TYPE = "application/scim+json; charset=utf-8"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

Json = dict[str, Any]


def user(name: str, number: str | None = None, **more: object) -> Json:
    """Return a user as Entra ID creates one."""
    given, family = name.split(" ")
    enterprise = {"employeeNumber": number, "department": "Sykehjemmet"} if number else {}
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": given.lower(),
        "userName": f"{given}@rollag.example",
        "active": True,
        "displayName": name,
        "emails": [{"primary": True, "type": "work", "value": f"{given.lower()}@rollag.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": name, "familyName": family, "givenName": given},
        "title": "Sykepleier",
        ENTERPRISE: enterprise,
    } | more


def group(name: str, *members: str) -> Json:
    return {
        "schemas": [GROUP],
        "externalId": name.lower(),
        "displayName": name,
        "members": [{"value": member} for member in members],
    }


@dataclass
class Entra:
    """A client with a token."""

    client: FlaskClient
    token: str

    def ask(self, method: str, path: str, body: object = None, status: int = 200, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}"} | {
            key.replace("_", "-"): value for key, value in headers.items()
        }
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        kind = {"content_type": sent.pop("Content-Type", TYPE)} if data is not None else {}
        response = self.client.open(f"/scim/v2{path}", method=method, data=data, headers=sent, **kind)  # type: ignore[arg-type]
        assert response.status_code == status, (method, path, response.status_code, response.text)
        return response

    def get(self, path: str, status: int = 200) -> Json:
        return said(self.ask("GET", path, status=status))

    def create(self, body: Json, status: int = 201, kind: str = "Users") -> Json:
        return said(self.ask("POST", f"/{kind}", body, status))

    def patch(self, path: str, *operations: Json, status: int = 200) -> Json:
        return said(self.ask("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)}, status))

    def deactivate(self, user_id: str) -> Json:
        return self.patch(f"/Users/{user_id}", {"op": "Replace", "path": "active", "value": "False"})

    def find(self, filter_: str, kind: str = "Users", status: int = 200, **query: str) -> Json:
        response = self.client.get(
            f"/scim/v2/{kind}",
            query_string={"filter": filter_, **query},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert response.status_code == status, response.text
        return said(response)


def said(response: TestResponse) -> Json:
    """Return what an answer says; it is SCIM's own kind of JSON."""
    if response.status_code in (204, 304):
        return {}
    assert response.content_type == "application/scim+json"
    found: Json = json.loads(response.text)
    return found
