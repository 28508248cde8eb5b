"""Compare a whole feed with what is known, and stop where it would end, move or bring back too many.

A feed that suddenly drops half the staff is an export gone wrong more often than a reform. Nothing was written by
then; what would change is written down, and the run waits for somebody's word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from sidecar.core import quarantine, recent_changes
from sidecar.core.people import Employment, Person
from sidecar.core.people_plans import is_anothers_to_tell
from sidecar.core.people_sources import Source
from sidecar.core.periods import day_of
from sidecar.core.quarantine import EARLIER, END, MOVE, RENAME, REPLACE, RETURN
from sidecar.core.units import Unit
from sidecar.errors import SidecarError
from sidecar.runtime import Sidecar
from sidecar.sync.people_records import STARTED_ON
from sidecar.sync.people_spool import INTO_KNOWN, NUMBERLESS, Spool
from sidecar.sync.running import HeldError, RunContext

BATCH: Final = 5000
DAYS_EARLIER: Final = 31
RECENT: Final = "recent"
WEIGHED: Final = "weighed"
"""Facts of a spool: how many changes of the last days count, and how many this feed adds to them."""

_LEAVES = """
INSERT INTO ending SELECT known.id FROM known LEFT JOIN row ON row.number = known.number
WHERE known.is_ours AND known.is_employed AND row.n IS NULL AND known.number NOT IN (SELECT number FROM aside)
"""
_IS_TAKEN_AWAY = """
INSERT INTO ending SELECT known.id FROM known JOIN gone ON gone.number = known.number
LEFT JOIN row ON row.number = known.number WHERE known.is_ours AND known.is_employed AND row.n IS NULL
"""
_ENDS = f"""
INSERT INTO change SELECT known.id, '{END}', json_object('unit', coalesce(known.unit, '')),
    CASE WHEN row.ended_on IS NULL THEN '{{}}' ELSE json_object('ended_on', row.ended_on) END
FROM known LEFT JOIN row ON row.number = known.number
WHERE known.id IN (SELECT id FROM ending)
    OR (known.is_free AND known.is_employed AND known.digest IS NOT row.digest AND row.ended_on IS NOT NULL
        AND (known.ended_on IS NULL OR row.ended_on < known.ended_on))
"""  # noqa: S608 (our own words)
_IS_ANOTHER = f"""
INSERT OR IGNORE INTO change SELECT known.id, '{REPLACE}',
    json_object('first_name', known.first_name, 'last_name', known.last_name),
    json_object('first_name', row.first_name, 'last_name', row.last_name)
FROM known JOIN row ON row.number = known.number
WHERE known.is_free AND known.digest IS NOT row.digest
    AND is_other(known.first_name, row.first_name) AND is_other(known.last_name, row.last_name)
"""  # noqa: S608 (our own words)
_MOVES = f"""
INSERT OR IGNORE INTO change SELECT known.id, '{MOVE}', json_object('unit', known.unit),
    json_object('unit', row.unit)
FROM known JOIN row ON row.number = known.number
WHERE known.is_free AND known.is_employed AND known.digest IS NOT row.digest AND known.unit <> ''
    AND row.unit IS NOT NULL AND row.unit <> known.unit AND row.unit_key IS NOT known.unit_key
"""  # noqa: S608 (our own words)
_RETURNS = f"""
INSERT OR IGNORE INTO change SELECT known.id, '{RETURN}', json_object('ended_on', known.ended_on), '{{}}'
FROM known JOIN row ON row.number = known.number
WHERE known.is_free AND NOT known.is_employed AND known.digest IS NOT row.digest
    AND (row.ended_on IS NULL OR row.ended_on > ?)
"""  # noqa: S608 (our own words)
"""Who had left is back: so it is after an export of yesterday, too."""
_BEGINS_EARLIER = f"""
INSERT OR IGNORE INTO change SELECT known.id, '{EARLIER}', json_object('started_on', known.started_on),
    json_object('started_on', json_extract(row.payload, '$[{STARTED_ON}]'))
FROM known JOIN row ON row.number = known.number
WHERE known.is_free AND known.is_employed AND known.digest IS NOT row.digest
    AND julianday(known.started_on) - julianday(json_extract(row.payload, '$[{STARTED_ON}]')) > {DAYS_EARLIER}
"""  # noqa: S608 (our own words)
_COUNTS_LATER = "SELECT count(*) FROM change JOIN known USING (id) WHERE known.tells_name OR change.kind <> ?"
"""A name that is another employer's to tell is not taken over, so that each run tells it anew."""
_IS_RENAMED = f"""
INSERT OR IGNORE INTO change SELECT known.id, '{RENAME}',
    json_object('first_name', known.first_name, 'last_name', known.last_name),
    json_object('first_name', row.first_name, 'last_name', row.last_name)
FROM known JOIN row ON row.number = known.number
WHERE known.is_free AND known.tells_name AND known.digest IS NOT row.digest
    AND (is_other(known.first_name, row.first_name) OR is_other(known.last_name, row.last_name))
"""  # noqa: S608 (our own words)


class SameAsRejectedError(SidecarError):
    """This was rejected, so nothing was changed. Have the export mended, or consider it again on the source's page."""

    code = "people-feed-rejected"


def judge(sidecar: Sidecar, run: RunContext, municipality_id: str, spool: Spool) -> None:
    """Find what a feed would change, and stop it where that is too much and nobody has approved it.

    Raises:
        HeldError: somebody is asked.
        SameAsRejectedError: somebody was asked about just this, and said no.
    """
    with sidecar.reading() as db:
        source = db.get_one(Source, run.source_id)
        percent, verdict = source.quarantine_percent, source.verdict or {}
    compare(sidecar, municipality_id, run.source_id, spool)
    if is_rejected(verdict, spool):
        raise SameAsRejectedError
    if _is_approved(sidecar, verdict, spool):
        return
    if asks_first(spool, percent):
        _hold(sidecar, run, spool)
    spool.note(WEIGHED, str(spool.number(_COUNTS_LATER, REPLACE)))


def is_rejected(verdict: Mapping[str, str], spool: Spool) -> bool:
    """Tell whether somebody was asked about just what would change, after `compare`, and said no."""
    return verdict.get("rejected") == quarantine.digest_of(spool.changes())


def asks_first(spool: Spool, percent: int) -> bool:
    """Tell whether so much would change, after `compare`, that somebody is asked; or that it can't be told who left."""
    if _is_anybody(spool):
        return True
    total = spool.number("SELECT count(*) FROM change")
    if not total:
        return False
    gone = spool.number("SELECT count(*) FROM change WHERE kind IN (?, ?, ?)", END, MOVE, REPLACE)
    employed = spool.number("SELECT count(*) FROM known WHERE is_free AND was_employed")
    return quarantine.is_too_much(gone, employed, percent, besides=total - gone + _recent(spool))


def _recent(spool: Spool) -> int:
    return int(spool.fact(RECENT) or 0)


def _is_anybody(spool: Spool) -> bool:
    """Tell whether lines without a number may be those of some who are missing, but not of all of them."""
    if not spool.fact("is_full") or not int(spool.fact(NUMBERLESS) or 0):
        return False
    return spool.number("SELECT count(*) FROM ending") > 0


def _hold_back(spool: Spool) -> None:
    """Let none of the missing leave where each may stand on a line without a number: the next feed will tell."""
    missing = spool.number("SELECT count(*) FROM ending")
    if missing and missing <= int(spool.fact(NUMBERLESS) or 0):
        spool.db.execute("DELETE FROM ending")
        spool.note("counts", json.dumps(json.loads(spool.fact("counts") or "{}") | {"kept_back": missing}))


def _employed(spool: Spool) -> int:
    return spool.number("SELECT count(*) FROM known WHERE is_free AND is_employed")


def compare(sidecar: Sidecar, municipality_id: str, source_id: str, spool: Spool) -> None:
    """Put into a spool what is known, and what would become of whom."""
    with sidecar.reading() as db:
        source = db.get_one(Source, source_id)
        spool.note(RECENT, str(recent_changes.count_recent(source, sidecar.today())))
        spool.write(INTO_KNOWN, _list_known(db, municipality_id, source, sidecar.now()))
    spool.db.create_function("is_other", 2, is_other_name, deterministic=True)
    if spool.fact("is_full"):
        spool.db.execute(_LEAVES)
        _hold_back(spool)
    else:
        spool.db.execute(_IS_TAKEN_AWAY)
    for query in (_ENDS, _IS_ANOTHER, _MOVES):
        spool.db.execute(query)
    spool.db.execute(_RETURNS, (sidecar.today().isoformat(),))
    spool.db.execute(_BEGINS_EARLIER)
    spool.db.execute(_IS_RENAMED)


def is_other_name(before: str, after: str) -> bool:
    """Tell whether two names have no word in common; a middle name more or less is no other name."""
    return not set(before.casefold().replace("-", " ").split()) & set(after.casefold().replace("-", " ").split())


def _is_approved(sidecar: Sidecar, verdict: dict[str, str], spool: Spool) -> bool:
    """Tell whether all that would change was approved; less than that may, nothing more."""
    if "approved" not in verdict:
        return False
    spool.db.execute("CREATE TEMP TABLE approved (id TEXT PRIMARY KEY, kind TEXT, after TEXT) WITHOUT ROWID")
    with sidecar.reading() as db:
        approved = quarantine.read_changes(db, verdict["approved"])
        spool.write("INSERT INTO approved VALUES (?, ?, ?)", ((key, kind, after) for key, kind, _, after in approved))
    beyond = "SELECT count(*) FROM change LEFT JOIN approved USING (id, kind, after) WHERE approved.id IS NULL"
    return not spool.number(beyond)


def _hold(sidecar: Sidecar, run: RunContext, spool: Spool) -> None:
    with sidecar.transaction() as db:
        quarantine.forget_run(db, run.run_id)
        quarantine.write_changes(db, run.run_id, spool.changes())
    kinds = dict(spool.db.execute("SELECT kind, count(*) FROM change GROUP BY kind").fetchall())
    added = "SELECT count(*) FROM row WHERE number NOT IN (SELECT number FROM known)"
    raise HeldError(
        {
            "would_end": kinds.get(END, 0),
            "would_move": kinds.get(MOVE, 0),
            "would_replace": kinds.get(REPLACE, 0),
            "would_return": kinds.get(RETURN, 0),
            "would_rename": kinds.get(RENAME, 0),
            "would_earlier": kinds.get(EARLIER, 0),
            "changed_of_late": _recent(spool),
            "would_add": spool.number(added),
            "employed": _employed(spool),
        }
        | ({"numberless": int(spool.fact(NUMBERLESS) or 0)} if _is_anybody(spool) else {})
    )


def _list_known(db: Session, municipality_id: str, source: Source, now: datetime) -> Iterator[tuple[Any, ...]]:
    source_id, today = source.id, day_of(now)
    kept = Source.municipality_id == municipality_id, Source.removed_at.is_(None), Source.id != source_id
    others = set(db.scalars(select(Source.id).where(*kept)))
    was_employed = recent_changes.was_employed(db, source, now)
    query = _known(municipality_id).add_columns(was_employed, ~is_anothers_to_tell())
    for row in db.execute(query.execution_options(yield_per=BATCH), {"today": today}):
        number, key, digest, first, last, unit, unit_key, started_on, ended_on, owner, *is_that = row
        is_employed = ended_on is None or ended_on > today
        is_ours, is_free = owner == source_id, owner not in others
        days = started_on and started_on.isoformat(), ended_on and ended_on.isoformat()
        yield number, key, digest, first, last, unit, unit_key or unit, *days, is_employed, is_ours, is_free, *is_that


def _known(municipality_id: str) -> Select[*tuple[Any, ...]]:
    of_work = Employment.employee_number, Employment.id, Employment.source_digest
    of_person = Person.first_name, Person.last_name
    days = Employment.started_on, Employment.ended_on
    query = select(*of_work, *of_person, Employment.unit, Unit.key, *days, Employment.source_id)
    query = query.join(Person, Person.id == Employment.person_id).outerjoin(Unit, Unit.id == Employment.unit_id)
    return query.where(Employment.municipality_id == municipality_id)
