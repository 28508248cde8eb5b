"""Send the mails that tell of notices, and a mail that only tries the way."""

from __future__ import annotations

import secrets
from typing import Final
from urllib.parse import urlsplit

import structlog
from babel.dates import format_datetime

from sidecar.core import mails
from sidecar.core.erasure_reminders import OF_ERASURES
from sidecar.core.mails import Mail
from sidecar.core.notices import OF_COURSES, OF_SOURCES, Notice
from sidecar.core.outbox import GiveUp, TryLater
from sidecar.core.periods import OSLO
from sidecar.errors import SidecarError
from sidecar.language import say_template, translator
from sidecar.runtime import Sidecar
from sidecar.smtp import Letter, MailNotSetUpError, NoMailAddressError, RecipientRefusedError, compose, send

SUBJECT_CHARACTERS: Final = 150
FINAL: Final = (RecipientRefusedError, MailNotSetUpError, NoMailAddressError)

log = structlog.get_logger()


def send_mail(sidecar: Sidecar, mail_id: str) -> None:
    """Send a mail that waits (the outbox calls this).

    Raises:
        TryLater: the server can't take it now.
        GiveUp: it never will.
    """
    with sidecar.reading() as db:
        mail = db.get(Mail, mail_id)
        if mail is None or mail.state == "sent":
            return
        letter = _letter(sidecar, mail, db.get_one(Notice, mail.notice_id))
    try:
        send(sidecar.settings, compose(sidecar.settings, letter, sidecar.now()))
    except SidecarError as error:
        log.warning("mail.not_sent", mail=mail_id, code=error.code)
        raise (GiveUp if isinstance(error, FINAL) else TryLater)(error.code) from error
    with sidecar.transaction() as db:
        mails.record_sent(db, mail_id, sidecar.now())
    log.info("mail.sent", mail=mail_id)


def send_test(sidecar: Sidecar, address: str, language: str) -> None:
    """Send a mail at once that says only that mails arrive.

    Raises:
        SidecarError: it did not work; the class and text say why.
    """
    _ = translator(language)
    host = _host(sidecar)
    subject = _("%(host)s: a test") % {"host": host}
    text = _("This mail was sent to see that mails arrive. There is nothing to do.")
    letter = Letter(address, subject, f"{text}\n\n{sidecar.settings.public_url}\n", language, secrets.token_hex(16))
    send(sidecar.settings, compose(sidecar.settings, letter, sidecar.now()))


def _letter(sidecar: Sidecar, mail: Mail, notice: Notice) -> Letter:
    _ = translator(mail.language)
    told = say_template(notice.template, notice.facts, mail.language)
    headline = told.split(". ")[0].rstrip(".")
    since = {"since": _moment(notice, mail.language)}
    if mail.phase == "ended":
        subject = _("%(host)s: over: %(headline)s") % {"host": _host(sidecar), "headline": headline}
        text = _("This is over. It began on %(since)s.") % since
    else:
        subject = f"{_host(sidecar)}: {headline}"
        text = _("Seen first on %(since)s. You get one more mail when it is over.") % since
    link = f"{sidecar.settings.public_url}/staff/"
    if notice.code.startswith(OF_COURSES):
        text, link = _("You get this mail because you look after the course."), f"{link}courses/{notice.facts['key']}"
    if notice.code.startswith(OF_ERASURES):
        text, link = _("You get this mail because you may answer it."), f"{link}erasure-requests"
    if notice.code.startswith(OF_SOURCES):
        link = f"{link}sources/{notice.facts['key']}"
    return Letter(mail.address, subject[:SUBJECT_CHARACTERS], f"{told}\n\n{text}\n\n{link}\n", mail.language, mail.id)


def _host(sidecar: Sidecar) -> str:
    return urlsplit(sidecar.settings.public_url).hostname or ""


def _moment(notice: Notice, language: str) -> str:
    locale = {"nb": "nb_NO", "nn": "nn_NO", "en": "en_GB"}[language]
    return format_datetime(notice.first_seen_at.astimezone(OSLO), "d MMMM y HH:mm", locale=locale)
