"""Open a picker where an LMS asks for courses: write down what it takes, and send the browser there."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from flask import Response, make_response, redirect

from lti.deep_linking import LINK_TYPE, DeepLinkingRequest
from sidecar.core import deep_links, launches
from sidecar.core.deep_links import DeepLinkRequest
from sidecar.core.launches import Learner, PendingLogin
from sidecar.core.one_way import hash_secret
from sidecar.core.statements import insert_now
from sidecar.errors import SidecarError
from sidecar.language import choose
from sidecar.runtime import Sidecar
from sidecar.web.access import picker_cookie
from sidecar.web.cookies import give_cookie
from sidecar.web.launch.taking import spend
from sidecar.web.requests_log import tally

log = structlog.get_logger()


class PickingNotAllowedError(SidecarError):
    """Your LMS says that you are a learner. Only those who make courses there can choose content for them."""

    code = "picking-not-allowed"


@dataclass(frozen=True)
class Opened:
    """A picker that was opened, and the secret of its cookie."""

    picker_id: str
    secret: str


def open_picker(sidecar: Sidecar, login: PendingLogin, asked: DeepLinkingRequest, learner: Learner) -> Opened:
    """Use the login up and open a picker for whoever the LMS says is asking, in one transaction.

    Raises:
        PickingNotAllowedError: a learner is.
        StateSpentError: the login was used meanwhile, or is too old.
    """
    if asked.is_of_learner:
        raise PickingNotAllowedError
    secret, now, settings = deep_links.new_secret(), sidecar.now(), asked.settings
    accepted = {
        "targets": settings.targets,
        "multiple": settings.multiple,
        "line_items": settings.line_items,
        "links": LINK_TYPE in settings.types,
    }
    with sidecar.transaction() as db:
        spend(db, login, now)
        identity = launches.welcome(db, login.platform.id, learner, now)
        picker = DeepLinkRequest(
            platform_id=login.platform.id,
            deployment_id=asked.deployment_id,
            identity_id=identity.id,
            secret_hash=hash_secret(secret),
            return_url=settings.return_url,
            data=settings.data,
            settings=accepted,
            context_id=asked.context_id,
            language=choose([identity.language, asked.locale]),
            asked_at=now,
            expires_at=now + deep_links.OPEN_FOR,
        )
        insert_now(db, picker)
    log.info("picker.opened", picker=picker.id)
    tally().count("launch", "picker")
    return Opened(picker.id, secret)


def enter_picker(opened: Opened) -> Response:
    """Send the browser to its picker, with the cookie of it: for inside the LMS's frame, and only below that LMS."""
    response = make_response(redirect(f"/pick/{opened.picker_id}", 303))
    give_cookie(response, picker_cookie(opened.picker_id), opened.secret, lasts=deep_links.OPEN_FOR)
    return response
