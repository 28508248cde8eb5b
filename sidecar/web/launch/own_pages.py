"""Name the pages of ours that a link of an LMS opens in the place of a course."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from sidecar.core.courses import Course
from sidecar.core.held_paths import list_held_paths
from sidecar.core.offers import Offer
from sidecar.web.rendering import gettext as _

PARAMETER: Final = "page"
"""The custom parameter that names one."""

MY_LEARNING: Final = "my-learning"
PATH: Final = "path:"
"""Begins what names the page of a learning path; the key of the path follows."""

CHOSEN: Final = "-my-learning"
"""What stands for it among the keys of courses in a picker; no course's key begins so."""


def find_page(db: Session, page: str) -> str | None:
    """Return the page of ours that a custom parameter names; None where there is none."""
    if page == MY_LEARNING:
        return page
    kind, key = page[: len(PATH)], page[len(PATH) :]
    return page if kind == PATH and list_held_paths(db, Course.key == key) else None


def learning_path(launch_id: str, page: str = MY_LEARNING) -> str:
    """Return the address at which a launch shows what its learner has learnt, or where they are on a learning path."""
    of_path = f"/paths/{page.removeprefix(PATH)}" if page.startswith(PATH) else ""
    return f"/play/{launch_id}/learning{of_path}"


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
