"""Let who looks after an LMS approve, disable, update and remove it; what can hurt first shows what it affects."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Protocol

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import platform_life, platform_settings, platform_trust
from sidecar.core.deployments import Deployment, active_deployments
from sidecar.core.platform_choices import choose_municipalities, choose_region, regions_to_choose
from sidecar.core.platform_lists import find_deployment_of, find_invitation_of, find_platform_to_run
from sidecar.core.platforms import NAME_CHARACTERS, Platform
from sidecar.core.proposals import Proposal, changes, cuts_off
from sidecar.errors import SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.staff_menu import ADMINISTERS
from sidecar.web.staff_platforms import PlatformNameError, choices_for, read_choices

blueprint = Blueprint("staff_platform_life", __name__)


class Step(Protocol):
    """Be a step in the life of a platform."""

    def __call__(self, db: Session, platform_id: str, /, *, now: datetime, by: str | None) -> object:
        """Take the step."""


class NameDiffersError(SidecarError):
    """That is not the name of this LMS. Nothing was removed; type the name as it stands on this page."""

    code = "name-differs"


@blueprint.get("/staff/platforms/<platform_id>/approve")
@audience(*ADMINISTERS)
def ask_to_approve(platform_id: str) -> str:
    """Show who has registered, and ask whom it may speak for."""
    return _approval(platform_id)


@blueprint.post("/staff/platforms/<platform_id>/approve")
@audience(*ADMINISTERS)
def approve(platform_id: str) -> Response | tuple[str, int]:
    """Let an LMS in that has registered itself."""

    def let_in(db: Session) -> None:
        _approve(db, find_platform_to_run(db, current().viewer, platform_id))

    late = (platform_life.PlatformStateError,)
    again = submit(let_in, lambda problem: _approval(platform_id, problem=problem), not_theirs_to_mend=late)
    return again or _back_to(platform_id, "approved")


@blueprint.get("/staff/platforms/<platform_id>/refuse")
@audience(*ADMINISTERS)
def ask_to_refuse(platform_id: str) -> str:
    """Ask whether an LMS that has registered itself shall be refused."""
    return _confirmation(platform_id, "refuse")


@blueprint.post("/staff/platforms/<platform_id>/refuse")
@audience(*ADMINISTERS)
def refuse(platform_id: str) -> Response:
    """Refuse an LMS that has registered itself."""
    _step(platform_id, platform_life.refuse_registration)
    return redirect("/staff/platforms", 303)


@blueprint.get("/staff/platforms/<platform_id>/disable")
@audience(*ADMINISTERS)
def ask_to_disable(platform_id: str) -> str:
    """Show what disabling an LMS affects."""
    return _confirmation(platform_id, "disable")


@blueprint.post("/staff/platforms/<platform_id>/disable")
@audience(*ADMINISTERS)
def disable(platform_id: str) -> Response:
    """Let an LMS do nothing till it is enabled again."""
    _step(platform_id, platform_life.disable)
    return _back_to(platform_id, "disabled")


@blueprint.post("/staff/platforms/<platform_id>/enable")
@audience(*ADMINISTERS)
def enable(platform_id: str) -> Response:
    """Let a disabled LMS go on."""
    _step(platform_id, platform_life.enable)
    return _back_to(platform_id, "enabled")


@blueprint.get("/staff/platforms/<platform_id>/remove")
@audience(*ADMINISTERS)
def ask_to_remove(platform_id: str) -> str:
    """Show what removing an LMS affects, and ask for its name."""
    return _confirmation(platform_id, "remove")


@blueprint.post("/staff/platforms/<platform_id>/remove")
@audience(*ADMINISTERS)
def remove(platform_id: str) -> Response | tuple[str, int]:
    """Remove an LMS whose name was typed."""
    with sidecar().transaction() as db:
        platform = find_platform_to_run(db, current().viewer, platform_id)
        is_meant = request.form.get("name", "").strip().casefold() == platform.name.casefold()
        if is_meant:
            platform_life.remove(db, platform.id, now=sidecar().now(), by=current().identity_id)
    if not is_meant:
        return _confirmation(platform_id, "remove", problem=NameDiffersError()), 400
    return redirect("/staff/platforms", 303)


@blueprint.get("/staff/platforms/<platform_id>/update/accept")
@audience(*ADMINISTERS)
def ask_to_accept_update(platform_id: str) -> str:
    """Show what an update changes, and whether it cuts off the activities that exist."""
    with sidecar().reading() as db:
        platform = find_platform_to_run(db, current().viewer, platform_id)
        proposal = platform_life.require_proposal(db, platform.id)
        return render_template(
            "staff/platform_update.html",
            platform=platform,
            changes=changes(platform, proposal, active_deployments(db, platform.id)),
            cuts_off=cuts_off(platform, proposal),
            impact=platform_life.impact_of(db, platform.id, sidecar().now()),
            **_trust(db, platform, proposal),
        )


@blueprint.post("/staff/platforms/<platform_id>/update/accept")
@audience(*ADMINISTERS)
def accept_update(platform_id: str) -> Response:
    """Take over what the LMS said when it registered again."""
    _step(platform_id, partial(platform_life.accept_proposal, shown=request.form.get("shown", "")))
    return _back_to(platform_id, "accepted")


@blueprint.post("/staff/platforms/<platform_id>/update/decline")
@audience(*ADMINISTERS)
def decline_update(platform_id: str) -> Response:
    """Leave everything as it was before the LMS registered again."""
    _step(platform_id, platform_life.decline_proposal)
    return _back_to(platform_id, "declined")


@blueprint.get("/staff/platforms/<platform_id>/deployments/<key>/remove")
@audience(*ADMINISTERS)
def ask_to_remove_deployment(platform_id: str, key: str) -> str:
    """Show what removing a deployment affects."""
    return _confirmation(platform_id, "deployment", key=key)


@blueprint.post("/staff/platforms/<platform_id>/deployments/<key>/remove")
@audience(*ADMINISTERS)
def remove_deployment(platform_id: str, key: str) -> Response:
    """Let one deployment launch no more."""
    now, by = sidecar().now(), current().identity_id
    with sidecar().transaction() as db:
        platform = find_platform_to_run(db, current().viewer, platform_id)
        found = find_deployment_of(db, platform, key)
        platform_life.remove_deployment(db, platform.id, found.deployment_id, now=now, by=by)
    return _back_to(platform_id, "deployment-removed")


def _step(platform_id: str, step: Step) -> None:
    now, by = sidecar().now(), current().identity_id
    with sidecar().transaction() as db:
        step(db, find_platform_to_run(db, current().viewer, platform_id).id, now=now, by=by)


def _approve(db: Session, platform: Platform) -> None:
    viewer, form, now = current().viewer, request.form, sidecar().now()
    name = form.get("name", "").strip() or platform.name
    if len(name) > NAME_CHARACTERS:
        raise PlatformNameError
    patterns = choose_municipalities(db, viewer, platform.id, read_choices())
    if (form.get("region") or None) != platform.region_id:
        region_id = choose_region(db, viewer, form.get("region") or None)
        platform_settings.set_region(db, platform.id, region_id, now=now, by=viewer.identity_id)
    shown, changed = form.get("shown", ""), name if name != platform.name else None
    platform_life.approve(db, platform.id, patterns, now=now, by=viewer.identity_id, name=changed, shown=shown)


def _approval(platform_id: str, *, problem: SidecarError | None = None) -> str:
    viewer, form = current().viewer, request.form
    with sidecar().reading() as db:
        platform = find_platform_to_run(db, viewer, platform_id)
        if not platform.is_pending:
            raise platform_life.PlatformStateError(name=platform.name)
        return render_template(
            "staff/platform_approve.html",
            platform=platform,
            invitation=find_invitation_of(db, platform.id),
            impact=platform_life.impact_of(db, platform.id, sidecar().now()),
            name=form.get("name", platform.name) if problem else platform.name,
            region_id=form.get("region") if problem else platform.region_id,
            regions=regions_to_choose(db, viewer),
            problem=problem,
            **_trust(db, platform),
            **choices_for(db, viewer, platform, read_choices() if problem else None),
        )


def _trust(db: Session, platform: Platform, proposal: Proposal | None = None) -> dict[str, object]:
    """Return what a page shows before a yes: what the yes is bound to, hosts unlike the issuer's, who must decide."""
    said = proposal or platform
    urls = {"auth_url": said.auth_url, "token_url": said.token_url, "jwks_url": said.jwks_url}
    return {
        "shown": platform_trust.fingerprint(db, platform),
        "urls": urls,
        "foreign": platform_trust.foreign_hosts(platform.issuer, urls),
        "shares_client_id": platform_trust.shares_client_id(db, platform, proposal),
        "must_ask": platform_trust.operator_reason(
            db, platform, proposal, now=sidecar().now(), by=current().identity_id
        ),
    }


def _confirmation(platform_id: str, act: str, *, key: str = "", problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        platform = find_platform_to_run(db, current().viewer, platform_id)
        deployment: Deployment | None = find_deployment_of(db, platform, key) if key else None
        only = deployment.deployment_id if deployment else None
        return render_template(
            "staff/platform_confirm.html",
            platform=platform,
            deployment=deployment,
            act=act,
            impact=platform_life.impact_of(db, platform.id, sidecar().now(), deployment_id=only),
            problem=problem,
        )


def _back_to(platform_id: str, done: str) -> Response:
    return redirect(f"/staff/platforms/{platform_id}?done={done}", 303)
