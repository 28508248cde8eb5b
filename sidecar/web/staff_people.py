"""Show a municipality's people, who is not placed and why, and take in a list of employees."""

from __future__ import annotations

import base64
import zlib

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.connectors.hr_csv import read_people
from sidecar.connectors.hr_csv_problems import PeopleFileRefusedError
from sidecar.core.checklists import find_visible
from sidecar.core.data_subjects import of_employment
from sidecar.core.municipalities import Municipality
from sidecar.core.people_lists import find_person, list_completed, list_people, list_units, list_unplaced
from sidecar.core.person_pages import gather
from sidecar.privacy import may_erase
from sidecar.secrets import BadTokenError
from sidecar.sync.people_import import import_people
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import FileMissingError
from sidecar.web.staff_menu import ADMINISTERS, SEES_PEOPLE, SEES_REPORTS

FILE_BYTES = 4 * 1024 * 1024
CARRIED_BYTES = 2 * FILE_BYTES
"""What the form of a previewed file may hold: encrypted, a file that does not compress grows by two thirds."""
PREVIEW_AGE_S = 1800
MOST_PAGES = 100_000

blueprint = Blueprint("staff_people", __name__)


@blueprint.get("/staff/municipalities/<slug>/people")
@audience(*SEES_PEOPLE)
def show(slug: str) -> str:
    """List the people the viewer may see."""
    return _list(slug)


@blueprint.post("/staff/municipalities/<slug>/people")
@audience(*SEES_PEOPLE)
def search(slug: str) -> str:
    """List the people that match; sent by POST, since a name has no place in a URL."""
    form = request.form
    number = max(1, min(form.get("page", 1, type=int), MOST_PAGES))
    return _list(slug, words=form.get("search", "")[:100], unit=form.get("unit", ""), number=number)


@blueprint.get("/staff/municipalities/<slug>/people/<employment_id>")
@audience(*SEES_PEOPLE)
def show_person(slug: str, employment_id: str) -> str:
    """Show where one person works, as far as the viewer may see, how they come in, and what they completed."""
    viewer = current().viewer
    with sidecar().reading() as db:
        municipality = find_visible(db, viewer, slug, whole=False)
        person, employment = find_person(db, viewer, municipality.id, employment_id)
        subject = of_employment(db, viewer, employment_id)
        page = render_template(
            "staff/person.html",
            municipality=municipality,
            person=person,
            employment=employment,
            completed=list_completed(db, viewer, municipality.id, employment_id, sidecar().today()),
            may_export=viewer.sees_municipality(municipality.id),
            may_erase=may_erase(viewer, subject),
            shown=gather(db, viewer, subject),
            may_ask_why=viewer.is_one_of(*ADMINISTERS),
        )
    looks.note("person-page", municipality.id, [person.id])
    return page


@blueprint.get("/staff/municipalities/<slug>/not-placed")
@audience(*SEES_REPORTS)
def show_unplaced(slug: str) -> str:
    """List who has signed in from the LMS but matches no employee, with the reason and what to do."""
    viewer = current().viewer
    with sidecar().reading() as db:
        municipality = find_visible(db, viewer, slug)
        unplaced = list_unplaced(db, viewer, municipality.id, sidecar().today())
        page = render_template("staff/not_placed.html", municipality=municipality, unplaced=unplaced)
    looks.note("not-placed", municipality.id, [each.identity.id for each in unplaced])
    return page


@blueprint.get("/staff/municipalities/<slug>/import")
@audience(*SEES_REPORTS)
def ask_for_file(slug: str) -> str:
    """Show the form that takes a CSV file."""
    return render_template("staff/import.html", municipality=_municipality(slug))


@blueprint.post("/staff/municipalities/<slug>/import")
@audience(*SEES_REPORTS, body_bytes=FILE_BYTES)
def preview(slug: str) -> str | tuple[str, int]:
    """Say what the file would change, and change nothing yet."""
    municipality = _municipality(slug)
    file = request.files.get("people")
    content = file.read() if file else b""
    if not content:
        raise FileMissingError
    try:
        people = read_people(content)
    except PeopleFileRefusedError as error:
        return render_template("staff/import.html", municipality=municipality, refused=error), 400
    found = import_people(sidecar(), current().viewer, municipality.id, people, dry_run=True)
    return render_template(
        "staff/import_preview.html", municipality=municipality, found=found, token=_seal(municipality, content)
    )


@blueprint.post("/staff/municipalities/<slug>/import/confirm")
@audience(*SEES_REPORTS, body_bytes=CARRIED_BYTES)
def confirm(slug: str) -> str:
    """Take in the file that was previewed."""
    municipality = _municipality(slug)
    people = read_people(_unseal(municipality, request.form.get("token", "")))
    done = import_people(sidecar(), current().viewer, municipality.id, people)
    return render_template("staff/import_done.html", municipality=municipality, done=done)


@blueprint.get("/staff/municipalities/<slug>/import/confirm")
@audience(*SEES_REPORTS)
def back_to_people(slug: str) -> Response:
    """Lead who reloads the page after an import to the list."""
    return redirect(f"/staff/municipalities/{_municipality(slug).slug}/people", 303)


def _list(slug: str, *, words: str = "", unit: str = "", number: int = 1) -> str:
    viewer, today = current().viewer, sidecar().today()
    is_fragment = "HX-Request" in request.headers  # htmx takes the list alone out of the page, at each keystroke
    with sidecar().reading() as db:
        municipality = find_visible(db, viewer, slug, whole=False)
        found = list_people(db, viewer, municipality.id, today, search=words, unit=unit, number=number)
        page = render_template(
            "staff/people.html",
            municipality=municipality,
            sees_all=viewer.sees_municipality(municipality.id),
            page=found,
            units=list_units(db, viewer, municipality.id, today),
            search=words,
            unit=unit,
            unplaced=None if is_fragment else len(list_unplaced(db, viewer, municipality.id, today)),
        )
    looks.note("people-list", municipality.id, [line.person_id for line in found.lines])
    return page


def _municipality(slug: str) -> Municipality:
    with sidecar().reading() as db:
        found = find_visible(db, current().viewer, slug)
        db.expunge(found)
    return found


def _seal(municipality: Municipality, content: bytes) -> str:
    """Return the file encrypted, for the form itself to carry: nothing is kept here of an import not confirmed."""
    packed = base64.b85encode(zlib.compress(content)).decode("ascii")
    claims = {"municipality": municipality.id, "identity": current().identity_id, "people": packed}
    return sidecar().secrets.token(claims, sidecar().now())


def _unseal(municipality: Municipality, token: str) -> bytes:
    claims = sidecar().secrets.read_token(token, sidecar().now(), max_age_s=PREVIEW_AGE_S)
    if (claims.get("municipality"), claims.get("identity")) != (municipality.id, current().identity_id):
        raise BadTokenError
    return zlib.decompress(base64.b85decode(claims["people"]))
