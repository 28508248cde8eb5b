"""Know the attributes of users and groups that are kept, and read them from what a client sends.

Only what is needed to know an employee is kept: telephone numbers, addresses and the like are read past.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from stdnum.no import fodselsnummer

from sidecar.core.scim_resources import ENTERPRISE
from sidecar.sync.scim.errors import ScimNationalIdError, ScimSyntaxError, ScimTooMuchError, ScimValueError

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"

Body = dict[str, Any]
"""A resource as it is kept: attributes by their names in the schema, without id, meta and schemas."""


@dataclass(frozen=True)
class Attribute:
    """An attribute of a schema.

    Attributes:
        parts: those that it consists of, where it is complex.
        most: how many values it may have, where it has several; 0 for one.
        longest: in characters.
        is_number: a value that identifies people, and must not be a national identity number.
    """

    name: str
    says: str
    kind: Literal["string", "boolean", "complex"] = "string"
    parts: tuple[Attribute, ...] = ()
    most: int = 0
    longest: int = 200
    is_required: bool = False
    is_unique: bool = False
    is_number: bool = False


USER_ATTRIBUTES: Final = (
    Attribute(
        "userName", "The name that they sign in with.", longest=320, is_required=True, is_unique=True, is_number=True
    ),
    Attribute("externalId", "What the client calls them.", longest=320, is_number=True),
    Attribute(
        "name",
        "Their name.",
        "complex",
        (
            Attribute("formatted", "The whole name."),
            Attribute("familyName", "The last name."),
            Attribute("givenName", "The first name."),
        ),
    ),
    Attribute("displayName", "The name to show."),
    Attribute("title", "Their position."),
    Attribute("active", "Whether they are employed.", "boolean"),
    Attribute(
        "emails",
        "Their e-mail addresses at work.",
        "complex",
        (
            Attribute("value", "The address.", longest=320),
            Attribute("type", "What it is for: work."),
            Attribute("primary", "Whether it is the one to use.", "boolean"),
        ),
        most=20,
    ),
)
ENTERPRISE_ATTRIBUTES: Final = (
    Attribute("employeeNumber", "The number that the employer knows them by.", longest=100, is_number=True),
    Attribute("organization", "Their employer."),
    Attribute("department", "Their unit."),
    Attribute(
        "manager",
        "Who leads them.",
        "complex",
        (
            Attribute("value", "The id of the manager's user."),
            Attribute("displayName", "The manager's name."),
        ),
    ),
)
GROUP_ATTRIBUTES: Final = (
    Attribute("displayName", "The name of the group.", is_required=True, is_unique=True),
    Attribute("externalId", "What the client calls it.", longest=320),
    Attribute(
        "members",
        "Its users.",
        "complex",
        (Attribute("value", "The id of a user."), Attribute("display", "The user's name.")),
        most=20_000,
    ),
)
SCHEMAS: Final[Mapping[str, Mapping[str, tuple[Attribute, ...]]]] = {
    "User": {USER: USER_ATTRIBUTES, ENTERPRISE: ENTERPRISE_ATTRIBUTES},
    "Group": {GROUP: GROUP_ATTRIBUTES},
}
"""Kind → its schemas, the own one first, and their attributes."""

GIVEN: Final = {"id", "meta", "groups"}
"""Attributes that we give."""

READ_PAST: Final = frozenset(
    {
        "schemas",
        "nickname",
        "profileurl",
        "usertype",
        "preferredlanguage",
        "locale",
        "timezone",
        "password",
        "phonenumbers",
        "ims",
        "photos",
        "addresses",
        "entitlements",
        "roles",
        "x509certificates",
        "costcenter",
        "division",
        "honorificprefix",
        "honorificsuffix",
        "middlename",
    }
)
"""Attributes of the standard that are not kept, in lower case."""


def find_attribute(attributes: Sequence[Attribute], name: str) -> Attribute | None:
    """Return the attribute of a name, in whatever case (RFC 7643 §2.1), or None."""
    wanted = name.casefold()
    return next((one for one in attributes if one.name.casefold() == wanted), None)


def read_resource(kind: str, raw: object) -> Body:
    """Return what is kept of a resource that a client sends.

    Raises:
        ScimError: it is no resource, lacks what is required, or a value can't be used.
    """
    if not isinstance(raw, dict):
        raise ScimSyntaxError
    (own, attributes), *extensions = SCHEMAS[kind].items()
    body = _read_all(attributes, raw)
    for urn, of_extension in extensions:
        given = next((value for key, value in raw.items() if key.casefold() == urn.casefold()), None)
        if isinstance(given, dict) and (found := _read_all(of_extension, given)):
            body[urn] = found
    missing = [one.name for one in attributes if one.is_required and one.name not in body]
    if missing:
        raise ScimSyntaxError
    if own == USER:
        body.setdefault("active", True)
    return body


def _read_all(attributes: Sequence[Attribute], raw: Mapping[str, Any]) -> Body:
    found: Body = {}
    for key, value in raw.items():
        attribute = find_attribute(attributes, key)
        if attribute and (read := _read(attribute, value)) is not None:
            found[attribute.name] = read
    return found


def _read(attribute: Attribute, value: object) -> Any:  # noqa: ANN401 (a value that JSON can carry)
    """Return the value that is kept; None for one that says nothing (RFC 7643 §2.5)."""
    if value is None or value in ("", [], {}):
        return None
    if attribute.most:
        return _read_several(attribute, value)
    if attribute.kind == "complex":
        return _read_parts(attribute, value)
    return read_flag(attribute.name, value) if attribute.kind == "boolean" else _read_text(attribute, value)


def _read_several(attribute: Attribute, value: object) -> list[Body] | None:
    values = value if isinstance(value, list) else [value]
    if len(values) > attribute.most:
        raise ScimTooMuchError(limit=attribute.most)
    by_value: dict[str, Body] = {}
    for one in values:
        read = _read_parts(attribute, one)
        if read and "value" in read:
            by_value[f"{read['value']}\n{read.get('type', '')}"] = read
    kept = list(by_value.values())
    for other in [one for one in kept if one.get("primary")][:-1]:
        other["primary"] = False
    return kept or None


def _read_parts(attribute: Attribute, value: object) -> Body | None:
    if isinstance(value, str) and find_attribute(attribute.parts, "value"):  # what Entra ID sends for a manager
        value = {"value": value}
    if not isinstance(value, dict):
        raise ScimValueError(attribute=attribute.name)
    return _read_all(attribute.parts, value) or None


def read_flag(name: str, value: object) -> bool:
    """Return a truth value; Entra ID sends it as text, as "False".

    Raises:
        ScimValueError: it is neither true nor false.
    """
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        return value.strip().casefold() == "true"
    if not isinstance(value, bool):
        raise ScimValueError(attribute=name)
    return value


def _read_text(attribute: Attribute, value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**18 else ""
    if not isinstance(value, str):
        raise ScimValueError(attribute=attribute.name)
    text = unicodedata.normalize("NFC", " ".join(value.split()))
    if not (attribute.is_number or attribute.is_unique):  # what is only shown does without what can't be seen
        text = "".join(letter for letter in text if letter.isprintable())
    if len(text) > attribute.longest or not text.isprintable():
        raise ScimValueError(attribute=attribute.name)
    if attribute.is_number and fodselsnummer.is_valid(text):
        raise ScimNationalIdError(attribute=attribute.name)
    return text or None


def fold_name(name: str) -> str:
    """Return a name as it is compared: without case, and with letters that only look different made the same.

    Source: RFC 7643 §4.1.1 (userName is not case-sensitive), RFC 8265 §3.3.
    """
    return unicodedata.normalize("NFKC", name).casefold().strip()
