"""Write down what has changed of the completions that a municipality is told of, some employees at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.orm import Session

from sidecar.core.access import for_municipality
from sidecar.core.change_feed import ADD, DELETE, MODIFY, ChangeEntry, ChangeKnown, ChangeState
from sidecar.core.change_records import E_LEARNING, KEYS_A_TIME, Naming, Told, kinds_of, list_told
from sidecar.core.people import Employment
from sidecar.core.statements import upsert


@dataclass(frozen=True)
class Batch:
    """Some employees of a municipality, and what is needed to write their records."""

    employment_ids: Sequence[str]
    naming: Naming
    paths: Mapping[str, str]
    today: date
    now: datetime


class Known(NamedTuple):
    """Which entry told something last, and by which digest it is known again."""

    seq: int
    digest: str


def list_employments(db: Session, municipality_id: str, after: str, limit: int) -> Sequence[str]:
    """Return the ids of the next employments of a municipality, also of those that ended or were erased."""
    here = Employment.municipality_id == municipality_id, Employment.id > after
    return db.scalars(select(Employment.id).where(*here).order_by(Employment.id).limit(limit)).all()


def write_changes(db: Session, state: ChangeState, batch: Batch) -> int:
    """Compare what some employments are told of with what was told before, and number each difference.

    Args:
        state: held by this transaction.

    Returns:
        How many entries were written.
    """
    viewer = for_municipality(state.municipality_id)
    told = list_told(db, viewer, batch.employment_ids, batch.today)
    kinds = kinds_of(db, told)
    columns = ChangeKnown.employment_id, ChangeKnown.completion_id, ChangeKnown.seq, ChangeKnown.digest
    rows = db.execute(select(*columns).where(ChangeKnown.employment_id.in_(batch.employment_ids)))
    known = {(work, done): Known(seq, digest) for work, done, seq, digest in rows}
    entries, kept = _compare(state, batch, told, kinds, known)
    if entries:
        db.execute(insert(ChangeEntry), entries)
    if kept:
        new = upsert(db, ChangeKnown)
        values = {"seq": new.excluded.seq, "digest": new.excluded.digest}
        db.execute(new.on_conflict_do_update(index_elements=["employment_id", "completion_id"], set_=values), kept)
    gone, key = list(known), tuple_(ChangeKnown.employment_id, ChangeKnown.completion_id)
    for start in range(0, len(gone), KEYS_A_TIME):
        some = delete(ChangeKnown).where(key.in_(gone[start : start + KEYS_A_TIME]))
        db.execute(some.execution_options(synchronize_session=False))
    db.flush()
    db.expunge_all()
    return len(entries)


def _compare(
    state: ChangeState,
    batch: Batch,
    told: Sequence[Told],
    kinds: Mapping[str, str],
    known: dict[tuple[str, str], Known],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the entries and what is known from now on; of `known` what is not told any more is left."""
    entries: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    for one in told:
        before = known.pop((one.employment_id, one.completion_id), None)
        unit_path = batch.paths.get(one.unit_id or "", one.unit) or None
        said = batch.naming, unit_path, kinds.get(one.completion_id, E_LEARNING)
        digest = one.digest(*said)
        if before is not None and before.digest == digest:
            continue
        entry = _entry(state, batch.now, one.employment_id, MODIFY if before else ADD, one.record(*said), before)
        entries.append(entry)
        ids = {"employment_id": one.employment_id, "completion_id": one.completion_id}
        kept.append(ids | {"seq": entry["seq"], "digest": digest})
    entries += [_entry(state, batch.now, key[0], DELETE, None, before) for key, before in sorted(known.items())]
    return entries, kept


def _entry(
    state: ChangeState,
    now: datetime,
    employment_id: str,
    change_type: str,
    record: dict[str, Any] | None,
    before: Known | None,
) -> dict[str, Any]:
    state.last_seq += 1
    return {
        "municipality_id": state.municipality_id,
        "seq": state.last_seq,
        "change_type": change_type,
        "changed_at": now,
        "employment_id": employment_id,
        "record": record,
        "before_seq": before.seq if before else None,
    }
