"""Let people decide about what is kept of them: who else may see it, and that they want to be erased."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import consents, erasure_requests
from sidecar.core.consents import Question, find_question
from sidecar.core.data_subjects import DataSubject
from sidecar.core.erasures import count_holding
from sidecar.web.access import audience, current, sidecar
from sidecar.web.my_learning import STAFF, find_self, own_place

LEARNER = "/play/<launch_id>/learning"
SHARING = "sharing/<municipality_id>/<course_id>"

blueprint = Blueprint("my_wishes", __name__)


@blueprint.get(f"{LEARNER}/{SHARING}")
@audience("launch")
def ask_learner_to_share(launch_id: str, municipality_id: str, course_id: str) -> str:  # noqa: ARG001
    """Say what an employer would see, and ask the learner for leave."""
    return _question(municipality_id, course_id)


@blueprint.post(f"{LEARNER}/{SHARING}")
@audience("launch")
def share_of_learner(launch_id: str, municipality_id: str, course_id: str) -> Response:  # noqa: ARG001
    """Keep a learner's leave, or take it back."""
    return _decide(municipality_id, course_id)


@blueprint.get(f"{STAFF}/{SHARING}")
@audience("staff")
def ask_staff_to_share(municipality_id: str, course_id: str) -> str:
    """Say what an employer would see, and ask who is signed in for leave."""
    return _question(municipality_id, course_id)


@blueprint.post(f"{STAFF}/{SHARING}")
@audience("staff")
def share_of_staff(municipality_id: str, course_id: str) -> Response:
    """Keep the leave of who is signed in, or take it back."""
    return _decide(municipality_id, course_id)


@blueprint.get(f"{LEARNER}/erasure")
@audience("launch")
def show_learner_erasure(launch_id: str) -> str:  # noqa: ARG001
    """Say to a learner what an erasure does, and how their wish stands."""
    return _erasure()


@blueprint.post(f"{LEARNER}/erasure")
@audience("launch")
def wish_of_learner(launch_id: str) -> Response:  # noqa: ARG001
    """Keep a learner's wish to be erased, or take it back."""
    return _wish()


@blueprint.get(f"{STAFF}/erasure")
@audience("staff")
def show_staff_erasure() -> str:
    """Say to who is signed in what an erasure does, and how their wish stands."""
    return _erasure()


@blueprint.post(f"{STAFF}/erasure")
@audience("staff")
def wish_of_staff() -> Response:
    """Keep the wish of who is signed in to be erased, or take it back."""
    return _wish()


def _question(municipality_id: str, course_id: str) -> str:
    with sidecar().reading() as db:
        question = find_question(db, find_self(db), municipality_id, course_id)
    return render_template("pages/sharing.html", **own_place(), question=question)


def _decide(municipality_id: str, course_id: str) -> Response:
    answer, by = request.form.get("answer"), current().identity_id
    with sidecar().transaction() as db:
        subject: DataSubject = find_self(db)
        question: Question = find_question(db, subject, municipality_id, course_id)
        if answer == "agree":
            consents.agree(db, subject, question, identity_id=by, now=sidecar().now())
        elif answer == "take-back":
            consents.take_back(db, subject, question, identity_id=by, now=sidecar().now())
        else:
            abort(400)
    return redirect(f"{own_place()['path']}#course-{course_id}", 303)


def _erasure() -> str:
    with sidecar().reading() as db:
        subject = find_self(db)
        return render_template(
            "pages/erasure.html",
            **own_place(),
            asked=erasure_requests.find_newest(db, subject),
            holding=count_holding(db, subject),
            is_placed=subject.person_id is not None,
        )


def _wish() -> Response:
    answer, by = request.form.get("answer"), current().identity_id
    with sidecar().transaction() as db:
        subject = find_self(db)
        if answer == "ask":
            erasure_requests.ask(db, subject, identity_id=by, now=sidecar().now())
        elif answer == "take-back":
            erasure_requests.take_back(db, subject, identity_id=by, now=sidecar().now())
        else:
            abort(400)
    return redirect(f"{own_place()['path']}/erasure", 303)
