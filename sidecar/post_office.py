"""Be the way by which connectors send mails: our mail server, with its errors told as those of a connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sidecar import smtp
from sidecar.connectors.over_mail import (
    AddressRefusedError,
    MailServerBusyError,
    MailServerMissingError,
    MailServerRefusesError,
    MailServerSilentError,
)
from sidecar.errors import UnreachableError
from sidecar.settings import Settings


class PostOffice:
    """Hand mails to the server that the settings name; be `sidecar.connectors.over_mail.Post`."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        """Take the settings and the clock; nothing is reached yet."""
        self._settings = settings
        self._now = now

    def __call__(self, *, to: str, language: str, subject: str, text: str, key: str) -> None:
        """Hand one mail over; see `sidecar.connectors.over_mail.OverMail.post`."""
        letter = smtp.Letter(to, subject, text, language, key)
        with _told():
            smtp.send(self._settings, smtp.compose(self._settings, letter, self._now()))

    def try_out(self) -> None:
        """Reach the server, and send nothing."""
        with _told():
            smtp.try_out(self._settings)


@contextmanager
def _told() -> Iterator[None]:
    """Let what keeps a mail from going out be an error of connectors; a status of 4xx is for now, 5xx for good."""
    try:
        yield
    except smtp.MailNotSetUpError:
        raise MailServerMissingError(setting="SIDECAR_SMTP_URL") from None
    except (smtp.RecipientRefusedError, smtp.NoMailAddressError) as error:
        raise AddressRefusedError(reason=error.code) from None
    except smtp.MailRefusedError as error:
        status = error.facts["status"]
        if isinstance(status, int) and status < 500:
            raise MailServerBusyError(status=status) from None
        raise MailServerRefusesError(status=status) from None
    except smtp.MailServerUntrustedError:
        raise MailServerRefusesError(status="TLS") from None
    except UnreachableError as error:
        raise MailServerSilentError from error
