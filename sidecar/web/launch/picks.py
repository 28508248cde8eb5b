"""Turn what a teacher picked into the signed answer that goes back to the LMS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

import structlog
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from lti.deep_linking import Answer, ResourceLink, WebLink, read_items, sign_answer
from sidecar import tool
from sidecar.core import audit, deep_links, offers, platforms
from sidecar.core.deep_links import DeepLinkRequest, PickerAnsweredError
from sidecar.core.offers import Offer
from sidecar.core.pickable_paths import PickablePath
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.web.launch.own_pages import CHOSEN, MY_LEARNING, PARAMETER, PATH, offer_of_learning
from sidecar.web.launch.path_picks import find_paths, links_of_path
from sidecar.web.launch.pick_links import may_grade, own_link, title_in

MOST_PICKED = 30

log = structlog.get_logger()


class NothingPickedError(SidecarError):
    """You have not chosen a course yet. Tick at least one, then go on."""

    code = "nothing-picked"


class OnlyOneError(SidecarError):
    """Your LMS takes one course at a time. Choose one, and come back for the next."""

    code = "only-one"


class TooManyPickedError(SidecarError):
    """You have chosen {count} items; {most} at a time is the most. Choose fewer, and come back for the rest."""

    code = "too-many-picked"


@dataclass(frozen=True)
class Chosen:
    """What was chosen: courses, learning paths, and other pages of ours."""

    courses: Sequence[Offer]
    paths: Sequence[PickablePath]
    pages: Sequence[Offer]

    @property
    def keys(self) -> list[str]:
        """The keys by which the picker knows them."""
        return [one.key for one in (*self.courses, *(path.offer for path in self.paths), *self.pages)]


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
    _refuse_many(len(keys))
    return keys


def read_links(
    sidecar: Sidecar, picker: DeepLinkRequest, form: MultiDict[str, str], *, reviewed_only: bool
) -> list[ResourceLink | WebLink]:
    """Return what the form asks for, as far as the LMS takes it: courses, learning paths, other pages; each once.

    Raises:
        SidecarError: as `picked_keys`.
        NotFoundError: something is not for this LMS, or can't be played.
    """
    keys = picked_keys(picker, form)
    with sidecar.reading() as db:
        chosen = find_chosen(db, picker, keys, sidecar.today(), reviewed_only=reviewed_only)
    of_paths = chain.from_iterable(links_of_path(sidecar, picker, path, form) for path in chosen.paths)
    brought = {_opened_by(link): link for link in of_paths}
    alone = [_link(sidecar, picker, offer, form) for offer in chosen.courses]
    pages = [_link(sidecar, picker, offer, form) for offer in chosen.pages]
    links = [*(link for link in alone if _opened_by(link) not in brought), *brought.values(), *pages]
    if not links:
        raise NothingPickedError
    _refuse_many(len(links))
    return links


def find_chosen(
    db: Session, picker: DeepLinkRequest, keys: Sequence[str], today: date, *, reviewed_only: bool
) -> Chosen:
    """Return what was chosen, in the order of the keys.

    Raises:
        NotFoundError: a course or path is not for this LMS, or can't be played.
    """
    courses = [key for key in keys if key != CHOSEN and not key.startswith(PATH)]
    return Chosen(
        courses=offers.find_offers(db, picker.platform_id, courses, reviewed_only=reviewed_only),
        paths=find_paths(db, picker, keys, today, reviewed_only=reviewed_only),
        pages=[offer_of_learning()] if CHOSEN in keys else [],
    )


def _link(sidecar: Sidecar, picker: DeepLinkRequest, offer: Offer, form: MultiDict[str, str]) -> ResourceLink:
    is_page = offer.key == CHOSEN
    is_graded = f"grade-{offer.key}" in form and may_grade(picker) and not is_page
    return own_link(
        sidecar,
        picker,
        {PARAMETER: MY_LEARNING} if is_page else {"course": offer.key},
        title=title_in(form, offer.key, offer.title),
        text=offer.summary,
        column=offer.key if is_graded else "",
        wished=form.get(f"target-{offer.key}", ""),
    )


def _opened_by(link: ResourceLink | WebLink) -> str:
    return link.url if isinstance(link, WebLink) else json.dumps(dict(link.custom), sort_keys=True)


def _refuse_many(count: int) -> None:
    if count > MOST_PICKED:
        raise TooManyPickedError(count=count, most=MOST_PICKED)


def give_answer(sidecar: Sidecar, picker: DeepLinkRequest, links: Sequence[ResourceLink | WebLink]) -> str:
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
