"""Play courses: the learner's page, the commits of packages, and the page at the end.

Where the browser keeps no cookie, the pages are asked for by POST, with what stands for the cookie in the form.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from sidecar.core import attempts, commits, earning, grades
from sidecar.core.attempts import Attempt
from sidecar.core.commits import AttemptFinishedError, OutOfOrderError, Piece
from sidecar.core.courses import CourseVersion
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError
from sidecar.web.access import TOKEN_AGE_S, audience, current, sidecar
from sidecar.web.commit_wire import load_commit, load_joined
from sidecar.web.player_page import Played, player_data
from sidecar.web.player_showing import saving_texts, show_player
from sidecar.web.player_wire import commits_speak, state_speaks
from sidecar.web.rendering import gettext as _
from sidecar.web.requests_log import tally
from sidecar.web.shim_answers import answer_conflict, let_the_content_origin_read

log = structlog.get_logger()

COMMIT_BYTES = 1024 * 1024

blueprint = Blueprint("player", __name__)


@blueprint.route("/play/<launch_id>", methods=["GET", "POST"])
@audience("launch")
def play(launch_id: str) -> str:
    """Show the player."""
    with sidecar().reading() as db:
        attempt, version = _attempt_of(db, launch_id)
        title, return_url = version.manifest["title"], _return_url()
        if version.reviewed_at is None and not sidecar().settings.content_is_per_version:
            return render_template("player/not_reviewed.html", title=title, return_url=return_url)
        data = player_data(_played(db, attempt, launch_id), version, sidecar().settings)
    return show_player(data | {"returnUrl": return_url, "texts": _texts()}, version.manifest)


@blueprint.route("/play/<launch_id>/token", methods=["GET", "POST"])
@audience("launch")
def renew_token(launch_id: str) -> Response:
    """Give the open page a new token, e.g. after the computer slept."""
    with sidecar().reading() as db:
        attempt, _version = _attempt_of(db, launch_id)
    return jsonify(_token(attempt.id, launch_id))


@blueprint.post("/play/<launch_id>/again")
@audience("launch")
def start_again(launch_id: str) -> AnyResponse:
    """Begin a new attempt."""
    reviewed_only = not sidecar().settings.content_is_per_version
    with sidecar().transaction() as db:
        attempt, _version = _attempt_of(db, launch_id)
        attempts.start_again(db, attempt, now=sidecar().now(), reviewed_only=reviewed_only)
    return redirect(f"/play/{launch_id}", 307 if current().carried else 303)


@blueprint.route("/play/<launch_id>/end", methods=["GET", "POST"])
@audience("launch")
def end(launch_id: str) -> str:
    """Say what was saved and lead back to the LMS."""
    with sidecar().reading() as db:
        attempt, version = _attempt_of(db, launch_id)
        result, evidence = attempts.judge_attempt(db, attempt), earning.find_evidence(db, attempt.id)
        grade_text = _grade_text(_grade_state(db, launch_id))
    return render_template(
        "player/end.html",
        title=version.manifest["title"],
        launch_id=launch_id,
        attempt=attempt,
        result=result,
        evidence=evidence,
        score=evidence.score if evidence else result.score,
        grade_text=grade_text,
        return_url=_return_url(),
    )


@blueprint.post("/api/attempts/<attempt_id>/commits")
@audience("attempt", body_bytes=COMMIT_BYTES)
@commits_speak
def commit(attempt_id: str) -> Response:
    """Save a commit; the acknowledgement echoes its number."""
    launch_id = current().claims["launch"]
    said = load_commit(request)
    with sidecar().transaction() as db:
        if isinstance(said, Piece):
            text = commits.add_piece(db, attempt_id, said)
            if text is None:
                return make_response(jsonify(kept=said.number), 202)
            said = load_joined(text)
        acknowledged = commits.commit(db, attempt_id, said, launch_id=launch_id, now=sidecar().now())
        stands = {"state": acknowledged.result.state, "grade": _grade_state(db, launch_id)}
    log.info("commit.saved", attempt=attempt_id, seq=acknowledged.seq, stands=acknowledged.result.state)
    tally().count("commit", "saved")
    return jsonify(acknowledged=acknowledged.seq, **stands, **_token(attempt_id, launch_id))


@blueprint.get("/api/attempts/<attempt_id>/state")
@audience("attempt")
@state_speaks
def state(attempt_id: str) -> Response:
    """Return what was saved."""
    with sidecar().reading() as db:
        attempt = db.get(Attempt, attempt_id)
        if attempt is None:
            raise NotFoundError(what="attempt", key=attempt_id)
        saved = attempts.list_states(db, attempt_id)
    token = _token(attempt_id, current().claims["launch"]) if attempt.state == "open" else {}
    return jsonify(seq=attempt.seq, state=attempt.state, scos=saved, **token)


blueprint.after_request(let_the_content_origin_read)


@blueprint.errorhandler(OutOfOrderError)
@blueprint.errorhandler(AttemptFinishedError)
def _count_conflict(error: SidecarError) -> Response:
    tally().count("commit", error.code)
    return answer_conflict(error)


def _attempt_of(db: Session, launch_id: str) -> tuple[Attempt, CourseVersion]:
    """Return what a launch plays."""
    launch = current().launch
    if launch is None or launch.id != launch_id or launch.course_id is None:
        raise NotFoundError(what="course", key=launch_id)
    attempt = attempts.current_attempt(db, launch.identity_id, launch.course_id)
    return attempt, db.get_one(CourseVersion, attempt.version_id)


def _played(db: Session, attempt: Attempt, launch_id: str) -> Played:
    identity = current().identity
    if identity is None:
        raise NotAllowedError
    return Played(
        id=attempt.id,
        state=attempt.state,
        seq=attempt.seq,
        states=attempts.list_states(db, attempt.id),
        last_sco_id=attempts.last_sco_id(db, attempt.id),
        pages=f"/play/{launch_id}",
        api=f"/api/attempts/{attempt.id}",
        token=_token(attempt.id, launch_id)["token"],
        learner_id=identity.id,
        learner_name=identity.name or "",
    )


def _texts() -> dict[str, str]:
    """Return what the page's script may have to say."""
    return saving_texts() | {
        "completed": _("You have completed this course, and that is saved."),
        "refused": _("Some of what the course sent could not be saved. Tell your regional competence office."),
        "expired": _("This page has been open too long. Open the course again from your LMS; what was saved is kept."),
    }


def _token(attempt_id: str, launch_id: str) -> dict[str, Any]:
    claims = {"attempt": attempt_id, "launch": launch_id}
    return {"token": sidecar().secrets.token(claims, sidecar().now()), "expires_in": TOKEN_AGE_S}


def _grade_state(db: Session, launch_id: str) -> str | None:
    grade = grades.find_grade(db, launch_id)
    return grade.state if grade else None


def _grade_text(state: str | None) -> str:
    texts = {
        "waiting": _("On its way"),
        "sent": _("Sent"),
        "failed": _("Could not be sent. It is kept here, and your regional competence office can see it."),
    }
    return texts.get(state or "", _("Your LMS has not asked for a grade"))


def _return_url() -> str | None:
    """Return where the LMS wants the learner back; only a web address will do."""
    launch = current().launch
    url = launch.return_url if launch else None
    return url if url and urlsplit(url).scheme in ("http", "https") else None
