"""Hand mails to a mail server: TLS with a checked certificate, bounded time, and errors that say whose fault it is."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from sidecar.errors import SidecarError, UnreachableError
from sidecar.settings import Settings

TIMEOUT_S: Final = 15.0
PORTS: Final = {"smtp": 25, "smtps": 465}

_ADDRESS: Final = re.compile(r"(?!.*=\?)[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+")
"""One address as mailboxes have them: no list, no name, nothing encoded, no line break."""


class MailNotSetUpError(SidecarError):
    """No mail server is set. Set SIDECAR_SMTP_URL and SIDECAR_MAIL_FROM."""

    code = "mail-not-set-up"


class RecipientRefusedError(SidecarError):
    """The mail server refuses the recipient ({status}). Correct the address."""

    code = "recipient-refused"


class MailRefusedError(SidecarError):
    """The mail server {host} refuses our mail ({status}). Check SIDECAR_SMTP_URL and SIDECAR_MAIL_FROM."""

    code = "mail-refused"


class MailServerUntrustedError(SidecarError):
    """The certificate of the mail server {host} can't be trusted. Check it, or name its issuer in SIDECAR_CA_FILE."""

    code = "mail-server-untrusted"


class NoMailAddressError(SidecarError):
    """What should get a mail is not one e-mail address. Correct it."""

    code = "no-mail-address"


@dataclass(frozen=True)
class Letter:
    """What a mail says; `key` is the same at every try, so that a mail server knows a repetition."""

    to: str = field(repr=False)
    subject: str
    text: str
    language: str
    key: str


def send(settings: Settings, message: EmailMessage) -> None:
    """Hand a mail with one recipient to the server.

    Raises:
        MailNotSetUpError: there is no server.
        RecipientRefusedError: the server will never take the recipient.
        MailRefusedError: it does not take it now, or takes nothing from us.
        MailServerUntrustedError: its certificate is not good.
        UnreachableError: it does not answer.
    """
    with _reach(settings) as server:
        server.send_message(message)


def try_out(settings: Settings) -> None:
    """Connect to the server and sign in as for a mail, and send none.

    Raises:
        MailNotSetUpError, MailRefusedError, MailServerUntrustedError, UnreachableError: as `send`.
    """
    with _reach(settings) as server:
        server.noop()


@contextmanager
def _reach(settings: Settings) -> Iterator[smtplib.SMTP]:
    """Open the way to the server; what goes wrong is told as ours."""
    host = urlsplit(settings.smtp_url or "").hostname
    if not settings.smtp_url or not host:
        raise MailNotSetUpError
    try:
        with _open(settings, settings.smtp_url) as server:
            yield server
    except smtplib.SMTPRecipientsRefused as error:
        status = next(iter(error.recipients.values()))[0]
        is_final = status >= 500
        raise (
            RecipientRefusedError(status=status) if is_final else MailRefusedError(host=host, status=status)
        ) from None
    except smtplib.SMTPResponseException as error:
        raise MailRefusedError(host=host, status=error.smtp_code) from None
    except smtplib.SMTPNotSupportedError:
        raise MailRefusedError(host=host, status="STARTTLS, AUTH") from None
    except ssl.SSLCertVerificationError:
        raise MailServerUntrustedError(host=host) from None
    except (OSError, smtplib.SMTPException) as error:
        raise UnreachableError(host=host) from error


@contextmanager
def _open(settings: Settings, url: str) -> Iterator[smtplib.SMTP]:
    """Connect, encrypt and sign in as the URL says."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    context = ssl.create_default_context(cafile=settings.ca_file)
    own = urlsplit(settings.public_url).hostname
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, own, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, port, own, timeout=TIMEOUT_S)
    with server:
        if parse_qs(parts.query).get("starttls") == ["1"]:
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server


def compose(settings: Settings, letter: Letter, now: datetime) -> EmailMessage:
    """Write a mail of plain text, marked as made by a machine so that no absence notice answers it.

    Raises:
        NoMailAddressError: the recipient, whose address an LMS may have said, is not exactly one.
    """
    if not _ADDRESS.fullmatch(letter.to):
        raise NoMailAddressError
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = letter.to
    message["Subject"] = " ".join(letter.subject.split())  # names may hold a line break, headers must not
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.key}@{urlsplit(settings.public_url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text)
    message["Content-Language"] = letter.language
    return message
