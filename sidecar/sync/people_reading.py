"""Read a feed of people into a spool; what can't be taken in is set aside and told of by its line, not by its name."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple
from functools import cached_property
from typing import Any, Final

from sidecar.connectors.base import ConnectorError, UnreachableError
from sidecar.connectors.hr_csv_problems import OtherEmployerError
from sidecar.connectors.records import PeopleFeed, PersonRecord, SetAside
from sidecar.core import sync_runs
from sidecar.core.municipalities import Municipality
from sidecar.core.people_sources import Source
from sidecar.runtime import Sidecar
from sidecar.sync.national_ids import national_id_hasher
from sidecar.sync.people_feeds import open_feed
from sidecar.sync.people_records import NAMELESS, email_of, merge, pack, problem_of, storable, text_of
from sidecar.sync.people_spool import INTO_ROW, NUMBERLESS, Spool
from sidecar.sync.running import RunContext

BATCH: Final = 5000
READ_S: Final = 480.0
"""How long a feed may take; a job is stopped soon after that."""

BAD_ROWS: Final = 5
BAD_PERCENT: Final = 5
"""How many rows may be unusable, whichever is more; else the feed is not what it should be."""

MOST_TOLD: Final = 200
DUPLICATE: Final = "people-file-duplicate"


class TooManyBadRowsError(ConnectorError):
    """Of {total} rows, {count} can't be used, so nothing was taken in. See the list of lines, and mend the export."""

    code = "people-feed-bad"


class FeedTooSlowError(UnreachableError):
    """The source took longer than {minutes} minutes to tell its people, so nothing was taken in. It is tried again."""

    code = "people-feed-slow"


def read_into(sidecar: Sidecar, run: RunContext, municipality_id: str, spool: Spool) -> None:
    """Read what a source tells into the spool, and look whether enough of it can be used.

    Raises:
        ConnectorError: the source can't be read, or is too slow, or tells too much that can't be used.
    """
    with sidecar.reading() as db:
        org_number = db.get_one(Municipality, municipality_id).org_number
        file_digest = db.get_one(Source, run.source_id).file_digest
    feed = open_feed(
        sidecar,
        run.connector,
        name=run.run_id,
        mapping=run.mapping,
        cursor=run.cursor,
        org_number=org_number,
        file_digest=file_digest,
    )
    with feed as told:
        reading = Reading(sidecar, run.source_id, spool, told)
        before = run.counts  # by a part whose feed is gone
        reading.read(lambda number: run.note(0, told.total, before | {"read": number}, None))
    remarks = reading.finish()
    if remarks:
        with sidecar.transaction() as db:
            sync_runs.note(db, run.run_id, {"remarks": remarks})
    reading.judge()


def _may_be_anybody(one: SetAside) -> bool:
    """Tell whether a line that was set aside may be that of any of the employees, since it has no usable number."""
    return not one.employee_number and one.code != OtherEmployerError.code


class Reading:
    """One feed being read."""

    def __init__(self, sidecar: Sidecar, source_id: str, spool: Spool, feed: PeopleFeed) -> None:
        """Read a feed of a source into a spool."""
        self._sidecar = sidecar
        self._source_id = source_id
        self._spool = spool
        self._feed = feed
        self._aside: list[SetAside] = []
        self._counts: Counter[str] = Counter()
        self._names = {one.key: one.name for one in feed.units}
        self._ends = time.monotonic() + READ_S

    @cached_property
    def _hashed(self) -> Callable[[str], str]:
        return national_id_hasher(self._sidecar)

    def read(self, tell: Callable[[int], None]) -> None:
        """Read everybody.

        Args:
            tell: gets the number of rows so far, now and then.
        """
        batch: list[tuple[Any, ...]] = []
        for number, record in enumerate(self._feed.people, start=1):
            row = self._row(number, record)
            if row is not None:
                batch.append(row)
            if len(batch) == BATCH:
                self._write(batch)
                batch = []
                tell(number)
                if time.monotonic() > self._ends:
                    raise FeedTooSlowError(minutes=int(READ_S // 60))
        self._write(batch)

    def _row(self, number: int, record: PersonRecord) -> tuple[Any, ...] | None:
        problem = problem_of(record)
        if problem is not None:
            self._aside.append(SetAside(number, problem, record.employee_number if problem == NAMELESS else ""))
            return None
        email, is_kept_out = email_of(record)
        self._counts["emails_kept_out"] += is_kept_out
        hashed = self._hashed if record.national_id else str
        packed = pack(record, email, self._source_id, self._names, hashed)
        text, digest = text_of(packed)
        return (packed[0], digest, packed[1], packed[2], (email or "").lower(), packed[4], packed[5], packed[8], text)

    def _write(self, batch: list[tuple[Any, ...]]) -> None:
        before = self._spool.db.total_changes
        self._spool.write(INTO_ROW, batch)
        if self._spool.db.total_changes - before < len(batch):
            for row in batch:
                self._merge(row)

    def _merge(self, row: tuple[Any, ...]) -> None:
        """Take another row of the same employee for another position; two people under one number are none."""
        number, text = row[0], row[-1]
        kept = self._spool.db.execute("SELECT payload FROM row WHERE number = ?", (number,)).fetchone()
        if kept[0] == text:
            return
        first = json.loads(kept[0])
        if merge(first, json.loads(text)):
            merged, digest = text_of(first)
            query = "UPDATE row SET payload = ?, digest = ?, unit = ?, unit_key = ?, ended_on = ? WHERE number = ?"
            self._spool.db.execute(query, (merged, digest, first[4], first[5], first[8], number))
        else:
            self._aside.append(SetAside(0, DUPLICATE, number))

    def finish(self) -> list[dict[str, int | str]]:
        """Note what goes with the people; return the lines that were set aside, the first ones, with their codes."""
        spool, aside = self._spool, [*self._feed.set_aside, *self._aside]
        self._aside = aside
        spool.write("INSERT OR IGNORE INTO aside VALUES (?)", {(storable(one.employee_number),) for one in aside})
        spool.db.execute("DELETE FROM row WHERE number IN (SELECT number FROM aside)")
        spool.write("INSERT OR IGNORE INTO gone VALUES (?)", ((storable(number),) for number in self._feed.gone))
        self._counts["emails_kept_out"] += spool.mark_shared_emails()
        self._counts["set_aside"] = len(aside)
        units = [[text and storable(text) for text in astuple(one)] for one in self._feed.units]
        spool.note("units", json.dumps(units))
        spool.note("cursor", json.dumps(self._feed.cursor and dict(self._feed.cursor)))
        spool.note("is_full", "yes" if self._feed.is_full else "")
        spool.note(NUMBERLESS, str(sum(map(_may_be_anybody, aside))))
        spool.note("counts", json.dumps(+self._counts))
        return [{"line": one.line, "code": one.code} for one in aside[:MOST_TOLD]]

    @property
    def bad_rows(self) -> int:
        """How many rows can't be used."""
        return len(self._aside)

    @property
    def is_bad(self) -> bool:
        """Tell whether so many can't be used that the feed can't be what it should be."""
        bad, total = self.bad_rows, self._spool.count() + self.bad_rows
        return bool(bad) and (bad > max(BAD_ROWS, total * BAD_PERCENT / 100) or bad == total)

    def judge(self) -> None:
        """Refuse a feed of which too much can't be used.

        Raises:
            TooManyBadRowsError: it can't be what it should be.
        """
        if self.is_bad:
            raise TooManyBadRowsError(count=self.bad_rows, total=self._spool.count() + self.bad_rows)
