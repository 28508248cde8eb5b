"""Reports go through the ledger over e-mail, webhook and SvarUt, to real servers; each failure is what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from sidecar import connecting
from sidecar.connecting import add_connection
from sidecar.core.access import operator_at_the_console
from sidecar.core.contacts import Contact
from sidecar.core.deliveries import Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.periods import read_period
from sidecar.jobs import HANDLERS, perform_item
from sidecar.reports import asking
from sidecar.reports.following import follow
from sidecar.runtime import Sidecar
from tests.fakes.mail_server import LATER, REFUSED, MailServer, running_mail_server
from tests.fakes.svarut import FakeSvarUt, running_svarut
from tests.sidecar.connectors.svarut.test_connector import HALF, way_out
from tests.sidecar.connectors.svarut.test_connector import settings as svarut_settings
from tests.sidecar.connectors.test_webhook import OLD, FakeReceiver, running_receiver
from tests.sidecar.reports.world import World

OPERATOR = operator_at_the_console()


@pytest.fixture
def server(sidecar: Sidecar) -> Iterator[MailServer]:
    """A mail server that the installation sends by."""
    with running_mail_server() as running:
        url = f"smtp://127.0.0.1:{running.port}"
        sidecar.settings = replace(sidecar.settings, smtp_url=url, mail_from="Sidecar <sidecar@example.no>")
        yield running


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture
def svarut(sidecar: Sidecar) -> Iterator[FakeSvarUt]:
    with running_svarut() as running:
        sidecar.long_fetch = sidecar.fetch = running.route(way_out())  # type: ignore[assignment]  # a fake's way out
        yield running


@pytest.fixture
def kari(world: World, kongsberg: Municipality) -> None:
    """Somebody completed something in September."""
    employed = world.employ(kongsberg, "1001", "Kari Nordmann")
    fire = world.course("brann", "Brannvern")
    world.complete(world.identity("kari", employed.person_id), fire, datetime(2026, 9, 3, 10, tzinfo=UTC), 0.9)


def _confirm(sidecar: Sidecar, municipality: Municipality, *addresses: str) -> None:
    now = sidecar.now()
    with sidecar.transaction() as db:
        for address in addresses:
            db.add(
                Contact(
                    municipality_id=municipality.id,
                    name="Opplæring",
                    email=address,
                    language="nn",
                    starts_on=sidecar.today(),
                    confirmed_at=now,
                    created_at=now,
                )
            )


def _hand_over(sidecar: Sidecar, municipality: Municipality) -> tuple[Delivery, OutboxItem]:
    """Ask for September once, and do what waits for it."""
    asking.request(sidecar, municipality.id, read_period("2026-09"))
    with sidecar.reading() as db:
        item_id = db.scalars(select(OutboxItem.id).where(OutboxItem.kind == "delivery")).one()
    perform_item(sidecar, item_id, HANDLERS)
    return _read(sidecar)


def _read(sidecar: Sidecar) -> tuple[Delivery, OutboxItem]:
    with sidecar.reading() as db:
        found = (
            db.scalars(select(Delivery)).one(),
            db.scalars(select(OutboxItem).where(OutboxItem.kind == "delivery")).one(),
        )
        db.expunge_all()
        return found


@pytest.mark.usefixtures("kari")
def test_a_contact_gets_a_mail_in_their_language_that_names_nobody(
    sidecar: Sidecar, kongsberg: Municipality, server: MailServer
) -> None:
    added = add_connection(sidecar, OPERATOR, kongsberg.id, "email", {})
    connecting.test_connection(sidecar, OPERATOR, added.id)
    assert server.taken == []
    _confirm(sidecar, kongsberg, "opplaring@kongsberg.example", REFUSED)
    delivery, _ = _hand_over(sidecar, kongsberg)

    assert delivery.state == "delivered"
    assert delivery.receipt is not None
    assert delivery.receipt["details"] == {"sent": "1", "refused": "1"}
    (mail,) = server.taken
    text = mail.get_content()
    assert (mail["To"], mail["Content-Language"]) == ("opplaring@kongsberg.example", "nn")
    assert f"{sidecar.settings.public_url}/reports/{delivery.id}" in text
    assert "2026-09" in text
    assert not any(word in mail.as_string() for word in ("Kari", "Nordmann", "1001", "Brannvern", "0.9", "0,9"))


@pytest.mark.usefixtures("kari")
@pytest.mark.parametrize(
    ("addresses", "state", "code"),
    [
        ((), "failed", "email-no-contact"),
        ((REFUSED,), "failed", "email-contacts-refused"),
        ((LATER,), "waiting", "mail-server-busy"),
        ((LATER, "opplaring@kongsberg.example"), "waiting", "email-contacts-waiting"),
    ],
)
def test_a_mail_that_does_not_arrive_is_tried_again_or_given_up(
    sidecar: Sidecar, kongsberg: Municipality, server: MailServer, addresses: tuple[str, ...], state: str, code: str
) -> None:
    add_connection(sidecar, OPERATOR, kongsberg.id, "email", {})
    _confirm(sidecar, kongsberg, *addresses)
    delivery, _ = _hand_over(sidecar, kongsberg)
    assert (delivery.state, delivery.error_code) == (state, code)
    assert not any(address in str(delivery.error) for address in addresses)


@pytest.mark.usefixtures("kari")
def test_who_has_the_mail_does_not_get_it_again(sidecar: Sidecar, kongsberg: Municipality, server: MailServer) -> None:
    add_connection(sidecar, OPERATOR, kongsberg.id, "email", {})
    _confirm(sidecar, kongsberg, LATER, "opplaring@kongsberg.example")
    _, item = _hand_over(sidecar, kongsberg)
    for _ in range(2):
        with sidecar.transaction() as db:
            db.get_one(OutboxItem, item.id).next_try_at = sidecar.now()
        perform_item(sidecar, item.id, HANDLERS)
    delivery, item = _read(sidecar)
    assert (delivery.state, delivery.error_code, item.attempts) == ("waiting", "email-contacts-waiting", 3)
    assert [mail["To"] for mail in server.taken] == ["opplaring@kongsberg.example"]


@pytest.mark.usefixtures("kari")
def test_without_a_mail_server_it_is_said_what_to_set(sidecar: Sidecar, kongsberg: Municipality) -> None:
    add_connection(sidecar, OPERATOR, kongsberg.id, "email", {})
    _confirm(sidecar, kongsberg, "opplaring@kongsberg.example")
    delivery, _ = _hand_over(sidecar, kongsberg)
    assert (delivery.state, delivery.error_code) == ("failed", "mail-server-missing")


@pytest.mark.usefixtures("kari")
def test_a_webhook_waits_as_long_as_its_receiver_asks(
    sidecar: Sidecar, kongsberg: Municipality, receiver: FakeReceiver
) -> None:
    sidecar.long_fetch = way_out()  # type: ignore[assignment]  # with short limits
    add_connection(sidecar, OPERATOR, kongsberg.id, "webhook", {"url": receiver.url, "secret": OLD})
    receiver.status, receiver.headers = 429, {"Retry-After": "7200"}
    delivery, item = _hand_over(sidecar, kongsberg)
    assert (delivery.state, delivery.error_code) == ("waiting", "webhook-busy")
    assert item.next_try_at >= sidecar.now() + timedelta(hours=2)

    receiver.status = 204
    with sidecar.transaction() as db:
        db.get_one(OutboxItem, item.id).next_try_at = sidecar.now()
    perform_item(sidecar, item.id, HANDLERS)
    assert _read(sidecar)[0].state == "delivered"
    assert len({taken.headers["webhook-id"] for taken in receiver.taken}) == 1
    assert not any(word in taken.body for taken in receiver.taken for word in (b"Kari", b"1001", b"Brannvern"))


@pytest.mark.usefixtures("kari")
@pytest.mark.parametrize(("status", "code"), [(410, "webhook-gone"), (403, "webhook-refused"), (302, "webhook-moved")])
def test_a_webhook_that_is_refused_is_given_up(
    sidecar: Sidecar, kongsberg: Municipality, receiver: FakeReceiver, status: int, code: str
) -> None:
    sidecar.long_fetch = way_out()  # type: ignore[assignment]  # with short limits
    add_connection(sidecar, OPERATOR, kongsberg.id, "webhook", {"url": receiver.url, "secret": OLD})
    receiver.status = status
    delivery, _ = _hand_over(sidecar, kongsberg)
    assert (delivery.state, delivery.error_code) == ("failed", code)


@pytest.mark.usefixtures("kari")
def test_svarut_takes_a_report_and_rejects_it_later(
    sidecar: Sidecar, kongsberg: Municipality, svarut: FakeSvarUt
) -> None:
    add_connection(sidecar, OPERATOR, kongsberg.id, "svarut", svarut_settings())
    delivery, _ = _hand_over(sidecar, kongsberg)
    assert delivery.state == "sent"
    (sent,) = svarut.sent
    assert sent.told["eksternReferanse"] == delivery.channel_key
    assert [len(content) for content in sent.files] == [file["size_bytes"] for file in delivery.files]

    sent.status = "AVVIST"
    follow(sidecar, delivery.id)
    refused, _ = _read(sidecar)
    assert (refused.state, refused.error_code) == ("failed", "refused-later")
    assert "AVVIST" in str(refused.error)


@pytest.mark.usefixtures("kari")
def test_half_an_answer_of_svarut_sends_nothing_twice(
    sidecar: Sidecar, kongsberg: Municipality, svarut: FakeSvarUt
) -> None:
    add_connection(sidecar, OPERATOR, kongsberg.id, "svarut", svarut_settings())
    svarut.after["send"] = [HALF]
    delivery, item = _hand_over(sidecar, kongsberg)
    assert delivery.state == "waiting"
    with sidecar.transaction() as db:
        db.get_one(OutboxItem, item.id).next_try_at = sidecar.now()
    perform_item(sidecar, item.id, HANDLERS)
    assert _read(sidecar)[0].state == "sent"
    assert len(svarut.sent) == 1
