"""Show staff where they are signed in, and end it; an operator sees and ends everybody's."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from sidecar.core import audit, sign_ins
from sidecar.core.sign_in_lists import find_sign_in, list_sign_ins
from sidecar.web import looks
from sidecar.web.access import audience, current, sidecar, sign_out_response

SEARCH_CHARACTERS = 100

blueprint = Blueprint("staff_sign_ins", __name__)


@blueprint.get("/staff/sign-ins")
@audience("staff")
def list_all() -> str:
    """List one's own sign-ins, and for an operator those of the others."""
    return _page("")


@blueprint.post("/staff/sign-ins")
@audience("operator")
def search() -> str:
    """List those of the others whose name fits; sent by POST, since a name has no place in a URL."""
    return _page(request.form.get("search", "").strip()[:SEARCH_CHARACTERS])


def _page(words: str) -> str:
    visitor = current()
    with sidecar().reading() as db:
        lines = list_sign_ins(db, visitor.viewer, sidecar().now())
        own = [line for line in lines if line.row.identity_id == visitor.identity_id]
        others = [line for line in lines if line.row.identity_id != visitor.identity_id]
        shown = [line for line in others if words.casefold() in line.identity_name.casefold()]
        page = render_template("staff/sign_ins.html", own=own, others=shown, all_others=len(others), words=words)
    looks.note("sign-ins", "", [line.row.identity_id for line in shown])
    return page


@blueprint.post("/staff/sign-ins/<sign_in_id>/end")
@audience("staff")
def end(sign_in_id: str) -> Response:
    """End a sign-in; its next request is refused."""
    here, visitor = sidecar(), current()
    with here.transaction() as db:
        line = find_sign_in(db, visitor.viewer, sign_in_id, here.now())
        sign_ins.end_by_id(db, sign_in_id, here.now())
        audit.record(db, "sign_in.ended", line.row.identity_id, at=here.now(), identity_id=visitor.identity_id)
    if visitor.sign_in and sign_in_id == visitor.sign_in.id:
        return sign_out_response(make_response(redirect("/", 303)))
    return redirect("/staff/sign-ins", 303)


@blueprint.post("/staff/sign-ins/end-others")
@audience("staff")
def end_others() -> Response:
    """End all of one's own sign-ins but this one, and the links that were not used yet."""
    here, visitor = sidecar(), current()
    this = visitor.sign_in.id if visitor.sign_in else ""
    with here.transaction() as db:
        ended = sign_ins.end_staff_ones(db, visitor.identity_id, here.now(), but=this)
        audit.record(
            db, "sign_ins.ended", visitor.identity_id, at=here.now(), identity_id=visitor.identity_id, count=ended
        )
    return redirect("/staff/sign-ins", 303)
