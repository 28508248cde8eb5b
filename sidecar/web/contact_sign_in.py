"""Sign contacts of municipalities in by a code that is sent to their address, and out again.

Whatever address is typed, the answer and the steps to it are the same: nobody learns here who is a contact.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Blueprint, make_response, redirect, render_template, request
from limits import RateLimitItemPerDay, RateLimitItemPerMinute
from werkzeug.wrappers import Response

from sidecar.core import contact_codes, contact_mails, contact_sign_ins, outbox
from sidecar.core.contact_codes import MINUTES, WrongCodeError
from sidecar.core.contact_mails import ConfirmLinkError
from sidecar.core.contacts import ContactAddressError, read_address
from sidecar.web import contact_shares, limits
from sidecar.web.access import CONTACT, audience, contact_cookie, own_cookie, sidecar
from sidecar.web.cookies import give_cookie, take_cookie_back
from sidecar.web.rendering import is_opaque_id

ASKS: Final = RateLimitItemPerMinute(20, namespace="contact-ask")
"""How often one client may ask for codes: a whole town hall has one address."""

TRIES: Final = RateLimitItemPerMinute(30, namespace="contact-try")
WRONG: Final = RateLimitItemPerDay(100, namespace="contact-wrong")
"""How many wrong codes one client may try: who guesses at many addresses comes from few."""

FAILED_LINKS: Final = RateLimitItemPerMinute(10, namespace="contact-link")

blueprint = Blueprint("contact_sign_in", __name__)


@blueprint.get("/reports/sign-in")
@audience("public")
def ask() -> str:
    """Ask for the address that a code is to be sent to."""
    return render_template("contact/sign_in.html", to=_wanted(request.args.get("to", "")))


@blueprint.post("/reports/sign-in")
@audience("public")
def send() -> Response | tuple[str, int]:
    """Send a code, if the address is a contact's; say the same in any case."""
    limits.refuse_beyond_of_address(ASKS)
    to = _wanted(request.form.get("to", ""))
    try:
        address = read_address(request.form.get("email", ""))
    except ContactAddressError as problem:
        return render_template("contact/sign_in.html", to=to, problem=problem), 400
    key = _key()
    share = contact_shares.take(key, address, to)
    with sidecar().transaction() as db:
        secret, item_id = contact_codes.ask(db, key, address, sidecar().now(), share)
        outbox.take_written(db)  # the queue is told below, in any case: so that both take as long
    sidecar().nudge({item_id: contact_codes.KIND})
    response = redirect(f"/reports/sign-in/code{'?to=' + to if to else ''}", 303)
    give_cookie(response, _asked_cookie(), secret, lasts=timedelta(minutes=MINUTES), embedded=False)
    return response


@blueprint.get("/reports/sign-in/code")
@audience("public")
def ask_code() -> str:
    """Ask for the code."""
    return render_template("contact/code.html", to=_wanted(request.args.get("to", "")), minutes=MINUTES)


@blueprint.post("/reports/sign-in/code")
@audience("public")
def start() -> Response | tuple[str, int]:
    """Use the code up and start a new sign-in; the one before it on this browser ends."""
    limits.refuse_beyond_of_address(TRIES)
    to = _wanted(request.form.get("to", ""))
    try:
        secret, address = _start(request.form.get("code", ""))
    except WrongCodeError as problem:
        limits.refuse_beyond_of_address(WRONG)
        return render_template("contact/code.html", to=to, minutes=MINUTES, problem=problem), 403
    response = make_response(redirect(f"/reports/{to}" if to else "/reports", 303))
    take_cookie_back(response, _asked_cookie(), embedded=False)
    lasts = timedelta(hours=contact_sign_ins.HOURS)
    give_cookie(response, contact_cookie(), secret, lasts=lasts, embedded=False)
    contact_shares.remember(response, _key(), address)
    return response


def _start(typed: str) -> tuple[str, str]:
    """Count the try for good, then use the code up; return the secret of the new sign-in, and whose address it is."""
    here, key = sidecar(), _key()
    with here.transaction() as db:
        tried = contact_codes.count_try(db, request.cookies.get(_asked_cookie(), ""), here.now())
    with here.transaction() as db:
        contact = contact_codes.use(db, key, tried, typed, here.today())
        contact_sign_ins.end(db, request.cookies.get(contact_cookie(), ""), here.now())
        return contact_sign_ins.start(db, contact.id, here.now()), contact.email


@blueprint.post("/reports/sign-out")
@audience(CONTACT)
def end() -> Response:
    """End the sign-in on the server and take the cookie back."""
    here = sidecar()
    with here.transaction() as db:
        contact_sign_ins.end(db, request.cookies.get(contact_cookie(), ""), here.now())
    response = make_response(redirect("/reports/sign-in", 303))
    take_cookie_back(response, contact_cookie(), embedded=False)
    return response


@blueprint.get("/reports/confirm")
@audience("public")
def ask_to_confirm() -> str:
    """Show the button that confirms; opening the link alone changes nothing."""
    return render_template("contact/confirm.html")


@blueprint.post("/reports/confirm")
@audience("public")
def confirm() -> str | tuple[str, int]:
    """Confirm the address that the link was sent to."""
    secret = request.form.get("secret", "").rpartition("#")[2].strip()
    try:
        with sidecar().transaction() as db:
            municipality = contact_mails.confirm(db, secret, sidecar().now())
    except ConfirmLinkError as problem:
        limits.refuse_beyond_of_address(FAILED_LINKS)
        return render_template("contact/confirm.html", problem=problem), 403
    return render_template("contact/confirmed.html", municipality=municipality)


def _key() -> bytes:
    """Return the key of the hashes, which the first who asks makes."""
    here = sidecar()
    with here.reading() as db:
        found = contact_codes.open_key(db, here.secrets)
    if found is not None:
        return found
    with here.transaction() as db:
        return contact_codes.make_key(db, here.secrets, here.now())


def _asked_cookie() -> str:
    return own_cookie("sidecar-code")


def _wanted(told: str) -> str:
    """Return the id of the report to go to afterwards; "" for the list."""
    return told if is_opaque_id(told) else ""
