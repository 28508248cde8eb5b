"""Say what a source's next run would change, and change nothing: before the first run, and whenever somebody asks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sidecar.connectors.hr_csv import HrCsv
from sidecar.connectors.hr_csv_problems import PeopleFileRefusedError
from sidecar.connectors.hr_files import Headings, headings_of
from sidecar.connectors.hr_upload import HrUpload
from sidecar.connectors.records import SetAside
from sidecar.core import quarantine
from sidecar.core.access import Viewer
from sidecar.core.db import new_id
from sidecar.core.people_sources import COMPLETIONS
from sidecar.core.sources import SourceLine, find_source_to_keep
from sidecar.errors import SidecarError
from sidecar.outside import open_connection
from sidecar.runtime import Sidecar
from sidecar.sync.people_feeds import NoPeopleSourceError, copied_file, open_feed
from sidecar.sync.people_quarantine import asks_first, compare, is_rejected
from sidecar.sync.people_reading import Reading
from sidecar.sync.people_spool import PREVIEW, Spool, open_spool

SAMPLE: Final = 5


class NoPreviewError(SidecarError):
    """Completions have no preview. Run the source: it adds what is new, and asks you before it takes many away."""

    code = "source-no-preview"


@dataclass(frozen=True)
class SampleRow:
    """One employee of a feed, as it would be taken in."""

    employee_number: str
    first_name: str
    last_name: str
    email: str
    unit: str
    position: str


@dataclass(frozen=True)
class Preview:
    """What a run would do.

    Attributes:
        columns: what stands above the columns of a file, with what each means; None where it is no file.
        rows: employees that can be taken in.
        would_replace: employee numbers that would stand for somebody with another name.
        would_rename: employees who would get another first or last name.
        would_return: employees who had left.
        would_earlier: employees whose first day would move back by more than a month.
        set_aside: lines that can't be used, the first ones; `bad_rows` counts all.
        asks_first: so much would end, move or come back that somebody would be asked.
        refused: there are too many of them, so the run would fail.
        rejected: it is what somebody was asked about and turned down, so the run would fail.
        kept_back: employees who are missing and don't leave, since they may stand on lines without a number.
    """

    columns: Headings | None
    rows: int
    would_add: int
    would_change: int
    would_end: int
    would_move: int
    would_replace: int
    would_rename: int
    would_return: int
    would_earlier: int
    unchanged: int
    emails_kept_out: int
    bad_rows: int
    set_aside: Sequence[SetAside]
    sample: Sequence[SampleRow]
    asks_first: bool
    refused: bool
    rejected: bool
    kept_back: int


def preview(
    sidecar: Sidecar,
    viewer: Viewer,
    source_id: str,
    *,
    mapping: Mapping[str, Any] | None = None,
    file_digest: str | None = None,
) -> Preview:
    """Read a source and compare it with what is known.

    Args:
        mapping: to be tried instead of the one that is kept.
        file_digest: of an uploaded file to be tried.

    Raises:
        ConnectorError: it can't be read.
        NoPreviewError: it tells of completions.
        NotFoundError: there is no such source that the viewer may see.
    """
    with sidecar.reading() as db:
        line = find_source_to_keep(db, viewer, source_id)
        db.expunge_all()
    if line.source.kind == COMPLETIONS:
        raise NoPreviewError
    if line.municipality is None:
        raise NoPeopleSourceError
    org_number, municipality_id = line.municipality.org_number, line.municipality.id
    chosen = line.source.mapping or {} if mapping is None else mapping
    name = f"{PREVIEW}{new_id()}"
    spool = open_spool(sidecar.settings.data, name)
    digest = file_digest or line.source.file_digest
    opened = open_feed(
        sidecar,
        open_connection(sidecar, line.connection),
        name=name,
        mapping=chosen,
        cursor=None,
        org_number=org_number,
        file_digest=digest,
    )
    try:
        with opened as feed:
            reading = Reading(sidecar, line.source.id, spool, feed)
            reading.read(lambda _: None)
        remarks = reading.finish()
        compare(sidecar, municipality_id, line.source.id, spool)
        return _preview(line, spool, reading, remarks, columns_of(sidecar, line, chosen, digest))
    finally:
        spool.remove()


def _preview(
    line: SourceLine, spool: Spool, reading: Reading, remarks: list[dict[str, Any]], columns: Headings | None
) -> Preview:
    kinds: dict[str, int] = dict(spool.db.execute("SELECT kind, count(*) FROM change GROUP BY kind").fetchall())
    both = "SELECT count(*) FROM row JOIN known USING (number) WHERE known.digest IS"
    counts = json.loads(spool.fact("counts") or "{}")
    return Preview(
        columns=columns,
        rows=spool.count(),
        would_add=spool.number("SELECT count(*) FROM row WHERE number NOT IN (SELECT number FROM known)"),
        would_change=spool.number(f"{both} NOT row.digest AND known.is_free"),
        would_end=kinds.get(quarantine.END, 0),
        would_move=kinds.get(quarantine.MOVE, 0),
        would_replace=kinds.get(quarantine.REPLACE, 0),
        would_rename=kinds.get(quarantine.RENAME, 0),
        would_return=kinds.get(quarantine.RETURN, 0),
        would_earlier=kinds.get(quarantine.EARLIER, 0),
        unchanged=spool.number(f"{both} row.digest"),
        emails_kept_out=counts.get("emails_kept_out", 0),
        bad_rows=reading.bad_rows,
        set_aside=[SetAside(int(one["line"]), str(one["code"])) for one in remarks],
        sample=list(_sample(spool)),
        asks_first=asks_first(spool, line.source.quarantine_percent),
        refused=reading.is_bad,
        rejected=is_rejected(line.source.verdict or {}, spool),
        kept_back=counts.get("kept_back", 0),
    )


def _sample(spool: Spool) -> Iterator[SampleRow]:
    for (payload,) in spool.db.execute("SELECT payload FROM row ORDER BY n LIMIT ?", (SAMPLE,)):
        number, first, last, email, unit, _, position, *_ = json.loads(payload)
        yield SampleRow(number, first, last, email or "", unit or "", position or "")


def columns_of(
    sidecar: Sidecar, line: SourceLine, mapping: Mapping[str, Any], file_digest: str | None = None
) -> Headings | None:
    """Return the headings of a source's file and what they mean; None where it is no file, or has none yet."""
    connector = open_connection(sidecar, line.connection)
    digest = file_digest or line.source.file_digest
    try:
        if isinstance(connector, HrCsv):
            return headings_of(connector.file, mapping)
        if isinstance(connector, HrUpload) and digest:
            with copied_file(sidecar, digest, f"{PREVIEW}{new_id()}") as path:
                return headings_of(path, mapping)
    except PeopleFileRefusedError:
        return None
    return None
