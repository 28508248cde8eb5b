"""Show staff the courses of an LMS that lead here: when they were looked at, what is wrong, and who takes part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import audit, rosters
from sidecar.core.platform_lists import find_platform_of, find_platform_to_run
from sidecar.core.roster_lists import Participant, find_roster, list_participants, page_rosters
from sidecar.language import N_
from sidecar.tool.launch_advice import say_reason
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.rendering import gettext as _
from sidecar.web.staff_menu import ADMINISTERS

MOST_PAGES = 100_000

OF_ROSTERS: Final[Mapping[str, str]] = {
    "service-refused": N_(
        "The LMS does not let us see who takes part. In Moodle: Site administration > Plugins > Activity modules > "
        "External tool > Manage tools, the cog on the tool's card, Services; switch on Names and Role Provisioning."
        " Then refresh."
    ),
    "service-rejected": N_(
        "The LMS does not know this course any more, or the tool is no longer in it. If the course was deleted, "
        "nothing needs to be done. Else open the activity from the course once, and refresh."
    ),
}
"""What is to be done about a roster where something else is to be done about a grade."""

blueprint = Blueprint("staff_rosters", __name__)


@blueprint.get("/staff/platforms/<platform_id>/rosters")
@audience(*ADMINISTERS)
def show_all(platform_id: str) -> str:
    """List the courses of an LMS."""
    viewer, number = current().viewer, _page_number()
    with sidecar().reading() as db:
        platform = find_platform_of(db, viewer, platform_id)
        page = page_rosters(db, platform, sidecar().now(), number)
        may_run = viewer.may_run_platform(platform.region_id)
        return render_template(
            "staff/rosters.html", platform=platform, page=page, may_run=may_run, problem_text=problem_text
        )


@blueprint.get("/staff/platforms/<platform_id>/rosters/<roster_id>")
@audience(*ADMINISTERS)
def show(platform_id: str, roster_id: str) -> str:
    """Show who takes part in a course, as far as the viewer may see them."""
    here, viewer, number = sidecar(), current().viewer, _page_number()
    with here.reading() as db:
        platform = find_platform_of(db, viewer, platform_id)
        line = find_roster(db, platform, roster_id, here.now())
        found = list_participants(db, viewer, line, number)
        page = render_template(
            "staff/roster.html",
            platform=platform,
            line=line,
            page=found,
            may_run=viewer.may_run_platform(platform.region_id),
            problem_text=problem_text,
        )
    _note(found.shown)
    return page


@blueprint.post("/staff/platforms/<platform_id>/rosters/<roster_id>/refresh")
@audience(*ADMINISTERS)
def refresh(platform_id: str, roster_id: str) -> Response:
    """Ask for a look at a course at once."""
    here, viewer = sidecar(), current().viewer
    with here.transaction() as db:
        platform = find_platform_to_run(db, viewer, platform_id)
        line = find_roster(db, platform, roster_id, here.now())
        rosters.ask(db, line.roster.id, here.now())
        audit.record(db, "platform.roster_asked", platform.id, at=here.now(), identity_id=viewer.identity_id)
    return redirect(f"/staff/platforms/{platform_id}/rosters/{roster_id}", 303)


def _page_number() -> int:
    return max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))


def _note(shown: Iterable[Participant]) -> None:
    """Record who was seen, as people of each municipality by itself."""
    by_municipality = defaultdict[str, list[str]](list)
    for one in shown:
        by_municipality[one.municipality_id].append(one.seen_as)
    for municipality_id, ids in by_municipality.items():
        looks.note("roster", municipality_id, ids)


def problem_text(code: str) -> str:
    """Say in plain words why a look failed, and what to do."""
    said = _(OF_ROSTERS[code]) if code in OF_ROSTERS else say_reason(code, {}, current().language)
    return (
        _("Something went wrong on our side. We try again by ourselves; an operator sees it.") if said == code else said
    )
