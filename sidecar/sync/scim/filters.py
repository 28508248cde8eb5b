"""Read the filters that SCIM clients send: comparisons with `eq`, joined by `and`; nothing else is needed.

Source: RFC 7644 §3.4.2.2.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from sidecar.sync.scim.attributes import SCHEMAS
from sidecar.sync.scim.errors import ScimFilterError

LONGEST: Final = 1000
MOST: Final = 5
"""Of how many comparisons a filter may consist: clients ask with one or two."""

_WORD: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s"]+)', re.ASCII)


@dataclass(frozen=True)
class Comparison:
    """That an attribute, in lower case and without its schema, equals a value."""

    attribute: str
    value: str | bool


def read_filter(text: str) -> list[Comparison]:
    """Return the comparisons of a filter, all of which must hold.

    Raises:
        ScimFilterError: it is anything else.
    """
    if len(text) > LONGEST:
        raise ScimFilterError
    words = _words(text)
    if len(words) % 4 != 3 or len(words) > 4 * MOST:
        raise ScimFilterError
    if any(word.casefold() != "and" for word in words[3::4]) or any(word.casefold() != "eq" for word in words[1::4]):
        raise ScimFilterError
    return [Comparison(_attribute(name), _value(value)) for name, value in zip(words[::4], words[2::4], strict=True)]


def _words(text: str) -> list[str]:
    words, at = [], 0
    while at < len(text.rstrip()):
        found = _WORD.match(text, at)
        if found is None:
            raise ScimFilterError
        words.append(found[1])
        at = found.end()
    return words


def _attribute(word: str) -> str:
    for urn in (urn for schemas in SCHEMAS.values() for urn in schemas):
        if word.casefold().startswith(f"{urn.casefold()}:"):
            word = word[len(urn) + 1 :]
    if not re.fullmatch(r"[A-Za-z][\w.-]*", word, re.ASCII):
        raise ScimFilterError
    return word.casefold()


def _value(word: str) -> str | bool:
    if word.casefold() in ("true", "false"):
        return word.casefold() == "true"
    try:
        found = json.loads(word, strict=False)
    except ValueError:
        raise ScimFilterError from None
    if not isinstance(found, str) or not found.isprintable():
        raise ScimFilterError
    return found
