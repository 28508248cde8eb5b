"""Let staff say what the columns of a file mean, see what it would change, and take it in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from flask import Blueprint, render_template, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from sidecar.connectors.base import ConnectorError
from sidecar.connectors.hr_columns import MEANINGS
from sidecar.connectors.hr_csv_problems import PeopleFileRefusedError
from sidecar.connectors.hr_tables import MAX_MB
from sidecar.core.sources import find_source_to_keep
from sidecar.errors import SidecarError
from sidecar.secrets import BadTokenError
from sidecar.sync import sources
from sidecar.sync.people_previews import columns_of, preview
from sidecar.web.access import audience, current, sidecar
from sidecar.web.forms import FileMissingError
from sidecar.web.staff_menu import ADMINISTERS
from sidecar.web.staff_sources import WORDS

FORM_AGE_S = 3600
PIECE_BYTES = 1 << 20

blueprint = Blueprint("staff_source_files", __name__)


@blueprint.post("/staff/sources/<source_id>/file")
@audience(*ADMINISTERS, body_bytes=MAX_MB * 1_000_000)
def take_file(source_id: str) -> str | tuple[str, int]:
    """Keep an uploaded file, and show what it would change; nothing is changed yet."""
    file = request.files.get("people")
    if not file or not file.filename:
        raise FileMissingError
    with sidecar().reading() as db:
        find_source_to_keep(db, current().viewer, source_id)
    stored = sidecar().storage.put(_pieces(file.stream))
    return _page(source_id, stored.digest, None)


@blueprint.post("/staff/sources/<source_id>/preview")
@audience(*ADMINISTERS)
def show_preview(source_id: str) -> str | tuple[str, int]:
    """Show what a run would change with these meanings of the columns, or with those that are kept."""
    mapping = sources.read_columns(_columns()) if "column" in request.form else None
    return _page(source_id, _digest(source_id), mapping)


@blueprint.post("/staff/sources/<source_id>/take-in")
@audience(*ADMINISTERS)
def take_in(source_id: str) -> Response:
    """Keep the meanings of the columns and the file that was previewed, and run the source; "again": if rejected."""
    viewer, digest = current().viewer, _digest(source_id)
    if "again" in request.form:
        sources.reconsider(sidecar(), viewer, source_id)
    if "column" in request.form:
        sources.configure(sidecar(), viewer, source_id, mapping=sources.read_columns(_columns()))
    if digest:
        sources.run_file(sidecar(), viewer, source_id, digest)
    else:
        sources.run_now(sidecar(), viewer, source_id)
    return redirect(f"/staff/sources/{source_id}", 303)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE_BYTES):
        yield piece


def _columns() -> list[tuple[str, str]]:
    return list(zip(request.form.getlist("column"), request.form.getlist("meaning"), strict=False))


def _page(source_id: str, digest: str | None, mapping: dict[str, Any] | None) -> str | tuple[str, int]:
    viewer = current().viewer
    with sidecar().reading() as db:
        line = find_source_to_keep(db, viewer, source_id)
        db.expunge_all()
    chosen = line.source.mapping or {} if mapping is None else mapping
    refused: SidecarError | None = None
    found, columns = None, None
    try:
        found = preview(sidecar(), viewer, source_id, mapping=chosen, file_digest=digest)
        columns = found.columns
    except (PeopleFileRefusedError, ConnectorError) as error:
        refused, columns = error, columns_of(sidecar(), line, chosen, digest)
    page = render_template(
        "staff/source_preview.html",
        line=line,
        found=found,
        columns=columns,
        refused=refused,
        problems=getattr(refused, "problems", ()),
        meanings=("", *MEANINGS),
        token=_seal(source_id, digest) if digest else "",
        **WORDS,
    )
    return page if refused is None else (page, 400)


def _seal(source_id: str, digest: str) -> str:
    claims = {"source": source_id, "file": digest, "by": current().identity_id or ""}
    return sidecar().secrets.token(claims, sidecar().now())


def _digest(source_id: str) -> str | None:
    """Return the file that a form carries on, None for none."""
    token = request.form.get("token", "")
    if not token:
        return None
    claims = sidecar().secrets.read_token(token, sidecar().now(), max_age_s=FORM_AGE_S)
    if (claims.get("source"), claims.get("by")) != (source_id, current().identity_id or ""):
        raise BadTokenError
    return claims["file"]
