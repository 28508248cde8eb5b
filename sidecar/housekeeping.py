"""Remove every night what has been kept long enough, in small transactions, and tell how much it was."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Final

import structlog

from sidecar.core import change_feed, matching_rules, outbox, retention
from sidecar.core.periods import OSLO
from sidecar.core.retention import SWEEPS
from sidecar.reports import changes
from sidecar.runtime import Sidecar
from sidecar.sharing.fetching import forget_leftovers
from sidecar.stored_files import sweep
from sidecar.sync.sources import forget_files

KIND: Final = "retention"
HOUR: Final = 2
"""The hour in Europe/Oslo from which a day's run is due."""

BATCH: Final = 200
FOUND_AT_ONCE: Final = 10_000
"""How many attempts are looked for at a time: one look reads the whole table."""

LONGEST_S: Final = 240.0
"""After how long a job leaves the rest to the next one."""

ATTEMPTS: Final = "attempts"
REPORT_FILES: Final = "report_files"
DOCUMENTS: Final = "documents"
CHANGE_ENTRIES: Final = "change_entries"

log = structlog.get_logger()


def ask_for_tonight(sidecar: Sidecar) -> bool:
    """Put the run of this day into the outbox, once, from `HOUR` on; tell whether it is due."""
    now = sidecar.now().astimezone(OSLO)
    if now.hour < HOUR:
        return False
    with sidecar.reading() as db:
        if outbox.is_begun(db, KIND, now.date()):
            return False
    with sidecar.transaction() as db:
        outbox.put_part(db, KIND, now.date(), now=sidecar.now())
    return True


def run_part(sidecar: Sidecar, day_and_part: str) -> None:
    """Remove what can be removed in `LONGEST_S`; what is left is the next part of the day (the outbox calls this).

    After the last part people are compared anew: an import does not wait for another one.
    """
    removed, is_done = run(sidecar, longest_s=LONGEST_S)
    log.info("retention.ended", is_done=is_done, **removed)
    day, part = outbox.read_part(day_and_part)
    with sidecar.transaction() as db:
        if is_done:
            matching_rules.ask_to_look(db, sidecar.now())
        else:
            outbox.put_part(db, KIND, day, part + 1, now=sidecar.now())


def run(sidecar: Sidecar, *, longest_s: float = float("inf")) -> tuple[dict[str, int], bool]:
    """Remove everything that has been kept long enough; return how much of each kind, and whether that was all.

    At the end the files that no row names any more leave the storage. It may be cut off anywhere: the next run goes
    on where this one was.
    """
    ends = time.monotonic() + longest_s
    removed: Counter[str] = Counter(dict.fromkeys(kinds(), 0))
    for name in kinds():
        for count in _pieces(sidecar, name):
            removed[name] += count
            if time.monotonic() > ends:
                return dict(removed), False
    forget_files(sidecar)
    forget_leftovers(sidecar)
    sweep(sidecar)
    return dict(removed), True


def kinds() -> list[str]:
    """Return the names of what is removed, in the order it goes."""
    return [ATTEMPTS, REPORT_FILES, DOCUMENTS, CHANGE_ENTRIES, *(one.name for one in SWEEPS)]


def count_due(sidecar: Sidecar) -> dict[str, int]:
    """Return how much of each kind a run would remove now."""
    now = sidecar.now()
    with sidecar.reading() as db:
        by_municipality = {
            ATTEMPTS: len(retention.list_finished_attempts(db, now, None)),
            REPORT_FILES: len(retention.list_old_deliveries(db, now, None)),
            DOCUMENTS: retention.count_old_documents(db, now),
            CHANGE_ENTRIES: change_feed.count_unread(db, now),
        }
        return by_municipality | {one.name: retention.count_old(db, one, now) for one in SWEEPS}


def _pieces(sidecar: Sidecar, name: str) -> Iterator[int]:
    """Yield how much of a kind each transaction removed."""
    if name == ATTEMPTS:
        return _trim_attempts(sidecar)
    if name == CHANGE_ENTRIES:
        return iter(partial(changes.forget_unread, sidecar, BATCH), 0)
    return _remove(sidecar, name)


def _trim_attempts(sidecar: Sidecar) -> Iterator[int]:
    """Yield how many attempts each transaction trimmed; to find them costs more than to trim them."""
    now = sidecar.now()
    while True:
        with sidecar.reading() as db:
            found = retention.list_finished_attempts(db, now, FOUND_AT_ONCE)
        for start in range(0, len(found), BATCH):
            some = found[start : start + BATCH]
            with sidecar.transaction() as db:
                retention.trim_attempts(db, some, now)
            yield len(some)
        if len(found) < FOUND_AT_ONCE:
            return


def _remove(sidecar: Sidecar, name: str) -> Iterator[int]:
    count = BATCH
    while count == BATCH:
        count = _remove_some(sidecar, name)
        yield count


def _remove_some(sidecar: Sidecar, name: str) -> int:
    now = sidecar.now()
    with sidecar.transaction() as db:
        if name == DOCUMENTS:
            return retention.let_go_of_documents(db, now, BATCH)
        if name == REPORT_FILES:
            return retention.let_go_of_report_files(db, now, BATCH)
        return retention.sweep(db, next(one for one in SWEEPS if one.name == name), now, BATCH)
