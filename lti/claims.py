"""Read the claims of a verified message into one value, and refuse shapes that no honest platform sends."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from lti.errors import ClaimInvalid, ClaimMissing
from lti.wire import UNPRINTABLE

LTI: Final = "https://purl.imsglobal.org/spec/lti/claim/"
AGS: Final = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS: Final = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"

IDENTIFIER_LIMIT: Final = 255
TEXT_LIMIT: Final = 4000
_UNPRINTABLE_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Claims = Mapping[str, object]


@dataclass(frozen=True)
class AgsEndpoint:
    """Hold where grades go and what the platform allows there.

    Source: Assignment and Grade Services 2.0 §3.1.
    """

    scopes: tuple[str, ...]
    lineitems: str | None
    lineitem: str | None


@dataclass(frozen=True)
class Message:
    """Hold what every verified message says: from where, who, in which course; personal data is never printed.

    Source: LTI Core 1.3 §5.3 (required claims), §5.4 (optional claims).
    """

    issuer: str
    client_id: str
    deployment_id: str
    subject: str = field(repr=False)
    roles: tuple[str, ...]
    context_id: str | None
    context_title: str | None
    custom: Mapping[str, str] = field(repr=False)
    person_sourcedid: str | None = field(repr=False)
    name: str | None = field(repr=False)
    given_name: str | None = field(repr=False)
    family_name: str | None = field(repr=False)
    email: str | None = field(repr=False)
    locale: str | None
    return_url: str | None = field(repr=False)
    document_target: str | None
    ags: AgsEndpoint | None
    nrps_url: str | None
    platform_name: str | None
    issued_at: datetime


@dataclass(frozen=True)
class Launch(Message):
    """Hold what a platform said in one verified launch of a resource link.

    Source: LTI Core 1.3 §5.3.5 (`resource_link`).
    """

    resource_link_id: str
    resource_link_title: str | None


def read_launch(claims: Claims, client_id: str) -> Launch:
    """Return the launch; `client_id` is the registered one, as `aud` may name several.

    Raises ClaimMissing or ClaimInvalid.
    """
    link = required_group(claims, LTI + "resource_link")
    return Launch(
        **vars(read_message(claims, client_id)),
        resource_link_id=read_identifier(link, "id", "resource_link.id"),
        resource_link_title=read_text(link, "title"),
    )


def read_message(claims: Claims, client_id: str) -> Message:
    """Return what all kinds of messages have in common.

    Raises ClaimMissing or ClaimInvalid.
    """
    context = read_group(claims, LTI + "context")
    presentation = read_group(claims, LTI + "launch_presentation")
    return Message(
        issuer=read_identifier(claims, "iss"),
        client_id=client_id,
        deployment_id=read_identifier(claims, LTI + "deployment_id"),
        subject=read_identifier(claims, "sub"),
        roles=_read_roles(claims),
        context_id=read_identifier(context, "id", "context.id") if context else None,
        context_title=read_text(context, "title"),
        custom=_read_custom(claims),
        person_sourcedid=_read_substituted(read_group(claims, LTI + "lis"), "person_sourcedid"),
        name=read_text(claims, "name"),
        given_name=read_text(claims, "given_name"),
        family_name=read_text(claims, "family_name"),
        email=read_text(claims, "email"),
        locale=read_text(presentation, "locale"),
        return_url=read_url(presentation, "return_url"),
        document_target=read_text(presentation, "document_target"),
        ags=_read_ags(read_group(claims, AGS)),
        nrps_url=read_url(read_group(claims, NRPS), "context_memberships_url"),
        platform_name=read_text(read_group(claims, LTI + "tool_platform"), "name"),
        issued_at=_read_time(claims, "iat"),
    )


def read_identifier(claims: Claims, name: str, shown_as: str | None = None) -> str:
    """Return a required identifier: 1 to 255 characters, none of them a control character.

    Source: LTI Core 1.3 §5.3.3, §5.3.5, §5.3.6 (at most 255 characters).
    """
    shown_as = shown_as or name
    value = claims.get(name)
    if value is None:
        raise ClaimMissing(claim=shown_as)
    if not isinstance(value, str) or not 0 < len(value) <= IDENTIFIER_LIMIT or UNPRINTABLE.search(value):
        raise ClaimInvalid(claim=shown_as)
    return value


def read_group(claims: Claims, name: str) -> Claims:
    """Return a claim that is an object; absent and null give an empty one."""
    value = claims.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ClaimInvalid(claim=name)
    return value


def required_group(claims: Claims, name: str) -> Claims:
    """Return a claim that is an object and must be there."""
    if claims.get(name) is None:
        raise ClaimMissing(claim=name)
    return read_group(claims, name)


def read_text(claims: Claims, name: str) -> str | None:
    """Return a text for display with its white space tidied, or None where there is nothing to show."""
    return _tidy(claims.get(name), name)


def _tidy(value: object, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > TEXT_LIMIT or _UNPRINTABLE_IN_TEXT.search(value):
        raise ClaimInvalid(claim=name)
    return " ".join(value.split()) or None


def _read_substituted(claims: Claims, name: str) -> str | None:
    """Return a text that the platform may have left unsubstituted: what begins with `$` is absent.

    Source: LTI Core 1.3 §5.4.6.1 (a variable that the platform does not know is passed on as it is).
    """
    text = read_text(claims, name)
    return None if text is None or text.startswith("$") else text


def read_url(claims: Claims, name: str) -> str | None:
    """Return an http or https address, so that no other scheme ever reaches a link or a request."""
    value = claims.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > TEXT_LIMIT or UNPRINTABLE.search(value) or " " in value:
        raise ClaimInvalid(claim=name)
    try:
        parts = urlsplit(value)
    except ValueError as error:
        raise ClaimInvalid(claim=name) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ClaimInvalid(claim=name)
    return value


def read_texts(claims: Claims, name: str) -> tuple[str, ...]:
    """Return a list of texts without its empty ones."""
    values = claims.get(name)
    if values is None:
        return ()
    if not isinstance(values, list):
        raise ClaimInvalid(claim=name)
    texts = (_tidy(value, name) for value in values)
    return tuple(text for text in texts if text is not None)


def _read_roles(claims: Claims) -> tuple[str, ...]:
    """Return the roles, of which there may be none; the claim itself must be there.

    Source: LTI Core 1.3 §5.3.7.
    """
    if claims.get(LTI + "roles") is None:
        raise ClaimMissing(claim=LTI + "roles")
    return read_texts(claims, LTI + "roles")


def _read_custom(claims: Claims) -> Mapping[str, str]:
    """Return the custom parameters that carry a text; unsubstituted variables count as absent."""
    custom = read_group(claims, LTI + "custom")
    kept = {key: value for key, value in custom.items() if isinstance(value, str) and value[:1] != "$"}
    if any(UNPRINTABLE.search(key) or _UNPRINTABLE_IN_TEXT.search(value) for key, value in kept.items()):
        raise ClaimInvalid(claim=LTI + "custom")
    return MappingProxyType(kept)


def _read_ags(endpoint: Claims) -> AgsEndpoint | None:
    if not endpoint:
        return None
    return AgsEndpoint(
        scopes=read_texts(endpoint, "scope"),
        lineitems=read_url(endpoint, "lineitems"),
        lineitem=read_url(endpoint, "lineitem"),
    )


def _read_time(claims: Claims, name: str) -> datetime:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise ClaimInvalid(claim=name)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ClaimInvalid(claim=name) from error
