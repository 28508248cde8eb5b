"""Test the connection to an LMS from its page: by the queue, as an LMS may take its time; and launch dry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import platform_checks
from sidecar.core.access import Viewer
from sidecar.core.people import Identity
from sidecar.core.platform_checks import PlatformCheck
from sidecar.core.platform_lists import find_platform_of, find_platform_to_run
from sidecar.core.platforms import Platform
from sidecar.health import is_worker_seen
from sidecar.tool.checks.steps import area_of, say_step
from sidecar.tool.checks.texts import AREAS
from sidecar.web import limits, looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.launch.dry import rehearse
from sidecar.web.rendering import gettext as _
from sidecar.web.staff_menu import ADMINISTERS

TYPED_CHARACTERS = 300

blueprint = Blueprint("staff_checks", __name__)


@dataclass(frozen=True)
class StepLine:
    """A step as a page shows it."""

    code: str
    outcome: str
    text: str


@dataclass(frozen=True)
class Area:
    """The steps that belong together, under a title."""

    title: str
    lines: list[StepLine]


@blueprint.get("/staff/platforms/<platform_id>/check")
@audience(*ADMINISTERS)
def show(platform_id: str) -> str:
    """Show what the last test found, or that one is under way."""
    with sidecar().reading() as db:
        platform = find_platform_of(db, current().viewer, platform_id)
        check = db.get(PlatformCheck, platform.id)
        is_moving = platform_checks.is_under_way(db, platform.id)
        return render_template(
            "staff/check.html",
            platform=platform,
            check=check,
            areas=areas_of(check.steps) if check else [],
            counts=_count(check.steps) if check else {},
            by=_tester(db, current().viewer, platform, check.checked_by) if check else "",
            is_moving=is_moving,
            has_worker=not is_moving or is_worker_seen(sidecar()),
            may_run=current().viewer.may_run_platform(platform.region_id),
        )


@blueprint.post("/staff/platforms/<platform_id>/check")
@audience(*ADMINISTERS)
def run(platform_id: str) -> Response:
    """Let a worker test the connection."""
    with sidecar().transaction() as db:
        platform = find_platform_to_run(db, current().viewer, platform_id)
        platform_checks.ask_for(db, platform.id, by=current().identity_id, now=sidecar().now())
    return redirect(f"/staff/platforms/{platform_id}/check", 303)


@blueprint.get("/staff/platforms/<platform_id>/check/dry")
@audience(*ADMINISTERS)
def back_to_check(platform_id: str) -> Response:
    """Lead who reloads the page of a dry launch to the test of the connection."""
    with sidecar().reading() as db:
        find_platform_of(db, current().viewer, platform_id)
    return redirect(f"/staff/platforms/{platform_id}/check", 303)


@blueprint.post("/staff/platforms/<platform_id>/check/dry")
@audience(*ADMINISTERS)
def try_launch(platform_id: str) -> str:
    """Launch as a made-up learner, and say what it came to; whose name is told is written into the access log."""
    viewer = current().viewer
    course, number = (request.form.get(name, "").strip()[:TYPED_CHARACTERS] for name in ("course", "sourcedid"))
    with sidecar().reading() as db:
        platform = find_platform_to_run(db, viewer, platform_id)
        db.expunge(platform)
    limits.refuse_beyond(limits.DRY_LAUNCHES, current().identity_id or "")
    dry = rehearse(sidecar(), viewer, platform.id, course_key=course, sourcedid=number)
    if dry.placing and dry.placing.person_id:
        looks.note("dry-launch", dry.placing.municipality_id, [dry.placing.person_id])
    areas = areas_of(each.as_json() for each in dry.steps)
    return render_template("staff/check_dry.html", platform=platform, areas=areas, course=course, sourcedid=number)


def areas_of(steps: Iterable[Mapping[str, Any]]) -> list[Area]:
    """Return stored steps as a page shows them, in their order under the titles of their areas."""
    stored, lang = list(steps), current().language
    found = []
    for key, (title, _said) in AREAS.items():
        mine = [each for each in stored if area_of(each["code"]) == key]
        if mine:
            lines = [StepLine(each["code"], each["outcome"], say_step(each, lang)) for each in mine]
            found.append(Area(_(title), lines))
    return found


def _count(steps: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    outcomes = [each["outcome"] for each in steps]
    return {outcome: outcomes.count(outcome) for outcome in ("failed", "warning", "ok", "skipped")}


def _tester(db: Session, viewer: Viewer, platform: Platform, identity_id: str | None) -> str:
    """Return the name of who tested, to who looks after the LMS; "" for the command line, or where none is known."""
    if identity_id is None or not viewer.may_run_platform(platform.region_id):
        return ""
    return db.get_one(Identity, identity_id).name or ""
