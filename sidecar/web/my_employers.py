"""Let people name an employer of theirs in another region, once they have seen what is told then, and take it back."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import named_employers
from sidecar.core.crossing_told import list_to_show
from sidecar.errors import SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.my_learning import STAFF, find_self, own_place

LEARNER = "/play/<launch_id>/learning"
EMPLOYERS = "employers"

blueprint = Blueprint("my_employers", __name__)


@blueprint.get(f"{LEARNER}/{EMPLOYERS}")
@audience("launch")
def show_learner(launch_id: str) -> str:  # noqa: ARG001 (the cookie is looked up by it)
    """Show a learner which employers in other regions they may name, and what is told then."""
    return _page()


@blueprint.post(f"{LEARNER}/{EMPLOYERS}")
@audience("launch")
def decide_of_learner(launch_id: str) -> Response | tuple[str, int]:  # noqa: ARG001
    """Keep the employer that a learner names, or take it back."""
    return _decide()


@blueprint.get(f"{STAFF}/{EMPLOYERS}")
@audience("staff")
def show_staff() -> str:
    """Show who is signed in which employers in other regions they may name, and what is told then."""
    return _page()


@blueprint.post(f"{STAFF}/{EMPLOYERS}")
@audience("staff")
def decide_of_staff() -> Response | tuple[str, int]:
    """Keep the employer that who is signed in names, or take it back."""
    return _decide()


def _page(problem: SidecarError | None = None) -> str:
    today = sidecar().today()
    with sidecar().reading() as db:
        subject = find_self(db)
        offered = named_employers.list_offered(db, subject, today)
        regions = sorted({one.region_id for one in offered if one.region_id})
        told = [one for region_id in regions for one in list_to_show(db, region_id, subject.id, today)]
        return render_template(
            "pages/my_employers.html",
            **own_place(),
            offered=[one for one in offered if one.region_id],
            named=[one for one in offered if one.named],
            told=told,
            typed=request.form if problem else {},
            problem=problem,
        )


def _decide() -> Response | tuple[str, int]:
    answer, by, here = request.form.get("answer"), current().identity_id, sidecar()
    org_number, number = request.form.get("org_number", ""), request.form.get("employee_ref", "")

    def act(db: Session) -> None:
        subject, now = find_self(db), here.now()
        if answer == "name":
            today = here.today()
            named_employers.name_employer(db, subject, org_number, number, identity_id=by, now=now, today=today)
        elif answer == "take-back":
            named_employers.take_back(db, subject, org_number, identity_id=by, now=now)
        else:
            abort(400)

    return submit(act, _page) or redirect(f"{own_place()['path']}/{EMPLOYERS}", 303)
