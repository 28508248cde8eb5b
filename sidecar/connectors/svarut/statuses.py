"""Know what each status of SvarUt means for a report.

Source: KS SvarUt REST v2, the schema `Forsendelsestatus`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.connectors.base import Stage
from sidecar.language import N_

STAGES: Final[Mapping[str, Stage]] = {
    "MOTTATT": "sent",
    "AKSEPTERT": "sent",
    "AVVIST": "refused",
    "VARSLET": "delivered",
    "LEST": "read",
    "SENDT_PRINT": "sent",
    "PRINTET": "delivered",
    "MANUELT_HANDTERT": "refused",
    "SENDT_DIGITALT": "delivered",
    "SENDT_SDP": "sent",
    "LEVERT_SDP": "delivered",
    "KLAR_FOR_MOTTAK": "sent",
    "IKKE_LEVERT": "refused",
}
"""Where a forsendelse of each status stands; one that is ready to be fetched (KLAR_FOR_MOTTAK) has not arrived yet."""

REASONS: Final[Mapping[str, str]] = {
    "AVVIST": N_("SvarUt rejected it (AVVIST)"),
    "IKKE_LEVERT": N_("SvarUt could not deliver it (IKKE_LEVERT)"),
    "MANUELT_HANDTERT": N_("in SvarUt somebody handles it by hand (MANUELT_HANDTERT)"),
}
"""Why it will not arrive, in words that end a sentence, for each status that says so."""


def stage_of(status: str) -> Stage:
    """Return where a forsendelse stands; a status that is newer than this waits for the next one."""
    return STAGES.get(status, "sent")
