"""The mails to contacts: to a real server, tried again where that helps, with a final state that people see."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from sidecar.core import contact_codes, contact_mails, contacts
from sidecar.core.access import operator_at_the_console
from sidecar.core.contact_codes import ContactCode
from sidecar.core.contact_mails import ContactMail
from sidecar.core.contacts import Wanted
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import MAX_ATTEMPTS, OutboxItem
from sidecar.jobs import HANDLERS, perform_item
from sidecar.runtime import Sidecar
from tests.fakes.clock import FakeClock
from tests.fakes.mail_server import LATER, REFUSED, MailServer, running_mail_server

OPERATOR = operator_at_the_console()


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running_mail_server() as running:
        yield running


@pytest.fixture
def mailing(sidecar: Sidecar, server: MailServer) -> Sidecar:
    url = f"smtp://127.0.0.1:{server.port}"
    sidecar.settings = replace(sidecar.settings, smtp_url=url, mail_from="Sidecar <sidecar@example.no>")
    return sidecar


def add(sidecar: Sidecar, municipality: Municipality, email: str, language: str = "en") -> tuple[str, str]:
    """Return the ids of a new contact and of the mail to them."""
    wanted = Wanted("Inger Rådgiver", email, "", language, date(2026, 9, 1))
    with sidecar.transaction() as db:
        contact = contacts.add_contact(db, OPERATOR, municipality.id, wanted, sidecar.now())
        return contact.id, contact_mails.put(db, contact, sidecar.now()).id


def work(sidecar: Sidecar, subject: str) -> tuple[str, str | None]:
    """Do the item about a subject once; return its state and code."""
    with sidecar.reading() as db:
        item_id = db.scalars(select(OutboxItem.id).where(OutboxItem.subject == subject)).one()
    perform_item(sidecar, item_id, HANDLERS)
    with sidecar.reading() as db:
        item = db.get_one(OutboxItem, item_id)
        return item.state, item.error_code


def mail_of(sidecar: Sidecar, mail_id: str) -> ContactMail:
    with sidecar.reading() as db:
        return db.get_one(ContactMail, mail_id)


def ask(sidecar: Sidecar, contact_id: str, email: str) -> str:
    """Ask for a code; return its id."""
    with sidecar.transaction() as db:
        contacts.find_contact(db, OPERATOR, contact_id).confirmed_at = sidecar.now()
    with sidecar.transaction() as db:
        key = contact_codes.make_key(db, sidecar.secrets, sidecar.now())
        contact_codes.ask(db, key, email, sidecar.now())
    with sidecar.reading() as db:
        return db.scalars(select(ContactCode.id)).one()


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_mail_to_confirm_arrives_once(
    mailing: Sidecar, server: MailServer, kongsberg: Municipality, language: str
) -> None:
    _, mail_id = add(mailing, kongsberg, "inger@example.no", language)
    assert work(mailing, mail_id) == ("done", None)
    assert work(mailing, mail_id) == ("done", None)
    (taken,) = server.taken
    assert taken["To"] == "inger@example.no"
    assert taken["Content-Language"] == language
    assert "Kongsberg kommune" in taken.get_content()
    assert "Inger" not in taken.as_string()
    mail = mail_of(mailing, mail_id)
    assert (mail.state, mail.error, mail.sent_at) == ("sent", None, mailing.now())
    secret = taken.get_content().split("/reports/confirm#")[1].split()[0]
    with mailing.transaction() as db:
        assert contact_mails.confirm(db, secret, mailing.now()) == "Kongsberg kommune"


def test_a_refused_address_is_told_at_once(mailing: Sidecar, server: MailServer, kongsberg: Municipality) -> None:
    _, mail_id = add(mailing, kongsberg, REFUSED)
    assert work(mailing, mail_id) == ("failed", "recipient-refused")
    mail = mail_of(mailing, mail_id)
    assert (mail.state, mail.error_code) == ("failed", "recipient-refused")
    assert mail.error is not None
    assert mail.error["facts"] == {"status": 550}


def test_what_is_refused_for_now_ends_too(
    mailing: Sidecar, server: MailServer, kongsberg: Municipality, clock: FakeClock
) -> None:
    _, mail_id = add(mailing, kongsberg, LATER)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        state, code = work(mailing, mail_id)
        assert (state, code) == ("waiting" if attempt < MAX_ATTEMPTS else "failed", "mail-refused")
        assert mail_of(mailing, mail_id).state == state
        clock.advance(days=1)


def test_without_a_server_it_is_told(sidecar: Sidecar, kongsberg: Municipality) -> None:
    contact_id, mail_id = add(sidecar, kongsberg, "inger@example.no")
    assert work(sidecar, mail_id) == ("failed", "mail-not-set-up")
    assert mail_of(sidecar, mail_id).state == "failed"
    assert work(sidecar, ask(sidecar, contact_id, "inger@example.no")) == ("failed", "mail-not-set-up")


def test_a_replaced_mail_is_not_sent(mailing: Sidecar, server: MailServer, kongsberg: Municipality) -> None:
    contact_id, old = add(mailing, kongsberg, "inger@example.no")
    with mailing.transaction() as db:
        new = contact_mails.put_again(db, OPERATOR, contact_id, mailing.now()).id
    assert work(mailing, old) == work(mailing, new) == ("done", None)
    assert len(server.taken) == 1
    assert (mail_of(mailing, old).state, mail_of(mailing, new).state) == ("failed", "sent")


def test_a_mail_to_a_removed_contact_is_not_sent(mailing: Sidecar, server: MailServer, kongsberg: Municipality) -> None:
    contact_id, mail_id = add(mailing, kongsberg, "inger@example.no")
    with mailing.transaction() as db:
        contacts.remove_contact(db, OPERATOR, contact_id, mailing.now())
    assert work(mailing, mail_id) == ("done", None)
    assert server.taken == []


def test_a_code_that_comes_late_is_not_sent(
    mailing: Sidecar, server: MailServer, kongsberg: Municipality, clock: FakeClock
) -> None:
    contact_id, _ = add(mailing, kongsberg, LATER)
    code_id = ask(mailing, contact_id, LATER)
    assert work(mailing, code_id) == ("waiting", "mail-refused")
    clock.advance(minutes=10)
    assert work(mailing, code_id) == ("done", None)
    assert server.taken == []
