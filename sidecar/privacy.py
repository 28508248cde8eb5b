"""Give people what is kept about them, and erase them; the use case behind pages and commands."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import access_log, audit, erasures, outbox, retention
from sidecar.core.access import Viewer
from sidecar.core.data_subjects import DataSubject, of_key
from sidecar.core.db import empty_write_ahead_log
from sidecar.core.deliveries import Delivery
from sidecar.core.erasures import Erasure, Holding
from sidecar.core.kept_files import is_named, list_stored
from sidecar.core.municipalities import Municipality
from sidecar.core.personal_data import SECTIONS, list_section
from sidecar.errors import NotAllowedError, NotFoundError
from sidecar.reports import rewriting
from sidecar.reports.files import Kept
from sidecar.runtime import Sidecar

KIND = "erasure"
"""The kind of an outbox item that takes a file away; its subject is the file's digest."""

FORMAT = "laeringslop-person"
FORMAT_VERSION = 1
ATTEMPTS = 3

log = structlog.get_logger()


@dataclass(frozen=True)
class DeliveredReport:
    """A report that an erased person stands in, which its municipality has: we can't reach it there."""

    delivery_id: str
    municipality: str
    period: str
    delivered_at: datetime | None
    reference: str | None


@dataclass(frozen=True)
class Receipt:
    """What an erasure did. `delivered`: the reports in which the municipality must see to the person itself."""

    erasure_id: str
    subject_id: str
    erased_at: datetime
    delivered: Sequence[DeliveredReport]


@dataclass(frozen=True)
class _Rewritten:
    """What a delivery keeps in the storage, and what it shall keep instead; None where the person is not in it."""

    delivery_id: str
    old: set[str]
    new: Kept | None


def export(sidecar: Sidecar, viewer: Viewer, subject: DataSubject) -> Iterator[str]:
    """Yield what is kept of a person as `export_own` does; the access log is written before the first piece leaves."""
    with sidecar.transaction() as db:
        note_look(db, viewer, "export", subject, sidecar.now())
    return export_own(sidecar, subject)


def export_own(sidecar: Sidecar, subject: DataSubject) -> Iterator[str]:
    """Yield everything that is kept of a person, as one JSON object in pieces; `docs/privacy.md` describes it."""
    head = {"format": FORMAT, "version": FORMAT_VERSION, "made_at": sidecar.now(), "complete": subject.is_whole}
    yield _json(head)[:-1]
    with sidecar.reading() as db:
        for section in SECTIONS:
            yield f',\n"{section.name}": ['
            for number, entry in enumerate(list_section(db, subject, section.name)):
                yield (",\n" if number else "\n") + _json(entry)
            yield "]"
    yield "}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def note_look(db: Session, viewer: Viewer, what: access_log.What, subject: DataSubject, now: datetime) -> None:
    """Write into the access log that somebody has seen a person over all employments the viewer sees."""
    for municipality_id in subject.municipality_ids or ("",):
        access_log.record(db, viewer, what, [subject.id], municipality_id=municipality_id, now=now)


def periods_of(db: Session, subject: DataSubject) -> retention.Periods:
    """Return the longest periods that any of a person's employers has, which are the ones that hold."""
    found = [retention.periods_of(db, one) for one in subject.municipality_ids] or [retention.DEFAULTS]
    return retention.Periods(
        attempts_days=max(one.attempts_days for one in found),
        report_files_days=max(one.report_files_days for one in found),
    )


def may_erase(viewer: Viewer, subject: DataSubject) -> bool:
    """Tell whether a viewer may erase a person: an operator, or the RKK of every municipality that employs them."""
    if viewer.everything:
        return True
    employers = frozenset(subject.municipality_ids)
    return subject.is_whole and bool(employers) and employers <= viewer.rkk_for


def preview(sidecar: Sidecar, viewer: Viewer, subject: DataSubject) -> Holding:
    """Count what an erasure would be about.

    Raises:
        NotAllowedError: the viewer may not erase the person.
    """
    _refuse_others(viewer, subject)
    with sidecar.reading() as db:
        return erasures.count_holding(db, subject)


def erase(sidecar: Sidecar, viewer: Viewer, subject: DataSubject) -> Receipt:
    """Erase a person: rows in one transaction, then the old files through the outbox. A second time changes nothing.

    Raises:
        NotAllowedError: the viewer may not.
        ErasedMeanwhileError: reports of the person were made all the while; try again.
    """
    _refuse_others(viewer, subject)
    for _ in range(ATTEMPTS):
        rewritten = _rewrite(sidecar, viewer, subject)
        if _erase_rows(sidecar, viewer, subject, rewritten):
            empty_write_ahead_log(sidecar.engine)
            return find_receipt(sidecar, viewer, subject)
        with sidecar.reading() as db:
            subject = of_key(db, viewer, subject.id)
    raise erasures.ErasedMeanwhileError


def _refuse_others(viewer: Viewer, subject: DataSubject) -> None:
    if not may_erase(viewer, subject):
        raise NotAllowedError


def _rewrite(sidecar: Sidecar, viewer: Viewer, subject: DataSubject) -> list[_Rewritten]:
    """Store the kept files that name the person anew; nothing names the new ones yet."""
    with sidecar.reading() as db:
        units = erasures.kept_units(db, viewer, subject)
        stand_in = {one.id for one in erasures.list_deliveries(db, subject)}
        found = list(erasures.list_with_files(db, subject))
        db.expunge_all()
    return [_Rewritten(one.id, list_stored(one), _rewrite_one(sidecar, one, units, stand_in)) for one in found]


def _rewrite_one(
    sidecar: Sidecar, delivery: Delivery, units: Mapping[str, str], stand_in: Collection[str]
) -> Kept | None:
    """Return what a delivery shall keep; one that keeps no rows to write its files from loses them."""
    if delivery.kept_rows:
        return rewriting.rewrite_files(sidecar, delivery, units)
    return rewriting.NOTHING if delivery.id in stand_in else None


def _erase_rows(sidecar: Sidecar, viewer: Viewer, subject: DataSubject, rewritten: Sequence[_Rewritten]) -> bool:
    """Make the tombstone, swap the files and ask for the old ones' removal; False where a report came in between."""
    now, by = sidecar.now(), viewer.identity_id
    with sidecar.transaction() as db:
        erasures.lock(db, subject)
        if erasures.find_erasure(db, subject.id):
            return True
        if of_key(db, viewer, subject.id) != subject or not _swap_files(db, subject, rewritten, now):
            return False
        holding = erasures.count_holding(db, subject)
        for digest in erasures.list_documents(db, subject):
            outbox.put(db, KIND, digest, key=f"{KIND}:{subject.id}:{digest}", now=now)
        erasures.erase(db, subject, now=now, by=by)
        audit.record(db, "person.erased", subject.id, at=now, identity_id=by, **vars(holding))
    log.info("person.erased", erased=subject.id)
    return True


def _swap_files(db: Session, subject: DataSubject, rewritten: Sequence[_Rewritten], now: datetime) -> bool:
    standing = erasures.list_with_files(db, subject)
    if {one.id: list_stored(one) for one in standing} != {one.delivery_id: one.old for one in rewritten}:
        return False
    for delivery, one in zip(standing, rewritten, strict=True):
        if one.new is None:
            continue
        delivery.files, delivery.kept_rows, delivery.file_key = one.new.files, one.new.kept_rows, one.new.file_key
        delivery.rewritten_at = now
        for digest in one.old - list_stored(delivery):
            outbox.put(db, KIND, digest, key=f"{KIND}:{delivery.id}:{digest}", now=now)
    db.flush()
    return True


def remove_file(sidecar: Sidecar, digest: str) -> None:
    """Take an old file of a report, or a document of the erased, away once no row names it (the outbox calls this).

    Raises:
        TryLater: a delivery that may still read it is under way.
    """
    with sidecar.reading() as db:
        reads = Delivery.state == "delivering", Delivery.rewritten_at.is_not(None)
        if db.scalar(select(Delivery.id).where(*reads).limit(1)):
            raise outbox.TryLater("delivering")
        is_kept = is_named(db, digest)
    if not is_kept:
        sidecar.storage.remove(digest)
    empty_write_ahead_log(sidecar.engine)


def find_receipt(sidecar: Sidecar, viewer: Viewer, subject: DataSubject) -> Receipt:
    """Return what the register and the ledger say of an erased person.

    Raises:
        NotFoundError: they are not erased.
        NotAllowedError: the viewer may not have erased them.
    """
    _refuse_others(viewer, subject)
    with sidecar.reading() as db:
        entry = erasures.find_erasure(db, subject.id)
        if entry is None:
            raise NotFoundError(what="erasure", key=subject.id)
        names = {one.id: one.name for one in db.scalars(select(Municipality))}
        delivered = [
            DeliveredReport(
                one.id,
                names[one.municipality_id],
                one.period,
                one.delivered_at,
                one.receipt["reference"] if one.receipt else None,
            )
            for one in erasures.list_deliveries(db, subject)
            if one.delivered_at is not None
        ]
        delivered.sort(key=lambda one: (one.municipality, one.period, one.delivery_id))
        return Receipt(entry.id, entry.subject_id, entry.erased_at, delivered)


def list_register(sidecar: Sidecar) -> list[Erasure]:
    """Return the register of erasures, the oldest entry first."""
    with sidecar.reading() as db:
        found = list(erasures.list_register(db))
        db.expunge_all()
    return found
