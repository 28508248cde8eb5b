"""Let staff import completions from a file: first see what it would change, then confirm."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.core.checklists import find_visible
from sidecar.core.municipalities import Municipality
from sidecar.secrets import BadTokenError
from sidecar.sync.completion_file_problems import CompletionFileRefusedError
from sidecar.sync.completion_import import ImportedCompletions, import_completions
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import FileMissingError
from sidecar.web.staff_menu import SEES_REPORTS
from sidecar.web.uploads import folder_for_upload

FILE_BYTES = 4 * 1024 * 1024
CARRIED_BYTES = 2 * FILE_BYTES
"""What the form of a previewed file may hold: encrypted, a file that does not compress grows by two thirds."""

PREVIEW_AGE_S = 1800
ADDRESS = "/staff/municipalities/<slug>/completions/import"

blueprint = Blueprint("staff_completion_files", __name__)


@blueprint.get(ADDRESS)
@audience(*SEES_REPORTS)
def ask_for_file(slug: str) -> str:
    """Show the form that takes a CSV or XLSX file."""
    return render_template("staff/completions_import.html", municipality=_municipality(slug))


@blueprint.post(ADDRESS)
@audience(*SEES_REPORTS, body_bytes=FILE_BYTES)
def preview(slug: str) -> str | tuple[str, int]:
    """Say what the file would change, and change nothing yet."""
    municipality = _municipality(slug)
    file = request.files.get("completions")
    content = file.read() if file else b""
    if not content:
        raise FileMissingError
    try:
        found = _import(municipality, content, dry_run=True)
    except CompletionFileRefusedError as error:
        return render_template("staff/completions_import.html", municipality=municipality, refused=error), 400
    return _page(municipality, found, token=_seal(municipality, content))


@blueprint.post(f"{ADDRESS}/confirm")
@audience(*SEES_REPORTS, body_bytes=CARRIED_BYTES)
def confirm(slug: str) -> str:
    """Take in the file that was previewed."""
    municipality = _municipality(slug)
    done = _import(municipality, _unseal(municipality, request.form.get("token", "")), dry_run=False)
    return _page(municipality, done, token="")


@blueprint.get(f"{ADDRESS}/confirm")
@audience(*SEES_REPORTS)
def back(slug: str) -> Response:
    """Lead who reloads the page after an import to the people."""
    return redirect(f"/staff/municipalities/{_municipality(slug).slug}/people", 303)


def _page(municipality: Municipality, found: ImportedCompletions, *, token: str) -> str:
    return render_template("staff/completions_imported.html", municipality=municipality, found=found, token=token)


def _import(municipality: Municipality, content: bytes, *, dry_run: bool) -> ImportedCompletions:
    with folder_for_upload(sidecar().settings.data) as folder:
        path = Path(folder) / "completions"
        path.write_bytes(content)
        return import_completions(sidecar(), current().viewer, municipality.id, path, dry_run=dry_run)


def _municipality(slug: str) -> Municipality:
    with sidecar().reading() as db:
        found = find_visible(db, current().viewer, slug)
        db.expunge(found)
    return found


def _seal(municipality: Municipality, content: bytes) -> str:
    """Return the file encrypted, for the form itself to carry: nothing is kept here of an import not confirmed."""
    packed = base64.b85encode(zlib.compress(content)).decode("ascii")
    claims = {"municipality": municipality.id, "identity": current().identity_id, "completions": packed}
    return sidecar().secrets.token(claims, sidecar().now())


def _unseal(municipality: Municipality, token: str) -> bytes:
    claims = sidecar().secrets.read_token(token, sidecar().now(), max_age_s=PREVIEW_AGE_S)
    is_mine = (claims.get("municipality"), claims.get("identity")) == (municipality.id, current().identity_id)
    if not is_mine or "completions" not in claims:
        raise BadTokenError
    return zlib.decompress(base64.b85decode(claims["completions"]))
