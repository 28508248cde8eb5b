"""Let a connector write mails, through the installation's own mail server and no other.

A connector holds settings only. Who opens a connection (`sidecar.outside`) hands it the way out once, by `post_by`;
tests hand it a fake.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from sidecar.connectors.base import (
    Connector,
    ConnectorError,
    MisconfiguredError,
    RefusedError,
    RejectedError,
    UnreachableError,
)

Posted = TypeVar("Posted", bound="OverMail")


class NoPostError(ConnectorError):
    """The connection was not opened as it should be: it has no way to send mails."""

    code = "connector-no-post"


class MailServerMissingError(MisconfiguredError):
    """No mail server is set up here. Ask whoever operates the server to set SIDECAR_SMTP_URL and SIDECAR_MAIL_FROM."""

    code = "mail-server-missing"


class MailServerSilentError(UnreachableError):
    """The mail server does not answer. It will be tried again."""

    code = "mail-server-silent"


class MailServerBusyError(UnreachableError):
    """The mail server can't take the mail now ({status}). It will be tried again."""

    code = "mail-server-busy"


class MailServerRefusesError(RefusedError):
    """The mail server takes no mail from us ({status}). Ask whoever operates the server to look at its settings."""

    code = "mail-server-refuses"


class AddressRefusedError(RejectedError):
    """The mail server will never take a mail to this address. Correct the address."""

    code = "mail-address-refused"


class Post(Protocol):
    """Be the way to the mail server."""

    def __call__(self, *, to: str, language: str, subject: str, text: str, key: str) -> None:
        """Hand one mail over; see `OverMail.post`."""

    def try_out(self) -> None:
        """Reach the mail server, and send nothing.

        Raises:
            ConnectorError: it does not work.
        """


class OverMail(Connector):
    """Be a connector that writes mails."""

    def post_by(self: Posted, post: Post) -> Posted:
        """Take the way to the mail server, and return the connector itself."""
        object.__setattr__(self, "_post", post)  # it is no setting, and the class is frozen for these
        return self

    def post(self, to: str, language: str, subject: str, text: str, key: str) -> None:
        """Send a mail of plain text to one address.

        Args:
            key: the same at every try, so that mail servers and mailboxes know a repetition by its Message-ID.

        Raises:
            MailServerMissingError: there is no mail server.
            MailServerSilentError: it does not answer.
        MailServerBusyError: it can't take the mail now.
            MailServerRefusesError: it takes nothing from us.
            AddressRefusedError: it will never take a mail to this address.
        """
        self.way_out(to=to, language=language, subject=subject, text=text, key=key)

    @property
    def way_out(self) -> Post:
        """The way to the mail server.

        Raises:
            NoPostError: it was never handed over.
        """
        way_out: Post | None = getattr(self, "_post", None)
        if way_out is None:
            raise NoPostError
        return way_out
