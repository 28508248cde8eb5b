"""Say what is wrong with a form that was sent."""

from __future__ import annotations

from flask import abort, request

from sidecar.errors import SidecarError


class FileMissingError(SidecarError):
    """There was no file. Choose one first, then send the form again."""

    code = "file-missing"


def refuse_null_characters() -> None:
    """Refuse an address or form of a staff page with a null character in it: PostgreSQL keeps no such text."""
    if not request.path.startswith("/staff/"):
        return
    if "\0" in request.path:
        abort(404)
    given = (text for fields in (request.args, request.form) for texts in fields.listvalues() for text in texts)
    if any("\0" in text for text in given):
        abort(400)
