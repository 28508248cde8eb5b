"""Hand reports over: ask for a delivery, hand it over once, record the receipt; start the plans that are due."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.connectors.base import Findable, Parcel, ParcelFile, Receipt, Recipient, UnreachableError
from sidecar.connectors.registry import BrokenConnectorError
from sidecar.core import audit, deliveries, erasures, outbox, plans
from sidecar.core.access import Viewer, for_municipality
from sidecar.core.connections import Connection
from sidecar.core.db import JsonValue
from sidecar.core.deliveries import COMPLETIONS, Delivery
from sidecar.core.municipalities import Municipality, list_municipalities
from sidecar.core.periods import Period
from sidecar.errors import NotFoundError, SidecarError
from sidecar.reports.build import build_report
from sidecar.reports.channels import channels_of, open_channel
from sidecar.reports.render import CSV_TYPE, XLSX_TYPE, file_stem, subject, to_csv, to_xlsx
from sidecar.reports.report import Report
from sidecar.runtime import Sidecar
from sidecar.storage import StorageUnreachableError

log = structlog.get_logger()


def request_for(sidecar: Sidecar, viewer: Viewer, municipality_id: str, period: Period) -> list[Delivery]:
    """Ask for a report on behalf of a person; see `request`. The audit trail says who did."""
    asked = request(sidecar, municipality_id, period)
    with sidecar.transaction() as db:
        who = viewer.identity_id
        audit.record(db, "report.requested", municipality_id, at=sidecar.now(), identity_id=who, period=period.name)
    return asked


def request(sidecar: Sidecar, municipality_id: str, period: Period) -> list[Delivery]:
    """Ask for a municipality's report of a period over each of its channels.

    What was asked for before with the same content is not asked for again: that delivery is returned, and tried
    again where it had failed.

    Returns:
        A delivery a channel; none where the municipality has no channel.

    Raises:
        NotFoundError: there is no such municipality.
        FuturePeriodError: the period has not begun.
        ErasedMeanwhileError: somebody in it was erased while it was built; ask again.
    """
    with sidecar.reading() as db:
        municipality = db.get(Municipality, municipality_id)
        if municipality is None:
            raise NotFoundError(what="municipality", key=municipality_id)
        channels = channels_of(db, municipality_id)
        viewer = for_municipality(municipality_id)
        today = sidecar.today()
        reports = [(one.id, build_report(db, viewer, municipality, period, one.id, today)) for one in channels]
    return [_request_one(sidecar, municipality, report, connection_id) for connection_id, report in reports]


def _request_one(sidecar: Sidecar, municipality: Municipality, report: Report, connection_id: str) -> Delivery:
    hashed = report.content_hash()
    key = deliveries.key_of(COMPLETIONS, municipality.org_number, report.period.name, connection_id, hashed)
    with sidecar.reading() as db:
        known = deliveries.find_by_key(db, key)
        needs_files = known is None or known.files_removed_at is not None
    files = _store_files(sidecar, report, municipality) if needs_files else []
    with sidecar.transaction() as db:
        db.scalar(select(Municipality.id).where(Municipality.id == municipality.id).with_for_update())
        delivery = deliveries.find_by_key(db, key)
        if delivery is None:
            _refuse_outdated(db, report)
            delivery = _write(db, report, connection_id, key, hashed, files, sidecar.now())
        elif delivery.state == "failed":
            _give_files_back(db, delivery, files)
            deliveries.reopen(db, delivery, sidecar.now())
        if delivery.state == "waiting":
            _put(db, delivery, sidecar.now())
    return delivery


def _give_files_back(db: Session, delivery: Delivery, files: list[JsonValue]) -> None:
    """Let a delivery name the files that were made anew, if its own were removed."""
    if delivery.files_removed_at and files:
        delivery.files, delivery.files_removed_at = files, None
        db.flush()


def _refuse_outdated(db: Session, report: Report) -> None:
    """Keep who was erased while the report was built out of the storage."""
    in_it = (employment_id for _, employment_id in report.items)
    if erasures.count_erased(db, report.municipality_id, in_it) != report.erased_count:
        raise erasures.ErasedMeanwhileError


def _store_files(sidecar: Sidecar, report: Report, municipality: Municipality) -> list[JsonValue]:
    language = municipality.language
    stem = file_stem(report, municipality.slug, language)
    rendered = (
        (f"{stem}.csv", CSV_TYPE, to_csv(report, language)),
        (f"{stem}.xlsx", XLSX_TYPE, to_xlsx(report, language)),
    )
    return [
        {"name": name, "media_type": media_type} | asdict(sidecar.storage.put([content]))
        for name, media_type, content in rendered
    ]


def _write(
    db: Session, report: Report, connection_id: str, key: str, hashed: str, files: list[JsonValue], now: datetime
) -> Delivery:
    delivery = Delivery(
        key=key,
        municipality_id=report.municipality_id,
        connection_id=connection_id,
        period=report.period.name,
        period_start=report.period.start,
        period_end=report.period.end,
        content_hash=hashed,
        row_count=len(report.rows),
        late_count=report.late_count,
        files=files,
        created_at=now,
    )
    deliveries.add_delivery(db, delivery, report.items)
    return delivery


def _put(db: Session, delivery: Delivery, now: datetime) -> None:
    """Put a waiting delivery into the outbox, or make it due now where it is there already."""
    if not outbox.put_again(db, "delivery", delivery.id, now=now):
        outbox.put(db, "delivery", delivery.id, key=f"delivery:{delivery.id}:{delivery.attempts}", now=now)


def retry(sidecar: Sidecar, viewer: Viewer, delivery_id: str) -> Delivery:
    """Try a delivery again that failed or was left by a killed process, or at once one that waits.

    Raises:
        NotFoundError: there is none that the viewer may see.
        NotRetryableError: it is delivered, or being delivered.
    """
    with sidecar.transaction() as db:
        delivery = deliveries.find_delivery(db, viewer, delivery_id)
        deliveries.reopen(db, delivery, sidecar.now())
        _put(db, delivery, sidecar.now())
        audit.record(db, "delivery.retried", delivery.id, at=sidecar.now(), identity_id=viewer.identity_id)
    return delivery


def hand_over(sidecar: Sidecar, delivery_id: str) -> None:
    """Hand a waiting delivery over, and record the receipt or the failure; no transaction is open meanwhile.

    One that is delivered, or has failed for good, is left alone.

    Raises:
        TryLater: the channel does not answer, or another process is at it.
        GiveUp: it will not be tried again by itself.
    """
    with sidecar.transaction() as db:
        delivery = deliveries.claim(db, delivery_id, sidecar.now())
        if delivery is None:
            return _leave(db, delivery_id)
        connection = db.get_one(Connection, delivery.connection_id)
        municipality = db.get_one(Municipality, delivery.municipality_id)
    try:
        with sidecar.keep(lambda db, now: deliveries.renew(db, delivery, now), deliveries.LEASE):
            receipt = _send(sidecar, delivery, connection, municipality)
    except SidecarError as error:
        return _fail(sidecar, delivery, error)
    except Exception as error:  # a stranger's connector may raise anything: it is logged and recorded as a failure
        log.exception("delivery.broke_off", delivery=delivery.id, connector=connection.connector)
        broken = BrokenConnectorError(connector=connection.connector, error=type(error).__name__)
        return _fail(sidecar, delivery, broken)
    with sidecar.transaction() as db:
        deliveries.record_receipt(db, delivery, asdict(receipt), sidecar.now())
    log.info("delivery.handed_over", delivery=delivery.id, connector=connection.connector, rows=delivery.row_count)
    return None


def _leave(db: Session, delivery_id: str) -> None:
    delivery = db.get(Delivery, delivery_id)
    if delivery is None:
        raise outbox.GiveUp("not-found")
    if delivery.state == "delivering":
        raise outbox.TryLater("delivering")


def _send(sidecar: Sidecar, delivery: Delivery, connection: Connection, municipality: Municipality) -> Receipt:
    """Look whether an attempt that was cut off got through, else deliver."""
    if connection.removed_at:
        raise NotFoundError(what="connection", key=connection.id)
    channel = open_channel(sidecar, connection)
    known = channel.find(delivery.key) if isinstance(channel, Findable) else None
    return known or channel.deliver(_parcel(sidecar, delivery, municipality), delivery.key)


def _parcel(sidecar: Sidecar, delivery: Delivery, municipality: Municipality) -> Parcel:
    language = municipality.language
    recipient = Recipient(municipality.org_number, municipality.slug, municipality.name, language)
    files = tuple(
        ParcelFile(
            file["name"], file["media_type"], file["digest"], file["size_bytes"], _reader(sidecar, file["digest"])
        )
        for file in delivery.files
    )
    return Parcel(recipient, subject(municipality.name, delivery.period, language), files)


def _reader(sidecar: Sidecar, digest: str) -> Callable[[], Iterator[bytes]]:
    def read() -> Iterator[bytes]:
        yield from sidecar.storage.stream(digest)  # opened when the first piece is asked for

    return read


def _fail(sidecar: Sidecar, delivery: Delivery, error: SidecarError) -> None:
    final = not isinstance(error, UnreachableError | StorageUnreachableError)
    with sidecar.transaction() as db:
        deliveries.record_failure(db, delivery, error, final=final)
    log.warning("delivery.not_handed_over", delivery=delivery.id, code=error.code, final=final)
    raise (outbox.GiveUp if final else outbox.TryLater)(error.code) from error


def start_due_plans(sidecar: Sidecar) -> int:
    """Put every plan that is due into the outbox, once for each due time, those of a stop too; return how many."""
    with sidecar.transaction() as db:
        plans.ensure_default_plan(db, sidecar.now())
        runs = plans.take_due(db, sidecar.now())
        for run in runs:
            subject_of_run = f"{run.plan_id}:{run.due_at.isoformat()}"
            outbox.put(db, "plan", subject_of_run, key=f"plan:{subject_of_run}", now=sidecar.now())
    return len(runs)


def run_plan(sidecar: Sidecar, subject_of_run: str) -> None:
    """Ask for the reports of one due time, for every municipality that has a channel.

    Args:
        subject_of_run: plan id, colon, due time in ISO 8601.

    Raises:
        TryLater: it did not work for a municipality; the others have theirs.
    """
    _, due_at = subject_of_run.split(":", 1)
    period = plans.period_of(datetime.fromisoformat(due_at))
    with sidecar.reading() as db:
        municipality_ids = [one.id for one in list_municipalities(db)]
    failed = [error for error in (_try_request(sidecar, one, period) for one in municipality_ids) if error]
    if failed:
        raise outbox.TryLater(failed[0].code)


def _try_request(sidecar: Sidecar, municipality_id: str, period: Period) -> SidecarError | None:
    """Ask for one municipality's report; what fails is logged and returned, so that the others still get theirs."""
    try:
        request(sidecar, municipality_id, period)
    except SidecarError as error:
        log.warning("report.not_requested", municipality=municipality_id, code=error.code)
        return error
    return None
