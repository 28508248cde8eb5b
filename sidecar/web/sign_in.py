"""Sign staff in by a one-time link, and out again."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from sidecar.core import audit, sign_ins
from sidecar.web.access import audience, sidecar, sign_in_response, sign_out_response, staff_cookie

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
    here = sidecar()
    with here.transaction() as db:
        identity_id = sign_ins.use_link(db, request.form.get("secret", ""), here.now())
        sign_ins.end(db, request.cookies.get(staff_cookie(), ""), here.now())
        secret = sign_ins.start(db, identity_id, None, here.now())
        audit.record(db, "sign_in.started", identity_id, at=here.now(), identity_id=identity_id)
    return sign_in_response(make_response(redirect("/staff/", 303)), secret, embedded=False)


@blueprint.post("/sign-out")
@audience("staff")
def end() -> Response:
    """End the sign-in on the server and take the cookie back."""
    here = sidecar()
    with here.transaction() as db:
        sign_ins.end(db, request.cookies.get(staff_cookie(), ""), here.now())
    return sign_out_response(make_response(redirect("/", 303)))
