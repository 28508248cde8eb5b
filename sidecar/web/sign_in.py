"""Sign staff in by a one-time link, and out again."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from sidecar.core import audit, sign_ins
from sidecar.runtime import Sidecar
from sidecar.web import limits
from sidecar.web.access import audience, current, sidecar, sign_in_response, sign_out_response, staff_cookie

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
@audience("public")
def ask() -> str:
    """Show the button that sends the secret of the link; opening the link alone changes nothing."""
    return render_template("pages/sign_in.html")


@blueprint.post("/sign-in")
@audience("public")
def start() -> Response:
    """Use the link up and start a new sign-in; the one before it on this browser ends."""
    sent = request.form.get("secret", "")
    try:
        secret = _start(sidecar(), sent)
    except sign_ins.LinkSpentError:
        limits.refuse_beyond(limits.LINK_TRIES, sent)
        limits.refuse_beyond_of_address(limits.FAILED_SIGN_INS)
        raise
    return sign_in_response(make_response(redirect("/staff/", 303)), secret, embedded=False)


def _start(here: Sidecar, link_secret: str) -> str:
    """Use a link up and return the secret of the new sign-in."""
    with here.transaction() as db:
        identity_id = sign_ins.use_link(db, link_secret, here.now())
        sign_ins.end(db, request.cookies.get(staff_cookie(), ""), here.now())
        audit.record(db, "sign_in.started", identity_id, at=here.now(), identity_id=identity_id)
        return sign_ins.start(db, identity_id, None, here.now())


def note_use() -> None:
    """Note that a staff sign-in is in use, at most every five minutes (runs before requests, after their admission)."""
    sign_in, now = current().sign_in, sidecar().now()
    if sign_in is not None and sign_ins.is_seen_long_ago(sign_in, now):
        with sidecar().transaction() as db:
            sign_ins.note_use(db, sign_in.id, now)


@blueprint.post("/sign-out")
@audience("staff")
def end() -> Response:
    """End the sign-in on the server and take the cookie back."""
    here = sidecar()
    with here.transaction() as db:
        sign_ins.end(db, request.cookies.get(staff_cookie(), ""), here.now())
    return sign_out_response(make_response(redirect("/", 303)))
