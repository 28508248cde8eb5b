"""Let staff look up the reference of a printed proof: does what it says hold?"""

from __future__ import annotations

from flask import Blueprint, render_template, request

from sidecar.core.proofs import Checked, ReferenceUnknownError, check_reference
from sidecar.errors import SidecarError
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import SEES_PEOPLE

TYPED_CHARACTERS = 60

blueprint = Blueprint("staff_proofs", __name__)


@blueprint.get("/staff/proofs")
@audience(*SEES_PEOPLE)
def ask() -> str:
    """Ask for the reference."""
    return _page()


@blueprint.post("/staff/proofs")
@audience(*SEES_PEOPLE)
def check() -> str | tuple[str, int]:
    """Say what holds of a proof; sent by POST, as what is about a person has no place in a URL."""
    typed = request.form.get("reference", "")[:TYPED_CHARACTERS].strip()
    try:
        with sidecar().reading() as db:
            found = check_reference(db, current().viewer, typed, sidecar().today())
    except SidecarError as problem:
        return _page(typed, problem=problem), 404 if isinstance(problem, ReferenceUnknownError) else 400
    for municipality_id in found.municipality_ids:
        looks.note("proof", municipality_id, [found.person_id])
    return _page(typed, found)


def _page(typed: str = "", found: Checked | None = None, problem: SidecarError | None = None) -> str:
    return render_template("staff/proof_check.html", typed=typed, found=found, problem=problem, today=sidecar().today())
