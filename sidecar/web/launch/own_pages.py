"""Name the pages of ours that a link of an LMS opens in the place of a course."""

from __future__ import annotations

from typing import Final

from sidecar.core.offers import Offer
from sidecar.web.rendering import gettext as _

PARAMETER: Final = "page"
"""The custom parameter that names one."""

MY_LEARNING: Final = "my-learning"
PAGES: Final = frozenset({MY_LEARNING})

CHOSEN: Final = "-my-learning"
"""What stands for it among the keys of courses in a picker; no course's key begins so."""


def learning_path(launch_id: str) -> str:
    """Return the address at which a launch shows what its learner has learnt."""
    return f"/play/{launch_id}/learning"


def offer_of_learning() -> Offer:
    """Return what a picker offers for it, in the visitor's language."""
    return Offer(
        key=CHOSEN,
        title=_("My learning"),
        summary=_("Each learner sees here what they have completed and when it expires, and prints a proof of it."),
        language="",
        municipality="",
        municipality_slug="",
        standard="",
        size_bytes=0,
        version_id="",
    )
