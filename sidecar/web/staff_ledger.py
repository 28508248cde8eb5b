"""Show what was delivered to whom, with receipts, and let failed deliveries be tried again."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from sidecar.core.checklists import find_visible, list_visible
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery, FilesRemovedError, find_delivery
from sidecar.core.ledgers import STATES, list_ledger
from sidecar.core.municipalities import Municipality
from sidecar.core.people_lists import list_people_in
from sidecar.errors import NotFoundError
from sidecar.reports import deliver
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import SEES_REPORTS

blueprint = Blueprint("staff_ledger", __name__)


@blueprint.get("/staff/ledger")
@audience(*SEES_REPORTS)
def show_all() -> str:
    """List deliveries, the newest first, by municipality and state."""
    viewer, args = current().viewer, request.args
    slug, state = args.get("municipality", ""), args.get("state", "")
    number = max(1, min(args.get("page", 1, type=int), 100_000))
    with sidecar().reading() as db:
        municipality_id = find_visible(db, viewer, slug).id if slug else None
        page = list_ledger(db, viewer, municipality_id, state=state if state in STATES else "", number=number)
        return render_template(
            "staff/ledger.html", page=page, municipalities=list_visible(db, viewer), slug=slug, state=state
        )


@blueprint.get("/staff/ledger/<delivery_id>")
@audience(*SEES_REPORTS)
def show(delivery_id: str) -> str:
    """Show a delivery: its state, receipt, content hash and files."""
    with sidecar().reading() as db:
        delivery = find_delivery(db, current().viewer, delivery_id)
        return render_template(
            "staff/delivery.html",
            delivery=delivery,
            municipality=db.get_one(Municipality, delivery.municipality_id),
            connection=db.get_one(Connection, delivery.connection_id),
        )


@blueprint.post("/staff/ledger/<delivery_id>/retry")
@audience(*SEES_REPORTS)
def retry(delivery_id: str) -> AnyResponse:
    """Try a failed delivery again."""
    deliver.retry(sidecar(), current().viewer, delivery_id)
    return redirect(f"/staff/ledger/{delivery_id}", 303)


@blueprint.get("/staff/ledger/<delivery_id>/files/<name>")
@audience(*SEES_REPORTS)
def download(delivery_id: str, name: str) -> Response:
    """Send a file of a delivery to who sees the whole municipality."""
    viewer = current().viewer
    with sidecar().reading() as db:
        delivery = find_delivery(db, viewer, delivery_id)
        if delivery.files_removed_at:
            raise FilesRemovedError.of(delivery)
        file, person_ids = _file_of(delivery, name), list_people_in(db, viewer, delivery)
    looks.note("report-file", delivery.municipality_id, person_ids)
    response = Response(sidecar().storage.stream(file["digest"]), mimetype=file["media_type"])
    response.content_length = int(file["size_bytes"])
    response.headers.set("Content-Disposition", "attachment", filename=file["name"])
    return response


def _file_of(delivery: Delivery, name: str) -> dict[str, str]:
    found: dict[str, str] | None = next((each for each in delivery.files if each["name"] == name), None)
    if found is None:
        raise NotFoundError(what="file", key=name)
    return found
