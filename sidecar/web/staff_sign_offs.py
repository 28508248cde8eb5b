"""Let managers, and who looks after a municipality's training, sign off tasks of learning paths, and take it back."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import sign_offs
from sidecar.core.checklists import find_visible, list_visible
from sidecar.core.evidence import NOTE_CHARACTERS
from sidecar.core.municipalities import Municipality
from sidecar.core.open_tasks import find_task, list_open, list_tasks
from sidecar.core.sign_offs import SignOff, find_signed, list_signed
from sidecar.errors import SidecarError
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.days import DayUnreadableError, read_old_day
from sidecar.web.forms import submit
from sidecar.web.staff_menu import SEES_PEOPLE

HERE = "/staff/sign-offs"
MOST_PAGES = 100_000

blueprint = Blueprint("staff_sign_offs", __name__)


@blueprint.get(HERE)
@audience(*SEES_PEOPLE)
def show_all() -> str:
    """List the tasks that the viewer's people have, those that somebody asks about first."""
    viewer, slug = current().viewer, request.args.get("municipality", "")
    with sidecar().reading() as db:
        places = list_visible(db, viewer)
        chosen = find_visible(db, viewer, slug, whole=False) if slug else next(iter(places), None)
        tasks = list_tasks(db, viewer, sidecar().today())
        return render_template("staff/sign_offs.html", tasks=tasks, places=places, chosen=chosen)


@blueprint.get(f"{HERE}/<slug>/<key>")
@audience(*SEES_PEOPLE)
def show(slug: str, key: str) -> str:
    """Show who in a municipality has a task open, and what was signed off of it."""
    return _page(slug, key)


@blueprint.post(f"{HERE}/<slug>/<key>")
@audience(*SEES_PEOPLE)
def sign_off(slug: str, key: str) -> Response | tuple[str, int]:
    """Sign a task off for everybody who was ticked."""
    viewer, now, form = current().viewer, sidecar().now(), request.form
    count = 0

    def act(db: Session) -> None:
        nonlocal count
        day = read_old_day(form.get("day", ""))
        if day is None:
            raise DayUnreadableError
        municipality = find_visible(db, viewer, slug, whole=False)
        chosen, said = form.getlist("employment"), SignOff(day, form.get("note", ""))
        count = sign_offs.sign_off(db, viewer, municipality.id, key, chosen, said, now)

    refused = submit(act, lambda problem: _page(slug, key, problem))
    return refused or redirect(f"{HERE}/{slug}/{key}?signed={count}", 303)


@blueprint.get(f"{HERE}/signed/<evidence_id>/take-back")
@audience(*SEES_PEOPLE)
def ask_to_take_back(evidence_id: str) -> str:
    """Show a sign-off, and ask why it is to be taken back."""
    return _question(evidence_id)


@blueprint.post(f"{HERE}/signed/<evidence_id>/take-back")
@audience(*SEES_PEOPLE)
def take_back(evidence_id: str) -> Response | tuple[str, int]:
    """Take a sign-off back, with a reason."""
    viewer, now, reason = current().viewer, sidecar().now(), request.form.get("reason", "")
    with sidecar().reading() as db:
        line = find_signed(db, viewer, evidence_id)
        place = f"{db.get_one(Municipality, line.evidence.municipality_id).slug}/{line.course.key}"
    refused = submit(
        lambda db: sign_offs.take_back(db, viewer, evidence_id, reason, now),
        lambda problem: _question(evidence_id, problem),
    )
    return refused or redirect(f"{HERE}/{place}?done=taken-back", 303)


def _page(slug: str, key: str, problem: SidecarError | None = None) -> str:
    viewer, today = current().viewer, sidecar().today()
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    with sidecar().reading() as db:
        municipality = find_visible(db, viewer, slug, whole=False)
        page = list_open(db, viewer, municipality.id, key, today, number)
        signed = list_signed(db, viewer, municipality.id, key)
        shown = render_template(
            "staff/sign_off.html",
            course=find_task(db, key),
            municipality=municipality,
            page=page,
            signed=signed,
            today=today,
            typed=request.form,
            ticked=request.form.getlist("employment"),
            note_characters=NOTE_CHARACTERS,
            problem=problem,
        )
    shown_people = [line.person for line in page.lines] + [one.person for one in signed]
    looks.note("sign-offs", municipality.id, [person.id for person in shown_people])
    return shown


def _question(evidence_id: str, problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        line = find_signed(db, current().viewer, evidence_id)
        municipality = db.get_one(Municipality, line.evidence.municipality_id)
        shown = render_template(
            "staff/sign_off_take_back.html", line=line, municipality=municipality, problem=problem, typed=request.form
        )
    looks.note("sign-offs", municipality.id, [line.person.id])
    return shown
