"""Play previews: the course as learners get it, of which nothing counts, and one's own result at the end.

A preview opens by a secret that works once; from then on a cookie of its own shows whose it is.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from sidecar.core import deep_links, offers, previews
from sidecar.core.commits import AttemptFinishedError, OutOfOrderError, Piece
from sidecar.core.courses import Course, CourseVersion
from sidecar.core.previews import Preview, PreviewSpentError, Started
from sidecar.errors import NotAllowedError
from sidecar.web import limits
from sidecar.web.access import TOKEN_AGE_S, audience, current, is_preview_cookie, preview_cookie, sidecar
from sidecar.web.commit_wire import load_commit, load_joined
from sidecar.web.cookies import give_cookie, take_cookie_back
from sidecar.web.launch.picking import OFFER_FIELD
from sidecar.web.player import COMMIT_BYTES
from sidecar.web.player_page import Played, player_data
from sidecar.web.player_showing import saving_texts, show_player
from sidecar.web.player_wire import previews_speak
from sidecar.web.rendering import gettext as _
from sidecar.web.shim_answers import answer_conflict, let_the_content_origin_read
from sidecar.web.staff_menu import SEES_COURSES

log = structlog.get_logger()

blueprint = Blueprint("preview", __name__)


@blueprint.get("/preview")
@audience("public")
def ask() -> str:
    """Show the button that sends the secret of the address; opening the address alone changes nothing."""
    return render_template("player/preview_open.html")


@blueprint.post("/preview")
@audience("public")
def open_by_secret() -> Response:
    """Open a preview that was started elsewhere, e.g. at the command line."""
    sent = request.form.get("secret", "")
    try:
        with sidecar().transaction() as db:
            opened = previews.open_once(db, sent, sidecar().now())
    except PreviewSpentError:
        limits.refuse_beyond(limits.LINK_TRIES, sent)
        limits.refuse_beyond_of_address(limits.FAILED_SIGN_INS)
        raise
    return _enter(opened)


@blueprint.post("/preview/offered")
@audience("public")
def try_offered() -> Response:
    """Open a preview of a course that an LMS may offer, in a window of its own.

    That window does not get the picker's cookie, which lives in the LMS's frame; so the form brings a token that is
    good for this alone.
    """
    settings, now = sidecar().settings, sidecar().now()
    age_s = int(deep_links.OPEN_FOR.total_seconds())
    claims = sidecar().secrets.read_token(request.form.get(OFFER_FIELD, ""), now, max_age_s=age_s)
    if "picker" not in claims:
        raise NotAllowedError
    with sidecar().transaction() as db:
        picker = deep_links.find_open_picker(db, claims["picker"], now)
        reviewed_only = not settings.content_is_per_version
        (offer,) = offers.find_offers(db, picker.platform_id, [claims["course"]], reviewed_only=reviewed_only)
        opened = _start(db, offer.version_id, picker.identity_id, previews.PICKER, picker.language)
    return _enter(opened)


@blueprint.post("/staff/courses/<key>/versions/<int:number>/preview")
@audience(*SEES_COURSES)
def try_version(key: str, number: int) -> Response:
    """Open a preview of a version that who is signed in looks after, whatever its state."""
    with sidecar().transaction() as db:
        version_id = previews.find_version_id(db, current().viewer, key, number)
        opened = _start(db, version_id, current().identity_id, previews.STAFF, current().language)
    return _enter(opened)


@blueprint.get("/preview/<preview_id>")
@audience("preview")
def play(preview_id: str) -> str:  # noqa: ARG001  (admission has found the preview)
    """Show the player."""
    preview = _preview()
    with sidecar().reading() as db:
        version = db.get_one(CourseVersion, preview.version_id)
        data = player_data(_played(preview), version, sidecar().settings)
    return show_player(data | {"returnUrl": None, "texts": _texts()}, version.manifest)


@blueprint.get("/preview/<preview_id>/token")
@audience("preview")
def renew_token(preview_id: str) -> Response:
    """Give the open page a new token."""
    return jsonify(_token(preview_id))


@blueprint.post("/preview/<preview_id>/again")
@audience("preview")
def start_again(preview_id: str) -> AnyResponse:
    """Begin from the beginning."""
    with sidecar().transaction() as db:
        previews.start_again(db, preview_id, sidecar().now())
    return redirect(f"/preview/{preview_id}", 303)


@blueprint.get("/preview/<preview_id>/end")
@audience("preview")
def end(preview_id: str) -> str:  # noqa: ARG001
    """Say how it would have gone."""
    preview = _preview()
    with sidecar().reading() as db:
        version = db.get_one(CourseVersion, preview.version_id)
        return render_template(
            "player/preview_end.html",
            title=version.manifest["title"],
            preview=preview,
            result=previews.judge_preview(db, preview),
            parts=previews.list_results(db, preview),
            return_url=_return_url(db, preview, version),
        )


@blueprint.post("/api/previews/<preview_id>/commits")
@audience("preview-token", body_bytes=COMMIT_BYTES)
@previews_speak
def commit(preview_id: str) -> Response:
    """Save a commit of a preview, which nothing follows from; the acknowledgement echoes its number."""
    said, now = load_commit(request), sidecar().now()
    with sidecar().transaction() as db:
        if isinstance(said, Piece):
            text = previews.add_piece(db, preview_id, said, now=now)
            if text is None:
                return make_response(jsonify(kept=said.number), 202)
            said = load_joined(text)
        acknowledged = previews.commit(db, preview_id, said, now=now)
    return jsonify(acknowledged=acknowledged.seq, state=acknowledged.result.state, grade=None, **_token(preview_id))


blueprint.after_request(let_the_content_origin_read)
blueprint.register_error_handler(OutOfOrderError, answer_conflict)
blueprint.register_error_handler(AttemptFinishedError, answer_conflict)


def _preview() -> Preview:
    preview = current().preview
    if preview is None:
        raise NotAllowedError
    return preview


def _start(db: Session, version_id: str, identity_id: str, origin: str, language: str) -> Started:
    """Start a preview and open it at once."""
    now, reviewed_only = sidecar().now(), not sidecar().settings.content_is_per_version
    started = previews.start(
        db,
        version_id=version_id,
        identity_id=identity_id,
        origin=origin,
        now=now,
        language=language,
        reviewed_only=reviewed_only,
    )
    return previews.open_once(db, started.secret, now)


def _enter(opened: Started) -> Response:
    """Send the browser to its preview, with the cookie of it: staff pages may lie in an LMS's frame."""
    log.info("preview.opened", preview=opened.preview_id)
    response = make_response(redirect(f"/preview/{opened.preview_id}", 303))
    _take_back_ended(response)
    give_cookie(response, preview_cookie(opened.preview_id), opened.secret, lasts=previews.KEPT)
    return response


def _take_back_ended(response: Response) -> None:
    """Take back the cookies of previews that are no more; else many in a day make requests too long for proxies."""
    kept = {name: value for name, value in request.cookies.items() if is_preview_cookie(name)}
    with sidecar().reading() as db:
        alive = previews.find_living(db, kept.values(), sidecar().now())
    for name, value in kept.items():
        if value not in alive:
            take_cookie_back(response, name)


def _played(preview: Preview) -> Played:
    """Return what the page needs; the package learns nothing of who plays it."""
    return Played(
        id=preview.id,
        state=preview.state,
        seq=preview.seq,
        states=preview.states,
        last_sco_id=preview.last_part,
        pages=f"/preview/{preview.id}",
        api=f"/api/previews/{preview.id}",
        token=_token(preview.id)["token"],
        learner_id=preview.id,
        learner_name=_("Preview"),
    )


def _texts() -> dict[str, str]:
    """Return what the page's script may have to say."""
    return saving_texts() | {
        "completed": _("You would have completed this course. This is a preview, so it does not count."),
        "refused": _("Some of what the course sent could not be saved: it is wrong, or this preview has ended."),
        "expired": _("This preview has ended. Start a new one where you started it."),
    }


def _token(preview_id: str) -> dict[str, Any]:
    claims = {"preview": preview_id}
    return {"token": sidecar().secrets.token(claims, sidecar().now()), "expires_in": TOKEN_AGE_S}


def _return_url(db: Session, preview: Preview, version: CourseVersion) -> str | None:
    """Return where staff came from; whoever tries a course from elsewhere has that open in another window."""
    if preview.origin != previews.STAFF:
        return None
    return f"/staff/courses/{db.get_one(Course, version.course_id).key}"
