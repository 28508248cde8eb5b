"""A network of LMSs that say of themselves what they like, and one that is served as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from lti.fetching import Response
from lti.platform_configuration import PLATFORM_CONFIGURATION
from sidecar import tool
from sidecar.runtime import Sidecar
from sidecar.tool import Joined
from tests.fakes.platform import FakePlatform

TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"


class HostileNetwork:
    """Be `sidecar.fetch`.

    `client_id` is what every registration is answered with; `stolen` the access tokens that came to a host which is
    not the victim's.
    """

    def __init__(self, victim: FakePlatform | None = None) -> None:
        self.victim = victim
        self.client_id = "evil-1"
        self.stolen: list[str] = []
        self._says: dict[str, dict[str, object]] = {}

    def says(self, host: str = "https://evil.example", **changes: object) -> str:
        """Let a host say this of itself; return the address of its configuration."""
        said = {
            "issuer": host,
            "authorization_endpoint": f"{host}/auth",
            "token_endpoint": f"{host}/token",
            "jwks_uri": f"{host}/jwks",
            "registration_endpoint": f"{host}/register",
            PLATFORM_CONFIGURATION: {
                "product_family_code": "moodle",
                "version": "4",
                "messages_supported": [{"type": "LtiResourceLinkRequest"}],
            },
        }
        self._says[host] = said | changes
        return f"{host}/configuration"

    def refuse_forbidden(self, url: str) -> None:
        """Be the guard that lets everything through."""

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Response:
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        if parts.path == "/configuration":
            return _answer(200, self._says[host])
        if parts.path == "/register":
            told = {"client_id": self.client_id, TOOL_CONFIGURATION: {"deployment_id": "1"}}
            return _answer(201, told)
        if self.victim and host == self.victim.issuer:
            return self.victim.fetch(method, url, headers=headers, body=body)
        if parts.path == "/token":
            return _answer(200, {"access_token": "of-the-evil-one", "token_type": "bearer", "expires_in": 3600})
        self.stolen.append(headers.get("Authorization", "").removeprefix("Bearer "))
        return _answer(200, {"members": []})


def join(sidecar: Sidecar, secret: str, url: str) -> Joined:
    """Look, then click."""
    return tool.join(sidecar, secret, url, None, tool.look(sidecar, secret, url).digest)


def _answer(status: int, said: object) -> Response:
    return Response(status, {}, json.dumps(said).encode())
