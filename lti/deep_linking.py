"""Choose content for a platform: read what it takes, and sign the answer."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from joserfc import jws
from joserfc.jwk import RSAKey

from lti.claims import LTI, Claims, Message, read_message, read_text, read_texts, read_url, required_group
from lti.errors import ClaimInvalid, ClaimMissing, LinksNotAccepted, ReturnUrlForeign
from lti.keys import ToolKey
from lti.login import Registration
from lti.wire import is_same_origin

DL: Final = "https://purl.imsglobal.org/spec/lti-dl/claim/"
SETTINGS: Final = DL + "deep_linking_settings"
REQUEST: Final = "LtiDeepLinkingRequest"
RESPONSE: Final = "LtiDeepLinkingResponse"
RESOURCE_LINK_TYPE: Final = "ltiResourceLink"
LINK_TYPE: Final = "link"
RESPONSE_LIFETIME: Final = timedelta(minutes=5)
BACKDATING: Final = timedelta(seconds=10)
_LEARNERS: Final = frozenset({"learner", "student", "prospectivestudent", "alumni"})
_URNS: Final = ("urn:lti:role:ims/lis/", "urn:lti:instrole:ims/lis/", "urn:lti:sysrole:ims/lis/")
_NEUTRAL: Final = frozenset({"user", "member", "none", "guest", "other"})


@dataclass(frozen=True)
class DeepLinkingSettings:
    """Hold what the platform takes, and where; None where it says nothing about it.

    `data` is the JSON that goes back as it came.
    Source: LTI Deep Linking 2.0 §4.4.1.
    """

    return_url: str = field(repr=False)
    types: tuple[str, ...]
    targets: tuple[str, ...]
    multiple: bool
    line_items: bool | None
    title: str | None
    text: str | None
    data: str | None = field(repr=False)


@dataclass(frozen=True)
class DeepLinkingRequest(Message):
    """Hold a platform's request to choose content for it.

    Source: LTI Deep Linking 2.0 §4.4.
    """

    settings: DeepLinkingSettings

    @property
    def is_of_learner(self) -> bool:
        """Tell whether the platform says that a learner asks, and nothing that makes them more."""
        names = {_principal(role) for role in self.roles} - _NEUTRAL
        return bool(names) and names <= _LEARNERS


@dataclass(frozen=True)
class LineItem:
    """Hold the grade column that a chosen item asks for.

    Source: LTI Deep Linking 2.0 §3.2 (`lineItem`); Assignment and Grade Services 2.0 §3.2.
    """

    label: str
    resource_id: str
    tag: str
    score_maximum: int = 100


@dataclass(frozen=True)
class Icon:
    """Hold the address of a picture and its size in pixels."""

    url: str
    width: int
    height: int


@dataclass(frozen=True)
class ResourceLink:
    """Hold one chosen item.

    `target`: "window" or "iframe"; None leaves it to the platform.
    Source: LTI Deep Linking 2.0 §3.2.
    """

    title: str
    text: str
    url: str
    icon: Icon
    custom: Mapping[str, str]
    line_item: LineItem | None
    target: str | None

    def as_json(self) -> dict[str, object]:
        """Return the item as it stands in the answer; nothing that is empty is in it."""
        item: dict[str, object] = {"type": RESOURCE_LINK_TYPE, "title": self.title, "url": self.url}
        item |= {"text": self.text} if self.text else {}
        item["icon"] = {"url": self.icon.url, "width": self.icon.width, "height": self.icon.height}
        item["custom"] = dict(self.custom)
        if self.line_item is not None:
            item["lineItem"] = {
                "label": self.line_item.label,
                "scoreMaximum": self.line_item.score_maximum,
                "resourceId": self.line_item.resource_id,
                "tag": self.line_item.tag,
            }
        presentations: dict[str, dict[str, str]] = {"window": {"targetName": "_blank"}, "iframe": {}}
        return item | ({self.target: presentations[self.target]} if self.target else {})


@dataclass(frozen=True)
class WebLink:
    """Hold one chosen address of somewhere else, which opens in a window of its own where the platform has any.

    Source: LTI Deep Linking 2.0 §3.1.
    """

    title: str
    text: str
    url: str
    is_windowed: bool

    def as_json(self) -> dict[str, object]:
        """Return the item as it stands in the answer; nothing that is empty is in it."""
        item: dict[str, object] = {"type": LINK_TYPE, "title": self.title, "url": self.url}
        item |= {"text": self.text} if self.text else {}
        return item | ({"window": {"targetName": "_blank"}} if self.is_windowed else {})


@dataclass(frozen=True)
class Answer:
    """Hold what goes back to the platform.

    `data`: the JSON of the request's, None where it had none. `message`: shown to the person by the platform.
    """

    deployment_id: str
    items: Sequence[ResourceLink | WebLink]
    data: str | None = field(repr=False)
    message: str | None = None
    log: str | None = None


def read_request(claims: Claims, registration: Registration) -> DeepLinkingRequest:
    """Return the request in verified claims.

    Raises ClaimMissing, ClaimInvalid, ReturnUrlForeign, or LinksNotAccepted where the platform wants another kind of
    content than links to this tool.
    Source: LTI Deep Linking 2.0 §4.4.
    """
    message = read_message(claims, registration.client_id)
    settings = _read_settings(required_group(claims, SETTINGS))
    if RESOURCE_LINK_TYPE not in settings.types:
        raise LinksNotAccepted
    pages = registration.issuer, registration.auth_url, *registration.page_origins
    if not any(is_same_origin(settings.return_url, page) for page in pages):
        raise ReturnUrlForeign
    return DeepLinkingRequest(**vars(message), settings=settings)


def _read_settings(claim: Claims) -> DeepLinkingSettings:
    """Return the settings; the first three are required.

    Source: LTI Deep Linking 2.0 §4.4.1.
    """
    for name in ("deep_link_return_url", "accept_types", "accept_presentation_document_targets"):
        if claim.get(name) is None:
            raise ClaimMissing(claim=name)
    return_url = read_url(claim, "deep_link_return_url")
    if return_url is None:
        raise ClaimInvalid(claim="deep_link_return_url")
    return DeepLinkingSettings(
        return_url=return_url,
        types=read_texts(claim, "accept_types"),
        targets=read_texts(claim, "accept_presentation_document_targets"),
        multiple=_read_flag(claim, "accept_multiple") or False,
        line_items=_read_flag(claim, "accept_lineitem"),
        title=read_text(claim, "title"),
        text=read_text(claim, "text"),
        data=None if claim.get("data") is None else json.dumps(claim["data"]),
    )


def _read_flag(claim: Claims, name: str) -> bool | None:
    value = claim.get(name)
    if value is not None and not isinstance(value, bool):
        raise ClaimInvalid(claim=name)
    return value


def _principal(role: str) -> str:
    """Return what a role is at heart, in small letters: a full name, one with a sub-role, or a short name.

    Source: LTI Core 1.3 §A.2.3 (`membership/Learner#NonCreditLearner` is a learner); LTI 1.1.1 §A.2.2
    (`urn:lti:role:ims/lis/Learner/NonCreditLearner` is one too).
    """
    if role.startswith(_URNS):
        return role.partition("/lis/")[2].partition("/")[0].lower()
    path, _, name = role.rpartition("#")
    above, _, principal = path.rpartition("/")
    is_sub_role = above.endswith("/membership")
    return (principal if is_sub_role else name.rpartition("/")[2]).lower()


def sign_answer(answer: Answer, registration: Registration, key: ToolKey, now: datetime) -> str:
    """Return the token that the browser posts to the return URL; dated back a little, as Moodle grants no leeway.

    The payload is ASCII JSON, so that data of any characters goes back as it came.
    Source: LTI Deep Linking 2.0 §4.5; 1EdTech Security Framework 1.0 §5.2 (tool-originating messages).
    """
    claims: dict[str, object] = {
        "iss": registration.client_id,
        "aud": registration.issuer,
        "iat": int((now - BACKDATING).timestamp()),
        "exp": int((now + RESPONSE_LIFETIME).timestamp()),
        "nonce": secrets.token_urlsafe(32),
        LTI + "deployment_id": answer.deployment_id,
        LTI + "message_type": RESPONSE,
        LTI + "version": "1.3.0",
        DL + "content_items": [item.as_json() for item in answer.items],
    }
    claims |= {} if answer.data is None else {DL + "data": json.loads(answer.data)}
    claims |= {DL + "msg": answer.message} if answer.message else {}
    claims |= {DL + "log": answer.log} if answer.log else {}
    header = {"typ": "JWT", "alg": "RS256", "kid": key.kid}
    payload = json.dumps(claims, separators=(",", ":")).encode("ascii")
    return jws.serialize_compact(header, payload, RSAKey.import_key(key.private_pem), algorithms=["RS256"])


def read_items(token: str) -> object:
    """Return the items of an answer of our own, to tell two answers apart; its signature is not looked at."""
    payload: dict[str, object] = json.loads(jws.extract_compact(token.encode("ascii")).payload)
    return payload[DL + "content_items"]
