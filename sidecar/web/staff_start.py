"""Show staff what needs their attention."""

from __future__ import annotations

from flask import Blueprint, render_template

from sidecar.core import adoptions, erasure_requests, manual_evidence, sign_off_requests
from sidecar.core.checklists import checklists, list_visible
from sidecar.core.ledgers import count_attention
from sidecar.core.notices import list_for
from sidecar.core.people_lists import count_unplaced
from sidecar.core.platform_lists import waiting_for
from sidecar.core.source_reminders import HELD, list_held_sources
from sidecar.core.staff_courses import count_unreviewed, list_sent_back
from sidecar.health import problem_of_scheduler
from sidecar.reports.channels import is_channel
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import SEES_COURSES, SEES_PEOPLE

blueprint = Blueprint("staff_start", __name__)


@blueprint.get("/staff/")
@audience("staff")
def overview() -> str:
    """Show what needs attention, and where to go on."""
    viewer = current().viewer
    with sidecar().reading() as db:
        unready = [each for each in checklists(db, viewer, is_channel) if not each.is_ready]
        failed = count_attention(db, viewer)
        return render_template(
            "staff/start.html",
            unready=unready,
            failed=failed,
            notices=[one for one in list_for(db, viewer) if one.code not in HELD],
            held=list_held_sources(db, viewer),
            scheduler=problem_of_scheduler(sidecar()) if viewer.everything else None,
            unplaced=count_unplaced(db, viewer),
            unreviewed=count_unreviewed(db, viewer),
            sent_back=list_sent_back(db, viewer),
            lms=waiting_for(db, viewer),
            entered=manual_evidence.count_waiting(db, viewer),
            asked=sign_off_requests.count_asked(db, viewer, sidecar().today()),
            adopted=adoptions.count_waiting(db, viewer, sidecar().today()),
            erasures=erasure_requests.count_waiting(db, viewer),
            municipalities=list_visible(db, viewer),
            sees_courses=viewer.is_one_of(*SEES_COURSES),
            sees_people=viewer.is_one_of(*SEES_PEOPLE),
        )
