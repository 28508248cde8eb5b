"""Keep the tools that registered themselves, as Moodle does: checked, pending, active.

Source: Moodle 4.5 mod/lti/classes/local/ltiopenid/registration_helper.php.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from practice_lms.config import Config
from practice_lms.scopes import MEMBERS_SCOPE, SCOPES

TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
CLAIMS = ("sub", "iss", "name", "given_name", "family_name", "email")
_TAG = re.compile(r"<[^>]*>")


class RegistrationError(Exception):
    """Refuse a registration as Moodle does: a short code in plain text.

    Args:
        code: also the body of the answer.
        status: of the answer.
    """

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass
class ToolType:
    """Hold one tool: what it said of itself, and whether the administrator let it in."""

    type_id: str
    client_id: str
    said: dict[str, Any]
    is_active: bool = False

    @property
    def ours(self) -> Mapping[str, Any]:
        """Return the part about LTI."""
        part = self.said[TOOL_CONFIGURATION]
        return part if isinstance(part, Mapping) else {}

    @property
    def name(self) -> str:
        """Return what the tool calls itself."""
        return str(self.said["client_name"])


@dataclass
class ToolTypes:
    """Hold all of them by id, and the tokens that were used; the LMS's lock is held around a change."""

    by_id: dict[str, ToolType] = field(default_factory=dict)
    used_tokens: set[str] = field(default_factory=set)

    def take(self, said: Mapping[str, Any], subject: str, scope: str) -> ToolType:
        """Register a tool, or change the one that a token for updates names.

        Args:
            subject: of the token: the client id to be given, or with `reg-update` the id of the tool.

        Raises:
            RegistrationError: Moodle would refuse it.
        """
        checked = check(said)
        if scope == "reg-update":
            tool = self.find(subject)
            tool.said = checked
            return tool
        tool = ToolType(str(len(self.by_id) + 1), subject, checked)
        self.by_id[tool.type_id] = tool
        return tool

    def find(self, type_id: str) -> ToolType:
        """Return a tool.

        Raises:
            RegistrationError: there is none.
        """
        try:
            return self.by_id[type_id]
        except KeyError:
            raise RegistrationError("unknown_tool", 404) from None


def check(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a registration without tags in its texts.

    Raises:
        RegistrationError: something that Moodle needs is missing.
    """
    types = said.get("response_types")
    needed = {
        "invalid_response_types": isinstance(types, list) and "id_token" in types,
        "missing_initiate_login_uri": said.get("initiate_login_uri"),
        "missing_redirect_uris": isinstance(said.get("redirect_uris"), list) and said["redirect_uris"],
        "missing_client_name": said.get("client_name"),
        "missing_jwks_uri": said.get("jwks_uri"),
        "invalid_token_endpoint_auth_method": said.get("token_endpoint_auth_method") == "private_key_jwt",
        "invalid_application_type": said.get("application_type", "web") == "web",
        "missing_lti_tool_configuration": isinstance(said.get(TOOL_CONFIGURATION), Mapping),
    }
    ours = said.get(TOOL_CONFIGURATION)
    if isinstance(ours, Mapping):
        target = str(ours.get("target_link_uri", ""))
        needed["missing_domain"] = ours.get("domain")
        needed["missing_target_link_uri"] = target
        needed["domain_targetlinkuri_mismatch"] = _bare(urlsplit(target).netloc) == _bare(str(ours.get("domain")))
    missing = next((code for code, is_there in needed.items() if not is_there), None)
    if missing:
        raise RegistrationError(missing)
    clean = _without_tags(dict(said))
    return clean if isinstance(clean, dict) else {}


def answer(tool: ToolType) -> dict[str, Any]:
    """Return what Moodle tells the tool: its client id, its deployment, and what was granted."""
    ours = tool.ours
    messages = [m for m in ours.get("messages", []) if m.get("type") == "LtiDeepLinkingRequest"]
    return {
        "client_id": tool.client_id,
        "response_types": ["id_token"],
        "jwks_uri": tool.said["jwks_uri"],
        "initiate_login_uri": tool.said["initiate_login_uri"],
        "grant_types": ["client_credentials", "implicit"],
        "redirect_uris": tool.said["redirect_uris"],
        "application_type": "web",
        "token_endpoint_auth_method": "private_key_jwt",
        "client_name": tool.name,
        "logo_uri": tool.said.get("logo_uri", ""),
        "scope": " ".join(granted_scopes(tool)),
        TOOL_CONFIGURATION: {
            "version": "1.3.0",
            "deployment_id": tool.type_id,
            "target_link_uri": ours["target_link_uri"],
            "domain": ours["domain"],
            "description": ours.get("description", ""),
            "messages": [
                {"type": m["type"], "target_link_uri": m.get("target_link_uri", ours["target_link_uri"])}
                for m in messages
            ],
            "claims": [claim for claim in CLAIMS if claim in ours.get("claims", [])],
        },
    }


def granted_scopes(tool: ToolType) -> list[str]:
    """Return what the scopes of a tool open: one for grades opens reading, `lineitem` opens all of them."""
    asked = str(tool.said.get("scope", "")).split()
    wants_grades = any(scope in asked for scope in SCOPES)
    whole = [scope for scope in SCOPES if wants_grades and (SCOPES[0] in asked or scope != SCOPES[0])]
    return [*whole, *([MEMBERS_SCOPE] if MEMBERS_SCOPE in asked else [])]


def follow(config: Config, tool: ToolType) -> Config:
    """Return the settings of an LMS whose links open this tool."""
    ours = tool.ours
    return replace(
        config,
        login_url=tool.said["initiate_login_uri"],
        redirect_uris=tuple(tool.said["redirect_uris"]),
        tool_jwks_url=tool.said["jwks_uri"],
        target_link_uri=ours["target_link_uri"],
        client_id=tool.client_id,
        deployment_id=tool.type_id,
        shared_claims=frozenset(ours.get("claims", [])),
    )


def _bare(domain: str) -> str:
    return domain.lower().removeprefix("www.")


def _without_tags(value: object) -> object:
    """Return what Moodle's PARAM_TEXT leaves of every text."""
    if isinstance(value, str):
        return _TAG.sub("", value)
    if isinstance(value, list):
        return [_without_tags(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_tags(item) for name, item in value.items()}
    return value
