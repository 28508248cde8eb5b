"""Read the changes of a municipality from a cursor on, for its own systems."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session, aliased

from sidecar.core.api_tokens import ApiToken
from sidecar.core.change_feed import (
    ChangeEntry,
    ChangePull,
    CursorAheadError,
    CursorTooOldError,
    find_state,
)

MOST_LINES: Final = 10_000
"""How many changes one request gets at most."""

ROWS_A_TIME: Final = 500

NOTHING: Final = "null"


def find_last(db: Session, token: ApiToken, after: int, limit: int) -> tuple[int, int]:
    """Return the number of the last change that a request gets, and of the last there is.

    Raises:
        CursorAheadError: the cursor lies behind the last change, which a restored backup makes so.
        CursorTooOldError: the cursor lies where changes were thinned out.
    """
    state = find_state(db, token.municipality_id)
    newest = state.last_seq if state else 0
    if after > newest:
        raise CursorAheadError(after=after, last=newest)
    if state and 0 < after < state.floor_seq:
        raise CursorTooOldError(after=after)
    behind = ChangeEntry.municipality_id == token.municipality_id, ChangeEntry.seq > after
    seqs = select(ChangeEntry.seq).where(*behind).order_by(ChangeEntry.seq).limit(limit).subquery()
    last = db.scalars(select(seqs.c.seq).order_by(seqs.c.seq.desc()).limit(1)).first()
    return last or after, newest


def iter_lines(db: Session, token: ApiToken, after: int, last: int) -> Iterator[str]:
    """Yield the changes behind a cursor up to and with the last, each as a line of JSON."""
    before = aliased(ChangeEntry)
    same = (before.municipality_id == ChangeEntry.municipality_id) & (before.seq == ChangeEntry.before_seq)
    columns = ChangeEntry.seq, ChangeEntry.change_type, ChangeEntry.changed_at
    # the JSON as it was written: neither read nor made anew
    records = cast(before.record, Text).label("old"), cast(ChangeEntry.record, Text).label("new")
    here = ChangeEntry.municipality_id == token.municipality_id, ChangeEntry.seq > after, ChangeEntry.seq <= last
    query = select(*columns, *records).outerjoin(before, same).where(*here).order_by(ChangeEntry.seq)
    for seq, kind, at, old, new in db.execute(query, execution_options={"yield_per": ROWS_A_TIME}):
        when = at.isoformat().replace("+00:00", "Z")
        head = f'{{"seq":{seq},"changeType":"{kind}","changeDate":"{when}"'
        yield f'{head},"oldRecord":{old or NOTHING},"newRecord":{new or NOTHING}}}\n'


def note_pull(db: Session, token: ApiToken, after: int, last: int, now: datetime) -> None:
    """Write down that a system fetched changes, if there were any."""
    if last > after:
        row = ChangePull(municipality_id=token.municipality_id, token_id=token.id, at=now, after=after, last_seq=last)
        db.add(row)
        db.flush()
