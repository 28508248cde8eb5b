"""Keep what a refused launch said without keeping whom it was about.

Only the claims of a list are shown, and of those only what has the shape that the claim should have; of everything
else stands no more than its kind and about how long it was. What a personal claim holds is also taken out of the
claims that are shown, should an LMS have put it there.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final
from urllib.parse import unquote, urlsplit

from joserfc import jws
from joserfc.errors import JoseError

from lti.claims import AGS, LTI, NRPS
from lti.deep_linking import DL, SETTINGS
from lti.launch import TOKEN_LIMIT_BYTES
from lti.wire import UNPRINTABLE

Row = dict[str, str]
"""One claim: `name`, and `value`; or, where it is masked, `kind` and `size`."""

SPECIFICATIONS: Final = "https://purl.imsglobal.org/spec/"
ROWS_LIMIT: Final = 100
DEPTH_LIMIT: Final = 3
VALUE_LIMIT: Final = 255
LIST_LIMIT: Final = 12
SHORTEST_TELLING: Final = 4
"""A personal value that is shorter stands in any text by chance."""

PERSONAL: Final = frozenset(
    {"sub", "nonce", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "email"}
    | {"person_sourcedid", "user_username", "user_id", "lis_person_sourcedid", "contact_email", "picture", "data"}
)
"""The last words of claims whose values must not stand in any other claim either."""

_NAME = re.compile(r"[A-Za-z0-9_.:/#-]{1,120}")
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9_.:/#+-]{1,200}")
_SIZES: Final = (0, 4, 16, 64, 255, 1024, 4096)


def mask_token(id_token: str) -> list[Row] | None:
    """Return what the header and the claims of a token say, in rows, masked; None where it can't be read.

    The signature is not looked at: this is for the launches that were refused.
    """
    if len(id_token) > TOKEN_LIMIT_BYTES or not id_token.isascii():
        return None
    try:
        token = jws.extract_compact(id_token.encode("ascii"))
        claims = json.loads(token.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        return None
    if not isinstance(claims, dict) or not isinstance(token.protected, dict):
        return None
    header = {name: token.protected[name] for name in ("alg", "kid", "typ") if name in token.protected}
    return mask_claims({"header": header} | {name: value for name, value in claims.items() if name != "header"})


def mask_claims(claims: Mapping[str, object]) -> list[Row]:
    """Return claims in rows, masked; `header` stands for the header of the token."""
    secrets = sorted(set(_personal_texts(claims, ())), key=len, reverse=True)[:ROWS_LIMIT]
    rows = islice(_rows(claims, ()), ROWS_LIMIT)
    return [_without(row, secrets) for row in rows]


def _rows(members: Mapping[str, object], path: tuple[str, ...]) -> Iterator[Row]:
    for name, value in members.items():
        here = (*path, name)
        if isinstance(value, dict) and value and len(here) < DEPTH_LIMIT:
            yield from _rows(value, here)
            continue
        shown = SHOWN[here](value) if here in SHOWN else None
        named = {"name": _shown_name(here)}
        yield named | ({"value": shown} if shown is not None else {"kind": _kind(value), "size": _size(value)})


def _shown_name(path: tuple[str, ...]) -> str:
    """Return how a claim is called here; a name that no standard would give is masked too."""
    if not all(_NAME.fullmatch(name) for name in path):
        return "•••"
    return ".".join(path).removeprefix(LTI).removeprefix(DL).removeprefix(SPECIFICATIONS)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    kinds: dict[type, str] = {str: "text", int: "number", float: "number", list: "list"}
    return kinds.get(type(value), "object")


def _size(value: object) -> str:
    """Return an upper bound of the length, as what is as long as it is may be recognised."""
    length = len(value) if isinstance(value, str | list | dict) else 0
    return next((str(size) for size in _SIZES if length <= size), "")


def _personal_texts(members: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    for name, value in members.items():
        if isinstance(value, dict) and len(path) < DEPTH_LIMIT:
            yield from _personal_texts(value, (*path, name))
        elif name in PERSONAL and (*path, name) not in SHOWN:
            told = (str(each).strip() for each in (value if isinstance(value, list) else [value]))
            yield from (text.casefold() for text in told if len(text) >= SHORTEST_TELLING)


def _without(row: Row, secrets: list[str]) -> Row:
    """Mask a row that holds what a personal claim says."""
    if _tells(row["name"], secrets):
        row = row | {"name": "•••"}
    if not _tells(row.get("value", ""), secrets):
        return row
    return {"name": row["name"], "kind": "text", "size": _size(row["value"])}


def _tells(text: str, secrets: list[str]) -> bool:
    """Tell whether a text holds one of the secrets, also where it is written as in a URL."""
    return any(secret in form.casefold() for secret in secrets for form in (text, unquote(text)))


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)[:VALUE_LIMIT]


def _identifier(value: object) -> str | None:
    return value if isinstance(value, str) and _TOKEN_LIKE.fullmatch(value) else None


def _texts(value: object) -> str | None:
    """Return a list of words as one text; a single word counts as a list."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(_identifier(word) for word in words):
        return None
    more = ["…"] if len(words) > LIST_LIMIT else []
    return ", ".join([*words[:LIST_LIMIT], *more])


def _flag(value: object) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None


def _number(value: object) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number and abs(value) < 10**12 else None  # type: ignore[arg-type]


def _address(value: object) -> str | None:
    """Return a URL without its query, which may name the user."""
    text = _text(value)
    try:
        parts = urlsplit(text or "")
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + ("?…" if parts.query else "")


SHOWN: Final[dict[tuple[str, ...], Callable[[object], str | None]]] = {
    ("header", "alg"): _identifier,
    ("header", "kid"): _text,
    ("header", "typ"): _identifier,
    ("iss",): _address,
    ("aud",): _texts,
    ("azp",): _identifier,
    ("iat",): _number,
    ("exp",): _number,
    ("nbf",): _number,
    (LTI + "deployment_id",): _text,
    (LTI + "message_type",): _identifier,
    (LTI + "version",): _identifier,
    (LTI + "target_link_uri",): _address,
    (LTI + "roles",): _texts,
    (LTI + "context", "id"): _identifier,
    (LTI + "context", "type"): _texts,
    (LTI + "resource_link", "id"): _identifier,
    (LTI + "launch_presentation", "locale"): _identifier,
    (LTI + "launch_presentation", "document_target"): _identifier,
    (LTI + "launch_presentation", "return_url"): _address,
    (LTI + "launch_presentation", "width"): _number,
    (LTI + "launch_presentation", "height"): _number,
    (LTI + "tool_platform", "guid"): _identifier,
    (LTI + "tool_platform", "name"): _text,
    (LTI + "tool_platform", "version"): _identifier,
    (LTI + "tool_platform", "product_family_code"): _identifier,
    (LTI + "custom", "course"): _identifier,
    (AGS, "scope"): _texts,
    (AGS, "lineitems"): _address,
    (AGS, "lineitem"): _address,
    (NRPS, "context_memberships_url"): _address,
    (NRPS, "service_versions"): _texts,
    (SETTINGS, "accept_types"): _texts,
    (SETTINGS, "accept_multiple"): _flag,
    (SETTINGS, "accept_presentation_document_targets"): _texts,
    (SETTINGS, "deep_link_return_url"): _address,
}
"""Whose values may be shown, and in which shape."""
