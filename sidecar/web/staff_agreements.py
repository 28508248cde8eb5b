"""Let the RKK and operators record and end what is agreed with other regions about employers' completions."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import crossing_agreements, crossing_sent, peers
from sidecar.core.crossing_agreements import TO_THEM, TO_US, WantedAgreement
from sidecar.core.peers import BLOCKED
from sidecar.errors import SidecarError
from sidecar.web import peer_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import read_day
from sidecar.web.forms import submit
from sidecar.web.staff_menu import ADMINISTERS

PAGE = "/staff/agreements"

blueprint = Blueprint("staff_agreements", __name__)


@blueprint.get(PAGE)
@audience(*ADMINISTERS)
def show() -> str:
    """List the agreements, and show the form that records one."""
    return _page()


@blueprint.post(PAGE)
@audience(*ADMINISTERS)
def record() -> Response | tuple[str, int]:
    """Record what was agreed with another region about an employer."""
    here, viewer, peer = sidecar(), current().viewer, request.form.get("peer", "")

    def act(db: Session) -> None:
        wanted = _read(request.form)
        crossing_agreements.record_agreement(db, viewer, peer, wanted, now=here.now(), today=here.today())

    return submit(act, _page) or redirect(PAGE, 303)


@blueprint.post(f"{PAGE}/<agreement_id>/end")
@audience(*ADMINISTERS)
def end(agreement_id: str) -> Response | tuple[str, int]:
    """End an agreement: yesterday was the last day."""
    here, viewer = sidecar(), current().viewer

    def act(db: Session) -> None:
        crossing_agreements.end_agreement(db, viewer, agreement_id, now=here.now(), today=here.today())

    return submit(act, _page) or redirect(PAGE, 303)


def _read(form: Mapping[str, str]) -> WantedAgreement:
    """Read what an agreement shall be; from today on where no first day is given."""
    to = form.get("to", "")
    return WantedAgreement(
        org_number=form.get("org_number", ""),
        employer=form.get("employer", ""),
        starts_on=read_day(form.get("starts_on", "")) or sidecar().today(),
        ends_on=read_day(form.get("ends_on", "")),
        said=form.get("said", ""),
        to=to if to in (TO_THEM, TO_US) else "",
    )


def _page(problem: SidecarError | None = None) -> str:
    viewer, today = current().viewer, sidecar().today()
    with sidecar().reading() as db:
        lines = crossing_agreements.list_agreements(db, viewer)
        about = {(one.agreement.peer_id, one.agreement.org_number) for one in lines if one.agreement.to == TO_THEM}
        return render_template(
            "staff/agreements.html",
            lines=lines,
            counts={key: crossing_sent.count_by_state(db, *key) for key in about},
            peers=[one for one in peers.list_peers(db, viewer) if one.state != BLOCKED],
            today=today,
            typed=request.form if problem else {},
            problem=problem,
            words=peer_words,
        )
