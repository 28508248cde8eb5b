"""Let the RKK see what other regions offer, look through what was received, and adopt it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core import adoption_answers, adoptions, offered_paths
from sidecar.core.adoptions import AdoptedLine
from sidecar.core.received_paths import ReceivedPathVersion, list_versions
from sidecar.errors import SidecarError
from sidecar.sharing import adopting, following
from sidecar.sharing.adopted_content import check_received, read_received
from sidecar.web import adoption_words, path_words, peer_words
from sidecar.web.access import audience, current, sidecar
from sidecar.web.findings import FindingLine, finding_lines, standard_name
from sidecar.web.forms import attempt, submit
from sidecar.web.path_forms import number_of
from sidecar.web.staff_menu import ADMINISTERS

OFFERED = "/staff/paths/offered"
RECEIVED = "/staff/paths/received/<received_id>"

blueprint = Blueprint("staff_adoptions", __name__)


@blueprint.get(OFFERED)
@audience(*ADMINISTERS)
def show_offered() -> str:
    """List what other regions offer, what of it was received, and what waits for an answer."""
    viewer, today = current().viewer, sidecar().today()
    with sidecar().reading() as db:
        lines = adoptions.list_adopted(db, viewer)
        return render_template(
            "staff/paths_offered.html",
            offered=offered_paths.list_offered(db, viewer),
            lines=sorted(lines, key=lambda one: not one.needs_attention_on(today)),
            ids={(one.received.region_id, one.received.origin): one.received.id for one in lines},
            today=today,
            words=adoption_words,
            peer_words=peer_words,
        )


@blueprint.post(f"{OFFERED}/<offered_id>/fetch")
@audience(*ADMINISTERS)
def fetch(offered_id: str) -> Response:
    """Let a worker fetch what is offered, now and whenever there is a newer version."""
    following.fetch(sidecar(), current().viewer, offered_id)
    return redirect(OFFERED, 303)


@blueprint.get(RECEIVED)
@audience(*ADMINISTERS)
def show_received(received_id: str) -> str:
    """Show all that a received version holds, and the form that adopts it."""
    return _review(received_id)


@blueprint.post(f"{RECEIVED}/adopt")
@audience(*ADMINISTERS)
def adopt(received_id: str) -> Response | tuple[str, int]:
    """Adopt the version that was looked at."""
    form = request.form
    is_draft = form.get("how") != "as-is"

    def act() -> Response:
        key = adopting.adopt(
            sidecar(),
            current().viewer,
            received_id,
            number=number_of(form, "number"),
            is_draft=is_draft,
            reports_use=form.get("reports_use") == "yes",
        )
        return redirect(f"/staff/paths/{key}/edit" if is_draft else f"/staff/paths/{key}?done=published", 303)

    return attempt(act, lambda problem: _review(received_id, problem))


@blueprint.post(f"{RECEIVED}/keep")
@audience(*ADMINISTERS)
def keep(received_id: str) -> Response | tuple[str, int]:
    """Go on with a path that its owner withdrew, as a copy of our own."""
    viewer, now, today = current().viewer, sidecar().now(), sidecar().today()
    refused = submit(
        lambda db: adoption_answers.keep(db, viewer, received_id, now, today),
        lambda problem: _review(received_id, problem),
    )
    return refused or redirect(request.path.removesuffix("/keep"), 303)


@blueprint.post(f"{RECEIVED}/use")
@audience(*ADMINISTERS)
def change_reporting(received_id: str) -> Response:
    """Agree that the owner is told how much a path is used, or take that back."""
    is_on = request.form.get("reports_use") == "yes"
    with sidecar().transaction() as db:
        adoption_answers.change_reporting(db, current().viewer, received_id, is_on=is_on, now=sidecar().now())
    return redirect(request.path.removesuffix("/use"), 303)


def _review(received_id: str, problem: SidecarError | None = None) -> str:
    with sidecar().reading() as db:
        line = adoptions.find_adopted(db, current().viewer, received_id)
        versions = list_versions(db, line.received.id)
    shown = _shown(line, versions)
    manifest = read_received(sidecar(), shown)
    return render_template(
        "staff/path_received.html",
        line=line,
        shown=shown,
        manifest=manifest,
        courses={one.key: one for one in manifest.courses},
        findings=_findings(shown) if request.args.get("findings") else None,
        problem=problem,
        today=sidecar().today(),
        words=adoption_words,
        path_words=path_words,
        standard_name=standard_name,
    )


def _shown(line: AdoptedLine, versions: Sequence[ReceivedPathVersion]) -> ReceivedPathVersion:
    """Return the version that the form was made of, if it is still here; the newest else."""
    wanted = request.form.get("number", "")
    return next((one for one in versions if str(one.number) == wanted), line.newest)


def _findings(version: ReceivedPathVersion) -> dict[str, list[FindingLine]]:
    reports = check_received(sidecar(), version).reports
    return {
        key: finding_lines({"level": one.level, "code": one.code, "facts": one.facts} for one in report.findings)
        for key, report in reports.items()
    }
