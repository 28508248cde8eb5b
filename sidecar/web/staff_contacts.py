"""Let the RKK and operators keep the contacts of a municipality, and ask them to confirm their address."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import contact_mails, contact_sign_ins, contacts
from sidecar.core.access import Viewer
from sidecar.core.checklists import find_visible
from sidecar.core.contacts import Contact, Wanted
from sidecar.core.municipalities import Municipality
from sidecar.errors import NotFoundError, SidecarError
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import read_day
from sidecar.web.forms import submit
from sidecar.web.staff_menu import ADMINISTERS

blueprint = Blueprint("staff_contacts", __name__)


@blueprint.get("/staff/municipalities/<slug>/contacts")
@audience(*ADMINISTERS)
def show_all(slug: str) -> str:
    """List the contacts of a municipality, and show the form that adds one."""
    return _list_page(slug)


@blueprint.post("/staff/municipalities/<slug>/contacts")
@audience(*ADMINISTERS)
def add(slug: str) -> Response | tuple[str, int]:
    """Add a contact, and send them a mail to confirm the address."""

    def act(db: Session) -> None:
        viewer, now = current().viewer, sidecar().now()
        municipality = _find_kept(db, viewer, slug)
        contact = contacts.add_contact(db, viewer, municipality.id, _read(request.form), now)
        contact_mails.put(db, contact, now)

    return submit(act, lambda problem: _list_page(slug, problem)) or _back(slug)


@blueprint.get("/staff/municipalities/<slug>/contacts/<contact_id>")
@audience(*ADMINISTERS)
def show(slug: str, contact_id: str) -> str:
    """Show a contact, and the forms that change, end or remove them."""
    return _one_page(slug, contact_id)


@blueprint.post("/staff/municipalities/<slug>/contacts/<contact_id>")
@audience(*ADMINISTERS)
def change(slug: str, contact_id: str) -> Response | tuple[str, int]:
    """Change a contact; another address must be confirmed anew, and ends the sign-ins."""

    def act(db: Session) -> None:
        viewer, now = current().viewer, sidecar().now()
        contact = _find_of(db, viewer, slug, contact_id)
        if contacts.change_contact(db, viewer, contact_id, _read(request.form), now):
            contact_sign_ins.end_all(db, contact_id, now)
            contact_mails.put(db, contact, now)

    return submit(act, lambda problem: _one_page(slug, contact_id, problem)) or _back(slug)


@blueprint.post("/staff/municipalities/<slug>/contacts/<contact_id>/confirm")
@audience(*ADMINISTERS)
def ask_again(slug: str, contact_id: str) -> Response:
    """Send a contact another mail to confirm the address."""
    with sidecar().transaction() as db:
        _find_of(db, current().viewer, slug, contact_id)
        contact_mails.put_again(db, current().viewer, contact_id, sidecar().now())
    return _back(slug)


@blueprint.post("/staff/municipalities/<slug>/contacts/<contact_id>/came-back")
@audience(*ADMINISTERS)
def note_returned(slug: str, contact_id: str) -> Response:
    """Note that mail to a contact came back: they must confirm an address anew, and their sign-ins end."""
    with sidecar().transaction() as db:
        _find_of(db, current().viewer, slug, contact_id)
        contact_mails.note_returned(db, current().viewer, contact_id, sidecar().now())
        contact_sign_ins.end_all(db, contact_id, sidecar().now())
    return redirect(f"/staff/municipalities/{slug}/contacts/{contact_id}", 303)


@blueprint.post("/staff/municipalities/<slug>/contacts/<contact_id>/end")
@audience(*ADMINISTERS)
def end(slug: str, contact_id: str) -> Response:
    """End a contact, and their sign-ins."""
    here, viewer = sidecar(), current().viewer
    with here.transaction() as db:
        _find_of(db, viewer, slug, contact_id)
        contacts.end_contact(db, viewer, contact_id, here.now(), here.today())
        contact_sign_ins.end_all(db, contact_id, here.now())
    return _back(slug)


@blueprint.post("/staff/municipalities/<slug>/contacts/<contact_id>/remove")
@audience(*ADMINISTERS)
def remove(slug: str, contact_id: str) -> Response:
    """Remove a contact with all that is kept of them."""
    with sidecar().transaction() as db:
        _find_of(db, current().viewer, slug, contact_id)
        contacts.remove_contact(db, current().viewer, contact_id, sidecar().now())
    return _back(slug)


def _read(form: Mapping[str, str]) -> Wanted:
    """Read what a contact shall be; from today on where no first day is given."""
    return Wanted(
        name=form.get("name", ""),
        email=form.get("email", ""),
        role=form.get("role", ""),
        language=form.get("language", ""),
        starts_on=read_day(form.get("starts_on", "")) or sidecar().today(),
        ends_on=read_day(form.get("ends_on", "")),
        wants_mail=form.get("wants_mail") == "yes",
    )


def _find_kept(db: Session, viewer: Viewer, slug: str) -> Municipality:
    municipality = find_visible(db, viewer, slug)
    if not contacts.may_keep(viewer, municipality.id):
        raise NotFoundError(what="municipality", key=slug)
    return municipality


def _find_of(db: Session, viewer: Viewer, slug: str, contact_id: str) -> Contact:
    municipality, contact = _find_kept(db, viewer, slug), contacts.find_contact(db, viewer, contact_id)
    if contact.municipality_id != municipality.id:
        raise NotFoundError(what="contact", key=contact_id)
    return contact


def _back(slug: str) -> Response:
    return redirect(f"/staff/municipalities/{slug}/contacts", 303)


def _list_page(slug: str, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        municipality = _find_kept(db, viewer, slug)
        rows = [one for one, _ in contacts.list_contacts(db, viewer, municipality.id)]
        return render_template(
            "staff/contacts.html",
            municipality=municipality,
            rows=rows,
            mails=contact_mails.list_newest(db, viewer, [one.id for one in rows]),
            left=contacts.list_left(db, viewer, sidecar().now()),
            today=sidecar().today(),
            typed=request.form if problem else {"language": "nb", "wants_mail": "yes"},
            problem=problem,
        )


def _one_page(slug: str, contact_id: str, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        contact = _find_of(db, viewer, slug, contact_id)
        return render_template(
            "staff/contacts_one.html",
            municipality=db.get_one(Municipality, contact.municipality_id),
            contact=contact,
            mail=contact_mails.list_newest(db, viewer, [contact_id]).get(contact_id),
            today=sidecar().today(),
            typed=request.form if problem else _typed(contact),
            problem=problem,
        )


def _typed(contact: Contact) -> dict[str, str]:
    """Return a contact as the form has it."""
    return {
        "name": contact.name,
        "email": contact.email,
        "role": contact.role,
        "language": contact.language,
        "starts_on": contact.starts_on.isoformat(),
        "ends_on": contact.ends_on.isoformat() if contact.ends_on else "",
        "wants_mail": "yes" if contact.wants_mail else "",
    }
