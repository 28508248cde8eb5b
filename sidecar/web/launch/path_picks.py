"""Let a teacher pick a whole learning path: its page, and an activity for each step that the LMS can have one for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final, Literal

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from lti.deep_linking import ResourceLink, WebLink
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.offers import Offer
from sidecar.core.pickable_paths import PickablePath, PickableStep, find_pickable, list_path_offers
from sidecar.runtime import Sidecar
from sidecar.web.launch.own_pages import PARAMETER, PATH
from sidecar.web.launch.pick_links import may_grade, own_link, takes_links, title_in, web_link

THE_PAGE: Final = "-page"
"""What stands for the page of the path among the keys of its steps in a form; no step's key begins so."""

Way = Literal["course", "link", "page"]


def offers_of_paths(db: Session, picker: DeepLinkRequest, today: date) -> list[Offer]:
    """Return the learning paths that the LMS may offer, with the keys by which a picker knows them."""
    return [_keyed(one) for one in list_path_offers(db, picker.platform_id, today)]


def find_paths(
    db: Session, picker: DeepLinkRequest, keys: Sequence[str], today: date, *, reviewed_only: bool
) -> list[PickablePath]:
    """Return the learning paths among what was chosen.

    Raises:
        NotFoundError: one is not for this LMS.
    """
    chosen = [key.removeprefix(PATH) for key in keys if key.startswith(PATH)]
    found = [find_pickable(db, picker.platform_id, key, today, reviewed_only=reviewed_only) for key in chosen]
    return [replace(one, offer=_keyed(one.offer)) for one in found]


def way_of(picker: DeepLinkRequest, step: PickableStep) -> Way:
    """Return as what the LMS can have a step: a course of ours, a link, or nothing but its place on the path's page."""
    if not picker.settings["multiple"]:
        return "page"
    if step.course is not None:
        return "course"
    return "link" if step.url and takes_links(picker) else "page"


def links_of_path(
    sidecar: Sidecar, picker: DeepLinkRequest, path: PickablePath, form: MultiDict[str, str]
) -> list[ResourceLink | WebLink]:
    """Return what the form asks for of a path, in its order; where the LMS takes one item alone, its page."""
    key = path.offer.key
    ways = {step.key: way_of(picker, step) for step in path.steps}
    brought = set(form.getlist(f"bring-{key}")) if picker.settings["multiple"] else {THE_PAGE}
    page = [_page(sidecar, picker, path, form)] if THE_PAGE in brought else []
    steps = [step for step in path.steps if step.key in brought and ways[step.key] != "page"]
    return [*page, *(_link(sidecar, picker, key, step, form) for step in steps)]


def _page(sidecar: Sidecar, picker: DeepLinkRequest, path: PickablePath, form: MultiDict[str, str]) -> ResourceLink:
    key = path.offer.key
    title, wished = title_in(form, key, path.offer.title), form.get(f"target-{key}", "")
    return own_link(sidecar, picker, {PARAMETER: key}, title=title, text=path.offer.summary, wished=wished)


def _link(
    sidecar: Sidecar, picker: DeepLinkRequest, key: str, step: PickableStep, form: MultiDict[str, str]
) -> ResourceLink | WebLink:
    name = f"{key}/{step.key}"
    title = title_in(form, name, step.title)
    if step.course is None:
        return web_link(picker, step.url, title=title, text=step.note)
    course = step.course
    return own_link(
        sidecar,
        picker,
        {"course": course.key},
        title=title,
        text=step.note or course.summary,
        column=course.key if f"grade-{name}" in form and may_grade(picker) else "",
        wished=form.get(f"target-{key}", ""),
    )


def _keyed(offer: Offer) -> Offer:
    return replace(offer, key=f"{PATH}{offer.key}")
