"""Give out everything that is kept of an employee, and erase one, as the law lets people ask for."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from sidecar import privacy
from sidecar.core.access import Viewer
from sidecar.core.checklists import find_visible
from sidecar.core.data_subjects import DataSubject, of_employment, of_key
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Employment, Person
from sidecar.core.people_lists import find_person
from sidecar.errors import NotAllowedError, SidecarError
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.my_data import send_pieces
from sidecar.web.staff_menu import SEES_REPORTS

ERASES = ("rkk", "operator")

blueprint = Blueprint("staff_person", __name__)


class NumberDiffersError(SidecarError):
    """That is not this person's employee number. Nobody was erased; type the number as it stands on this page."""

    code = "number-differs"


@blueprint.get("/staff/municipalities/<slug>/people/<employment_id>/export")
@audience(*SEES_REPORTS)
def export(slug: str, employment_id: str) -> Response:
    """Give out what is kept of an employee, as far as it belongs to the municipalities that the viewer sees."""
    viewer = replace(current().viewer, units=frozenset(), unit_ids=frozenset())
    _, _, _, subject = _find(viewer, slug, employment_id)
    return send_pieces(privacy.export(sidecar(), viewer, subject), f"{privacy.FORMAT}-{subject.id}.json")


@blueprint.get("/staff/municipalities/<slug>/people/<employment_id>/erase")
@audience(*ERASES)
def ask(slug: str, employment_id: str) -> str:
    """Say what an erasure does, and ask for the employee number."""
    return _form(slug, employment_id)


@blueprint.post("/staff/municipalities/<slug>/people/<employment_id>/erase")
@audience(*ERASES)
def erase(slug: str, employment_id: str) -> AnyResponse | tuple[str, int]:
    """Erase an employee whose number was typed."""
    viewer = current().viewer
    _, _, employment, subject = _find(viewer, slug, employment_id)
    if request.form.get("number", "").strip() != employment.employee_number:
        return _form(slug, employment_id, NumberDiffersError()), 400
    privacy.erase(sidecar(), viewer, subject)
    return redirect(f"/staff/erasures/{subject.id}", 303)


@blueprint.get("/staff/erasures/<person_id>")
@audience(*ERASES)
def show_receipt(person_id: str) -> str:
    """Show what an erasure did, and which municipalities have reports with the person in them."""
    viewer = current().viewer
    with sidecar().reading() as db:
        subject = of_key(db, viewer, person_id)
    return render_template("staff/erased.html", receipt=privacy.find_receipt(sidecar(), viewer, subject))


def _find(viewer: Viewer, slug: str, employment_id: str) -> tuple[Municipality, Person, Employment, DataSubject]:
    with sidecar().reading() as db:
        municipality = find_visible(db, viewer, slug)
        person, employment = find_person(db, viewer, municipality.id, employment_id)
        subject = of_employment(db, viewer, employment_id)
        db.expunge_all()
    return municipality, person, employment, subject


def _form(slug: str, employment_id: str, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    municipality, person, employment, subject = _find(viewer, slug, employment_id)
    if not privacy.may_erase(viewer, subject):
        raise NotAllowedError
    page = render_template(
        "staff/erase.html",
        municipality=municipality,
        person=person,
        employment=employment,
        holding=privacy.preview(sidecar(), viewer, subject),
        problem=problem,
    )
    looks.note("erasure", municipality.id, [person.id])
    return page
