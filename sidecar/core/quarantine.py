"""Keep what a run would do to so many people that somebody is asked first: the changes, and what was decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from sidecar.core import sync_runs
from sidecar.core.access import Viewer, may_see_employment
from sidecar.core.db import new_id
from sidecar.core.paging import count_pages
from sidecar.core.people import Employment, Person
from sidecar.core.people_sources import APPROVED, FULL, QUARANTINED, REJECTED, Source, SyncChange, SyncRun
from sidecar.errors import SidecarError

FEWEST: Final = 3
"""How many changes are never asked about: one leaver among five is no alarm."""

END: Final = "end"
MOVE: Final = "move"
REPLACE: Final = "replace"
"""An employee number stands for somebody with another first and another last name."""

RENAME: Final = "rename"
"""Somebody gets another first or another last name; a middle name more or less is none."""

RETURN: Final = "return"
"""Somebody who had left is employed again."""

EARLIER: Final = "earlier"
"""The first day moves back by more than a month, which lets an employer see completions of long ago."""

BATCH: Final = 1000
PAGE: Final = 50

Change = tuple[str, str, str, str]
"""The id of an employment, the kind, and as JSON what it is before and after."""


class NothingToDecideError(SidecarError):
    """Nobody is asked about this run any more. Look at the source's last runs."""

    code = "nothing-to-decide"


class NothingRejectedError(SidecarError):
    """Nothing that this source tells is turned down any more. Look at its last runs."""

    code = "nothing-rejected"


class NothingWaitsError(SidecarError):
    """Nothing of this source waits for your word. Its last runs say how they went."""

    code = "nothing-waits"


@dataclass(frozen=True)
class ChangeLine:
    """A change as staff read it."""

    kind: str
    employment_id: str
    person_id: str
    employee_number: str
    first_name: str
    last_name: str
    before: dict[str, str]
    after: dict[str, str]


@dataclass(frozen=True)
class ChangePage:
    """A page of the changes of a run."""

    lines: list[ChangeLine]
    number: int
    pages: int
    total: int


def is_too_much(changes: int, employed: int, percent: int, *, besides: int = 0) -> bool:
    """Tell whether a feed would change so many of those employed that somebody is asked first.

    All numbers are of the last seven days; see `core.recent_changes`.

    A feed that would leave nobody is always too much, however few there were.

    Args:
        besides: how many would change so that they stay: come back, be renamed, or changed in the last days already.
    """
    if changes + besides < FEWEST:
        return changes > 1 and changes >= employed
    return (changes + besides) * 100 > employed * percent


def digest_of(changes: Iterable[Change]) -> str:
    """Return what tells one set of changes from another; they come in the order of their ids."""
    found = hashlib.sha256()
    for change in changes:
        found.update("\0".join(change).encode() + b"\n")
    return found.hexdigest()


def write_changes(db: Session, run_id: str, changes: Iterable[Change]) -> None:
    """Write down what a run would change."""
    rows: list[dict[str, Any]] = []
    for employment_id, kind, before, after in changes:
        told = {"kind": kind, "before": json.loads(before), "after": json.loads(after)}
        rows.append({"id": new_id(), "run_id": run_id, "employment_id": employment_id, **told})
        if len(rows) == BATCH:
            db.execute(insert(SyncChange), rows)
            rows = []
    if rows:
        db.execute(insert(SyncChange), rows)


def forget_run(db: Session, run_id: str) -> None:
    """Forget what was written down of a run, as it is looked at anew."""
    db.execute(delete(SyncChange).where(SyncChange.run_id == run_id))


def read_changes(db: Session, run_id: str) -> Iterator[Change]:
    """Yield what was written down of a run, in the order of ids."""
    columns = SyncChange.employment_id, SyncChange.kind, SyncChange.before, SyncChange.after
    query = select(*columns).where(SyncChange.run_id == run_id).order_by(SyncChange.employment_id)
    for employment_id, kind, before, after in db.execute(query.execution_options(yield_per=BATCH)):
        yield employment_id, kind, as_json(before), as_json(after)


def as_json(value: dict[str, str]) -> str:
    """Return facts as text, always the same one for the same facts."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def list_changes(db: Session, viewer: Viewer, run_id: str, *, number: int = 1) -> ChangePage:
    """Return a page of what a run would change, of the people that the viewer may see."""
    seen = SyncChange.run_id == run_id, may_see_employment(viewer)
    joined = select(SyncChange, Employment, Person).join(Employment, Employment.id == SyncChange.employment_id)
    query = joined.join(Person, Person.id == Employment.person_id).where(*seen)
    total = db.scalar(select(func.count()).select_from(query.subquery())) or 0
    pages = count_pages(total, PAGE)
    number = min(number, pages)
    order = SyncChange.kind, Person.last_name, Person.first_name, Employment.employee_number
    found = db.execute(query.order_by(*order).limit(PAGE).offset((number - 1) * PAGE))
    return ChangePage([_line(*row) for row in found], number, pages, total)


def _line(change: SyncChange, employment: Employment, person: Person) -> ChangeLine:
    return ChangeLine(
        kind=change.kind,
        employment_id=employment.id,
        person_id=person.id,
        employee_number=employment.employee_number,
        first_name=person.first_name,
        last_name=person.last_name,
        before=change.before,
        after=change.after,
    )


def decide(db: Session, run_id: str, now: datetime, *, decided_by: str | None, is_approved: bool) -> Source:
    """Approve or reject what a run would change; an approved one runs again at once, with the same feed or anew.

    Raises:
        NothingToDecideError: it does not lie in quarantine, or somebody else was quicker.
    """
    state = APPROVED if is_approved else REJECTED
    values = {"state": state, "decided_by": decided_by, "decided_at": now}
    held = update(SyncRun).where(SyncRun.id == run_id, SyncRun.state == QUARANTINED).values(values)
    decided = db.execute(held.returning(SyncRun.source_id, SyncRun.mode)).one_or_none()
    if decided is None:
        raise NothingToDecideError
    source = db.get_one(Source, decided.source_id)
    if is_approved:
        source.verdict = {"approved": run_id}
        sync_runs.ask(db, source, now, asked_by=decided_by, full=decided.mode == FULL)
    else:
        source.verdict = {"rejected": digest_of(read_changes(db, run_id))}
        source.next_run_at, source.file_digest = sync_runs.next_after(source, now), None
        sync_runs.forget_changes(db, source.id)
    return source


def is_turned_down(source: Source) -> bool:
    """Tell whether what a source told last was rejected, and nothing else has gone well since."""
    return "rejected" in (source.verdict or {})


def reconsider(source: Source) -> None:
    """Forget that what a source tells was rejected, so that its next run asks again.

    Raises:
        NothingRejectedError: it was not, or somebody else was quicker.
    """
    if not is_turned_down(source):
        raise NothingRejectedError
    source.verdict = None
