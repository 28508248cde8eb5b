"""Say what a licence lets a region do with a learning path of another: keep it, adapt it, share it on.

Known are the open licences that such content carries. What no licence allows is for the owner to allow.
"""

from __future__ import annotations

import re
from typing import Final

_OPEN: Final = re.compile(r"CC-?0|CC-BY|NLOD|PUBLIC-DOMAIN|PDDL|ODC-BY|MIT|APACHE|BSD|GPL|LGPL|AGPL|EUPL|GFDL")
_WORDS: Final = re.compile(r"[^A-Z0-9]+")
_LONG_NAMES: Final = {
    "CREATIVE-COMMONS": "CC",
    "ATTRIBUTION": "BY",
    "NAVNGIVELSE": "BY",
    "NO-DERIVATIVES": "ND",
    "NODERIVATIVES": "ND",
    "INGENBEARBEIDELSE": "ND",
    "INGEN-BEARBEIDELSE": "ND",
    "INGEN-BEARBEIDELSER": "ND",
}


def may_keep(licence: str) -> bool:
    """Tell whether who has received something may keep it, and share it on as it is, whatever its owner does then."""
    return _OPEN.match(_tidied(licence)) is not None


def may_adapt(licence: str) -> bool:
    """Tell whether what somebody makes of it may be kept and shared on.

    Source: CC BY-ND 4.0, section 2(a)(1): adapted material may be made, and not shared.
    """
    return may_keep(licence) and "ND" not in _tidied(licence).split("-")


def _tidied(licence: str) -> str:
    text = _WORDS.sub("-", licence.upper()).strip("-")
    for long, short in _LONG_NAMES.items():
        text = text.replace(long, short)
    return text
