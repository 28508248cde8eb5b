"""Ask for reports: build one, store its files, write the delivery down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from sidecar.core import audit, deliveries, erasures, outbox
from sidecar.core.access import Viewer, for_municipality
from sidecar.core.connections import Connection
from sidecar.core.deliveries import HANDED_OVER, Delivery
from sidecar.core.municipalities import Municipality
from sidecar.core.periods import Period, day_of
from sidecar.core.report_specs import BASIC, Defined
from sidecar.errors import NotFoundError
from sidecar.reports import files, words
from sidecar.reports.build import Built, build
from sidecar.reports.channels import channels_of
from sidecar.reports.files import Kept
from sidecar.reports.workrooms import open_workroom
from sidecar.runtime import Sidecar


def request_for(
    sidecar: Sidecar, viewer: Viewer, municipality_id: str, period: Period, defined: Defined = BASIC
) -> list[Delivery]:
    """Ask for a report on behalf of a person; see `request`. The audit trail says who did."""
    asked = request(sidecar, municipality_id, period, defined)
    with sidecar.transaction() as db:
        who = viewer.identity_id
        audit.record(db, "report.requested", municipality_id, at=sidecar.now(), identity_id=who, period=period.name)
    return asked


def request(sidecar: Sidecar, municipality_id: str, period: Period, defined: Defined = BASIC) -> list[Delivery]:
    """Ask for a municipality's report of a period over each of its channels that the definition goes out by.

    What was asked for before with the same content is not asked for again: that delivery is returned, and tried
    again where it had failed. Where the same report was delivered before with other content, this one corrects it.

    Returns:
        A delivery a channel; none where the municipality has no such channel.

    Raises:
        NotFoundError: there is no such municipality.
        FuturePeriodError: the period has not begun.
        UnknownCourseError: the definition names a course that doesn't exist.
        ErasedMeanwhileError: somebody in it was erased while it was built; ask again.
    """
    with sidecar.reading() as db:
        municipality = db.get(Municipality, municipality_id)
        if municipality is None:
            raise NotFoundError(what="municipality", key=municipality_id)
        channels = [one.id for one in channels_of(db, municipality_id) if goes_out_by(defined, one)]
        db.expunge(municipality)
    order = _Order(sidecar, municipality, defined, period)
    with open_workroom(sidecar) as folder:
        built = order.build(channels, folder)
        return [order.put_down(one, connection_id) for one, connection_id in zip(built, channels, strict=True)]


def goes_out_by(defined: Defined, connection: Connection) -> bool:
    """Tell whether a definition's reports go out by a channel."""
    return not defined.spec.connectors or connection.connector in defined.spec.connectors


@dataclass(frozen=True)
class _Order:
    """A report that was asked for."""

    sidecar: Sidecar
    municipality: Municipality
    defined: Defined
    period: Period

    def build(self, channels: Sequence[str], folder: Path) -> list[Built]:
        """Build the report for each channel; once for all of them where no channel is told anything of its own."""
        is_same = self.defined.spec.kind != "completions" or not self.defined.spec.per_person
        with self.sidecar.reading() as db:
            built = [self._build(db, one, folder) for one in (channels[:1] if is_same else channels)]
        return built * len(channels) if is_same else built

    def _build(self, db: Session, connection_id: str, folder: Path) -> Built:
        viewer, today = for_municipality(self.municipality.id), self.sidecar.today()
        return build(db, viewer, self.municipality, self.defined, self.period, connection_id, today, folder)

    def put_down(self, built: Built, connection_id: str) -> Delivery:
        """Write a report down as a delivery of a channel, unless it is there already, and let it go out."""
        sidecar, org_number = self.sidecar, self.municipality.org_number
        hashed = built.content_hash
        key = deliveries.key_of(self.defined.id, org_number, self.period.name, connection_id, hashed)
        with sidecar.reading() as db:
            known = deliveries.find_by_key(db, key)
            corrected = self._find_corrected(db, connection_id, hashed)
            if known and known.state in HANDED_OVER and corrected:  # it was told otherwise since: told back
                key = deliveries.derive_key(key, f"corrects {corrected.id}")
                known = deliveries.find_by_key(db, key)
            needs_files = known is None or deliveries.needs_files(known)
        kept = self._keep(built, corrected) if needs_files else None
        with sidecar.transaction() as db:
            db.scalar(select(Municipality.id).where(Municipality.id == self.municipality.id).with_for_update())
            delivery = deliveries.find_by_key(db, key)
            if delivery is None:
                self._refuse_outdated(db, built)
                delivery = self._write(connection_id, key, built, kept or self._keep(built, corrected), corrected)
                deliveries.add_delivery(db, delivery, built.items())
            elif delivery.state == "failed":
                self._give_files_back(db, delivery, built, kept)
                deliveries.reopen(db, delivery, sidecar.now())
            elif delivery.state in HANDED_OVER:
                deliveries.note_returned(db, delivery)
            if delivery.state == "waiting":
                put(db, delivery, sidecar.now())
        return delivery

    def _find_corrected(self, db: Session, connection_id: str, hashed: str) -> Delivery | None:
        """Return the newest delivery that told of the same something else; None where there is none."""
        same = (
            Delivery.definition == self.defined.id,
            Delivery.municipality_id == self.municipality.id,
            Delivery.connection_id == connection_id,
            Delivery.period_start == self.period.start,
            Delivery.period_end == self.period.end,
        )
        handed_over = select(Delivery).where(*same, Delivery.state.in_(HANDED_OVER))
        newest = db.scalar(handed_over.order_by(Delivery.created_at.desc(), Delivery.id).limit(1))
        return None if newest is None or newest.content_hash == hashed else newest

    def _keep(self, built: Built, corrected: Delivery | None) -> Kept:
        """Write the report's files and store them."""
        document = replace(built.document, corrects=day_of(corrected.created_at) if corrected else None)
        stem = words.file_stem(self.defined, self.municipality.slug, self.period.name, document.language)
        return files.keep(self.sidecar, document, self.defined.spec.formats, stem)

    def _write(self, connection_id: str, key: str, built: Built, kept: Kept, corrected: Delivery | None) -> Delivery:
        return Delivery(
            key=key,
            definition=self.defined.id,
            definition_version=self.defined.version,
            municipality_id=self.municipality.id,
            connection_id=connection_id,
            period=self.period.name,
            period_start=self.period.start,
            period_end=self.period.end,
            content_hash=built.content_hash,
            row_count=built.document.row_count,
            late_count=built.late_count,
            files=kept.files,
            kept_rows=kept.kept_rows,
            file_key=kept.file_key,
            figures=built.figures,
            corrects_id=corrected.id if corrected else None,
            created_at=self.sidecar.now(),
        )

    def _refuse_outdated(self, db: Session, built: Built) -> None:
        """Keep who was erased while the report was built out of the storage."""
        in_it = (employment_id for employment_id, _ in built.people())
        if erasures.count_erased(db, self.municipality.id, in_it) != built.erased_count:
            raise erasures.ErasedMeanwhileError

    def _give_files_back(self, db: Session, delivery: Delivery, built: Built, kept: Kept | None) -> None:
        """Let a delivery name the files that were made anew, if its own were removed or too large."""
        if kept and deliveries.needs_files(delivery):
            self._refuse_outdated(db, built)
            delivery.files, delivery.kept_rows, delivery.file_key = kept.files, kept.kept_rows, kept.file_key
            delivery.definition_version = self.defined.version
            delivery.files_removed_at = None
            db.flush()


def put(db: Session, delivery: Delivery, now: datetime) -> None:
    """Put a waiting delivery into the outbox, or make it due now where it is there already."""
    if not outbox.put_again(db, "delivery", delivery.id, now=now):
        outbox.put(db, "delivery", delivery.id, key=f"delivery:{delivery.id}:{delivery.attempts}", now=now)
