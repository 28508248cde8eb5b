"""Show staff the LMSs and let who looks after one change it: settings, municipalities, deployments, held learners."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar import tool
from sidecar.core import launches, platform_life, platform_settings
from sidecar.core.access import Viewer
from sidecar.core.deployments import active_deployments, list_deployments
from sidecar.core.held import held_on, release_held
from sidecar.core.placing import are_ambiguous
from sidecar.core.platform_checks import PlatformCheck
from sidecar.core.platform_choices import (
    choose_municipalities,
    choose_region,
    municipalities_to_choose,
    regions_to_choose,
)
from sidecar.core.platform_lists import (
    find_deployment_of,
    find_platform_of,
    find_platform_to_run,
    list_platform_lines,
    list_spoken_for,
)
from sidecar.core.platforms import NAME_CHARACTERS, Platform
from sidecar.core.proposals import changes, read_proposal
from sidecar.core.regions import Region
from sidecar.errors import SidecarError
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.staff_menu import ADMINISTERS

DEPLOYMENT_ID_CHARACTERS = 255
"""Source: LTI Core 1.3 §5.3.3."""

ORIGINS = "frame_origins"

blueprint = Blueprint("staff_platforms", __name__)


class PlatformNameError(SidecarError):
    """An LMS needs a name of 1 to 200 characters, so that people know which one is meant."""

    code = "platform-name"


class DeploymentIdError(SidecarError):
    """A deployment ID has 1 to 255 characters. Copy it from the LMS."""

    code = "deployment-id"


@blueprint.get("/staff/platforms")
@audience(*ADMINISTERS)
def show_all() -> str:
    """List the LMSs, those that wait for approval first."""
    with sidecar().reading() as db:
        return render_template("staff/platforms.html", lines=list_platform_lines(db, current().viewer))


@blueprint.get("/staff/platforms/<platform_id>")
@audience(*ADMINISTERS)
def show(platform_id: str) -> str:
    """Show all that is known of an LMS, and what may be done with it."""
    return _page(platform_id)


@blueprint.post("/staff/platforms/<platform_id>/settings")
@audience(*ADMINISTERS)
def change_settings(platform_id: str) -> Response | tuple[str, int]:
    """Change the name of an LMS, who looks after it, where its pages stand, and whether it gets columns."""

    def change(db: Session) -> None:
        _change_settings(db, find_platform_to_run(db, current().viewer, platform_id))

    again = submit(change, lambda problem: _page(platform_id, problem=problem))
    return again or _back_to(platform_id, "saved")


@blueprint.get("/staff/platforms/<platform_id>/municipalities")
@audience(*ADMINISTERS)
def ask_for_municipalities(platform_id: str) -> str:
    """Show the form that says which municipalities an LMS speaks for, and how it writes their numbers."""
    return _municipalities_form(platform_id)


@blueprint.post("/staff/platforms/<platform_id>/municipalities")
@audience(*ADMINISTERS)
def set_municipalities(platform_id: str) -> Response | tuple[str, int]:
    """Say anew which municipalities an LMS speaks for."""
    viewer, typed = current().viewer, read_choices()

    def choose(db: Session) -> None:
        platform = find_platform_to_run(db, viewer, platform_id)
        patterns = choose_municipalities(db, viewer, platform.id, typed)
        platform_life.set_municipalities(db, platform.id, patterns, now=sidecar().now(), by=viewer.identity_id)

    again = submit(choose, lambda problem: _municipalities_form(platform_id, problem=problem, typed=typed))
    return again or _back_to(platform_id, "municipalities")


@blueprint.post("/staff/platforms/<platform_id>/deployments")
@audience(*ADMINISTERS)
def add_deployment(platform_id: str) -> Response | tuple[str, int]:
    """Let a deployment launch that is known by its id only."""
    viewer, deployment_id = current().viewer, request.form.get("deployment_id", "").strip()

    def add(db: Session) -> None:
        platform = find_platform_to_run(db, viewer, platform_id)
        if not 0 < len(deployment_id) <= DEPLOYMENT_ID_CHARACTERS:
            raise DeploymentIdError
        platform_life.add_deployment(db, platform.id, deployment_id, now=sidecar().now(), by=viewer.identity_id)

    again = submit(add, lambda problem: _page(platform_id, problem=problem))
    return again or _back_to(platform_id, "deployment-approved")


@blueprint.post("/staff/platforms/<platform_id>/deployments/<key>/approve")
@audience(*ADMINISTERS)
def approve_deployment(platform_id: str, key: str) -> Response:
    """Let a deployment launch that has tried to."""
    viewer = current().viewer
    with sidecar().transaction() as db:
        platform = find_platform_to_run(db, viewer, platform_id)
        found = find_deployment_of(db, platform, key)
        platform_life.add_deployment(db, platform.id, found.deployment_id, now=sidecar().now(), by=viewer.identity_id)
    return _back_to(platform_id, "deployment-approved")


@blueprint.post("/staff/platforms/<platform_id>/held/<identity_id>/release")
@audience("operator")
def release(platform_id: str, identity_id: str) -> Response:
    """Let a held learner be placed by the new number; only an operator decides that."""
    viewer = current().viewer
    with sidecar().transaction() as db:
        platform = find_platform_to_run(db, viewer, platform_id)
        release_held(db, viewer, platform.id, identity_id, now=sidecar().now())
    return _back_to(platform_id, "released")


def read_choices() -> dict[str, str]:
    """Return what a form says of municipalities: the pattern, or "", by id of each that is ticked."""
    return {key: request.form.get(f"pattern-{key}", "") for key in request.form.getlist("municipality")}


def region_of(db: Session, platform: Platform) -> Region | None:
    """Return the region whose office looks after an LMS, or None."""
    return db.get(Region, platform.region_id) if platform.region_id else None


def choices_for(db: Session, viewer: Viewer, platform: Platform, typed: dict[str, str] | None) -> dict[str, object]:
    """Return what the form about municipalities shows; what was typed stands over what is kept."""
    choices = municipalities_to_choose(db, viewer)
    spoken_for, mine = list_spoken_for(db, platform.id), {each.id for each in choices}
    kept = {each.municipality.id: each.pattern or "" for each in spoken_for}
    others = [each.municipality.name for each in spoken_for if each.municipality.id not in mine]
    return {"choices": choices, "typed": kept if typed is None else typed, "others": others}


def _change_settings(db: Session, platform: Platform) -> None:
    """Change what differs, so that the audit trail names that alone."""
    viewer, form, now = current().viewer, request.form, sidecar().now()
    name, region_id = form.get("name", "").strip(), form.get("region") or None
    makes = form.get("makes_line_items") == "1"
    origins = tool.read_frame_origins(form.get(ORIGINS, "").splitlines(), sidecar().settings.allowed_private)
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise PlatformNameError
    if name != platform.name:
        platform_settings.rename(db, platform.id, name, now=now, by=viewer.identity_id)
    if region_id != platform.region_id:
        chosen = choose_region(db, viewer, region_id)
        platform_settings.set_region(db, platform.id, chosen, now=now, by=viewer.identity_id)
    if makes != platform.makes_line_items:
        platform_settings.set_line_items(db, platform.id, make=makes, now=now, by=viewer.identity_id)
    if list(origins) != platform.frame_origins:
        platform_settings.set_frame_origins(db, platform.id, origins, now=now, by=viewer.identity_id)


def _page(platform_id: str, *, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        platform = find_platform_of(db, viewer, platform_id)
        spoken_for, held = list_spoken_for(db, platform.id), held_on(db, viewer, platform.id)
        proposal, launch = read_proposal(platform), launches.find_newest(db, platform.id)
        page = render_template(
            "staff/platform.html",
            platform=platform,
            may_run=viewer.may_run_platform(platform.region_id),
            may_release=viewer.everything,
            last_launch_at=launch.launched_at if launch else None,
            last_check=db.get(PlatformCheck, platform.id),
            region=region_of(db, platform),
            regions=regions_to_choose(db, viewer),
            proposal=proposal,
            changes=changes(platform, proposal, active_deployments(db, platform.id)) if proposal else [],
            deployments=list_deployments(db, platform.id),
            spoken_for=spoken_for,
            ambiguous=are_ambiguous(each.pattern for each in spoken_for),
            held=held,
            addresses=tool.addresses(sidecar().settings),
            typed_name=request.form.get("name", "") if problem else "",
            frame_origins=_typed_or("\n".join(platform.frame_origins), problem),
            problem=problem,
        )
        shown = [each.id for each in held.shown]
    looks.note("not-placed", spoken_for[0].municipality.id if spoken_for else "", shown)
    return page


def _typed_or(kept: str, problem: SidecarError | None) -> str:
    """Return the addresses as they were typed into a form that could not be taken, else those that are kept."""
    return request.form.get(ORIGINS, kept) if problem else kept


def _municipalities_form(
    platform_id: str, *, problem: SidecarError | None = None, typed: dict[str, str] | None = None
) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        platform = find_platform_to_run(db, viewer, platform_id)
        shown = choices_for(db, viewer, platform, typed)
        return render_template("staff/platform_municipalities.html", platform=platform, problem=problem, **shown)


def _back_to(platform_id: str, done: str) -> Response:
    return redirect(f"/staff/platforms/{platform_id}?done={done}", 303)
