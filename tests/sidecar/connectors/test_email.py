"""Contacts get a mail with a link and nothing of anybody, over a real mail server that takes, puts off and refuses."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from sidecar.connectors.base import (
    Contact,
    MisconfiguredError,
    Parcel,
    RefusedError,
    RejectedError,
    ReportDelivery,
    UnreachableError,
    set_up,
)
from sidecar.connectors.contract import CONTACT, CSV, KEY, LINK, XLSX, ReportDeliveryContract, make_parcel
from sidecar.connectors.email import (
    ContactsRefusedError,
    ContactsWaitingError,
    Email,
    NoContactError,
    NoPageError,
)
from sidecar.connectors.over_mail import (
    MailServerBusyError,
    MailServerMissingError,
    MailServerRefusesError,
    MailServerSilentError,
    NoPostError,
)
from sidecar.language import LANGUAGES, translator
from sidecar.post_office import PostOffice
from sidecar.settings import Settings, read_settings
from tests.fakes.clock import FakeClock
from tests.fakes.mail_server import LATER, REFUSED, MailServer, running_mail_server
from tests.fakes.ports import free_port

OTHER = Contact("opplaring@kongsberg.example", "en")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running_mail_server() as running:
        yield running


def settings_for(port: int) -> Settings:
    return read_settings(
        {
            "SIDECAR_PUBLIC_URL": "https://sidecar.example.no",
            "SIDECAR_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "SIDECAR_MAIL_FROM": "Sidecar <sidecar@example.no>",
        }
    )


def open_email(port: int, clock: FakeClock) -> Email:
    return set_up(Email, {}).post_by(PostOffice(settings_for(port), clock))


def to(*contacts: Contact) -> Parcel:
    parcel = make_parcel(CSV, XLSX)
    return replace(parcel, recipient=replace(parcel.recipient, contacts=contacts))


class TestEmail(ReportDeliveryContract):
    carries_files = False

    @pytest.fixture(autouse=True)
    def _server(self, server: MailServer, clock: FakeClock) -> None:
        self.server, self.clock = server, clock

    def channel(self) -> ReportDelivery:
        return open_email(self.server.port, self.clock)

    def arrived(self) -> Sequence[bytes]:
        return list({mail["Message-ID"]: mail.as_bytes() for mail in self.server.taken}.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_says_only_where_and_for_whom(server: MailServer, clock: FakeClock, language: str) -> None:
    receipt = open_email(server.port, clock).deliver(to(Contact("a@kongsberg.example", language)), KEY)
    (mail,) = server.taken
    _, facts = translator(language), {"municipality": "Kongsberg kommune", "period": "2026-09"}
    assert (mail["To"], mail["Content-Language"]) == ("a@kongsberg.example", language)
    assert mail["Subject"] == _("%(municipality)s: the report for %(period)s is ready") % facts
    assert [line for line in mail.get_content().splitlines() if line] == [
        _("The report of %(municipality)s for %(period)s is ready. Sign in to open it:") % facts,
        LINK,
        _("You get this mail because you are a contact for the reports of %(municipality)s.") % facts,
    ]
    assert (receipt.reference, dict(receipt.details)) == (KEY[:32], {"sent": "1", "refused": "0"})


def test_each_contact_is_written_to_alone_in_their_language(server: MailServer, clock: FakeClock) -> None:
    open_email(server.port, clock).deliver(to(CONTACT, OTHER, Contact("c@kongsberg.example", "xx")), KEY)
    assert [(mail["To"], mail["Content-Language"]) for mail in server.taken] == [
        (CONTACT.address, "nb"),
        (OTHER.address, "en"),
        ("c@kongsberg.example", "nb"),
    ]
    assert len({mail["Message-ID"] for mail in server.taken}) == 3


def test_a_repetition_has_the_same_message_id(server: MailServer, clock: FakeClock) -> None:
    for _ in range(2):
        open_email(server.port, clock).deliver(to(CONTACT), KEY)
        clock.advance(hours=1)
    first, second = server.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert CONTACT.address not in first["Message-ID"]


def test_nobody_to_write_to_is_said_clearly(server: MailServer, clock: FakeClock) -> None:
    with pytest.raises(NoContactError, match="add one"):
        open_email(server.port, clock).deliver(to(), KEY)
    with pytest.raises(NoPageError):
        open_email(server.port, clock).deliver(replace(make_parcel(), link=None), KEY)
    assert server.taken == []


def test_an_address_that_is_refused_keeps_nobody_else_from_theirs(server: MailServer, clock: FakeClock) -> None:
    receipt = open_email(server.port, clock).deliver(to(Contact(REFUSED, "nb"), CONTACT, Contact("no", "nb")), KEY)
    assert [mail["To"] for mail in server.taken] == [CONTACT.address]
    assert dict(receipt.details) == {"sent": "1", "refused": "2"}


def test_where_all_are_refused_it_is_given_up(server: MailServer, clock: FakeClock) -> None:
    with pytest.raises(ContactsRefusedError, match="none of the 1") as refused:
        open_email(server.port, clock).deliver(to(Contact(REFUSED, "nb")), KEY)
    assert isinstance(refused.value, RejectedError)
    assert REFUSED not in str(refused.value)


def test_an_address_that_is_put_off_is_tried_again(server: MailServer, clock: FakeClock) -> None:
    with pytest.raises(MailServerBusyError, match="452"):
        open_email(server.port, clock).deliver(to(Contact(LATER, "nb")), KEY)
    with pytest.raises(ContactsWaitingError) as waiting:
        open_email(server.port, clock).deliver(to(Contact(LATER, "nb"), CONTACT, Contact(REFUSED, "nb")), KEY)
    assert isinstance(waiting.value, UnreachableError)
    assert (waiting.value.facts["sent"], waiting.value.facts["waiting"]) == (1, 1)
    assert [mail["To"] for mail in server.taken] == [CONTACT.address]


def test_who_has_the_mail_does_not_get_it_again_with_those_who_wait(server: MailServer, clock: FakeClock) -> None:
    left_off = ""
    for contacts in ((Contact(LATER, "nb"), CONTACT), (Contact(LATER, "nb"), CONTACT, OTHER)):
        with pytest.raises(ContactsWaitingError) as waiting:
            open_email(server.port, clock).deliver(replace(to(*contacts), left_off=left_off), KEY)
        left_off = str(waiting.value.facts["left_off"])
        assert "@" not in left_off
    with pytest.raises(ContactsWaitingError) as silent:
        open_email(free_port(), clock).deliver(replace(to(Contact(LATER, "nb"), CONTACT), left_off=left_off), KEY)
    assert silent.value.facts["left_off"] == left_off
    receipt = open_email(server.port, clock).deliver(replace(to(CONTACT, OTHER), left_off=left_off), KEY)
    assert [mail["To"] for mail in server.taken] == [CONTACT.address, OTHER.address]
    assert dict(receipt.details) == {"sent": "2", "refused": "0"}


@pytest.mark.parametrize(
    ("answer", "kind"), [("451 later", MailServerBusyError), ("554 this is spam", MailServerRefusesError)]
)
def test_a_mail_that_is_not_taken(
    server: MailServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, answer: str, kind: type[Exception]
) -> None:
    async def refuse(*_: object) -> str:
        return answer

    monkeypatch.setattr(server, "handle_DATA", refuse, raising=False)
    with pytest.raises(kind, match=answer[:3]):
        open_email(server.port, clock).deliver(to(CONTACT, OTHER), KEY)


def test_a_dead_mail_server_is_tried_once_and_again_later(clock: FakeClock) -> None:
    channel = open_email(free_port(), clock)
    for step in (channel.check, lambda: channel.deliver(to(CONTACT, OTHER), KEY)):
        with pytest.raises(MailServerSilentError):
            step()


def test_a_mail_server_that_dies_in_between_leaves_the_rest_for_later(clock: FakeClock) -> None:
    class Dying:
        tried = 0

        def __call__(self, **_: str) -> None:
            self.tried += 1
            if self.tried > 1:
                raise MailServerSilentError

        def try_out(self) -> None:
            pass

    post = Dying()
    with pytest.raises(ContactsWaitingError) as waiting:
        set_up(Email, {}).post_by(post).deliver(to(CONTACT, OTHER, Contact("c@kongsberg.example", "nb")), KEY)
    assert (post.tried, waiting.value.facts["sent"], waiting.value.facts["waiting"]) == (2, 1, 2)


def test_without_a_mail_server_the_setting_is_named(clock: FakeClock) -> None:
    settings = replace(settings_for(25), smtp_url=None)
    channel = set_up(Email, {}).post_by(PostOffice(settings, clock))
    for step in (channel.check, lambda: channel.deliver(to(CONTACT), KEY)):
        with pytest.raises(MailServerMissingError, match="SIDECAR_SMTP_URL") as missing:
            step()
        assert isinstance(missing.value, MisconfiguredError)


def test_an_untrusted_mail_server_gets_nothing(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ssl.SSLCertVerificationError

    monkeypatch.setattr("sidecar.smtp.smtplib.SMTP", refuse)
    with pytest.raises(MailServerRefusesError, match="TLS") as refused:
        open_email(25, clock).check()
    assert isinstance(refused.value, RefusedError)


def test_a_connection_that_was_not_opened_has_no_way_out() -> None:
    with pytest.raises(NoPostError):
        set_up(Email, {}).deliver(to(CONTACT), KEY)
