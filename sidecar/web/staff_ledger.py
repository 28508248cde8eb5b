"""Show what was delivered to whom, with receipts; try again, send again, ask after it."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from sidecar.core.access import Viewer
from sidecar.core.checklists import find_visible, list_visible
from sidecar.core.deliveries import Delivery, find_delivery
from sidecar.core.delivery_pages import tell
from sidecar.core.ledgers import ORDERS, STATES, Wanted, list_definitions, list_ledger
from sidecar.core.periods import Period, read_period
from sidecar.core.report_definitions import defined_of
from sidecar.core.retention import periods_of
from sidecar.errors import NotFoundError
from sidecar.reports import deliver, following, kept, resending, words
from sidecar.reports.named import list_named
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.staff_menu import SEES_REPORTS

blueprint = Blueprint("staff_ledger", __name__)


@blueprint.get("/staff/ledger")
@audience(*SEES_REPORTS)
def show_all() -> str:
    """List deliveries by municipality, state, report and month, in the order that is wished."""
    viewer, args = current().viewer, request.args
    number = max(1, min(args.get("page", 1, type=int), 100_000))
    with sidecar().reading() as db:
        wanted = _read_wanted(db, viewer)
        definitions = list_definitions(db, viewer)
        return render_template(
            "staff/ledger.html",
            page=list_ledger(db, viewer, wanted, number=number),
            municipalities=list_visible(db, viewer),
            slug=args.get("municipality", ""),
            wanted=wanted,
            titles={key: _title(db, key) for key in definitions},
        )


def _read_wanted(db: Session, viewer: Viewer) -> Wanted:
    """Return what the address asks for; a word that is none of ours asks for nothing."""
    args = request.args
    slug, state, order = args.get("municipality", ""), args.get("state", ""), args.get("order", "")
    return Wanted(
        municipality_id=find_visible(db, viewer, slug).id if slug else "",
        state=state if state in STATES else "",
        definition=args.get("report", "")[:40],
        month=_read_month(args.get("month", "")),
        order=order if order in ORDERS else ORDERS[0],
    )


def _read_month(text: str) -> Period | None:
    return read_period(text) if text else None


def _title(db: Session, definition_id: str) -> str:
    return words.title_of(defined_of(db, definition_id), current().language)


@blueprint.get("/staff/ledger/<delivery_id>")
@audience(*SEES_REPORTS)
def show(delivery_id: str) -> str:
    """Show a delivery: what came of it step by step, its receipt, content hash and files."""
    with sidecar().reading() as db:
        story = tell(db, current().viewer, delivery_id)
        return render_template(
            "staff/delivery.html",
            story=story,
            delivery=story.delivery,
            report=_title(db, story.delivery.definition),
            kept_until=_kept_until(db, story.delivery),
        )


def _kept_until(db: Session, delivery: Delivery) -> date:
    """Return the day until which the files are kept."""
    days = periods_of(db, delivery.municipality_id).report_files_days
    return (delivery.created_at + timedelta(days=days)).date()


@blueprint.post("/staff/ledger/<delivery_id>/retry")
@audience(*SEES_REPORTS)
def retry(delivery_id: str) -> AnyResponse:
    """Try a failed delivery again."""
    deliver.retry(sidecar(), current().viewer, delivery_id)
    return redirect(f"/staff/ledger/{delivery_id}", 303)


@blueprint.post("/staff/ledger/<delivery_id>/ask")
@audience(*SEES_REPORTS)
def ask(delivery_id: str) -> AnyResponse:
    """Ask the other side now what became of a delivery."""
    following.ask_now(sidecar(), current().viewer, delivery_id)
    return redirect(f"/staff/ledger/{delivery_id}", 303)


@blueprint.post("/staff/ledger/<delivery_id>/resend")
@audience(*SEES_REPORTS)
def resend(delivery_id: str) -> AnyResponse:
    """Send a report again, with a reason."""
    again = resending.resend(sidecar(), current().viewer, delivery_id, request.form.get("reason", ""))
    return redirect(f"/staff/ledger/{again.id}", 303)


@blueprint.get("/staff/ledger/<delivery_id>/files/<name>")
@audience(*SEES_REPORTS)
def download(delivery_id: str, name: str) -> Response:
    """Send a file of a delivery to who sees the whole municipality."""
    viewer = current().viewer
    with sidecar().reading() as db:
        delivery = find_delivery(db, viewer, delivery_id)
        file = _file_of(delivery, name)
        db.expunge(delivery)
    content = kept.read(sidecar(), delivery, file)
    looks.note("report-file", delivery.municipality_id, list_named(sidecar(), viewer, delivery))
    response = Response(content, mimetype=file["media_type"])
    response.content_length = int(file["size_bytes"])
    response.headers.set("Content-Disposition", "attachment", filename=file["name"])
    return response


def _file_of(delivery: Delivery, name: str) -> dict[str, str]:
    found: dict[str, str] | None = next((each for each in delivery.files if each["name"] == name), None)
    if found is None:
        raise NotFoundError(what="file", key=name)
    return found
