"""Let the RKK and operators match what other regions told of employees that nobody here has the number of."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import crossing_matching, crossing_received
from sidecar.core.crossing_sent import COUNTED, WAITING
from sidecar.errors import SidecarError
from sidecar.sharing.crossing_hearing import find_hearer
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import submit
from sidecar.web.staff_menu import ADMINISTERS

PAGE: Final = "/staff/crossings"
MOST_PAGES: Final = 100_000

blueprint = Blueprint("staff_crossings", __name__)


@blueprint.get(PAGE)
@audience(*ADMINISTERS)
def show() -> str:
    """List what waits for an employee, what came first coming first; or what counts for one."""
    return _page()


@blueprint.post(f"{PAGE}/<received_id>/match")
@audience(*ADMINISTERS)
def match(received_id: str) -> Response | tuple[str, int]:
    """Let a completion count for the employee whose number is written."""
    here, viewer, number = sidecar(), current().viewer, request.form.get("number", "")

    def act(db: Session) -> None:
        line = crossing_received.find_line(db, viewer, received_id, WAITING)
        hearer = find_hearer(here, db, line.received.peer_id)
        now, today = here.now(), here.today()
        crossing_matching.match_by_hand(db, viewer, hearer, received_id, number, now=now, today=today)

    return submit(act, lambda problem: _page(problem, received_id)) or redirect(PAGE, 303)


@blueprint.post(f"{PAGE}/<received_id>/refuse")
@audience(*ADMINISTERS)
def refuse(received_id: str) -> Response:
    """Say of a completion that it is not of the employee, or of none; its region is told."""
    with sidecar().transaction() as db:
        crossing_matching.turn_down(db, current().viewer, received_id, now=sidecar().now())
    return redirect(PAGE if _state() == WAITING else f"{PAGE}?state={COUNTED}", 303)


def _page(problem: SidecarError | None = None, about: str = "") -> str:
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    with sidecar().reading() as db:
        page = crossing_received.page_of(db, current().viewer, _state(), number)
        return render_template("staff/crossings.html", page=page, state=_state(), problem=problem, about=about)


def _state() -> str:
    """Return which are shown: those that wait, or those that count."""
    return COUNTED if request.args.get("state") == COUNTED else WAITING
