"""Show people what is kept about themselves, who has looked at it, and let them take it with them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from typing import IO, Any, Final

from flask import Blueprint, Response, render_template
from sqlalchemy.orm import Session

from sidecar import privacy
from sidecar.core.data_subjects import DataSubject, of_identity
from sidecar.core.personal_data import list_section
from sidecar.core.retention import ACCESS_KEPT, SIGN_INS_KEPT, WISHES_KEPT
from sidecar.storage.base import CHUNK_BYTES
from sidecar.web.access import audience, current, sidecar
from sidecar.web.rendering import gettext as _

SHOWN: Final = (
    "person",
    "employments",
    "identities",
    "attempts",
    "completions",
    "grades",
    "rosters",
    "reports",
    "roles",
    "consents",
    "seen_by",
)
ENTRIES_SHOWN: Final = 200
JSON_TYPE: Final = "application/json"
IN_MEMORY_BYTES: Final = 1024 * 1024
"""How much of an export lies in memory; a longer one lies on the disk, in a file without a name."""

blueprint = Blueprint("my_data", __name__)


@blueprint.get("/play/<launch_id>/me")
@audience("launch")
def show_learner(launch_id: str) -> str:
    """Show a learner what is kept about them."""
    launch = current().launch
    has_course = launch is not None and launch.course_id is not None
    played = f"/play/{launch_id}"
    return _page(f"{played}/me", f"{played}/learning", back=played if has_course else "")


@blueprint.get("/play/<launch_id>/me/export")
@audience("launch")
def export_learner(launch_id: str) -> Response:  # noqa: ARG001 (the cookie is looked up by it)
    """Give a learner everything that is kept about them."""
    return _export()


@blueprint.get("/staff/me")
@audience("staff")
def show_staff() -> str:
    """Show who is signed in what is kept about them."""
    return _page("/staff/me", "/staff/my-learning")


@blueprint.get("/staff/me/export")
@audience("staff")
def export_staff() -> Response:
    """Give who is signed in everything that is kept about them."""
    return _export()


def send_pieces(pieces: Iterator[str], name: str, mimetype: str = JSON_TYPE) -> Response:
    """Send text as a file.

    It is made before the answer begins: no transaction waits for a slow browser, and what breaks off is not a file.
    """
    with ExitStack() as held:
        whole = held.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES))
        whole.writelines(piece.encode() for piece in pieces)
        response = Response(_read(whole), mimetype=mimetype)
        response.content_length = whole.tell()
        whole.seek(0)
        response.call_on_close(held.pop_all().close)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _read(whole: IO[bytes]) -> Iterator[bytes]:
    with whole:
        while piece := whole.read(CHUNK_BYTES):
            yield piece


def _export() -> Response:
    with sidecar().reading() as db:
        subject = of_identity(db, current().identity_id)
    return send_pieces(privacy.export_own(sidecar(), subject), f"{privacy.FORMAT}.json")


def _page(path: str, learning: str, back: str = "") -> str:
    with sidecar().reading() as db:
        subject = of_identity(db, current().identity_id)
        return render_template(
            "pages/my_data.html",
            path=path,
            learning=learning,
            back=back,
            kept={name: _entries(db, subject, name) for name in SHOWN},
            periods=privacy.periods_of(db, subject),
            sign_ins_days=SIGN_INS_KEPT.days,
            access_log_days=ACCESS_KEPT.days,
            wishes_days=WISHES_KEPT.days,
            shown=ENTRIES_SHOWN,
            role_name=role_name,
            look_name=look_name,
        )


def _entries(db: Session, subject: DataSubject, name: str) -> list[dict[str, Any]]:
    return list(islice(list_section(db, subject, name), ENTRIES_SHOWN))


def role_name(role: str) -> str:
    """Write a role as people call it."""
    names = {
        "operator": _("Operator of this service"),
        "rkk": _("Regional competence office"),
        "contact": _("The municipality's contact"),
        "manager": _("Manager"),
        "content-developer": _("Content developer"),
    }
    return names.get(role, role)


def look_name(what: str) -> str:
    """Write what was looked at."""
    names = {
        "people-list": _("You stood in a list of employees"),
        "person-page": _("The page about you"),
        "not-placed": _("You stood in the list of who is not placed"),
        "report-preview": _("You stood in the preview of a report"),
        "report-file": _("You stood in a report that was downloaded"),
        "export": _("Everything that is kept about you"),
        "erasure": _("The page that erases what is kept about you"),
        "sign-ins": _("You stood in a list of sign-ins"),
        "roles": _("You stood in a list of who holds, or may be given, a role here"),
        "audit": _("You stood in the list of what was done here"),
        "why": _("The page that says what you may see here, and who sees you"),
        "completions-entered": _("What was entered by hand or from a file about what you completed"),
        "document": _("A document that shows what you completed"),
        "matching": _("You were compared with somebody who may be you"),
        "dry-launch": _("Your employee number was tried in a test of an LMS"),
        "proof": _("A proof that you had printed"),
        "erasure-requests": _("Your wish to be erased"),
        "roster": _("You stood in the list of who takes part in a course of the LMS"),
        "source-changes": _("You stood in the list of what an HR system would change"),
        "sign-offs": _("You stood in the list of who has a task to be signed off"),
        "gathering": _("You stood in the list of a gathering, or in a search for people to add to it"),
    }
    return names.get(what, what)
