"""Hand reports over: once each, and record the receipt or the failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from sidecar.connectors.base import (
    BusyError,
    Contact,
    Findable,
    Followable,
    Parcel,
    ParcelFile,
    Receipt,
    Recipient,
    ReportDelivery,
    UnreachableError,
)
from sidecar.connectors.over_mail import MailServerBusyError
from sidecar.connectors.registry import BrokenConnectorError
from sidecar.core import audit, contacts, deliveries, delivery_following, outbox, report_definitions
from sidecar.core.access import Viewer
from sidecar.core.connections import Connection
from sidecar.core.deliveries import Delivery, TooLargeError
from sidecar.core.municipalities import Municipality
from sidecar.errors import SidecarError
from sidecar.reports import asking, kept, words
from sidecar.reports.channels import ChannelRemovedError, open_channel
from sidecar.room import NoRoomError, is_no_room
from sidecar.runtime import Sidecar
from sidecar.storage import StorageUnreachableError

log = structlog.get_logger()


@dataclass(frozen=True)
class HandedOver:
    """What came of handing over.

    Attributes:
        arrives_later: the other side will say whether it arrived.
        is_once: the channel was asked first what it has.
    """

    receipt: Receipt
    arrives_later: bool
    is_once: bool


def retry(sidecar: Sidecar, viewer: Viewer, delivery_id: str) -> Delivery:
    """Try a delivery again that failed or was left by a killed process, or at once one that waits.

    Raises:
        NotFoundError: there is none that the viewer may see.
        NotRetryableError: it is delivered, or being delivered.
    """
    with sidecar.transaction() as db:
        delivery = deliveries.find_delivery(db, viewer, delivery_id)
        deliveries.reopen(db, delivery, sidecar.now())
        asking.put(db, delivery, sidecar.now())
        audit.record(db, "delivery.retried", delivery.id, at=sidecar.now(), identity_id=viewer.identity_id)
    return delivery


def hand_over(sidecar: Sidecar, delivery_id: str) -> None:
    """Hand a waiting delivery over, and record the receipt or the failure; no transaction is open meanwhile.

    One that is sent or delivered, or has failed for good, is left alone.

    Raises:
        TryLater: the channel does not answer, or another process is at it.
        GiveUp: it will not be tried again by itself.
    """
    with sidecar.transaction() as db:
        delivery = deliveries.claim(db, delivery_id, sidecar.now())
        if delivery is None:
            return _leave(db, delivery_id)
        connection = db.get_one(Connection, delivery.connection_id)
    connector = connection.connector
    try:
        with sidecar.keep(lambda db, now: deliveries.renew(db, delivery, now), deliveries.LEASE):
            handed = _send(sidecar, delivery, connection)
    except SidecarError as error:
        return _fail(sidecar, delivery, error)
    except Exception as error:  # a stranger's connector may raise anything: it is logged and recorded as a failure
        if is_no_room(error):
            return _fail(sidecar, delivery, NoRoomError())
        log.exception("delivery.broke_off", delivery=delivery.id, connector=connector)
        return _fail(sidecar, delivery, BrokenConnectorError(connector=connector, error=type(error).__name__))
    _record(sidecar, delivery, handed)
    log.info("delivery.handed_over", delivery=delivery.id, connector=connector, rows=delivery.row_count)
    return None


def _leave(db: Session, delivery_id: str) -> None:
    delivery = db.get(Delivery, delivery_id)
    if delivery is None:
        raise outbox.GiveUp("not-found")
    if delivery.state == "delivering":
        raise outbox.TryLater("delivering")


def _send(sidecar: Sidecar, delivery: Delivery, connection: Connection) -> HandedOver:
    """Look whether an attempt that was cut off got through, else deliver."""
    if connection.removed_at:
        raise ChannelRemovedError
    channel = open_channel(sidecar, connection)
    is_findable = isinstance(channel, Findable)
    receipt = channel.find(delivery.channel_key) if isinstance(channel, Findable) else None
    if receipt is None:
        _refuse_too_large(delivery, channel)
        receipt = _deliver(sidecar, delivery, channel)
    return HandedOver(receipt, isinstance(channel, Followable), is_findable)


def _deliver(sidecar: Sidecar, delivery: Delivery, channel: ReportDelivery) -> Receipt:
    """Deliver; note where nobody will know whether an attempt that was not answered got through."""
    try:
        return channel.deliver(_parcel(sidecar, delivery), delivery.channel_key)
    except UnreachableError as error:
        was_answered = isinstance(error, BusyError | MailServerBusyError)
        if not was_answered and not isinstance(channel, Findable):
            with sidecar.transaction() as db:
                deliveries.doubt(db, delivery)
        raise


def _refuse_too_large(delivery: Delivery, channel: ReportDelivery) -> None:
    size, most = sum(file["size_bytes"] for file in delivery.files), channel.most_bytes
    if most is not None and size > most:
        raise TooLargeError(size=_measure(size, up=True), most=_measure(most, up=False))


def _measure(size_bytes: int, *, up: bool) -> str:
    """Write a size in whole units, so that what is larger also reads larger."""
    divisor, unit = next(each for each in ((1_000_000, "MB"), (1000, "kB"), (1, "B")) if size_bytes >= each[0])
    return f"{-(-size_bytes // divisor) if up else size_bytes // divisor} {unit}"


def _parcel(sidecar: Sidecar, delivery: Delivery) -> Parcel:
    with sidecar.reading() as db:
        to = db.get_one(Municipality, delivery.municipality_id)
        defined = report_definitions.defined_of(db, delivery.definition, delivery.definition_version)
        told = contacts.list_addresses(db, to.id, sidecar.today())
        db.expunge_all()
    addresses = tuple(Contact(address, language) for address, language in told)
    files = tuple(
        ParcelFile(
            file["name"], file["media_type"], file["digest"], file["size_bytes"], _reader(sidecar, delivery, file)
        )
        for file in delivery.files
    )
    return Parcel(
        recipient=Recipient(to.org_number, to.slug, to.name, to.language, addresses),
        subject=words.subject(words.title_of(defined, defined.spec.language or to.language), to.name, delivery.period),
        files=files,
        link=f"{sidecar.settings.public_url}/reports/{delivery.id}",
        period=delivery.period,
        left_off=str((delivery.error or {}).get("facts", {}).get("left_off", "")),
    )


def _reader(sidecar: Sidecar, delivery: Delivery, file: dict[str, Any]) -> Callable[[], Iterator[bytes]]:
    def read() -> Iterator[bytes]:
        yield from kept.read(sidecar, delivery, file)  # opened when the first piece is asked for

    return read


def _record(sidecar: Sidecar, delivery: Delivery, handed: HandedOver) -> None:
    with sidecar.transaction() as db:
        now, receipt = sidecar.now(), asdict(handed.receipt)
        later = handed.arrives_later
        deliveries.record_receipt(db, delivery, receipt, now, arrives_later=later, is_once=handed.is_once)
        if later:
            delivery_following.put_next_look(db, delivery, now, now)


def _fail(sidecar: Sidecar, delivery: Delivery, error: SidecarError) -> None:
    final = not isinstance(error, UnreachableError | StorageUnreachableError | NoRoomError)
    with sidecar.transaction() as db:
        deliveries.record_failure(db, delivery, error, final=final)
    log.warning("delivery.not_handed_over", delivery=delivery.id, code=error.code, final=final)
    if final:
        raise outbox.GiveUp(error.code) from error
    wait_s = int(error.facts["wait_s"]) if isinstance(error, BusyError) else 0
    raise outbox.TryLater(error.code, wait=timedelta(seconds=wait_s)) from error
