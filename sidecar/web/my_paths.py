"""Show people their learning paths: where they are, what comes next, and the buttons that take them there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import own_steps
from sidecar.core.data_subjects import DataSubject
from sidecar.core.lms_addresses import find_lms_addresses
from sidecar.core.own_gatherings import list_dates
from sidecar.core.own_paths import OwnPath, find_own_path
from sidecar.core.path_courses import titles_of
from sidecar.core.path_news import find_news
from sidecar.core.sign_off_requests import list_asked
from sidecar.errors import SidecarError
from sidecar.web import path_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.my_learning import STAFF, find_self, own_place

LEARNER = "/play/<launch_id>/learning"
PATH = "paths/<key>"
STEP = f"{PATH}/steps/<step>"

Act = Callable[[Session, DataSubject], object]

blueprint = Blueprint("my_paths", __name__)


@blueprint.get(f"{LEARNER}/{PATH}")
@audience("launch")
def show_learner(launch_id: str, key: str) -> str:  # noqa: ARG001 (the cookie is looked up by it)
    """Show a learner where they are on a learning path."""
    return show_path(key)


@blueprint.post(f"{LEARNER}/{STEP}/done")
@audience("launch")
def say_of_learner(launch_id: str, key: str, step: str) -> Response | tuple[str, int]:  # noqa: ARG001
    """Keep a learner's word that they followed a link, or take it back."""
    return _say(key, step)


@blueprint.post(f"{LEARNER}/{STEP}/sign-off")
@audience("launch")
def ask_of_learner(launch_id: str, key: str, step: str) -> Response | tuple[str, int]:  # noqa: ARG001
    """Keep a learner's wish that a task is signed off, or take it back."""
    return _ask(key, step)


@blueprint.get(f"{STAFF}/{PATH}")
@audience("staff")
def show_staff(key: str) -> str:
    """Show who is signed in where they are on a learning path."""
    return show_path(key)


@blueprint.post(f"{STAFF}/{STEP}/done")
@audience("staff")
def say_of_staff(key: str, step: str) -> Response | tuple[str, int]:
    """Keep the word of who is signed in that they followed a link, or take it back."""
    return _say(key, step)


@blueprint.post(f"{STAFF}/{STEP}/sign-off")
@audience("staff")
def ask_of_staff(key: str, step: str) -> Response | tuple[str, int]:
    """Keep the wish of who is signed in that a task of theirs is signed off, or take it back."""
    return _ask(key, step)


def show_path(key: str, problem: SidecarError | None = None) -> str:
    """Return the page of a learning path for who asks."""
    with sidecar().reading() as db:
        subject = find_self(db)
        own = find_own_path(db, subject, key, sidecar().today())
        return render_template(
            "pages/my_path.html",
            **own_place(),
            own=own,
            problem=problem,
            is_placed=subject.person_id is not None,
            today=sidecar().today(),
            now=sidecar().now(),
            **_news(db, own),
            **_acts(db, subject, own),
        )


def _news(db: Session, own: OwnPath) -> dict[str, Any]:
    """Return what has changed while who asks is on the path, in sentences, and since when."""
    news = find_news(db, own, sidecar().now())
    if news is None:
        return {"news": None, "changes": []}
    key = own.path.course.key
    titles = {**titles_of(db, key, news.before), **titles_of(db, key, news.after)}
    return {"news": news, "changes": path_words.changes(news.before, news.after, titles)}


def _acts(db: Session, subject: DataSubject, own: OwnPath) -> dict[str, Any]:
    """Return what a learner can do about the steps, or has done, by the id of the course."""
    course_ids = [one.id for one in own.path.courses.values()]
    return {
        "titles": {step.key: own.path.title_of(step) for step in own.path.content.steps()},
        "said": own_steps.list_said(db, subject, course_ids),
        "asked": list_asked(db, subject.person_id),
        "dates": list_dates(db, subject, course_ids, sidecar().now()),
        "lms": find_lms_addresses(db, subject, course_ids),
    }


def _say(key: str, step: str) -> Response | tuple[str, int]:
    by, now = current().identity_id, sidecar().now()
    return answer_with(
        key,
        {
            "done": lambda db, own: own_steps.say_done(db, own, key, step, identity_id=by, now=now),
            "take-back": lambda db, own: own_steps.take_back(db, own, key, step, identity_id=by, now=now),
        },
        f"step-{step}",
    )


def _ask(key: str, step: str) -> Response | tuple[str, int]:
    by, now = current().identity_id, sidecar().now()
    return answer_with(
        key,
        {
            "ask": lambda db, own: own_steps.ask_for_sign_off(db, own, key, step, identity_id=by, now=now),
            "take-back": lambda db, own: own_steps.stop_asking(db, own, key, step, now),
        },
        f"step-{step}",
    )


def answer_with(key: str, acts: dict[str, Act], anchor: str) -> Response | tuple[str, int]:
    """Do what a form of a learning path's page asks by its field `answer`, and show the page again."""
    act = acts.get(request.form.get("answer", "")) or abort(400)
    refused = submit(lambda db: act(db, find_self(db)), lambda problem: show_path(key, problem))
    return refused or redirect(f"{own_place()['path']}/paths/{key}#{anchor}", 303)
