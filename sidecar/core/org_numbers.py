"""Check organisation numbers, and make slugs of Norwegian names."""

from __future__ import annotations

import re
import unicodedata

from stdnum.exceptions import ValidationError
from stdnum.no import orgnr

from sidecar.errors import InvalidInputError

LETTERS = str.maketrans({"æ": "ae", "ø": "o", "å": "a"})


def check_org_number(value: str) -> str:
    """Return an organisation number as nine digits.

    Raises:
        InvalidInputError: it isn't nine digits with a right check digit (modulus 11).
    """
    try:
        compact: str = orgnr.validate(value)
    except ValidationError:
        raise InvalidInputError(
            field="organisation number", reason="it must be nine digits with a right check digit."
        ) from None
    return compact


def slug_of(name: str) -> str:
    """Return a name as a slug: `Bø kommune` becomes `bo`, `Gáivuotna` becomes `gaivuotna`."""
    bare = re.sub(r"\s+(kommune|herad|suohkan)$", "", name.strip().lower())
    plain = unicodedata.normalize("NFKD", bare.translate(LETTERS))
    return re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")[:80]
