"""Show how a municipality is organised on a day, and in which regions it is; operators let it join and leave."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import audit, regions
from sidecar.core.checklists import find_visible
from sidecar.core.unit_trees import count_outside, list_tree
from sidecar.errors import InvalidInputError, SidecarError
from sidecar.language import say
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import DayUnreadableError, read_day
from sidecar.web.staff_menu import SEES_REPORTS

blueprint = Blueprint("staff_units", __name__)


@blueprint.get("/staff/municipalities/<slug>/units")
@audience(*SEES_REPORTS)
def show(slug: str) -> str | tuple[str, int]:
    """Show the tree of units on the day that the address names, today without one."""
    viewer, problem = current().viewer, ""
    day = sidecar().today()
    try:
        day = read_day(request.args.get("day", "")) or day
    except DayUnreadableError as error:
        problem = say(error, current().language)
    with sidecar().reading() as db:
        municipality = find_visible(db, viewer, slug)
        lines = list_tree(db, viewer, municipality.id, day)
        told = {"lines": lines, "outside": count_outside(db, viewer, municipality.id, day), "day": day}
        page = render_template("staff/units.html", municipality=municipality, problem=problem, **told)
    return (page, 400) if problem else page


@blueprint.get("/staff/municipalities/<slug>/regions")
@audience(*SEES_REPORTS)
def show_regions(slug: str) -> str:
    """Show in which regions a municipality is, was and will be."""
    return _regions(slug)


@blueprint.post("/staff/municipalities/<slug>/regions")
@audience("operator")
def change_region(slug: str) -> Response | tuple[str, int]:
    """Let a municipality join or leave a region from a day on."""
    try:
        _change(slug)
    except (regions.MembershipOverlapsError, regions.NotMemberError, DayUnreadableError, InvalidInputError) as error:
        return _regions(slug, error), 400
    return redirect(f"/staff/municipalities/{slug}/regions", 303)


def _change(slug: str) -> None:
    form, now = request.form, sidecar().now()
    day = read_day(form.get("day", ""))
    if day is None:
        raise DayUnreadableError
    if form.get("act") not in ("join", "leave"):
        abort(400)
    joins, by = form["act"] == "join", current().identity_id
    with sidecar().transaction() as db:
        municipality = find_visible(db, current().viewer, slug)
        region = regions.find_region(db, form.get("region", "")[:80]).slug
        (regions.join if joins else regions.leave)(db, region, municipality.id, day)
        told = {"region": region, "since": str(day)}
        audit.record(
            db,
            "municipality.joined_region" if joins else "municipality.left_region",
            municipality.id,
            at=now,
            identity_id=by,
            **told,
        )


def _regions(slug: str, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        municipality = find_visible(db, viewer, slug)
        return render_template(
            "staff/memberships.html",
            municipality=municipality,
            memberships=regions.list_memberships(db, municipality.id),
            regions=regions.list_regions(db) if viewer.everything else [],
            today=sidecar().today(),
            may_change=viewer.everything,
            typed=request.form,
            problem=problem,
        )
