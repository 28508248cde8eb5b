"""Read what a platform says of itself, and judge whether it can launch us.

Source: LTI Dynamic Registration 1.0 §3.3; OpenID Connect Discovery 1.0 §3.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import urlsplit

from lti.errors import ServiceUnreachable
from lti.fetching import Fetch, host_of
from lti.registration_errors import (
    ConfigurationAddressInvalid,
    ConfigurationForeign,
    ConfigurationMalformed,
    ConfigurationUnavailable,
    ConfigurationUnsupported,
)
from lti.wire import UNPRINTABLE, origin_of

PLATFORM_CONFIGURATION: Final = "https://purl.imsglobal.org/spec/lti-platform-configuration"
RESOURCE_LINK: Final = "LtiResourceLinkRequest"
DEEP_LINKING: Final = "LtiDeepLinkingRequest"
ANSWER_BYTES: Final = 256 * 1024
ISSUER_CHARACTERS: Final = 500
URL_CHARACTERS: Final = 1000
ID_CHARACTERS: Final = 255
PRODUCT_CHARACTERS: Final = 60
_LIST_ITEMS: Final = 1000
_ITEM_CHARACTERS: Final = 500
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f-\U0010ffff\"'<>\\]")
_ALWAYS = frozenset({"iss", "sub"})


@dataclass(frozen=True)
class PlatformConfiguration:
    """Hold what a platform says of itself, checked; sets are None where it says nothing.

    Source: LTI Dynamic Registration 1.0 §3.3 (OpenID configuration).
    """

    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str
    registration_url: str
    product: str | None
    version: str | None
    scopes: frozenset[str] | None
    claims: frozenset[str] | None
    messages: frozenset[str]
    placements: frozenset[str]

    @property
    def digest(self) -> str:
        """Return what tells this configuration from any other, so that it can be seen to be the same later."""
        facts = {name: sorted(v) if isinstance(v, frozenset) else v for name, v in asdict(self).items()}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    @property
    def picks_content(self) -> bool:
        """Tell whether its teachers can choose our content in a dialog."""
        return DEEP_LINKING in self.messages

    def offers_scope(self, scope: str) -> bool:
        """Tell whether the platform may grant this scope: it lists it, or lists none."""
        return self.scopes is None or scope in self.scopes

    def offers_claim(self, claim: str) -> bool:
        """Tell whether the platform may send this claim: it lists it, or lists none."""
        return self.claims is None or claim in self.claims or claim in _ALWAYS


def fetch_configuration(fetch: Fetch, url: str) -> PlatformConfiguration:
    """Fetch and check the configuration that a platform named when it opened our registration page.

    Raises RegistrationError: the address can't be used, nothing readable came, it speaks for another host, or it
    lacks what we need.
    """
    if not is_usable_url(url):
        raise ConfigurationAddressInvalid
    host = host_of(url)
    try:
        response = fetch("GET", url, headers={"Accept": "application/json"})
    except ServiceUnreachable as error:
        raise ConfigurationUnavailable(host=host, reason=error.reason) from error
    if response.status != 200:
        raise ConfigurationUnavailable(host=host, reason=f"status-{response.status}")
    return read_configuration(response.body, url)


def read_configuration(body: bytes, url: str) -> PlatformConfiguration:
    """Return the configuration that was found at a URL.

    Source: OpenID Connect Discovery 1.0 §3; LTI Dynamic Registration 1.0 §3.3. That the issuer's domain is the
    configuration's is what keeps one platform from registering as another.

    Raises ConfigurationMalformed, ConfigurationForeign or ConfigurationUnsupported.
    """
    host = host_of(url)
    found = Facts(host, read_object(body, host))
    issuer = found.url("issuer", ISSUER_CHARACTERS)
    if "?" in issuer:
        raise ConfigurationMalformed(host=host, part="issuer")
    if _authority(issuer) != _authority(url):
        raise ConfigurationForeign(host=host, issuer_host=host_of(issuer))
    ours = Facts(host, found.mapping(PLATFORM_CONFIGURATION))
    messages = ours.messages()
    configuration = PlatformConfiguration(
        issuer=issuer,
        auth_url=found.url("authorization_endpoint"),
        token_url=found.url("token_endpoint"),
        jwks_url=found.url("jwks_uri"),
        registration_url=found.url("registration_endpoint"),
        product=ours.text("product_family_code", PRODUCT_CHARACTERS),
        version=ours.text("version", ID_CHARACTERS),
        scopes=found.texts("scopes_supported"),
        claims=found.texts("claims_supported"),
        messages=frozenset(messages),
        placements=messages.get(DEEP_LINKING, frozenset()),
    )
    _require_support(found, configuration)
    return configuration


def is_usable_url(url: str, limit: int = 2 * URL_CHARACTERS) -> bool:
    """Tell whether this is a plain http(s) URL, without user name and fragment; a guard judges its host."""
    if len(url) > limit or _UNSAFE_IN_URL.search(url):
        return False
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = has_host and _AUTHORITY.fullmatch(parts.netloc) is not None and not parts.fragment
    return parts.scheme in ("http", "https") and is_plain


def _authority(url: str) -> tuple[str, int] | None:
    origin = origin_of(url)
    return (origin.host.rstrip("."), origin.port) if origin else None


@dataclass(frozen=True)
class Facts:
    """Read the members of a JSON object that a platform wrote; what is wrong is named, not repeated."""

    host: str
    members: Mapping[str, object]

    def url(self, name: str, limit: int = URL_CHARACTERS) -> str:
        """Return a required address."""
        value = self.members.get(name)
        if not isinstance(value, str) or not is_usable_url(value, limit):
            raise ConfigurationMalformed(host=self.host, part=name)
        return value

    def text(self, name: str, limit: int) -> str | None:
        """Return a text, cut to the limit; None where there is none."""
        value = self.members.get(name)
        if value is not None and (not isinstance(value, str) or UNPRINTABLE.search(value)):
            raise ConfigurationMalformed(host=self.host, part=name)
        return value[:limit] if value else None

    def mapping(self, name: str) -> Mapping[str, object]:
        """Return a required object."""
        value = self.members.get(name)
        if not isinstance(value, Mapping):
            raise ConfigurationMalformed(host=self.host, part=name)
        return value

    def texts(self, name: str) -> frozenset[str] | None:
        """Return a list of texts as a set; None where there is none."""
        if name not in self.members:
            return None
        value = self.members[name]
        if not isinstance(value, list) or len(value) > _LIST_ITEMS:
            raise ConfigurationMalformed(host=self.host, part=name)
        if not all(isinstance(item, str) and len(item) <= _ITEM_CHARACTERS for item in value):
            raise ConfigurationMalformed(host=self.host, part=name)
        return frozenset(value)

    def messages(self) -> dict[str, frozenset[str]]:
        """Return the placements of each message that the platform sends."""
        listed = self.members.get("messages_supported")
        if not isinstance(listed, list) or len(listed) > _LIST_ITEMS:
            raise ConfigurationMalformed(host=self.host, part="messages_supported")
        found: dict[str, frozenset[str]] = {}
        for message in listed:
            kind = message.get("type") if isinstance(message, Mapping) else None
            if not isinstance(kind, str):
                raise ConfigurationMalformed(host=self.host, part="messages_supported")
            found[kind[:_ITEM_CHARACTERS]] = Facts(self.host, message).texts("placements") or frozenset()
        return found


def read_object(body: bytes, host: str) -> Mapping[str, object]:
    """Return the JSON object that a platform answered with; raise ConfigurationMalformed where it is none."""
    if len(body) > ANSWER_BYTES:
        raise ConfigurationMalformed(host=host, part="size")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, Mapping):
        raise ConfigurationMalformed(host=host, part="json")
    return found


def _require_support(found: Facts, configuration: PlatformConfiguration) -> None:
    """Refuse a platform that could not launch us; a list it leaves out is the standard's default.

    Source: OpenID Connect Discovery 1.0 §3; 1EdTech Security Framework 1.0 §5.1.3 (RS256), §4.1 (private_key_jwt).
    """
    needed = {
        "id_token_signing_alg_values_supported": "RS256",
        "response_types_supported": "id_token",
        "token_endpoint_auth_methods_supported": "private_key_jwt",
        "token_endpoint_auth_signing_alg_values_supported": "RS256",
    }
    for name, value in needed.items():
        offered = found.texts(name)
        if offered is not None and value not in offered:
            raise ConfigurationUnsupported(host=found.host, part=name)
    if RESOURCE_LINK not in configuration.messages:
        raise ConfigurationUnsupported(host=found.host, part="messages_supported")
