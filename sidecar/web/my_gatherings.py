"""Let people sign up for the gatherings of their learning paths, and take the date along in their calendar."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint
from flask import Response as File
from werkzeug.wrappers import Response

from sidecar.core import own_gatherings
from sidecar.core.own_gatherings import OwnGathering, find_own_gathering
from sidecar.web.access import audience, current, sidecar
from sidecar.web.calendar_file import TYPE, CalendarEvent, write_calendar
from sidecar.web.my_learning import STAFF, find_self
from sidecar.web.my_paths import LEARNER, PATH, answer_with
from sidecar.web.rendering import gettext as _

DATE = f"{PATH}/dates/<gathering_id>"

blueprint = Blueprint("my_gatherings", __name__)


@blueprint.post(f"{LEARNER}/{DATE}")
@audience("launch")
def sign_up_learner(launch_id: str, key: str, gathering_id: str) -> Response | tuple[str, int]:  # noqa: ARG001
    """Give a learner a seat in a gathering, or take it back."""
    return _sign_up(key, gathering_id)


@blueprint.get(f"{LEARNER}/{DATE}/calendar")
@audience("launch")
def download_of_learner(launch_id: str, key: str, gathering_id: str) -> File:  # noqa: ARG001
    """Give a learner a gathering as a calendar file."""
    return _download(gathering_id)


@blueprint.post(f"{STAFF}/{DATE}")
@audience("staff")
def sign_up_staff(key: str, gathering_id: str) -> Response | tuple[str, int]:
    """Give who is signed in a seat in a gathering, or take it back."""
    return _sign_up(key, gathering_id)


@blueprint.get(f"{STAFF}/{DATE}/calendar")
@audience("staff")
def download_of_staff(key: str, gathering_id: str) -> File:  # noqa: ARG001
    """Give who is signed in a gathering as a calendar file."""
    return _download(gathering_id)


def _sign_up(key: str, gathering_id: str) -> Response | tuple[str, int]:
    by, now = current().identity_id, sidecar().now()
    return answer_with(
        key,
        {
            "sign-up": lambda db, own: own_gatherings.sign_up(db, own, gathering_id, identity_id=by, now=now),
            "leave": lambda db, own: own_gatherings.leave(db, own, gathering_id, identity_id=by, now=now),
        },
        f"date-{gathering_id}",
    )


def _download(gathering_id: str) -> File:
    with sidecar().reading() as db:
        found = find_own_gathering(db, find_self(db), gathering_id, sidecar().now())
    response = File(write_calendar(_event(found)), mimetype=TYPE)
    response.headers.set("Content-Disposition", "attachment", filename="samling.ics")
    return response


def _event(found: OwnGathering) -> CalendarEvent:
    one = found.gathering
    led_by = _("Instructor: %(name)s") % {"name": one.instructor} if one.instructor else ""
    return CalendarEvent(
        uid=f"{one.id}@{urlsplit(sidecar().settings.public_url).hostname}",
        sequence=one.changes,
        changed_at=one.changed_at,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        title=found.title,
        place=one.place or one.meeting_url or "",
        text="\n".join(filter(None, [one.note, led_by, one.meeting_url])),
        url=one.meeting_url or "",
        is_cancelled=one.cancelled_at is not None,
    )
