"""Open a course of ours from the page of a learning path, as if its own link in the LMS had been opened."""

from __future__ import annotations

from typing import Final

from flask import Response, make_response, redirect
from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import sign_ins
from sidecar.core.courses import OWN, Course
from sidecar.core.data_subjects import of_identity
from sidecar.core.launches import Launch
from sidecar.core.offers import find_course
from sidecar.core.own_paths import find_own_path
from sidecar.core.own_steps import StepLockedError
from sidecar.core.people import Identity
from sidecar.core.statements import insert_now
from sidecar.errors import NotFoundError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.launch.admission import open_course
from sidecar.web.launch.blueprint import blueprint
from sidecar.web.launch.login import SESSION_HOURS, set_launch_cookie

LINK: Final = "learning-path:"
"""Begins what stands for the LMS's link in such a launch: the LMS has none for it, and so no column for its grade."""


@blueprint.post("/play/<launch_id>/learning/paths/<key>/steps/<step>/open")
@audience("launch")
def open_step(launch_id: str, key: str, step: str) -> Response:
    """Begin, or take up, the course of a step; its grade goes to every link of it that the learner has opened."""
    here, by, now = sidecar(), current().identity_id, sidecar().now()
    with here.transaction() as db:
        db.scalar(select(Identity.id).where(Identity.id == by).with_for_update())
        before = db.get_one(Launch, launch_id)
        launch = _launch(before, _find_course(db, before, key, step))
        insert_now(db, launch)
        open_course(here, db, launch, db.get_one(Course, launch.course_id))
        secret = sign_ins.start(db, by, launch.id, now, hours=SESSION_HOURS, platform_id=launch.platform_id)
    response = make_response(redirect(f"/play/{launch.id}", 303))
    set_launch_cookie(response, launch.id, secret)
    return response


def _find_course(db: Session, launch: Launch, key: str, step: str) -> Course:
    own = find_own_path(db, of_identity(db, launch.identity_id), key, sidecar().today())
    steps = {one.step.key: one for part in own.progress.parts for one in part.steps}
    if step not in steps or own.path.courses[step].kind != OWN:
        raise NotFoundError(what="step", key=step[:80])
    if steps[step].state == "locked":
        raise StepLockedError
    return find_course(db, launch.platform_id, own.path.courses[step].key)


def _launch(before: Launch, course: Course) -> Launch:
    return Launch(
        platform_id=before.platform_id,
        deployment_id=before.deployment_id,
        identity_id=before.identity_id,
        resource_link_id=f"{LINK}{course.id}",
        context_id=before.context_id,
        course_id=course.id,
        return_url=before.return_url,
        language=before.language,
        launched_at=sidecar().now(),
    )
