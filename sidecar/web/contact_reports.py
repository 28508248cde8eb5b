"""Show contacts the reports of their municipalities: get the files, confirm that they arrived, report errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from sidecar.core import access_log, delivery_receipts, row_errors
from sidecar.core.access import Viewer
from sidecar.core.contact_reports import list_reports
from sidecar.core.contact_sign_ins import ContactNotSignedInError, SignedInContact
from sidecar.core.contacts import list_own, set_own_wishes
from sidecar.core.deliveries import Delivery, FilesRemovedError, find_delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.report_definitions import defined_of
from sidecar.errors import NotFoundError, SidecarError
from sidecar.language import N_
from sidecar.reports import kept, words
from sidecar.reports.channels import channels_of
from sidecar.reports.named import list_named
from sidecar.web.access import CONTACT, LANGUAGE_COOKIE, audience, current, sidecar
from sidecar.web.cookies import give_cookie
from sidecar.web.forms import submit
from sidecar.web.pages import YEAR

MOST_PAGES: Final = 100_000
KIND_NAMES: Final = {
    "not-ours": N_("Somebody does not work for us"),
    "missing": N_("Somebody or something is missing"),
    "wrong-course": N_("Course, result or day is wrong"),
    "wrong-person": N_("Name, number or unit is wrong"),
    "other": N_("Something else"),
}

blueprint = Blueprint("contact_reports", __name__)


@blueprint.get("/reports")
@audience(CONTACT)
def show_all() -> str:
    """List the deliveries to the contact's municipalities, the newest first."""
    viewer, number = _contact().viewer, request.args.get("page", 1, type=int)
    with sidecar().reading() as db:
        page = list_reports(db, viewer, number=max(1, min(number, MOST_PAGES)))
        return render_template(
            "contact/reports.html",
            page=page,
            titles=titles_of(db, [one.delivery for one in page.lines]),
            is_one=len(viewer.municipality_ids) == 1,
        )


@blueprint.get("/reports/<delivery_id>")
@audience(CONTACT)
def show(delivery_id: str) -> str:
    """Show a delivery: its files, whether somebody has it, and what was reported as wrong."""
    return _page(delivery_id)


@blueprint.get("/reports/<delivery_id>/files/<name>")
@audience(CONTACT)
def download(delivery_id: str, name: str) -> Response:
    """Send a file of a delivery; the access log gets whom it tells of, before it is sent."""
    here = sidecar()
    with here.reading() as db:
        delivery = find_delivery(db, current().viewer, delivery_id)
        if delivery.files_removed_at:
            raise FilesRemovedError.of(delivery)
        file = next((each for each in delivery.files if each["name"] == name), None)
        if file is None:
            raise NotFoundError(what="file", key=name)
        db.expunge(delivery)
    person_ids = list_named(here, current().viewer, delivery)
    viewer, where = _contact().viewer_in(delivery.municipality_id), delivery.municipality_id
    with here.transaction() as db:
        access_log.record(db, viewer, "report-file", person_ids, municipality_id=where, now=here.now())
    response = Response(kept.read(here, delivery, file), mimetype=file["media_type"])
    response.content_length = int(file["size_bytes"])
    response.headers.set("Content-Disposition", "attachment", filename=file["name"])
    return response


@blueprint.post("/reports/<delivery_id>/receipt")
@audience(CONTACT)
def confirm(delivery_id: str) -> AnyResponse:
    """Write down that the contact has received the report."""
    here = sidecar()
    with here.transaction() as db:
        delivery_receipts.confirm_receipt(db, _viewer_of(db, delivery_id), delivery_id, here.now())
    return redirect(f"/reports/{delivery_id}", 303)


@blueprint.post("/reports/<delivery_id>/errors")
@audience(CONTACT)
def report(delivery_id: str) -> AnyResponse | tuple[str, int]:
    """Keep what the contact reports as wrong in a row."""
    here, form = sidecar(), request.form

    def act(db: Session) -> None:
        row_errors.report_error(
            db,
            here.secrets,
            _viewer_of(db, delivery_id),
            delivery_id,
            kind=form.get("kind", ""),
            row_number=_read_row(form.get("row", "")),
            words=form.get("words", ""),
            now=here.now(),
        )

    refused = submit(act, lambda problem: _page(delivery_id, problem))
    return refused or redirect(f"/reports/{delivery_id}#errors", 303)


@blueprint.get("/reports/me")
@audience(CONTACT)
def show_own() -> str:
    """Show a contact what is kept of them, and let them choose language and mails."""
    return _own_page()


@blueprint.post("/reports/me")
@audience(CONTACT)
def keep_own() -> AnyResponse | tuple[str, int]:
    """Keep the language, and whether mails are wanted."""
    language, wants_mail = request.form.get("language", ""), request.form.get("wants_mail") == "yes"
    email = _contact().email
    refused = submit(lambda db: set_own_wishes(db, email, language=language, wants_mail=wants_mail), _own_page)
    if refused:
        return refused
    response = redirect("/reports/me?kept=1", 303)
    give_cookie(response, LANGUAGE_COOKIE, language, lasts=YEAR)
    return response


def titles_of(db: Session, deliveries: Iterable[Delivery]) -> dict[str, str]:
    """Return what each of these reports is called, by the id of its delivery."""
    versions = {one.id: (one.definition, one.definition_version) for one in deliveries}
    language = current().language
    told = {one: words.title_of(defined_of(db, *one), language) for one in set(versions.values())}
    return {delivery_id: told[version] for delivery_id, version in versions.items()}


def _contact() -> SignedInContact:
    contact = current().contact
    if contact is None:
        raise ContactNotSignedInError
    return contact


def _viewer_of(db: Session, delivery_id: str) -> Viewer:
    """Return the contact as the viewer of the municipality that a delivery is for.

    Raises:
        NotFoundError: it is none of theirs.
    """
    return _contact().viewer_in(find_delivery(db, current().viewer, delivery_id).municipality_id)


def _read_row(typed: str) -> int | None:
    """Read the number of a row; None for an empty field, 0 for what is no number."""
    text = typed.strip()
    if not text:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0


def _page(delivery_id: str, problem: SidecarError | None = None) -> str:
    here, viewer = sidecar(), current().viewer
    with here.reading() as db:
        delivery = find_delivery(db, viewer, delivery_id)
        receipts = delivery_receipts.list_receipts(db, viewer, delivery_id)
        return render_template(
            "contact/report.html",
            delivery=delivery,
            title=titles_of(db, [delivery])[delivery_id],
            municipality=db.get_one(Municipality, delivery.municipality_id).name,
            receipts=receipts,
            is_mine=delivery_receipts.is_confirmed_by(db, _viewer_of(db, delivery_id), delivery_id),
            errors=row_errors.list_of_delivery(db, here.secrets, viewer, delivery_id),
            kind_names=KIND_NAMES,
            most=row_errors.MOST_CHARACTERS,
            problem=problem,
        )


def _own_page(problem: SidecarError | None = None) -> str:
    contact = _contact()
    with sidecar().reading() as db:
        kept_rows = [
            (row, municipality, channels_of(db, municipality.id))
            for row, municipality in list_own(db, contact.viewer, contact.email)
        ]
        return render_template("contact/me.html", contact=contact, rows=kept_rows, problem=problem)
