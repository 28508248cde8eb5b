"""Let staff enter what an employee completed elsewhere, and a second person confirm or refuse it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from sidecar.core import manual_evidence
from sidecar.core.checklists import find_visible
from sidecar.core.evidence import Evidence
from sidecar.core.evidence_documents import LARGEST_BYTES, type_by_beginning
from sidecar.core.manual_evidence import BASES, MAY_ENTER, Entry, EvidenceLine
from sidecar.core.people_lists import find_person
from sidecar.errors import NotAllowedError, NotFoundError, SidecarError
from sidecar.sync.entered_completions import Document, enter
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar
from sidecar.web.course_words import shown_title
from sidecar.web.days import DayUnreadableError, read_old_day
from sidecar.web.forms import submit

FORM_BYTES = LARGEST_BYTES + 200_000
MOST_PAGES = 100_000
EMPLOYEE = "/staff/municipalities/<slug>/people/<employment_id>/completions"

blueprint = Blueprint("staff_completions", __name__)


@blueprint.get(EMPLOYEE)
@audience(*MAY_ENTER)
def show_employee(slug: str, employment_id: str) -> str:
    """Show what was entered about an employee, by hand or from files, and the form that enters more."""
    return _employee(slug, employment_id)


@blueprint.post(EMPLOYEE)
@audience(*MAY_ENTER, body_bytes=FORM_BYTES)
def add(slug: str, employment_id: str) -> AnyResponse | tuple[str, int]:
    """Enter what an employee completed; a second person confirms it."""
    viewer = current().viewer
    with sidecar().reading() as db:
        municipality_id = find_visible(db, viewer, slug).id
    try:
        enter(sidecar(), viewer, municipality_id, employment_id, _read_entry(), _read_document())
    except NotAllowedError:
        raise
    except NotFoundError as gone:
        if gone.facts["what"] != "course":
            raise
        return _employee(slug, employment_id, gone), 400
    except SidecarError as problem:
        return _employee(slug, employment_id, problem), 400
    return redirect(f"{request.path}?done=entered", 303)


def _read_entry() -> Entry:
    said = {name: request.form.get(name, "").strip() for name in ("course", "day", "basis", "place", "note")}
    day = read_old_day(said["day"])
    if day is None:
        raise DayUnreadableError
    return Entry(said["course"], day, said["basis"], said["place"], said["note"])


def _read_document() -> Document | None:
    file = request.files.get("document")
    if file is None or not file.filename:
        return None
    with file.stream:
        return Document(file.filename, file.read(LARGEST_BYTES + 1))


def _employee(slug: str, employment_id: str, problem: SidecarError | None = None) -> str:
    viewer = current().viewer
    with sidecar().reading() as db:
        municipality = find_visible(db, viewer, slug)
        person, employment = find_person(db, viewer, municipality.id, employment_id)
        page = render_template(
            "staff/completions_of_employee.html",
            municipality=municipality,
            person=person,
            employment=employment,
            lines=manual_evidence.list_of_employee(db, viewer, municipality.id, person.id),
            courses=manual_evidence.list_courses(db, viewer),
            shown_title=shown_title,
            bases=BASES,
            typed=request.form,
            problem=problem,
            largest_bytes=LARGEST_BYTES,
        )
    looks.note("completions-entered", municipality.id, [person.id])
    return page


@blueprint.get("/staff/completions")
@audience(*MAY_ENTER)
def show_waiting() -> str:
    """List what waits for a second person, the oldest first."""
    number = max(1, min(request.args.get("page", 1, type=int), MOST_PAGES))
    with sidecar().reading() as db:
        page = manual_evidence.list_waiting(db, current().viewer, number)
        shown = render_template("staff/completions_waiting.html", page=page)
    for place in {line.municipality.id for line in page.lines}:
        looks.note(
            "completions-entered", place, [line.person.id for line in page.lines if line.municipality.id == place]
        )
    return shown


@blueprint.get("/staff/completions/<evidence_id>")
@audience(*MAY_ENTER)
def show(evidence_id: str) -> str:
    """Show what was entered, and let a second person decide."""
    return _page(evidence_id)


@blueprint.post("/staff/completions/<evidence_id>/confirm")
@audience(*MAY_ENTER)
def confirm(evidence_id: str) -> AnyResponse | tuple[str, int]:
    """Let it count."""
    viewer, now = current().viewer, sidecar().now()
    return _decide(evidence_id, lambda db: manual_evidence.confirm(db, viewer, evidence_id, now))


@blueprint.post("/staff/completions/<evidence_id>/refuse")
@audience(*MAY_ENTER)
def refuse(evidence_id: str) -> AnyResponse | tuple[str, int]:
    """Turn it down, with a reason."""
    viewer, now, reason = current().viewer, sidecar().now(), request.form.get("reason", "")
    return _decide(evidence_id, lambda db: manual_evidence.refuse(db, viewer, evidence_id, reason, now))


@blueprint.post("/staff/completions/<evidence_id>/withdraw")
@audience(*MAY_ENTER)
def withdraw(evidence_id: str) -> AnyResponse | tuple[str, int]:
    """Take it back, with a reason."""
    viewer, now, reason = current().viewer, sidecar().now(), request.form.get("reason", "")
    return _decide(evidence_id, lambda db: manual_evidence.withdraw(db, viewer, evidence_id, reason, now))


@blueprint.get("/staff/completions/<evidence_id>/document")
@audience(*MAY_ENTER)
def download(evidence_id: str) -> Response:
    """Give out the document of what was entered, to be saved and never shown here."""
    line = _find(evidence_id)
    digest, name = line.evidence.file_digest, line.evidence.file_name
    if digest is None or name is None:
        raise NotFoundError(what="file", key=evidence_id)
    looks.note("document", line.municipality.id, [line.person.id])
    pieces: Iterator[bytes] = sidecar().storage.stream(digest)
    first = next(pieces, b"")
    response = Response(chain([first], pieces), mimetype=type_by_beginning(first))
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return response


def _decide(evidence_id: str, act: Callable[[Session], Evidence]) -> AnyResponse | tuple[str, int]:
    return submit(act, lambda problem: _page(evidence_id, problem)) or redirect(
        f"/staff/completions/{evidence_id}", 303
    )


def _find(evidence_id: str) -> EvidenceLine:
    with sidecar().reading() as db:
        line = manual_evidence.find(db, current().viewer, evidence_id)
        db.expunge_all()
    return line


def _page(evidence_id: str, problem: SidecarError | None = None) -> str:
    line = _find(evidence_id)
    page = render_template("staff/completion_entered.html", line=line, problem=problem, typed=request.form)
    looks.note("completions-entered", line.municipality.id, [line.person.id])
    return page
