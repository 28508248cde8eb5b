"""Turn what a teacher picked into the signed answer that goes back to the LMS."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from lti.deep_linking import Answer, Icon, LineItem, ResourceLink, read_items, sign_answer
from sidecar import tool
from sidecar.core import audit, deep_links, offers, platforms
from sidecar.core.deep_links import DeepLinkRequest, PickerAnsweredError
from sidecar.core.offers import Offer
from sidecar.core.short_texts import one_line
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.web.launch.own_pages import CHOSEN, MY_LEARNING, PARAMETER, offer_of_learning

MOST_PICKED = 30
TITLE_CHARACTERS = 255
"""As long as Moodle lets the name of an activity be."""

ICON_PATH = "/lti/icon.png"
ICON_PIXELS = 128
TARGETS = ("iframe", "window")

log = structlog.get_logger()


class NothingPickedError(SidecarError):
    """You have not chosen a course yet. Tick at least one, then go on."""

    code = "nothing-picked"


class OnlyOneError(SidecarError):
    """Your LMS takes one course at a time. Choose one, and come back for the next."""

    code = "only-one"


class TooManyPickedError(SidecarError):
    """You have chosen {count} courses; {most} at a time is the most. Choose fewer, and come back for the rest."""

    code = "too-many-picked"


def picked_keys(picker: DeepLinkRequest, form: MultiDict[str, str]) -> list[str]:
    """Return the keys of the courses that were picked, each once.

    Raises:
        NothingPickedError: there is none.
        OnlyOneError: there are several, and the LMS takes one.
        TooManyPickedError: there are more than we take at a time.
    """
    keys = list(dict.fromkeys(filter(None, form.getlist("chosen"))))
    if not keys:
        raise NothingPickedError
    if len(keys) > 1 and not picker.settings["multiple"]:
        raise OnlyOneError
    if len(keys) > MOST_PICKED:
        raise TooManyPickedError(count=len(keys), most=MOST_PICKED)
    return keys


def targets_of(picker: DeepLinkRequest) -> list[str]:
    """Return in which ways of ours the LMS opens links: `iframe`, `window`.

    Source: LTI Deep Linking 2.0 §4.4.1 (`accept_presentation_document_targets`).
    """
    return [target for target in TARGETS if target in picker.settings["targets"]]


def read_links(
    sidecar: Sidecar, picker: DeepLinkRequest, form: MultiDict[str, str], *, reviewed_only: bool
) -> list[ResourceLink]:
    """Return what the form asks for, as far as the LMS takes it.

    Raises:
        SidecarError: as `picked_keys`.
        NotFoundError: a course is not for this LMS, or can't be played.
    """
    with sidecar.reading() as db:
        chosen = find_chosen(db, picker, picked_keys(picker, form), reviewed_only=reviewed_only)
    return [_link(sidecar, picker, offer, form) for offer in chosen]


def find_chosen(db: Session, picker: DeepLinkRequest, keys: Sequence[str], *, reviewed_only: bool) -> list[Offer]:
    """Return what was chosen: courses that the LMS may offer, in the order of their keys, then pages of ours.

    Raises:
        NotFoundError: a course is not for this LMS, or can't be played.
    """
    courses = [key for key in keys if key != CHOSEN]
    found = offers.find_offers(db, picker.platform_id, courses, reviewed_only=reviewed_only)
    return [*found, offer_of_learning()] if CHOSEN in keys else found


def _link(sidecar: Sidecar, picker: DeepLinkRequest, offer: Offer, form: MultiDict[str, str]) -> ResourceLink:
    title = (one_line(form.get(f"title-{offer.key}", "")) or offer.title)[:TITLE_CHARACTERS]
    is_page = offer.key == CHOSEN
    is_graded = f"grade-{offer.key}" in form and picker.settings["line_items"] is not False and not is_page
    targets, wished = targets_of(picker), form.get(f"target-{offer.key}", "")
    return ResourceLink(
        title=title,
        text=offer.summary,
        url=tool.launch_url(sidecar.settings),
        icon=Icon(f"{sidecar.settings.public_url}{ICON_PATH}", ICON_PIXELS, ICON_PIXELS),
        custom={PARAMETER: MY_LEARNING} if is_page else {"course": offer.key},
        line_item=LineItem(label=title, resource_id=offer.key, tag=tool.COLUMN_TAG) if is_graded else None,
        target=wished if wished in targets else next(iter(targets), None),
    )


def give_answer(sidecar: Sidecar, picker: DeepLinkRequest, links: Sequence[ResourceLink]) -> str:
    """Sign the answer, and return the token that the browser brings to the LMS; a second time the first one.

    Raises:
        PickerAnsweredError: it was answered before, otherwise or too long ago.
    """
    now, key = sidecar.now(), tool.active_tool_key(sidecar)
    with sidecar.transaction() as db:
        platform = platforms.platform_of_id(db, picker.platform_id)
        registration = tool.registration_of(db, platform)
        token = sign_answer(Answer(picker.deployment_id, links, picker.data), registration, key, now)
        settled = deep_links.settle(db, picker.id, token, now)
        if settled == token:
            name, by = platform.name, picker.identity_id
            if links:
                count = len(links)
                audit.record(db, "courses.picked", picker.id, at=now, identity_id=by, courses=count, platform=name)
            else:
                audit.record(db, "courses.not_picked", picker.id, at=now, identity_id=by, platform=name)
    if read_items(settled) != read_items(token):
        raise PickerAnsweredError
    log.info("picker.answered", picker=picker.id, courses=len(links))
    return settled
