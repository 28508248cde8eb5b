"""Write to a municipality's contacts that a report is ready, and where; the mail itself tells nothing of anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from sidecar.connectors.base import (
    ConnectorError,
    Contact,
    Parcel,
    Receipt,
    RejectedError,
    ReportDelivery,
    UnreachableError,
    connector,
)
from sidecar.connectors.over_mail import (
    AddressRefusedError,
    MailServerBusyError,
    MailServerRefusesError,
    MailServerSilentError,
    OverMail,
)
from sidecar.language import choose, translator

SUBJECT_CHARACTERS: Final = 150


class NoContactError(RejectedError):
    """No confirmed contact: add one to the municipality, let them confirm their address, then try again."""

    code = "email-no-contact"


class NoPageError(RejectedError):
    """This report has no page that a mail could lead to. Tell whoever develops this service."""

    code = "email-no-page"


class ContactsRefusedError(RejectedError):
    """The mail server takes a mail to none of the {count} contacts. Correct their addresses, then try again."""

    code = "email-contacts-refused"


class ContactsWaitingError(UnreachableError):
    """The mail reached {sent} contacts; for {waiting} the mail server can't take it now. They will be tried again."""

    code = "email-contacts-waiting"


@connector("email", "E-mail to the municipality's contacts")
class Email(OverMail, ReportDelivery):
    """Send each contact a mail with a link; a repetition has the same Message-ID, by which mailboxes know it.

    A mail server can't be asked what it has got, so this channel has no `find`.
    """

    def check(self) -> None:
        """Reach the mail server and sign in there, sending nothing."""
        self.way_out.try_out()

    def deliver(self, parcel: Parcel, key: str) -> Receipt:
        """Send the mails one by one: an address that is refused keeps nobody else from theirs.

        Raises:
            NoContactError: there is nobody to write to.
            ContactsRefusedError: none of them can be written to.
            ContactsWaitingError: some can't be reached now; who has it, is known at the next try.
            ConnectorError: the mail server takes nothing.
        """
        if not parcel.recipient.contacts:
            raise NoContactError
        if not parcel.link:
            raise NoPageError
        done = set(parcel.left_off.split())
        problems = self._write_all(parcel, parcel.link, key, done)
        _refuse(problems, done)
        return Receipt(key[:32], {"sent": str(len(done)), "refused": str(len(problems))})

    def _write_all(self, parcel: Parcel, link: str, key: str, done: set[str]) -> list[ConnectorError]:
        """Write to each contact who is not marked as done, and mark them; return what kept the others from theirs."""
        problems: list[ConnectorError] = []
        left = [contact for contact in parcel.recipient.contacts if _mark_of(key, contact) not in done]
        for index, contact in enumerate(left):
            language = choose([contact.language])
            subject, text = _tell(parcel, link, language)
            try:
                self.post(contact.address, language, subject, text, _key_of(key, contact))
            except MailServerSilentError as error:
                return problems + [error] * (len(left) - index)  # the others need not wait for a dead server too
            except (AddressRefusedError, MailServerBusyError, MailServerRefusesError) as error:
                problems.append(error)
            else:
                done.add(_mark_of(key, contact))
        return problems


def _refuse(problems: Sequence[ConnectorError], done: set[str]) -> None:
    """Refuse where somebody should be tried again, or where nobody got a mail."""
    waiting = [problem for problem in problems if isinstance(problem, UnreachableError)]
    if waiting and done:
        raise ContactsWaitingError(sent=len(done), waiting=len(waiting), left_off=" ".join(sorted(done)))
    if waiting:
        raise waiting[0]
    if not done:
        ours = (problem for problem in problems if isinstance(problem, MailServerRefusesError))
        raise next(ours, ContactsRefusedError(count=len(problems)))


def _tell(parcel: Parcel, link: str, language: str) -> tuple[str, str]:
    """Return the subject and the text: the municipality, the period and the link, and nothing else of the report."""
    _ = translator(language)
    facts = {"municipality": parcel.recipient.name, "period": parcel.period}
    subject = _("%(municipality)s: the report for %(period)s is ready") % facts
    told = (
        _("The report of %(municipality)s for %(period)s is ready. Sign in to open it:") % facts,
        link,
        _("You get this mail because you are a contact for the reports of %(municipality)s.") % facts,
    )
    return subject[:SUBJECT_CHARACTERS], "\n\n".join(told) + "\n"


def _key_of(key: str, contact: Contact) -> str:
    return hashlib.sha256(f"{key}\n{contact.address.strip().casefold()}".encode()).hexdigest()[:40]


def _mark_of(key: str, contact: Contact) -> str:
    """Return what notes that a contact has this mail: short, and nothing that leads back to an address."""
    return _key_of(key, contact)[:8]
