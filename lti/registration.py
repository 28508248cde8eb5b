"""Register with a platform: ask it for what we need, and read what it gave.

Source: LTI Dynamic Registration 1.0 §3.5 and §3.6; OpenID Connect Dynamic Registration 1.0 §3.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lti.errors import ServiceUnreachable
from lti.fetching import Fetch, Response, host_of
from lti.platform_configuration import (
    ANSWER_BYTES,
    DEEP_LINKING,
    ID_CHARACTERS,
    RESOURCE_LINK,
    Facts,
    PlatformConfiguration,
    read_object,
)
from lti.registration_errors import (
    ConfigurationMalformed,
    RegistrationRefused,
    RegistrationTokenInvalid,
    RegistrationUnanswered,
)
from lti.wire import UNPRINTABLE

TOOL_CONFIGURATION: Final = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_REASON = re.compile(r"[A-Za-z][A-Za-z_-]{0,59}")


@dataclass(frozen=True)
class ToolDescription:
    """Say what the tool is: names by language tag, the first of which also stands without one.

    Attributes:
        scopes: which it would like; asked for are those that the platform offers.
        claims: likewise.
    """

    names: Mapping[str, str]
    descriptions: Mapping[str, str]
    picker_labels: Mapping[str, str]
    home_url: str
    launch_url: str
    login_url: str
    jwks_url: str
    logo_url: str
    policy_url: str
    scopes: tuple[str, ...]
    claims: tuple[str, ...]


@dataclass(frozen=True)
class RegistrationAnswer:
    """Hold what a platform gave; `deployment_id` and `scopes` are None where it said nothing.

    Source: LTI Dynamic Registration 1.0 §3.6 (registration response).
    """

    client_id: str
    deployment_id: str | None
    scopes: frozenset[str] | None = field(default=None)


def registration_request(configuration: PlatformConfiguration, tool: ToolDescription) -> dict[str, object]:
    """Return what we ask this platform for.

    No custom parameter is asked for: in Moodle one of the tool wins over one of a link, which would hide the `course`
    of every activity.

    Source: LTI Dynamic Registration 1.0 §3.5; OpenID Connect Dynamic Registration 1.0 §2 and §2.1 (languages).
    """
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": tool.login_url,
        "redirect_uris": [tool.launch_url],
        **_in_languages("client_name", tool.names),
        "client_uri": tool.home_url,
        "logo_uri": tool.logo_url,
        "policy_uri": tool.policy_url,
        "tos_uri": tool.policy_url,
        "jwks_uri": tool.jwks_url,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(scope for scope in tool.scopes if configuration.offers_scope(scope)),
        TOOL_CONFIGURATION: {
            "domain": host_of(tool.launch_url),
            **_in_languages("description", tool.descriptions),
            "target_link_uri": tool.launch_url,
            "claims": [claim for claim in tool.claims if configuration.offers_claim(claim)],
            "messages": _messages(configuration, tool),
        },
    }


def register(
    fetch: Fetch, configuration: PlatformConfiguration, token: str | None, request: Mapping[str, object]
) -> RegistrationAnswer:
    """Send the registration and return what the platform gave.

    Args:
        token: of the platform, which lets us register once; None where it gave none.

    Raises RegistrationTokenInvalid, RegistrationRefused (nothing was registered) or RegistrationUnanswered (nobody
    knows).
    """
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if token is not None:
        if not _TOKEN.fullmatch(token):
            raise RegistrationTokenInvalid
        headers["Authorization"] = f"Bearer {token}"
    url = configuration.registration_url
    try:
        response = fetch("POST", url, headers=headers, body=json.dumps(request).encode())
    except ServiceUnreachable as error:
        raise RegistrationUnanswered(host=host_of(url), reason=error.reason) from error
    return _read_answer(response, host_of(url))


def _in_languages(name: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return a member in every language, and in the first one for platforms that read no tags."""
    return {name: next(iter(texts.values()))} | {f"{name}#{tag}": text for tag, text in texts.items()}


def _messages(configuration: PlatformConfiguration, tool: ToolDescription) -> list[dict[str, object]]:
    """Return the messages we take, of those that the platform sends."""
    link: dict[str, object] = {"type": RESOURCE_LINK, "target_link_uri": tool.launch_url, "icon_uri": tool.logo_url}
    messages: list[dict[str, object]] = [link | _in_languages("label", tool.names)]
    if configuration.picks_content:
        picker: dict[str, object] = {"type": DEEP_LINKING, "target_link_uri": tool.launch_url}
        picker |= {"icon_uri": tool.logo_url, **_in_languages("label", tool.picker_labels)}
        if "ContentArea" in configuration.placements:
            picker["placements"] = ["ContentArea"]
        messages.append(picker)
    return messages


def _read_answer(response: Response, host: str) -> RegistrationAnswer:
    """Return what the platform gave.

    A 4xx or a redirect says that nothing was registered; what else is not 200 or 201 says nothing at all.
    """
    if 300 <= response.status < 500:
        raise RegistrationRefused(host=host, status=response.status, reason=_reason(response))
    if response.status not in (200, 201):
        raise RegistrationUnanswered(host=host, reason=f"status-{response.status}")
    try:
        answer = Facts(host, read_object(response.body, host))
        client_id = answer.members.get("client_id")
        ours = answer.members.get(TOOL_CONFIGURATION)
        deployment_id = ours.get("deployment_id") if isinstance(ours, Mapping) else None
        scope = answer.text("scope", ANSWER_BYTES)
    except ConfigurationMalformed as error:
        raise RegistrationUnanswered(host=host, reason=f"malformed-{error.part}") from error
    if not _is_id(client_id):
        raise RegistrationUnanswered(host=host, reason="malformed-client_id")
    if deployment_id is not None and not _is_id(deployment_id):
        raise RegistrationUnanswered(host=host, reason="malformed-deployment_id")
    return RegistrationAnswer(str(client_id), deployment_id, None if scope is None else frozenset(scope.split()))


def _is_id(value: object) -> bool:
    """Tell whether this can be a client or deployment id.

    Source: LTI Core 1.3 §5.3.3 (at most 255 characters).
    """
    return isinstance(value, str) and 0 < len(value) <= ID_CHARACTERS and not UNPRINTABLE.search(value)


def _reason(response: Response) -> str:
    """Return a code the platform gave: Moodle's plain text, or the standard's JSON; "" for anything else.

    Source: OpenID Connect Dynamic Registration 1.0 §3.3 (error response).
    """
    text = response.body[:1000].decode("utf-8", "replace").strip()
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = text
    code = said.get("error") if isinstance(said, Mapping) else said
    return code if isinstance(code, str) and _REASON.fullmatch(code) else ""
