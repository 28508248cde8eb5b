"""Send contacts their mails: a link to confirm the address, and codes to sign in with. None of them names anybody."""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import urlsplit

import structlog

from sidecar.core import contact_codes, contact_mails
from sidecar.core.contact_codes import MINUTES, ContactCode
from sidecar.core.contact_mails import LINK_DAYS, ContactMail
from sidecar.core.contacts import Contact
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import GiveUp, TryLater
from sidecar.errors import SidecarError
from sidecar.language import translator
from sidecar.runtime import Sidecar
from sidecar.smtp import Letter, MailNotSetUpError, NoMailAddressError, RecipientRefusedError, compose, send

FINAL: Final = (RecipientRefusedError, MailNotSetUpError, NoMailAddressError)

log = structlog.get_logger()


def send_confirmation(sidecar: Sidecar, mail_id: str) -> None:
    """Send a contact the link by which they confirm the address (the outbox calls this).

    Raises:
        TryLater: the server can't take it now.
        GiveUp: it never will.
    """
    with sidecar.transaction() as db:
        mail = db.get(ContactMail, mail_id)
        secret = contact_mails.draw(db, mail_id, sidecar.now()) if mail else None
        if mail is None or secret is None:
            return
        contact = db.get_one(Contact, mail.contact_id)
        municipality = db.get_one(Municipality, contact.municipality_id).name
        letter = _confirmation(sidecar, contact, municipality, f"{mail_id}.{secret[:8]}", secret)
    try:
        _send(sidecar, letter)
    except SidecarError as error:
        log.warning("contact_mail.not_sent", mail=mail_id, code=error.code)
        with sidecar.transaction() as db:
            contact_mails.record_problem(db, mail_id, error)
        raise _wish(error) from error
    with sidecar.transaction() as db:
        contact_mails.record_sent(db, mail_id, sidecar.now())
    log.info("contact_mail.sent", mail=mail_id)


def send_code(sidecar: Sidecar, code_id: str) -> None:
    """Send a contact the code to sign in with, where there is one to send (the outbox calls this).

    The code is drawn here, and stands in the mail alone; a second try draws another.

    Raises:
        TryLater: the server can't take it now.
        GiveUp: it never will.
    """
    with sidecar.transaction() as db:
        key = contact_codes.make_key(db, sidecar.secrets, sidecar.now())
        code = contact_codes.draw(db, key, code_id, sidecar.now())
        if code is None:
            return
        contact = db.get_one(Contact, db.get_one(ContactCode, code_id).contact_id)
        letter = _code(sidecar, contact, code)
    try:
        _send(sidecar, letter)
    except SidecarError as error:
        log.warning("contact_code.not_sent", contact_code=code_id, code=error.code)
        raise _wish(error) from error
    log.info("contact_code.sent", contact_code=code_id)


def _send(sidecar: Sidecar, letter: Letter) -> None:
    send(sidecar.settings, compose(sidecar.settings, letter, sidecar.now()))


def _wish(error: SidecarError) -> GiveUp | TryLater:
    return (GiveUp if isinstance(error, FINAL) else TryLater)(error.code)


def _confirmation(sidecar: Sidecar, contact: Contact, municipality: str, key: str, secret: str) -> Letter:
    _ = translator(contact.language)
    subject = _("%(host)s: please confirm your address") % {"host": _host(sidecar)}
    parts = [
        _("%(municipality)s gets reports of completed courses, and you were named as a contact for them.")
        % {"municipality": municipality},
        _("Open this page and press the button, so that we know the address is right:"),
        f"{sidecar.settings.public_url}/reports/confirm#{secret}",
        _("The link works for %(days)s days. If you are not to get these mails, do nothing.") % {"days": LINK_DAYS},
    ]
    return Letter(contact.email, subject, "\n\n".join(parts) + "\n", contact.language, key)


def _code(sidecar: Sidecar, contact: Contact, code: str) -> Letter:
    _ = translator(contact.language)
    subject = _("%(host)s: your code to sign in") % {"host": _host(sidecar)}
    parts = [
        _("Your code is %(code)s") % {"code": code},
        _("Type it on the page where you asked for it. It works once, for %(minutes)s minutes.") % {"minutes": MINUTES},
        _("Nobody will ask you for this code by telephone or mail. If you did not ask for it, do nothing."),
    ]
    return Letter(contact.email, subject, "\n\n".join(parts) + "\n", contact.language, secrets.token_hex(16))


def _host(sidecar: Sidecar) -> str:
    return urlsplit(sidecar.settings.public_url).hostname or ""
